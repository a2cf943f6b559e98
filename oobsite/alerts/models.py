"""What went wrong, whom to tell, and what became of each message."""

from __future__ import annotations

from enum import StrEnum

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from oobsite.fields import EncryptedTextField


class Event(StrEnum):
    """Why people are told something; each channel chooses among them."""

    FAILURE = "failure"
    WARNING = "warning"
    MISSED = "missed"
    RECOVERY = "recovery"
    SUCCESS = "success"
    SUMMARY = "summary"


class Alert(models.Model):
    """Something that people should know, from the first time it happened until it is over.

    ``unique_key`` is taken while it is open, so that the same thing is one alert however often it happens. A notice
    (``is_notice``) is told once and is over at once.
    """

    class Level(models.TextChoices):
        ERROR = "error", _("failure")
        WARNING = "warning", _("warning")
        INFO = "info", _("note")

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120, blank=True)
    unique_key = models.CharField(max_length=170, unique=True, null=True, blank=True, editable=False)
    event = models.CharField(max_length=10)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    source = models.CharField(max_length=48, blank=True)
    code = models.CharField(max_length=40, editable=False)
    params = models.JSONField(default=dict, editable=False)
    is_notice = models.BooleanField(default=False, editable=False)
    first_at = models.DateTimeField(_("since"))
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    last_told_at = models.DateTimeField(_("told at"), null=True, blank=True)
    #: Not told before: more of the same may follow, and is told with it.
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    cleared_at = models.DateTimeField(_("over since"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = [F("cleared_at").desc(nulls_first=True), "-last_at"]
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        from oobsite.alerts.messages import title  # which needs the titles of the sources

        return title(self)

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None


class AlertItem(models.Model):
    """One of the things that an alert gathers, such as an archive. ``is_over``: that one is well again."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="items")
    name = models.CharField(max_length=255)
    is_over = models.BooleanField(default=False)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["alert", "name"], name="alerts_item_once")]

    def __str__(self) -> str:
        return self.name


class AlertChannel(models.Model):
    """A way to somebody: mail to some addresses, or any service that Apprise knows."""

    class Kind(models.TextChoices):
        MAIL = "mail", _("mail")
        APPRISE = "apprise", _("ntfy, webhook, Teams, Telegram and others")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("way"), max_length=8, choices=Kind, default=Kind.MAIL)
    addresses = models.TextField(_("mail addresses"), blank=True, help_text=_("One a line."))
    url = EncryptedTextField(
        _("address of the service"), blank=True, help_text=_("As Apprise writes it, such as ntfys://ntfy.sh/my-topic.")
    )
    on_failure = models.BooleanField(_("a backup or proof fails"), default=True)
    on_warning = models.BooleanField(_("a backup ends with remarks, or something gets scarce"), default=True)
    on_missed = models.BooleanField(_("a backup did not take place"), default=True)
    on_recovery = models.BooleanField(_("it works again"), default=True)
    on_success = models.BooleanField(_("every successful backup"), default=False)
    on_summary = models.BooleanField(_("summary every Monday"), default=True)
    is_active = models.BooleanField(_("is used"), default=True)
    last_ok_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_failed_at = models.DateTimeField(null=True, blank=True, editable=False)
    error_code = models.CharField(max_length=40, blank=True, editable=False)
    error_params = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def recipients(self) -> tuple[str, ...]:
        """The mail addresses, however they are divided."""
        return tuple(self.addresses.replace(",", " ").replace(";", " ").split())

    def wants(self, event: str) -> bool:
        return bool(getattr(self, f"on_{event}"))

    def clean(self) -> None:
        if self.kind == self.Kind.MAIL:
            if not self.recipients:
                raise ValidationError({"addresses": _("Write at least one mail address.")})
            for name in self.recipients:
                _require_address(name)


def _require_address(name: str) -> None:
    try:
        validate_email(name)
    except ValidationError:
        text = _("“%(name)s” is no mail address.") % {"name": name}
        raise ValidationError({"addresses": text}) from None


class MailSettings(models.Model):
    """One row: the mail server. Without a host the environment (``OOB_SMTP_…``) counts."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", _("STARTTLS (usually port 587)")
        TLS = "tls", _("TLS from the start (usually port 465)")
        NONE = "none", _("none: everybody on the way can read the mail (usually port 25)")

    PK = 1

    host = models.CharField(_("mail server"), max_length=255, blank=True)
    port = models.PositiveIntegerField(_("port"), null=True, blank=True, help_text=_("Empty: the usual one."))
    security = models.CharField(_("encryption"), max_length=8, choices=Security, default=Security.STARTTLS)
    user = models.CharField(_("user name"), max_length=255, blank=True, help_text=_("Empty: without a login."))
    password = EncryptedTextField(_("password"), blank=True)
    sender = models.EmailField(_("sender"), blank=True, help_text=_("Address from which the mails come."))

    class Meta:
        verbose_name = _("mail server")
        verbose_name_plural = _("mail server")
        default_permissions = ("view", "change")

    def __str__(self) -> str:
        return self.host or str(self._meta.verbose_name)

    @classmethod
    def load(cls) -> MailSettings:
        """The row, or an empty one that is not stored yet."""
        return cls.objects.filter(pk=cls.PK).first() or cls(pk=cls.PK)


class Occasion(models.TextChoices):
    """What a message about an alert says."""

    ALERT = "alert", _("alert")
    REMINDER = "reminder", _("reminder")
    ALL_CLEAR = "clear", _("all-clear")


class Delivery(models.Model):
    """One message about an alert to one channel. ``turn`` counts them: the alert, its reminders, the all-clear."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("delivered")
        FAILED = "failed", _("given up")
        DROPPED = "dropped", _("no longer needed")

    OPEN_STATES = (State.WAITING, State.SENDING)

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(AlertChannel, models.CASCADE, related_name="deliveries")
    turn = models.PositiveIntegerField()
    occasion = models.CharField(max_length=8, choices=Occasion)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_params = models.JSONField(default=dict)

    class Meta:
        ordering = ["created_at", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["alert", "channel", "turn"], name="alerts_delivery_once")]

    def __str__(self) -> str:
        return f"{self.get_occasion_display()}: {self.channel}"
