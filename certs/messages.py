"""Sentences for errors and remarks of certificates: what happened, what is untouched, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CERTIFICATE_SENTENCES: dict[str, Promise] = {
    # --- what somebody types ---
    "name-invalid": _("“%(name)s” cannot be the name of a service: %(reason)s. Nothing was changed."),
    "names-missing": _(
        "There is no name for which the certificate would be good. Nothing was changed. Write the name of the service "
        "as it stands in the address bar of the browser, such as webelexis.nuno."
    ),
    "too-many-names": _(
        "A certificate takes at most %(limit)s names. Nothing was made. Write fewer, or one with a star such as "
        "*.praxis.ch."
    ),
    "subject-invalid": _(
        "The field “%(field)s” cannot be used: %(reason)s. Nothing was made. Mend it in the form; the one of a "
        "certificate that exists opens by “Change …” on its page."
    ),
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
        "have to be installed on every device; when you want that, load the page anew and confirm it there."
    ),
    "authority-name-taken": _(
        "The practice has, or had, a CA of the name “%(name)s” already: on the devices the two could not be told "
        "apart. Nothing was changed. Write another name, for instance with the year behind it."
    ),
    "authority-expired": _(
        "The practice CA ended on %(ends_on)s and can sign no more. Nothing was made; set up a new one, and "
        "install its root on every device."
    ),
    "authority-not-yet-valid": _(
        "The clock of the server stands before %(begins_on)s, the day on which the practice CA was made. Nothing was "
        "made: the certificate would end too early. Set the clock, then try again."
    ),
    # --- a service that has one ---
    "certificate-exists": _(
        "“%(name)s” has a certificate already. Nothing was changed. To have it made again with the same names, press "
        "“Renew” on its page (`manage.py renewcerts %(name)s`); to have it made with other names, say that the new one "
        "takes its place (`manage.py makecert --replace`)."
    ),
    "certificate-former-authority": _(
        "“%(name)s” still has the signature of a former practice CA, “%(issuer)s”: a device that knows the present one "
        "alone warns. When all devices know it, `manage.py renewcerts --former-ca` renews the certificate."
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
    "key-lock-unknown": _(
        "“%(name)s” is locked by a method that oobsite cannot open. Nothing was installed. Unlock it where it was "
        "made, for instance by `openssl pkey -in old.key -out new.key`, and choose the new file."
    ),
    "key-mismatch": _(
        "The private key does not belong to the certificate of “%(subject)s”. Nothing was installed. Choose the key "
        "that was made when this certificate was ordered."
    ),
    "key-weak": _(
        "The key (%(kind)s, %(bits)s bits) is one that browsers do not accept. Nothing was installed. Order the "
        "certificate again with EC P-256 or RSA 2048."
    ),
    "key-kind-refused": _(
        "The key is one of the kind %(kind)s, which browsers do not accept. Nothing was installed. Order the "
        "certificate again with EC P-256 or RSA 2048."
    ),
    "signature-weak": _(
        "The certificate of “%(subject)s” is signed with %(algorithm)s, which browsers do not accept any more. Nothing "
        "was installed. Have it issued again with SHA-256."
    ),
    "certificate-expired": _(
        "The certificate of “%(subject)s” ended on %(ended_on)s. Nothing was changed. Have it renewed, and choose "
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
    "self-signed-authority": _(
        "The certificate of “%(subject)s” was made for a service, and by oversight as that of a CA, which signs others "
        "(“CA:TRUE”, as openssl does by itself): no device should trust such a one. Nothing was installed. There are "
        "two ways out: make it again and add -addext basicConstraints=critical,CA:FALSE to the command of openssl, or "
        "press “Make a certificate” here and choose “self-signed”."
    ),
    "certificate-not-for-servers": _(
        "The certificate of “%(subject)s” is not meant for servers but for mail or persons. Nothing was installed. "
        "Order a server certificate (TLS)."
    ),
    "alternative-names-missing": _(
        "The certificate of “%(subject)s” does not name the service where browsers look for it (subject alternative "
        "name). Nothing was installed. Have it issued again with this name, or make one here."
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
    "store-remove": _(
        "%(path)s is not needed any more and cannot be removed (%(reason)s). What is served stays as it is. Give the "
        "folder back to oobsite; it tries again every day."
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
    "pair-of-several": _(
        "The files hold several certificates with their keys. That of “%(subject)s” was taken, not that of: %(names)s. "
        "For another one, write its name as the name of the service and install once more."
    ),
    "pair-strangers-left-out": _("Left out, because they do not belong to it: %(names)s."),
    "pair-blocks-left-out": _("Left out, because a server does not need it: %(names)s."),
    "pair-unreadable-left-out": _("What cannot be read in %(names)s was left out; it was not needed."),
    "pair-ends-soon": _(
        "The certificate ends on %(ends_on)s already. Have it renewed now, and install the new pair before that day."
    ),
    "pair-names-lost": _("Unlike the certificate before it, this one is not good for: %(names)s."),
    "pair-names-shared": _(
        "The certificate of “%(other)s” is good for %(names)s too, and which of the two the proxy serves there is "
        "chance. Leave the name out of one of them."
    ),
    "pair-names-starred": _(
        "The certificate of “%(other)s” is good for %(names)s already, by its star. Where both fit, the proxy serves "
        "the one with the whole name."
    ),
    "certificate-copies-failed": _(
        "The copies %(name)s.crt and %(name)s.key could not be written (%(reason)s), so a proxy that is set up by hand "
        "does not have this certificate yet. oobsite tries again every day."
    ),
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
    "whole-ending": _(
        "it stands for all names of a whole ending, which browsers refuse; write the names one by one, or a star below "
        "a name with a dot, as *.praxis.ch"
    ),
    "letters": _("it holds letters that are not allowed there"),
    "figures": _("its last part is a figure, which browsers take for an address"),
    "length": _("it is too long"),
    "scope": _("an address with a zone is good on one machine only"),
    "country": _("write the two letters of a country, such as CH"),
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
