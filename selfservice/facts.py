"""What the pages of appointments show, as facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
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
_GOOD = (SENT, "selfservice-page-served")


@dataclass(frozen=True)
class Standing:
    """How the row and the file stand to each other.

    ``state``: first (nothing saved yet), same, pending (saved, not written), foreign (the file was changed by somebody
    else), refused (the file cannot be changed), silent (the worker does not answer).
    """

    state: str
    seen: services.Look | None = None
    problem: str = ""
    differences: Sequence[ShownDifference] = ()

    @property
    def is_editable(self) -> bool:
        return self.state != "foreign"


@dataclass(frozen=True)
class ShownDifference:
    label: str
    ours: str
    theirs: str


def standing_of(row: SelfServiceSettings, seen: services.Look | None) -> Standing:
    """``seen`` None: nobody could look."""
    if seen is None:
        return Standing("silent")
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
    theirs = _("another one") if one.field == "password" and one.ours == one.theirs else one.theirs
    return ShownDifference(str(SETTINGS_FIELDS[one.field]), one.ours, theirs)


@dataclass(frozen=True)
class ShownVersion:
    version: SettingsVersion
    level: str
    problem: str
    can_go_back: bool

    @property
    def is_open(self) -> bool:
        return self.version.state == SettingsVersion.State.PENDING


def last_version() -> ShownVersion | None:
    version = SettingsVersion.objects.exclude(origin=SettingsVersion.Origin.FOUND).first()
    return _show_version(version, "") if version else None


def versions_of(present: str) -> list[ShownVersion]:
    """``present``: the fingerprint of the file as it is; there is no way back to that."""
    return [_show_version(version, present) for version in SettingsVersion.objects.all()]


def _show_version(version: SettingsVersion, present: str) -> ShownVersion:
    state = SettingsVersion.State(version.state)
    problem = sentence(version.error_code, version.error_params) if version.error_code else ""
    can_go_back = state == SettingsVersion.State.WRITTEN and version.fingerprint != present
    return ShownVersion(version, VERSION_LEVELS[state], problem, can_go_back)


def diff_lines(text: str) -> list[tuple[str, str]]:
    """Kind and text of each line of a diff but its headings: gone, new, same, gap."""
    kinds = {"-": "gone", "+": "new", "@": "gap"}
    lines = text.splitlines()[2:]
    return [(kinds.get(line[:1], "same"), "⋯" if line.startswith("@@") else line) for line in lines]


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


def reads_what(row: SelfServiceSettings) -> str:
    """Which file the installed Webelexis reads."""
    path = f"{settings.OOB_WEBELEXIS_DIR}/settings.js"
    texts: dict[str, str] = {
        SelfServiceSettings.Generation.OLD: _("Webelexis 3.1 to 3.5 reads %(path)s when it starts."),
        SelfServiceSettings.Generation.NEW: _(
            "Webelexis 3.7 and newer reads only its own folder config. There the file local.js must be mounted that "
            "oobsite brings along (README, “Online booking”); it passes on what stands in %(path)s."
        ),
    }
    unknown = _(
        "Webelexis 3.1 to 3.5 reads %(path)s; 3.7 and newer needs a file more. Choose below which one you have: the "
        "number stands behind rgwch/webelexis in the file docker-compose.yaml of Elexis-OOB."
    )
    return texts.get(row.installed, unknown) % {"path": path}
