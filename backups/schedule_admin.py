from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from backups.domain.cron import PRESETS
from backups.messages_schedules import PRESET_LABELS
from backups.models import BackupSchedule
from backups.schedule_facts import coming_end_of_pause, cron_fields, make_preview, presets, words
from backups.schedule_forms import PERIOD_NAMES, ScheduleForm
from backups.services import scheduling, withdrawing
from oobsite.accounts.actors import actor_of
from oobsite.audit.services import record
from oobsite.templatetags import oob


@admin.register(BackupSchedule)
class BackupScheduleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = ScheduleForm
    actions = None
    list_display = ("name", "times", "next_date", "last_result", "state_tag")

    @admin.display(description=_("dates"))
    def times(self, schedule: BackupSchedule) -> str:
        return words(schedule)

    @admin.display(description=_("next backup"))
    def next_date(self, schedule: BackupSchedule) -> str:
        slot = scheduling.next_slot_of(schedule, timezone.now())
        return oob.day_time(slot) if slot else ""

    @admin.display(description=_("last backup"))
    def last_result(self, schedule: BackupSchedule) -> SafeString | str:
        run = schedule.runs.first()
        return oob.run_tag(run) if run else ""

    @admin.display(description=_("state"), ordering="is_active")
    def state_tag(self, schedule: BackupSchedule) -> SafeString:
        if not schedule.is_active:
            return oob.tag("idle", gettext("switched off"))
        if coming_end_of_pause(schedule, timezone.now()):
            return oob.tag("warn", gettext("paused"))
        return oob.tag("good", pgettext("schedule", "active"))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Who only looks is asked nothing."""
        names = super().get_fields(request, obj)
        return names if self.has_change_permission(request, obj) else [name for name in names if name != "is_meant"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new one begins as a preset, which a link can name."""
        name = _preset_of(request) or "nightly"
        return {"name": str(PRESET_LABELS[name]), **vars(PRESETS[name])}

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """With the times of a preset in place of the stored ones, when a link names one; nothing is stored."""
        schedule = super().get_object(request, object_id, from_field)
        if request.method == "GET" and schedule is not None and (name := _preset_of(request)):
            for field, value in vars(PRESETS[name]).items():
                setattr(schedule, field, value)
        return schedule

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The audit watches rows; which sources belong to a schedule stands in none of its own."""
        before = _source_names(form.instance) if change else []
        super().save_related(request, form, formsets, change)
        after = _source_names(form.instance)
        if before != after:
            record(actor_of(request), "schedule.changed", form.instance, {"sources": [before, after]})
        _withdraw(request)

    def delete_model(self, request: HttpRequest, obj: BackupSchedule) -> None:
        super().delete_model(request, obj)
        _withdraw(request)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        if self.has_change_permission(request, context["original"]):  # others see plain values
            if not form.is_bound:
                _fill(form)
            preview = make_preview(form)
            context |= {"preview": preview, "fields": cron_fields(form, preview), "presets": presets(form.instance)}
            context["periods"] = [form[name] for name in PERIOD_NAMES]
            context["keeps_periods"] = any(form.instance.periods.values()) or bool(set(PERIOD_NAMES) & set(form.errors))
        if schedule := context["original"]:
            now = timezone.now()
            context |= {"skipped": _coming_skip(schedule, now), "paused_until": coming_end_of_pause(schedule, now)}
        return super().render_change_form(request, context, *args, **kwargs)


def _withdraw(request: HttpRequest) -> None:
    """What waits and is not wanted any more must not begin before the next tick."""
    if withdrawing.withdraw_unwanted(actor_of(request)):
        messages.info(request, gettext("A backup that waited for its turn was withdrawn with that."))


def _preset_of(request: HttpRequest) -> str:
    name = request.GET.get("preset", "")
    return name if name in PRESETS else ""


def _fill(form: ScheduleForm) -> None:
    """A page that is shown first: what stands in its fields is what the schedule is to be."""
    if form.instance.pk is None:
        for name, value in form.initial.items():
            setattr(form.instance, name, value)


def _coming_skip(schedule: BackupSchedule, now: datetime) -> datetime | None:
    """The date that is left out, while it lies ahead."""
    slot = schedule.skip_slot
    return slot if slot is not None and slot > now else None


def _source_names(schedule: BackupSchedule) -> list[str]:
    return sorted(schedule.sources.values_list("name", flat=True))
