"""Services that have a certificate, the pairs that were made for them, and the CA of the practice.

The private key of a pair lies on the worker's disk; a row holds it only until the worker has written it there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from certs.domain.builder import KeyKind, Subject
from certs.domain.names import ServiceName
from certs.domain.probe import Verdict
from certs.domain.store import Generation
from oobsite.fields import EncryptedTextField

#: A leaf of our CA is renewed so long before its end, and people are told of the end of the others.
RENEW_BEFORE = timedelta(days=30)


class CertificateAuthority(models.Model):
    """The practice's own CA. One is in use; those before it are kept, for certificates that they have signed."""

    ACTIVE = "active"

    common_name = models.CharField(_("name"), max_length=64)
    subject = models.JSONField(default=dict, editable=False)
    permitted = models.JSONField(_("names"), default=list, editable=False)
    certificate = models.TextField(editable=False)
    key = EncryptedTextField(editable=False)
    fingerprint = models.CharField(max_length=64, editable=False)
    begins_at = models.DateTimeField(editable=False)
    ends_at = models.DateTimeField(_("valid until"), editable=False)
    made_by = models.CharField(_("made by"), max_length=255, editable=False)
    made_at = models.DateTimeField(_("made at"), editable=False)
    #: ``ACTIVE`` or nothing: the unique column that keeps one in use, on every database.
    in_use = models.CharField(max_length=6, unique=True, null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("practice CA")
        verbose_name_plural = _("practice CAs")
        ordering = ["-made_at"]
        default_permissions = ("add", "view")

    def __str__(self) -> str:
        return self.common_name

    @classmethod
    def active(cls) -> CertificateAuthority | None:
        return cls.objects.filter(in_use=cls.ACTIVE).first()


class Certificate(models.Model):
    """A service under its name, what stands on its certificate in use, and which that is."""

    class Way(models.TextChoices):
        AUTHORITY = "ca", _("signed by the practice CA")
        SELF_SIGNED = "self-signed", _("self-signed")
        INSTALLED = "installed", _("brought along")

    class Key(models.TextChoices):
        EC_P256 = KeyKind.EC_P256.value, _("EC P-256 (recommended)")
        RSA_2048 = KeyKind.RSA_2048.value, _("RSA 2048, for very old devices")
        RSA_3072 = KeyKind.RSA_3072.value, _("RSA 3072")

    class Served(models.TextChoices):
        UNKNOWN = "", _("not checked yet")
        SERVED = Verdict.SERVED.value, _("is served")
        ANOTHER = Verdict.ANOTHER.value, _("another one is served")
        WRONG_NAME = Verdict.WRONG_NAME.value, _("one of another name is served")
        EXPIRED = Verdict.EXPIRED.value, _("an expired one is served")
        NO_TLS = Verdict.NO_TLS.value, _("no encryption there")
        UNREACHABLE = Verdict.UNREACHABLE.value, _("not reachable")
        UNKNOWN_HOST = Verdict.UNKNOWN_HOST.value, _("name unknown in the network")

    name = models.CharField(_("name of the service"), max_length=253, unique=True)
    other_names = models.JSONField(_("further names"), default=list, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    canton = models.CharField(_("canton"), max_length=128, blank=True)
    place = models.CharField(_("place"), max_length=128, blank=True)
    organisation = models.CharField(_("organisation"), max_length=64, blank=True)
    unit = models.CharField(_("unit"), max_length=64, blank=True)
    key_kind = models.CharField(_("kind of key"), max_length=8, choices=Key, default=Key.EC_P256)
    way = models.CharField(_("origin"), max_length=11, choices=Way)
    probe_host = models.CharField(
        _("checked at"), max_length=253, blank=True, help_text=_("Host or address. Empty: the name of the service.")
    )
    probe_port = models.PositiveIntegerField(_("port"), default=443)
    is_default = models.BooleanField(
        _("also for unknown names"), default=False, help_text=_("Served where no other certificate fits.")
    )
    current = models.ForeignKey(
        "CertificateGeneration", models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    served = models.CharField(_("served"), max_length=12, choices=Served, blank=True, editable=False)
    served_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: What the last look at the service has found: see ``services.probing``.
    served_facts = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["name"]
        permissions = [("download_key", "Can download private keys")]

    def __str__(self) -> str:
        return self.service.shown

    @property
    def service(self) -> ServiceName:
        return ServiceName(self.name)

    @property
    def names(self) -> tuple[ServiceName, ...]:
        return tuple(dict.fromkeys((self.service, *(ServiceName(text) for text in self.other_names))))

    @property
    def subject(self) -> Subject:
        return Subject(self.country, self.canton, self.place, self.organisation, self.unit)

    @property
    def is_ours(self) -> bool:
        """Whether we can make another one ourselves."""
        return self.way != self.Way.INSTALLED


class CertificateGeneration(models.Model):
    """One pair of a service, from the moment it was made; ``chain`` is what a server sends, the leaf first."""

    class State(models.TextChoices):
        PENDING = "pending", _("being installed")
        ACTIVE = "active", _("in use")
        OLD = "old", _("replaced")
        FAILED = "failed", _("not installed")

    certificate = models.ForeignKey(Certificate, models.CASCADE, related_name="generations")
    number = models.PositiveIntegerField(_("number"))
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.PENDING)
    chain = models.TextField()
    #: Waits here until the worker has written it to its disk.
    waiting_key = EncryptedTextField(blank=True)
    #: Whether it lies on the worker's disk.
    is_stored = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64)
    issuer = models.CharField(_("issued by"), max_length=255)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(_("valid until"))
    key = models.CharField(_("key"), max_length=40)
    notices = models.JSONField(default=list)
    #: Columns of ``Certificate`` as they are while this pair is in use: names, origin, and who stands on it.
    order = models.JSONField(default=dict)
    made_by = models.CharField(_("made by"), max_length=255, blank=True)
    made_at = models.DateTimeField(_("made at"))
    replaced_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_params = models.JSONField(default=dict)

    class Meta:
        ordering = ["-number"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["certificate", "number"], name="certs_generation_once")]

    def __str__(self) -> str:
        return f"{self.certificate} {self.number}"

    @property
    def stored(self) -> Generation:
        """Where it lies below the certs folder."""
        return Generation(self.certificate.service, self.number)

    def days_left(self, now: datetime) -> int:
        """Whole days until it ends; negative when it has."""
        return (self.ends_at - now) // timedelta(days=1)


class CertificateRemoval(models.Model):
    """A service that is none any more, whose files wait for the worker; without this row they would be adopted."""

    name = models.CharField(max_length=253, unique=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class CalendarAddress(models.Model):
    """The secret part of the calendar's address, in one row."""

    token = EncryptedTextField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.token)
