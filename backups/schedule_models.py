"""Schedules, the moments at which they were due, and signs of life."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backups.domain.cron import CronFields, validate
from backups.domain.duty import Terms
from oobsite.fields import EncryptedTextField

CRON_NAMES = ("minute", "hour", "day", "month", "weekday")
PERIODS = ("hourly", "daily", "weekly", "monthly", "yearly")
MOST_CATCH_UP_HOURS = 24 * 31


class BackupSchedule(models.Model):
    """When which sources are backed up by themselves, and how many of their archives stay.

    ``checked_until``: slots up to this moment have been queued, skipped or reported as missed.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    minute = models.CharField(_("minute"), max_length=100, default="15")
    hour = models.CharField(_("hour"), max_length=100, default="3")
    day = models.CharField(_("day"), max_length=100, default="*")
    month = models.CharField(_("month"), max_length=100, default="*")
    weekday = models.CharField(_("weekday"), max_length=100, default="*")
    sources = models.ManyToManyField(
        "backups.Source",
        verbose_name=_("sources"),
        blank=True,
        related_name="schedules",
        help_text=_("Without a choice everything that is switched on."),
    )
    keep_generations = models.PositiveSmallIntegerField(
        _("generations"), default=10, validators=[MinValueValidator(1), MaxValueValidator(10_000)]
    )
    keep_hourly = models.PositiveSmallIntegerField(_("hours"), default=0, blank=True)
    keep_daily = models.PositiveSmallIntegerField(_("days"), default=0, blank=True)
    keep_weekly = models.PositiveSmallIntegerField(_("weeks"), default=0, blank=True)
    keep_monthly = models.PositiveSmallIntegerField(_("months"), default=0, blank=True)
    keep_yearly = models.PositiveSmallIntegerField(_("years"), default=0, blank=True)
    with_sql_dump = models.BooleanField(_("also as SQL"), default=False)
    is_proved = models.BooleanField(_("with a test restore"), default=True)
    is_dump_fallback_allowed = models.BooleanField(
        _("SQL alone is enough"),
        default=False,
        help_text=_("When the database cannot be copied while it runs, it is saved as SQL instead, with a remark."),
    )
    catch_up_hours = models.PositiveSmallIntegerField(
        _("made up for within (hours)"),
        default=12,
        validators=[MaxValueValidator(MOST_CATCH_UP_HOURS)],
        help_text=_("When the server was off at the time, the backup follows as soon as it is on, if no later."),
    )
    reruns_after_interruption = models.BooleanField(
        _("begins anew after an interruption"),
        default=True,
        help_text=_("Once for each date, when the server or the worker failed in the middle."),
    )
    is_active = models.BooleanField(_("switched on"), default=True)
    paused_until = models.DateField(
        _("paused until"), null=True, blank=True, help_text=_("From this day on it runs again.")
    )
    skip_slot = models.DateTimeField(_("left out once"), null=True, blank=True)
    heartbeat_url = EncryptedTextField(
        _("address for signs of life"),
        blank=True,
        default="",
        help_text=_("Of a service such as Healthchecks that tells you when a backup did not begin or end."),
    )
    checked_until = models.DateTimeField(_("checked until"), default=timezone.now, editable=False)
    created_at = models.DateTimeField(_("made at"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """New times, and one that is switched on again, count from now: nothing before was missed or left out."""
        if self.pk and _is_due_anew(self):
            self.checked_until, self.skip_slot = timezone.now(), None
            if kwargs.get("update_fields") is not None:
                kwargs["update_fields"] = {*kwargs["update_fields"], "checked_until", "skip_slot"}
        super().save(*args, **kwargs)

    @property
    def cron(self) -> CronFields:
        return CronFields(*(getattr(self, name) for name in CRON_NAMES))

    @property
    def periods(self) -> dict[str, int]:
        """Of how many hours, days … the newest archive stays, beside the newest ``keep_generations``."""
        return {name: getattr(self, f"keep_{name}") for name in PERIODS}

    @property
    def pause_end(self) -> datetime | None:
        """The moment before which all dates are left out."""
        if self.paused_until is None:
            return None
        return timezone.make_aware(datetime.combine(self.paused_until, time()), timezone.get_default_timezone())

    @property
    def terms(self) -> Terms:
        return Terms(timedelta(hours=self.catch_up_hours), self.pause_end, self.skip_slot)

    def clean(self) -> None:
        """Each error stands at its field, in words."""
        from backups.messages_schedules import field_sentence  # texts know models

        errors: dict[str, list[str]] = {}
        for error in validate(self.cron):
            errors.setdefault(error.field, []).append(field_sentence(error))
        if errors:
            raise ValidationError(errors)


def _is_due_anew(schedule: BackupSchedule) -> bool:
    old = BackupSchedule.objects.filter(pk=schedule.pk).first()
    return old is not None and (old.cron != schedule.cron or (schedule.is_active and not old.is_active))


class ScheduleSlot(models.Model):
    """One moment at which a schedule was due. The row is unique, so that no moment is done twice.

    ``run``: what was queued for it, or was already waiting when a skipped one came; ``reruns`` counts new attempts
    after an interruption.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        DONE = "done", _("carried out")
        MISSED = "missed", _("missed")
        SKIPPED = "skipped", _("left out")

    schedule = models.ForeignKey(BackupSchedule, models.CASCADE, related_name="slots", verbose_name=_("schedule"))
    slot = models.DateTimeField(_("date"))
    state = models.CharField(_("state"), max_length=8, choices=State)
    run = models.ForeignKey(
        "backups.BackupRun", models.SET_NULL, null=True, blank=True, related_name="slots", verbose_name=_("run")
    )
    reruns = models.PositiveSmallIntegerField(_("new attempts"), default=0)

    class Meta:
        verbose_name = _("date of a schedule")
        verbose_name_plural = _("dates of schedules")
        ordering = ["-slot"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["schedule", "slot"], name="one_row_per_slot")]

    def __str__(self) -> str:
        return f"{self.schedule} {self.slot:%Y-%m-%d %H:%M}"


class Heartbeat(models.Model):
    """When a part that works by itself was last seen alive."""

    name = models.CharField(_("name"), max_length=20, primary_key=True)
    at = models.DateTimeField(_("last sign of life"))

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
