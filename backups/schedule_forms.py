from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backups.models import BackupSchedule, Source
from backups.schedule_models import CRON_NAMES, PERIODS
from oobsite.alerts.domain.errors import PushAddressInvalidError
from oobsite.alerts.heartbeat import check_url
from oobsite.fields import Secret

PERIOD_NAMES = tuple(f"keep_{name}" for name in PERIODS)
KEEP_NAMES = ("keep_generations", *PERIOD_NAMES)
#: Fields on which sentence, dates and what would be deleted depend; they alone go to the server while one types.
PREVIEWED = (*CRON_NAMES, *KEEP_NAMES, "sources", "paused_until")
RANGES = {
    "minute": _("0–59"),
    "hour": _("0–23"),
    "day": _("1–31"),
    "month": _("1–12"),
    "weekday": _("1 = Monday … 7 = Sunday"),
}


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A schedule; what is wrong with its five fields is judged by the model."""

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
            self.fields["sources"].queryset = Source.objects.filter(is_active=True)  # type: ignore[attr-defined]
            self.fields["sources"].widget.can_add_related = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in set(PERIOD_NAMES) & cleaned.keys():
            cleaned[name] = cleaned[name] or 0
        return cleaned

    def clean_heartbeat_url(self) -> Any:
        url = self.cleaned_data["heartbeat_url"]
        if url and not isinstance(url, Secret):  # a new one: what is stored was judged before
            try:
                check_url(url)
            except PushAddressInvalidError:
                sentence = gettext("Write an address that begins with https://, as the service shows it.")
                raise forms.ValidationError(sentence) from None
        return url
