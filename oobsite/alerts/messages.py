"""An alert in words: a title, what happened, and what is to be done; see ``words`` for what is said of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from backups.messages import human_size, sentence
from backups.models import BackupRun, series_titles
from oobsite.alerts.words import ALERTS, CAUSES, SEVERAL, UNKNOWN, Words

if TYPE_CHECKING:
    from oobsite.alerts.models import Alert

_OTHER_CAUSE = _("see the log")
_NOTHING = _("none")
#: So many of the gathered things are named.
_NAMED = 3


def title(alert: Alert) -> str:
    """The alert in a few words, and of which data it speaks: two of a kind must not look alike."""
    words = _fill(_words(alert).title, alert)
    return f"{words}: {series_titles().get(alert.source, alert.source)}" if alert.source else words


def text(alert: Alert) -> str:
    """What happened, what it is about, and why."""
    parts = [_fill(_words(alert).text, alert)]
    sources = _names(alert)
    causes = [str(CAUSES.get(code, _OTHER_CAUSE)) for code in _list(alert, "causes")]
    if sources:
        parts.append(gettext("Affected: %(names)s.") % {"names": ", ".join(sources)})
    if causes:
        parts.append(gettext("Cause: %(causes)s.") % {"causes": ", ".join(dict.fromkeys(causes))})
    return " ".join(parts)


def advice(alert: Alert) -> str:
    return _fill(_words(alert).advice, alert)


def error_words(code: str, params: Mapping[str, Any]) -> str:
    """Why a message did not arrive."""
    return sentence(code, params) if code else ""


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _words(alert: Alert) -> Words:
    code = SEVERAL.get(alert.code, alert.code) if len(gathered(alert)) > 1 else alert.code
    return ALERTS.get(code, UNKNOWN)


def gathered(alert: Alert) -> list[str]:
    """The things that an alert is about: while it lasts those that are not well again, afterwards all."""
    if alert.code not in SEVERAL or alert.pk is None:
        return []
    return [item.name for item in alert.items.all() if not (alert.is_open and item.is_over)]


def _gathered_params(alert: Alert) -> dict[str, Any]:
    names = gathered(alert)
    if not names:
        return {}
    shown, more = ", ".join(names[:_NAMED]), len(names) - _NAMED
    if more > 0:
        text = ngettext("%(names)s and %(more)d other", "%(names)s and %(more)d others", more)
        shown = text % {"names": shown, "more": more}
    return {"archive": names[0], "archives": shown, "count": len(names)}


def _names(alert: Alert) -> list[str]:
    names = [alert.source, *_list(alert, "sources")]
    titles = series_titles()
    return [titles.get(name, name) for name in dict.fromkeys(names) if name]


def _list(alert: Alert, name: str) -> list[str]:
    found = alert.params.get(name)
    return [str(item) for item in found] if isinstance(found, list) else []


def _fill(pattern: Promise, alert: Alert) -> str:
    params = alert.params | _gathered_params(alert)
    values = _Shown({"code": alert.code} | {name: _show(name, value) for name, value in params.items()})
    return str(pattern) % values


class _Shown(dict[str, str]):
    """A parameter that nobody gave is a gap, never an error: an alert is told in any case."""

    def __missing__(self, name: str) -> str:
        return "…"


def _show(name: str, value: Any) -> str:
    if value is None:
        return str(_NOTHING)
    if name == "action":
        return str(dict(BackupRun.Action.choices).get(str(value), value))
    if name.endswith("_at") and (at := _parse(value)):
        return moment(at)
    if name.endswith("_bytes") and isinstance(value, int | float):
        return human_size(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def _parse(value: Any) -> datetime | None:
    try:
        at = parse_datetime(str(value))
    except ValueError:
        return None
    return at if at is not None and timezone.is_aware(at) else None
