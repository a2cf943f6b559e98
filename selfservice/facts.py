"""What the pages of appointments show, as facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from backups.messages import error_sentence, sentence
from selfservice import services
from selfservice.domain.mail import confirmation_text
from selfservice.messages import SETTINGS_FIELDS
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services.mailing import SENT

_SLOTS = 3
VERSION_LEVELS = {
    SettingsVersion.State.PENDING: "busy",
    SettingsVersion.State.WRITTEN: "good",
    SettingsVersion.State.FAILED: "bad",
}
#: What blanks and line breaks are shown by where nothing else differs.
_SIGNS = str.maketrans({" ": "·", "\xa0": "⍽", "\t": "→", "\r": "↵", "\n": "¶\n"})
#: Of a line of the file whose end cannot be seen.
_LINE_END = re.compile(r"[ \t\r]+$")
_PHONE = re.compile(r"[\d\s+()/.'–-]{3,30}")
_GOOD = (SENT, "selfservice-page-served")


@dataclass(frozen=True)
class Standing:
    """How the row and the file stand to each other.

    ``state``: first (nothing saved yet), same, pending (saved, not written), foreign (the file was changed by somebody
    else), refused (the file cannot be changed), writing (the worker is about to write it), silent (the worker does not
    answer), unseen (it does not, and nothing was ever saved).
    """

    state: str
    seen: services.Look | None = None
    problem: str = ""
    differences: Sequence[ShownDifference] = ()

    @property
    def is_editable(self) -> bool:
        return self.state not in ("foreign", "writing", "unseen")

    @property
    def notice(self) -> str:
        """What is wrong with a file that can be changed all the same."""
        return es_module_notice(self.seen is not None and self.seen.is_es_module)


def es_module_notice(is_es_module: bool) -> str:
    return sentence("settings-es-module", {}) if is_es_module else ""


@dataclass(frozen=True)
class ShownDifference:
    """``is_blank``: nothing but blanks and line breaks differ, so they are shown by signs."""

    label: str
    ours: str
    theirs: str
    is_blank: bool


def standing_of(row: SelfServiceSettings, seen: services.Look | None) -> Standing:
    """``seen`` None: nobody could look."""
    if seen is None:
        return Standing("silent" if row.is_stored else "unseen")
    if SettingsVersion.objects.filter(state=SettingsVersion.State.PENDING).exists():
        return Standing("writing", seen)
    if seen.problem is not None:
        return Standing("refused", seen, error_sentence(seen.problem))
    if not row.is_stored:
        return Standing("first", seen)
    found = [_show(one) for one in services.differences_of(row, seen)] if seen.is_there else []
    if not found and seen.is_there:
        return Standing("same", seen)
    is_known = seen.fingerprint == row.file_fingerprint
    return Standing("pending" if is_known or not seen.is_there else "foreign", seen, differences=found)


def _show(one: services.Difference) -> ShownDifference:
    label = str(SETTINGS_FIELDS[one.field])
    if one.field == "password":
        return ShownDifference(label, one.ours, _("another one") if one.ours == one.theirs else one.theirs, False)
    is_blank = one.ours.split() == one.theirs.split()
    ours, theirs = (text.translate(_SIGNS) if is_blank else text for text in (one.ours, one.theirs))
    return ShownDifference(label, ours, theirs, is_blank)


@dataclass(frozen=True)
class ShownVersion:
    version: SettingsVersion
    level: str
    problem: str
    can_go_back: bool
    picked: str = ""

    @property
    def is_open(self) -> bool:
        return self.version.state == SettingsVersion.State.PENDING


def last_version() -> ShownVersion | None:
    version = SettingsVersion.objects.exclude(origin=SettingsVersion.Origin.FOUND).first()
    return _show_version(version, "") if version else None


def versions_of(present: str) -> list[ShownVersion]:
    """``present``: the fingerprint of the file as it is; there is no way back to that. The last two are compared."""
    versions = list(SettingsVersion.objects.all())
    written = [version.pk for version in versions if version.state == SettingsVersion.State.WRITTEN]
    picks = dict(zip(written, ("newer", "older"), strict=False)) if len(written) > 1 else {}
    return [replace(_show_version(one, present), picked=picks.get(one.pk, "")) for one in versions]


def _show_version(version: SettingsVersion, present: str) -> ShownVersion:
    state = SettingsVersion.State(version.state)
    problem = sentence(version.error_code, version.error_params) if version.error_code else ""
    can_go_back = state == SettingsVersion.State.WRITTEN and version.fingerprint != present
    return ShownVersion(version, VERSION_LEVELS[state], problem, can_go_back)


def diff_lines(text: str) -> list[tuple[str, str]]:
    """Kind and text of each line of a diff but its headings: gone, new, same, gap."""
    kinds = {"-": "gone", "+": "new", "@": "gap"}
    lines = text.removesuffix("\n").split("\n")[2:]
    return [(kinds.get(line[:1], "same"), _shown_line(line)) for line in lines]


def _shown_line(line: str) -> str:
    """Two lines may differ in nothing but what stands invisibly at their ends."""
    if line.startswith("@@"):
        return "⋯"
    return line if line.startswith(" ") else _LINE_END.sub(lambda end: end[0].translate(_SIGNS), line)


def remarks_on(row: SelfServiceSettings) -> list[str]:
    """What is allowed and looks like a mistake."""
    is_odd = row.phone != "" and _PHONE.fullmatch(row.phone) is None
    return [_("Patients see “%(phone)s” as the phone number. Is that right?") % {"phone": row.phone}] if is_odd else []


@dataclass(frozen=True)
class Result:
    """What came of the last test mail, or of the last look at the page."""

    is_open: bool
    is_good: bool
    text: str
    at: datetime | None


def result_of(facts: dict[str, Any]) -> Result | None:
    if not facts:
        return None
    text = sentence(facts["code"], facts["params"]) if facts["code"] else ""
    return Result(facts["is_open"], facts["code"] in _GOOD, text, parse_datetime(facts["at"]))


@dataclass(frozen=True)
class PagePreview:
    """The page as a patient sees it, in his language, and the mail."""

    name: str
    lines: Sequence[str]
    day: str
    slots: Sequence[str]
    subject: str
    mail_text: str


def preview_of(values: dict[str, Any]) -> PagePreview:
    """``values`` as they are being typed."""
    begins_at = services.next_appointment(timezone.localtime())
    minutes = values.get("duration_minutes") or 0
    lines = [values["address"], f"Tel.: {values['phone']}, Mail: {values['mail']}"]
    text = values["confirmation"]
    return PagePreview(
        values["name"],
        lines,
        f"Mo, {begins_at:%d.%m.%Y}",
        [f"{begins_at + timedelta(minutes=number * minutes):%H:%M}" for number in range(_SLOTS)] if minutes > 0 else [],
        f"Terminbestätigung {values['name']}",
        confirmation_text(text, begins_at) if text else "",
    )


def preview_of_row(row: SelfServiceSettings) -> PagePreview:
    names = ("name", "mail", "address", "phone", "duration_minutes", "confirmation")
    return preview_of({name: getattr(row, name) for name in names})
