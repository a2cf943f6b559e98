from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backups.models import BackupSchedule, Source
from backups.schedule_models import CRON_NAMES, PERIODS
from backups.services.reach import find_reach
from oobsite.alerts.domain.errors import PlainPasswordError, PushAddressInvalidError
from oobsite.alerts.heartbeat import check_url
from oobsite.fields import Secret

PERIOD_NAMES = tuple(f"keep_{name}" for name in PERIODS)
KEEP_NAMES = ("keep_generations", *PERIOD_NAMES)
#: Fields on which sentence, dates and what would be deleted depend; they alone go to the server while one types.
PREVIEWED = (*CRON_NAMES, *KEEP_NAMES, "sources", "paused_until", "is_active", "is_meant")
_WEIGHTY = {*CRON_NAMES, *KEEP_NAMES, "sources", "is_active"}
RANGES = {
    "minute": _("0–59"),
    "hour": _("0–23"),
    "day": _("1–31"),
    "month": _("1–12"),
    "weekday": _("1 = Monday … 7 = Sunday"),
}


class SourceChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Says which sources are switched off."""

    def label_from_instance(self, obj: Source) -> str:
        return str(obj) if obj.is_active else gettext("%(source)s (switched off)") % {"source": obj}


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A schedule; what is wrong with its five fields is judged by the model."""

    is_meant = forms.BooleanField(required=False, label=_("That is how it is meant"))

    class Meta:
        model = BackupSchedule
        fields = (
            "name",
            *CRON_NAMES,
            *KEEP_NAMES,
            "sources",
            "with_sql_dump",
            "is_proved",
            "is_dump_fallback_allowed",
            "catch_up_hours",
            "reruns_after_interruption",
            "paused_until",
            "heartbeat_url",
            "is_active",
        )
        field_classes = {"sources": SourceChoice}
        widgets = {
            "sources": forms.CheckboxSelectMultiple,
            "paused_until": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "with_sql_dump": _("The database a second time, as a text file that any MariaDB can read."),
            "is_proved": _("A trial shows after each backup whether it can be restored. Nobody has to stop working."),
        }
        error_messages = {"name": {"unique": _("There is a schedule with this name already.")}}
        labels = {"keep_generations": pgettext_lazy("archives", "Newest")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for name in {*CRON_NAMES, *PERIOD_NAMES} & self.fields.keys():
            self.fields[name].required = False  # an empty one is judged by the model, or means none
        for name in set(PREVIEWED) & self.fields.keys():
            self.fields[name].widget.attrs["data-preview"] = ""
        for name in set(CRON_NAMES) & self.fields.keys():
            described = {"aria-describedby": f"hint_{name} error_{name}", "autocomplete": "off", "spellcheck": "false"}
            self.fields[name].widget.attrs |= described
        if "sources" in self.fields:
            self.fields["sources"].queryset = self._offered_sources()  # type: ignore[attr-defined]
            self.fields["sources"].widget.can_add_related = False

    def _offered_sources(self) -> QuerySet[Source]:
        """Those that are switched on, and those that are chosen: without any the schedule would save everything."""
        chosen = self.instance.sources.values("pk") if self.instance.pk else ()
        return Source.objects.filter(Q(is_active=True) | Q(pk__in=chosen))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in set(PERIOD_NAMES) & cleaned.keys():
            cleaned[name] = cleaned[name] or 0
        return cleaned

    def _post_clean(self) -> None:
        """What was typed stands in the instance only now."""
        super()._post_clean()  # type: ignore[misc]
        is_open = not self.errors and self.asks_if_meant and not self.cleaned_data["is_meant"]
        if is_open and find_reach(self.instance, self.chosen_sources).is_doubtful:
            self.add_error("is_meant", gettext("Change the times or the numbers, or tick this box."))

    @property
    def asks_if_meant(self) -> bool:
        """Not about what was agreed to before, nor while it does not run."""
        is_new = self.instance.pk is None
        return self.is_bound and self.instance.is_active and (is_new or bool(_WEIGHTY & set(self.changed_data)))

    @property
    def chosen_sources(self) -> list[Source]:
        if self.is_bound:
            return list(self.cleaned_data.get("sources", ()))
        return list(self.instance.sources.all()) if self.instance.pk else []

    def clean_heartbeat_url(self) -> Any:
        url = self.cleaned_data["heartbeat_url"]
        if url and not isinstance(url, Secret):  # a new one: what is stored was judged before
            try:
                check_url(url)
            except (PushAddressInvalidError, PlainPasswordError):
                sentence = gettext("Write an address that begins with https://, as the service shows it.")
                raise forms.ValidationError(sentence) from None
        return url

    def clean_paused_until(self) -> date | None:
        """One that is over hinders no other change."""
        day: date | None = self.cleaned_data["paused_until"]
        if day is not None and day <= timezone.localdate() and "paused_until" in self.changed_data:
            raise forms.ValidationError(gettext("This day has come: choose a later day, or leave the field empty."))
        return day
