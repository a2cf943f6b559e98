"""Words for alerts about certificates and the practice CA."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from oobsite.alerts.words.entry import Words

CERTIFICATES: dict[str, Words] = {
    "certificate-ends-renewed": Words(
        _("The certificate of %(name)s ends soon"),
        _("The certificate of %(name)s ends at %(ends_at)s, and oobsite could not renew it by itself."),
        _(
            "Press “Renew” on its page, which says what hinders it; what stands on it is mended by “Change” there. "
            "Afterwards browsers would warn of the service."
        ),
    ),
    "certificate-ends-self-signed": Words(
        _("The certificate of %(name)s ends soon"),
        _("The certificate of %(name)s ends at %(ends_at)s. Afterwards browsers warn of the service."),
        _("Press “Renew” on its page, and tell each device to trust the new one. The practice CA saves you that."),
    ),
    "certificate-ends-installed": Words(
        _("The certificate of %(name)s ends soon"),
        _("The certificate of %(name)s ends at %(ends_at)s. Afterwards browsers warn of the service."),
        _("Have it renewed where it was issued, and install the new pair under “Certificates”."),
    ),
    "certificate-ended": Words(
        _("The certificate of %(name)s has ended"),
        _("The certificate of %(name)s ended at %(ends_at)s: browsers warn of the service, or refuse it."),
        _("Renew it under “Certificates”, or install a new pair there."),
    ),
    "authority-ends": Words(
        _("The practice CA ends"),
        _("The practice CA “%(name)s” ends at %(ends_at)s. No certificate that it has signed is good for longer."),
        _("Set up a new practice CA under “Certificates”, and install its root on every device before then."),
    ),
    "authority-ended": Words(
        _("The practice CA has ended"),
        _("The practice CA “%(name)s” ended at %(ends_at)s, and with it all certificates that it has signed."),
        _("Set up a new practice CA under “Certificates”, and install its root on every device."),
    ),
    "certificate-weak": Words(
        _("The certificate of %(name)s is weak"),
        _("The certificate of %(name)s has a key or a signature that browsers do not accept any more (%(weakness)s)."),
        _("Have it issued again with EC P-256 or RSA 2048, and SHA-256; or let oobsite make one."),
    ),
    "certificate-served-another": Words(
        _("Another certificate is served for %(name)s"),
        _("Whoever opens %(name)s gets another certificate than the one that oobsite has installed."),
        _("See that the proxy reads the folder of oobsite, then press “Ask now” on the page of the certificate."),
    ),
    "certificate-served-wrong-name": Words(
        _("The certificate for %(name)s is not served"),
        _("Whoever opens %(name)s gets a certificate of another name, which browsers refuse."),
        _("See that the proxy has a route for this name and reads the folder of oobsite."),
    ),
    "certificate-served-expired": Words(
        _("An expired certificate is served for %(name)s"),
        _("Whoever opens %(name)s gets a certificate that has ended, which browsers refuse."),
        _("See that the proxy reads the folder of oobsite, then press “Ask now” on the page of the certificate."),
    ),
    "certificate-served-no-tls": Words(
        _("No encryption at %(name)s"),
        _("Something answers at %(name)s, but without encryption."),
        _("Check host and port on the page of the certificate, and that the proxy serves https there."),
    ),
}
