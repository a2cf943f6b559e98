"""What the practice wants on its page of appointments, and every state of Webelexis' file that was written.

The row is what is wanted, the file what is there; ``file_fingerprint`` tells which state of it the row goes with.
"""

from __future__ import annotations

import base64
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from oobsite.fields import EncryptedTextField
from selfservice.domain import installed
from selfservice.domain.rules import FILE_KEYS

#: The values, named as in ``SelfServiceValues``.
FIELDS = tuple(FILE_KEYS)


class SelfServiceSettings(models.Model):
    """One row: the page of appointments and its mail server."""

    class Generation(models.TextChoices):
        UNKNOWN = installed.Generation.UNKNOWN.value, _("I do not know")
        OLD = installed.Generation.OLD.value, _("3.1 to 3.5")
        NEW = installed.Generation.NEW.value, _("3.7 and newer")

    PK = 1

    name = models.CharField(
        _("name of the practice"), max_length=200, help_text=_("Heading of the page, and sender of the confirmations.")
    )
    mail = models.EmailField(_("e-mail"), help_text=_("Below the heading, and sender of the confirmations."))
    address = models.CharField(_("postal address"), max_length=300, blank=True, help_text=_("Below the heading."))
    phone = models.CharField(_("phone"), max_length=100, blank=True, help_text=_("Below the heading."))
    appointment_type = models.CharField(
        _("appointment type"), max_length=100, help_text=_("As it is called in the agenda of Elexis.")
    )
    duration_minutes = models.IntegerField(_("duration in minutes"), default=30)
    daily_maximum = models.IntegerField(
        _("maximum a day"), default=4, help_text=_("So many appointments are offered for one day.")
    )
    agenda_area = models.CharField(
        _("agenda area"), max_length=100, help_text=_("Whose agenda is booked, as it is called in Elexis.")
    )
    confirmation = models.TextField(
        _("confirmation"),
        blank=True,
        help_text=_("Text of the mail to the patient; {*} becomes day and time. Empty: no mail is sent."),
    )
    host = models.CharField(_("mail server"), max_length=255, help_text=_("Such as smtp.hin.ch."))
    port = models.IntegerField(_("port"), default=465, help_text=_("Webelexis can use 465 only."))
    user = models.CharField(_("user name"), max_length=255)
    password = EncryptedTextField(_("password"), blank=True)
    generation = models.CharField(_("Webelexis"), max_length=3, choices=Generation, blank=True)

    #: Fields that stay the expression which stands in the file, such as ``process.env.SMTPUSER``, and its text.
    expressions = models.JSONField(default=dict, editable=False)
    file_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    #: Code, parameters and time of the last test mail and of the last look at the page itself; ``is_open`` meanwhile.
    mail_result = models.JSONField(default=dict, editable=False)
    page_result = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("online booking")
        verbose_name_plural = _("online booking")
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)

    @classmethod
    def load(cls) -> SelfServiceSettings:
        """The row, or an empty one that is not stored yet."""
        return cls.objects.filter(pk=cls.PK).first() or cls(pk=cls.PK)

    @property
    def is_stored(self) -> bool:
        return not self._state.adding


class InstalledWebelexis(models.Model):
    """One row: which Webelexis the worker has found, see ``selfservice.domain.installed.Installed``."""

    PK = 1

    origin = models.CharField(max_length=9)
    place = models.TextField()
    generation = models.CharField(max_length=3, choices=SelfServiceSettings.Generation, blank=True)
    version = models.CharField(max_length=40, blank=True)
    has_shim = models.BooleanField(null=True)
    other_file = models.TextField(blank=True)
    found_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.version or self.generation

    @classmethod
    def load(cls) -> InstalledWebelexis:
        """What was found last; one without ``place`` while nothing ever was."""
        return cls.objects.filter(pk=cls.PK).first() or cls(pk=cls.PK)


class SettingsVersion(models.Model):
    """One state of the file. ``content`` is the whole of it, encrypted: it holds the password."""

    class State(models.TextChoices):
        PENDING = "pending", _("being written")
        WRITTEN = "written", _("written")
        FAILED = "failed", _("not written")

    class Origin(models.TextChoices):
        FORM = "form", _("from this page")
        BACK = "back", _("earlier state put back")
        FOUND = "found", _("found on the disk")

    number = models.PositiveIntegerField(_("number"), unique=True)
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.PENDING)
    origin = models.CharField(_("origin"), max_length=5, choices=Origin)
    stored_content = EncryptedTextField(blank=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    #: Of the file that somebody has looked at before; empty: there was none.
    base_fingerprint = models.CharField(max_length=64, blank=True)
    made_by = models.CharField(_("made by"), max_length=255, blank=True)
    made_at = models.DateTimeField(_("made at"))
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("state of the settings")
        verbose_name_plural = _("states of the settings")
        ordering = ["-number"]
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.number)

    @property
    def content(self) -> bytes:
        stored: Any = self.stored_content
        return base64.b64decode(stored.reveal())

    @content.setter
    def content(self, content: bytes) -> None:
        self.stored_content = base64.b64encode(content).decode()
