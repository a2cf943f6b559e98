"""Sentences for messages that were not delivered: to whom it failed, why, and what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ALERT_SENTENCES: dict[str, Promise] = {
    "mail-not-set": _(
        "Nothing was sent: no mail server is set. Fill in the page “Mail server”, or the settings OOB_SMTP_…."
    ),
    "host-unknown": _("Nothing was sent: the name %(host)s is not known. Check how it is written, and the network."),
    "server-refuses": _("Nothing was sent: nothing listens at %(address)s. Check name and port, and whether it runs."),
    "server-silent": _(
        "Nothing was sent: %(host)s did not answer within %(seconds)s seconds. Check name and port; a firewall may "
        "stand between."
    ),
    "server-lost": _("Nothing was sent: the connection to %(host)s broke. Check the network, then try again."),
    "tls-failed": _(
        "Nothing was sent: %(address)s does not speak TLS. Choose the other kind of encryption, or its port."
    ),
    "starttls-missing": _(
        "Nothing was sent: %(host)s does not offer STARTTLS. Choose TLS from the start, or another port."
    ),
    "certificate-refused": _(
        "Nothing was sent: the certificate of %(host)s cannot be trusted (%(reason)s). Use the name that stands in the "
        "certificate, or have it renewed."
    ),
    "plain-password": _(
        "Nothing was sent: the password would have gone to %(host)s unencrypted. Choose STARTTLS or TLS."
    ),
    "mail-login-refused": _(
        "Nothing was sent: %(host)s refuses the login of %(user)s. Check user name and password; some providers want "
        "an app password."
    ),
    "sender-refused": _(
        "Nothing was sent: %(host)s does not send mail from %(sender)s. Use an address that belongs to the account."
    ),
    "recipients-refused": _("Nothing was sent: %(host)s takes no mail for %(names)s. Check these addresses."),
    "some-recipients-refused": _(
        "%(host)s takes no mail for %(names)s. Check these addresses; the others have got the mail."
    ),
    "mail-refused": _(
        "Nothing was sent: %(host)s did not take the mail (answer %(status)s). Check that it is a mail server, and "
        "what its operator says about limits."
    ),
    "mail-address-invalid": _("Nothing was sent: “%(name)s” is no mail address. Correct it."),
    "push-address-invalid": _(
        "Nothing was sent: no service is known for this address. Write it as the manual of Apprise shows it, such as "
        "ntfys://ntfy.sh/my-topic."
    ),
    "push-refused": _("Nothing was sent: %(host)s did not take the message. Check the address, token and recipient."),
    "http-status": _(
        "Nothing was sent: %(host)s answered with the status %(status)s. Check the address, and whether the service "
        "is in order."
    ),
    "channel-unknown": _(
        "There is no recipient of alerts “%(name)s”. Nothing was sent. The page “Alerts” shows those that there are."
    ),
    "channel-missing": _("No recipient of alerts is switched on. Nothing was sent. Add one on the page “Alerts”."),
    "message-broken": _("Nothing was sent, because of a mistake in oobsite. The log of the server says more."),
}

#: Why a certificate is refused.
CERTIFICATE_REASONS: dict[str, Promise] = {
    "expired": _("it is not valid at this time"),
    "other-name": _("it belongs to another name"),
    "unknown-issuer": _("nobody known has issued it"),
    "invalid": _("it is not valid"),
}
