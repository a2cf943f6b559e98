"""Sentences for errors and remarks of certificates: what happened, what is untouched, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CERTIFICATE_SENTENCES: dict[str, Promise] = {
    # --- what somebody types ---
    "name-invalid": _("“%(name)s” cannot be the name of a service: %(reason)s. Nothing was made."),
    "names-missing": _(
        "There is no name for which the certificate would be good. Nothing was changed. Write the name of the service "
        "as it stands in the address bar of the browser, such as webelexis.nuno."
    ),
    "subject-invalid": _("The field “%(field)s” cannot be used: %(reason)s. Nothing was made."),
    "name-not-permitted": _(
        "The practice CA may not sign for “%(name)s”, only for names that end in: %(permitted)s. Nothing was made. "
        "Choose such a name, make the certificate self-signed, or set up a new practice CA."
    ),
    # --- the practice CA ---
    "authority-missing": _(
        "There is no practice CA yet, so nothing could be signed. Set it up first, or make the certificate self-signed."
    ),
    "authority-exists": _(
        "There is a practice CA already: “%(name)s”, valid until %(ends_on)s. Nothing was changed. Another one would "
        "have to be installed on every device; when you want that, tick the box."
    ),
    "authority-expired": _(
        "The practice CA has ended on %(ends_on)s and can sign no more. Nothing was made; set up a new one, and "
        "install its root on every device."
    ),
    # --- files that somebody brings along ---
    "certificate-file-too-large": _(
        "“%(name)s” is far too large for a certificate or a key (1 MB at most). Nothing was installed. Choose the "
        "right file."
    ),
    "upload-empty": _("“%(name)s” is empty. Nothing was installed. Fetch the file once more from whoever issued it."),
    "no-certificate": _(
        "There is no certificate in “%(name)s”: it looks like %(looks_like)s. Nothing was installed. Choose the file "
        "that begins with “-----BEGIN CERTIFICATE-----”, or a .crt, .pem, .der or .p12 file."
    ),
    "no-key": _(
        "There is no private key in “%(name)s”: it looks like %(looks_like)s. Nothing was installed. Choose the file "
        "with the ending .key, or privkey.pem; it lies where the certificate was ordered."
    ),
    "key-passphrase-needed": _("“%(name)s” is locked. Nothing was installed. Type its passphrase; it is removed here."),
    "key-passphrase-wrong": _(
        "The passphrase does not open “%(name)s”, or the file is damaged. Nothing was installed. Type the passphrase "
        "once more, letter by letter."
    ),
    "key-mismatch": _(
        "The private key does not belong to the certificate of “%(subject)s”. Nothing was installed. Choose the key "
        "that was made when this certificate was ordered."
    ),
    "key-weak": _(
        "The key (%(kind)s, %(bits)s bits) is one that browsers do not accept. Nothing was installed. Order the "
        "certificate again with EC P-256 or RSA 2048."
    ),
    "signature-weak": _(
        "The certificate of “%(subject)s” is signed with %(algorithm)s, which browsers do not accept any more. Nothing "
        "was installed. Have it issued again with SHA-256."
    ),
    "certificate-expired": _(
        "The certificate of “%(subject)s” has ended on %(ended_on)s. Nothing was changed. Have it renewed, and choose "
        "the new files."
    ),
    "certificate-not-yet-valid": _(
        "The certificate of “%(subject)s” is valid only from %(begins_on)s. Nothing was installed. Wait until then, or "
        "check the clock of the server."
    ),
    "certificate-is-authority": _(
        "The certificate of “%(subject)s” is that of a CA, which signs others: no service can use it. Nothing was "
        "installed. Choose the certificate that was issued for the service."
    ),
    "certificate-not-for-servers": _(
        "The certificate of “%(subject)s” is not meant for servers but for mail or persons. Nothing was installed. "
        "Order a server certificate (TLS)."
    ),
    "name-not-covered": _(
        "The certificate is good for %(covered)s, not for “%(name)s”. Nothing was installed. Write one of its names as "
        "the name of the service, or have a certificate issued for this name."
    ),
    "chain-incomplete": _(
        "The certificate of “%(issuer)s”, which has signed that of “%(subject)s”, is missing. Nothing was installed. "
        "Choose the chain file too (chain.pem, ca-bundle, fullchain.pem): whoever issued the certificate offers it."
    ),
    "too-many-certificates": _(
        "“%(name)s” holds more than %(limit)s certificates: that is a collection, not the chain of one service. "
        "Nothing was installed."
    ),
    # --- on disk ---
    "store-write": _(
        "%(path)s cannot be written (%(reason)s). The certificate before it is served as before. Make room or give the "
        "folder back to oobsite, then press “Try again”."
    ),
    "generation-missing": _(
        "The files of this certificate are not in %(path)s any more. What is served stays as it is. Make or install a "
        "new certificate."
    ),
    "generation-damaged": _(
        "The files in %(path)s are damaged: certificate and key do not belong together. They are not served. Make or "
        "install a new certificate, and check the disk."
    ),
    # --- acts that are not possible ---
    "certificate-not-ours": _(
        "The certificate of “%(name)s” was issued elsewhere, so it cannot be renewed here. Nothing was changed. "
        "Install the new pair when you have it."
    ),
    "certificate-unknown": _("There is no certificate for “%(name)s”. `manage.py listcerts` shows what there is."),
    "pair-lost": _(
        "The pair of “%(name)s” that you have brought along lies nowhere any more. What is served stays as it is. "
        "Install it once more."
    ),
    # --- remarks ---
    "pair-passphrase-removed": _("The passphrase was removed from the key: a server must open it by itself."),
    "pair-chain-reordered": _("The certificates of the chain were put in the right order."),
    "pair-strangers-left-out": _("Left out, because they do not belong to it: %(names)s."),
    "certificate-adopted": _("“%(name)s” was found on the disk and taken over."),
    "certificate-installed-late": _("“%(name)s”: an interrupted installation was finished."),
    "certificate-old-place": _("“%(name)s”: the copies %(name)s.crt and %(name)s.key were written anew."),
    "certificate-proxy-file": _("%(path)s, which tells the proxy what to serve, was written anew."),
    "certificate-newer-on-disk": _(
        "“%(name)s”: on the disk lies a newer certificate than the one in use. On its page you can choose it."
    ),
    "certificate-pair-missing": _("“%(name)s”: its files are not on the disk, so it is not served."),
    "certificate-pair-older": _("“%(name)s”: its newest files are not on the disk; an older certificate is served."),
    "certificate-put-back": _("“%(name)s”: the newer certificate was put back."),
    "certificate-made-anew": _("“%(name)s”: a new certificate was made, because the newer one is nowhere any more."),
}

#: Why a name or a field is none.
NAME_REASONS: dict[str, Promise] = {
    "empty": _("it is empty"),
    "address": _("it is a whole address; write only the name, without https:// and without what follows"),
    "mail": _("it is a mail address"),
    "port": _("leave out the port"),
    "wildcard": _("a star may only stand in front, as in *.praxis.ch"),
    "letters": _("it holds letters that are not allowed there"),
    "figures": _("its last part is a figure, which browsers take for an address"),
    "length": _("it is too long"),
    "scope": _("an address with a zone is good on one machine only"),
    "country": _("write two letters, such as CH"),
}

#: What a file looks like, and what the fields of a certificate are called.
CERTIFICATE_WORDS: dict[str, Promise] = {
    "html": _("a web page"),
    "csr": _("a request for a certificate (CSR)"),
    "key": _("a private key"),
    "public-key": _("a public key"),
    "certificate": _("a certificate"),
    "text": _("ordinary text"),
    "binary": _("another kind of file"),
    "damaged": _("a damaged file"),
    "country": _("Country"),
    "canton": _("Canton"),
    "place": _("Place"),
    "organisation": _("Organisation"),
    "unit": _("Unit"),
    "common_name": _("Name of the CA"),
}
