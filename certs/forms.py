from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.messages import error_sentence
from backups.restore_forms import TypedField
from certs.domain.builder import KeyKind, Subject
from certs.domain.errors import CertificateFileTooLargeError
from certs.domain.names import ServiceName, parse_name, parse_names
from certs.domain.pair import MOST_BYTES, Upload
from certs.models import Certificate, CertificateAuthority
from certs.services import AuthorityOrder, CertificateOrder, Delivery
from oobsite.errors import OobError


def _cleaned(act: Callable[[], Any]) -> Any:
    """The result of ``act``; its ``OobError`` becomes the error at the field."""
    try:
        return act()
    except OobError as error:
        raise forms.ValidationError(error_sentence(error)) from error


def _lines(text: str) -> list[str]:
    return text.replace(",", " ").replace(";", " ").split()


class SubjectForm(forms.Form):
    """The fields of the manual below the name."""

    organisation = forms.CharField(label=_("Organisation"), max_length=64, required=False)
    unit = forms.CharField(label=_("Unit"), max_length=64, required=False)
    place = forms.CharField(label=_("Place"), max_length=128, required=False)
    canton = forms.CharField(label=_("Canton"), max_length=128, required=False)
    country = forms.RegexField(
        r"^[A-Za-z]{2}$",
        label=_("Country"),
        required=False,
        help_text=_("Two letters, such as CH."),
        error_messages={"invalid": _("Write two letters, such as CH.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.initial = {"country": "CH", "organisation": settings.OOB_PRACTICE_NAME[:64], **self.initial}

    def to_subject(self) -> Subject:
        cleaned = self.cleaned_data
        return Subject(
            cleaned["country"].upper(), cleaned["canton"], cleaned["place"], cleaned["organisation"], cleaned["unit"]
        )


class AuthorityForm(SubjectForm):
    """The practice's own CA."""

    common_name = forms.CharField(
        label=_("Name of the CA"), max_length=64, help_text=_("By this name the devices list it.")
    )
    permitted = forms.CharField(
        label=_("Only for these names"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "One a line, such as nuno for webelexis.nuno and all others that end so. Then nobody who should get hold "
            "of the CA’s key could pretend to be another site. Empty: any name."
        ),
    )
    is_replacing = forms.BooleanField(
        label=_("Replace the present CA: the new root must then be installed on every device"), required=False
    )
    field_order = ("common_name", "organisation", "unit", "place", "canton", "country", "permitted", "is_replacing")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        practice = settings.OOB_PRACTICE_NAME or gettext("Practice")
        self.initial.setdefault("common_name", f"{practice[:58]} CA")
        if CertificateAuthority.active() is None:
            del self.fields["is_replacing"]

    def clean_permitted(self) -> list[str]:
        names = _cleaned(lambda: parse_names(_lines(self.cleaned_data["permitted"])))
        if any(name.address or name.is_wildcard for name in names):
            raise forms.ValidationError(gettext("Write host names here, neither addresses nor stars."))
        return [name.text for name in names]

    def to_order(self) -> AuthorityOrder:
        cleaned = self.cleaned_data
        return AuthorityOrder(
            cleaned["common_name"], self.to_subject(), cleaned["permitted"], cleaned.get("is_replacing", False)
        )


class CertificateForm(SubjectForm):
    """A certificate that we make."""

    name = forms.CharField(
        label=_("Name of the service"),
        max_length=300,
        help_text=_("Exactly as it is typed in the browser, such as webelexis.nuno."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autofocus": True}),
    )
    other_names = forms.CharField(
        label=_("Further names"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("One a line; also addresses such as 192.168.1.10, or *.praxis.ch for all names below."),
    )
    way = forms.ChoiceField(label=_("Signature"), widget=forms.RadioSelect)
    key_kind = forms.ChoiceField(label=_("Kind of key"), choices=Certificate.Key.choices, initial=KeyKind.EC_P256)
    field_order = ("name", "country", "canton", "place", "organisation", "unit", "other_names", "way", "key_kind")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(Certificate.Way.SELF_SIGNED.value, _("self-signed: every device warns until it is told once"))]
        if CertificateAuthority.active() is not None:
            choices.insert(0, (Certificate.Way.AUTHORITY.value, _("by the practice CA (recommended)")))
        field = self.fields["way"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - as declared above
        field.choices = choices
        self.initial.setdefault("way", choices[0][0])

    def clean_name(self) -> ServiceName:
        name: ServiceName = _cleaned(lambda: parse_name(self.cleaned_data["name"]))
        return name

    def clean_other_names(self) -> Sequence[ServiceName]:
        names: Sequence[ServiceName] = _cleaned(lambda: parse_names(_lines(self.cleaned_data["other_names"])))
        return names

    def to_order(self) -> CertificateOrder:
        cleaned = self.cleaned_data
        names = tuple(dict.fromkeys((cleaned["name"], *cleaned["other_names"])))
        return CertificateOrder(names, self.to_subject(), KeyKind(cleaned["key_kind"]), Certificate.Way(cleaned["way"]))


class InstallForm(forms.Form):
    """A pair that somebody brings along; the files are judged by their content alone."""

    certificate = forms.FileField(
        label=_("Certificate"),
        allow_empty_file=True,
        help_text=_("Such as webelexis.nuno.crt, fullchain.pem, or a .p12 with all in it."),
    )
    key = forms.FileField(
        label=_("Private key"),
        required=False,
        allow_empty_file=True,
        help_text=_("Such as webelexis.nuno.key or privkey.pem. Not needed when it lies in the first file."),
    )
    chain = forms.FileField(
        label=_("Chain"), required=False, help_text=_("When whoever issued it gave you a third file (chain.pem).")
    )
    passphrase = forms.CharField(
        label=_("Passphrase of the key"),
        required=False,
        strip=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Only when the key is locked. It is not kept."),
    )
    name = forms.CharField(
        label=_("Name of the service"),
        max_length=300,
        required=False,
        help_text=_("Empty: the first name that stands on the certificate."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""

    def clean_name(self) -> ServiceName | None:
        text = self.cleaned_data["name"]
        return _cleaned(lambda: parse_name(text)) if text.strip() else None

    def to_delivery(self) -> Delivery:
        """Raises ``CertificateFileTooLargeError`` before anything is read."""
        files = [file for name in ("certificate", "key", "chain") if (file := self.cleaned_data.get(name))]
        return Delivery([_read(file) for file in files], self.cleaned_data["name"], self.cleaned_data["passphrase"])


def _read(file: Any) -> Upload:
    name = (file.name or "?")[:80]
    if file.size is None or file.size > MOST_BYTES:
        raise CertificateFileTooLargeError(name, MOST_BYTES)
    return Upload(name, file.read())


class RemoveForm(forms.Form):
    """Whoever removes a certificate types its name."""

    def __init__(self, *args: Any, certificate: Certificate, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.fields["confirmation"] = TypedField(str(certificate), label=_("To confirm, type the name"))


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Where the service is asked for its certificate, and whether it stands in for unknown names."""

    class Meta:
        model = Certificate
        fields = ("probe_host", "probe_port", "is_default")

    def clean_probe_host(self) -> str:
        text: str = self.cleaned_data["probe_host"]
        return _cleaned(lambda: parse_name(text)).text if text.strip() else ""

    def clean_probe_port(self) -> int:
        port: int = self.cleaned_data["probe_port"]
        if not 1 <= port <= 65535:
            raise forms.ValidationError(gettext("A port lies between 1 and 65535."))
        return port
