from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.messages import error_sentence
from backups.restore_forms import TypedField
from certs.domain.builder import KeyKind, Subject
from certs.domain.countries import is_country
from certs.domain.errors import AuthorityNameTakenError, CertificateFileTooLargeError
from certs.domain.names import ServiceName, parse_name, parse_names
from certs.domain.reading import MOST_BYTES, Upload
from certs.models import Certificate, CertificateAuthority
from certs.services import AuthorityOrder, CertificateOrder, Delivery, is_name_taken, propose_subject
from oobsite.errors import OobError


def _cleaned(act: Callable[[], Any]) -> Any:
    """The result of ``act``; its ``OobError`` becomes the error at the field."""
    try:
        return act()
    except OobError as error:
        raise forms.ValidationError(error_sentence(error)) from error


def _lines(text: str) -> list[str]:
    """A space ends no name: two words on a line are no name, and not two."""
    return [line for line in map(str.strip, re.split(r"[\n,;]", text)) if line]


class SubjectForm(forms.Form):
    """The fields of the manual below the name."""

    organisation = forms.CharField(label=_("Organisation"), max_length=64, required=False)
    unit = forms.CharField(label=_("Unit"), max_length=64, required=False)
    place = forms.CharField(label=_("Place"), max_length=128, required=False)
    canton = forms.CharField(label=_("Canton"), max_length=128, required=False)
    country = forms.CharField(label=_("Country"), max_length=2, required=False, help_text=_("Two letters, such as CH."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.initial = {**asdict(propose_subject()), **self.initial}

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"])
        if country and not is_country(country):
            raise forms.ValidationError(gettext("No country has these letters. Switzerland is CH."))
        return country.upper()

    def to_subject(self) -> Subject:
        cleaned = self.cleaned_data
        return Subject(
            cleaned["country"], cleaned["canton"], cleaned["place"], cleaned["organisation"], cleaned["unit"]
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
    field_order = ("common_name", "organisation", "unit", "place", "canton", "country", "permitted")

    def __init__(self, *args: Any, present: CertificateAuthority | None, **kwargs: Any) -> None:
        """Whoever replaces ``present`` types its name; what stands on it, and its limits, are proposed for the next."""
        super().__init__(*args, **kwargs)
        self.initial["common_name"] = _propose_name()
        if present is not None:
            self.initial.update(present.subject, permitted="\n".join(present.permitted))
            self.fields["confirmation"] = TypedField(str(present), label=_("To confirm, type the name"))

    def clean_common_name(self) -> str:
        name = str(self.cleaned_data["common_name"])
        if is_name_taken(name):
            raise forms.ValidationError(error_sentence(AuthorityNameTakenError(name)))
        return name

    def clean_permitted(self) -> list[str]:
        names = _cleaned(lambda: parse_names(_lines(self.cleaned_data["permitted"])))
        if any(name.address or name.is_wildcard for name in names):
            raise forms.ValidationError(gettext("Write host names here, neither addresses nor stars."))
        return [name.text for name in names]

    def to_order(self) -> AuthorityOrder:
        cleaned = self.cleaned_data
        is_replacing = "confirmation" in self.fields
        return AuthorityOrder(cleaned["common_name"], self.to_subject(), cleaned["permitted"], is_replacing)


def _propose_name() -> str:
    """One that no CA of the practice has had: with the year where there was one before, then with a number."""
    practice = (settings.OOB_PRACTICE_NAME or gettext("Practice"))[:50]
    year = timezone.localdate().year
    numbered = (f"{practice} CA {year}-{number}" for number in itertools.count(2))
    names = itertools.chain((f"{practice} CA", f"{practice} CA {year}"), numbered)
    return next(name for name in names if not is_name_taken(name))


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
        if self.initial.get("way") not in dict(choices):
            self.initial["way"] = choices[0][0]

    @staticmethod
    def initial_of(certificate: Certificate) -> dict[str, Any]:
        """What stands on a certificate, to be changed."""
        others = "\n".join(name.shown for name in certificate.names[1:])
        proposed = asdict(propose_subject(certificate.service))
        return {
            **proposed,
            "name": str(certificate),
            "other_names": others,
            "way": certificate.way,
            "key_kind": certificate.key_kind,
        }

    def clean_name(self) -> ServiceName:
        name: ServiceName = _cleaned(lambda: parse_name(self.cleaned_data["name"]))
        return name

    def clean_other_names(self) -> Sequence[ServiceName]:
        names: Sequence[ServiceName] = _cleaned(lambda: parse_names(_lines(self.cleaned_data["other_names"])))
        return names

    def to_order(self) -> CertificateOrder:
        cleaned = self.cleaned_data
        names = tuple(dict.fromkeys((cleaned["name"], *cleaned["other_names"])))
        way, is_replacing = Certificate.Way(cleaned["way"]), self.data.get("replace") == cleaned["name"].text
        return CertificateOrder(names, self.to_subject(), KeyKind(cleaned["key_kind"]), way, is_replacing)


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
