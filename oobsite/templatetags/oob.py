"""Icons, tags and short words that several screens share; ``admin.py`` uses the same functions."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext

from backups.domain.catalog import number_of, stamp_of
from backups.messages import human_size
from backups.models import BackupArchive, BackupRun

register = template.Library()
register.filter("human_size", human_size)

ICONS = {"good": "ok", "warn": "bang", "bad": "x", "busy": "clock", "idle": "clock"}
RUN_LEVELS = {
    BackupRun.State.QUEUED: "idle",
    BackupRun.State.RUNNING: "busy",
    BackupRun.State.DONE: "good",
    BackupRun.State.WARNINGS: "warn",
    BackupRun.State.PARTIAL: "bad",
    BackupRun.State.FAILED: "bad",
    BackupRun.State.BUSY: "idle",
    BackupRun.State.INTERRUPTED: "warn",
}
PROOF_LEVELS = {
    BackupArchive.Proof.NONE: "idle",
    BackupArchive.Proof.PROVED: "good",
    BackupArchive.Proof.FAILED: "bad",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A picture from the sprite; it says nothing that the words beside it do not say."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', static("oobsite/icons.svg"), name)


@register.simple_tag
def level_icon(level: str) -> SafeString:
    return icon(ICONS[level])


@register.simple_tag
def tag(level: str, text: str) -> SafeString:
    """A state: picture, word and colour."""
    return format_html('<span class="tag {}">{}{}</span>', level, icon(ICONS[level]), text)


@register.simple_tag
def run_tag(run: BackupRun) -> SafeString:
    return tag(RUN_LEVELS[BackupRun.State(run.state)], run.get_state_display())


@register.filter
def started_by(run: BackupRun) -> str:
    """By whom or what a run was started: ``by hand, Anna Muster``, ``schedule, every night``."""
    who = run.schedule or run.requested_by
    return f"{run.get_trigger_display()}, {who}" if who else run.get_trigger_display()


@register.simple_tag
def proof_tag(archive: BackupArchive) -> SafeString:
    return tag(PROOF_LEVELS[BackupArchive.Proof(archive.proof)], archive.get_proof_display())


@register.simple_tag
def salvage_tag(state: str) -> SafeString:
    """What became of a table that was recovered from a damaged database."""
    return {
        "whole": tag("good", pgettext("table", "no damage found")),
        "mended": tag("warn", pgettext("table", "repaired, rows may be missing")),
        "partly": tag("warn", pgettext("table", "rows may be missing or old")),
        "lost": tag("bad", pgettext("table", "could not be read")),
    }[state]


@register.simple_tag
def completeness_tag(archive: BackupArchive) -> SafeString:
    """Whether everything is in the archive, or how many remarks there are; or that it is not what it was."""
    codes = {problem.get("code") for problem in archive.proof_report.get("problems", ())}
    if "archive-vanished" in codes:
        return tag("bad", pgettext("archive", "missing"))
    if "damaged-archive" in codes:
        return tag("bad", pgettext("archive", "damaged"))
    count = archive.warning_count
    if not count:
        return tag("good", pgettext("archive", "complete"))
    return tag("warn", ngettext("%(count)d remark", "%(count)d remarks", count) % {"count": count})


@register.filter
def day_time(moment: datetime) -> str:
    """``today, 03:15``, ``yesterday, 03:15``, ``tomorrow, 03:15`` or the whole date."""
    local = timezone.localtime(moment)
    time = date_format(local, "TIME_FORMAT")
    age = timezone.localdate() - local.date()
    if age == timedelta(0):
        return gettext("today, %(time)s") % {"time": time}
    if age == timedelta(days=1):
        return gettext("yesterday, %(time)s") % {"time": time}
    if age == -timedelta(days=1):
        return gettext("tomorrow, %(time)s") % {"time": time}
    return date_format(local, "DATETIME_FORMAT")


@register.filter
def moment_words(moment: datetime, name: str) -> str:
    """As ``day_time``; what ``name`` (of an archive, or a stamp) says is the second of one minute is called so."""
    number = number_of(stamp_of(name))
    if number == 1:
        return day_time(moment)
    return gettext("%(time)s (no. %(number)d)") % {"time": day_time(moment), "number": number}


@register.filter
def duration(seconds: float | None) -> str:
    """``12 s``, ``3 min 12 s``, ``2 h 5 min``; empty while it lasts."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < 60:
        return gettext("%(seconds)d s") % {"seconds": whole}
    if whole < 3600:
        return gettext("%(minutes)d min %(seconds)d s") % {"minutes": whole // 60, "seconds": whole % 60}
    return gettext("%(hours)d h %(minutes)d min") % {"hours": whole // 3600, "minutes": whole % 3600 // 60}


@register.filter
def time_left(seconds: float | None) -> str:
    """``about 40 s left``, ``about 3 min left``, ``about 2 h 10 min left``; honest when nobody knows."""
    if seconds is None:
        return gettext("time left unknown")
    if seconds < 55:
        return gettext("about %(seconds)d s left") % {"seconds": 10 * math.ceil(max(seconds, 1) / 10)}
    minutes = math.ceil(seconds / 60)
    if minutes < 60:
        return gettext("about %(minutes)d min left") % {"minutes": minutes}
    minutes = 5 * math.ceil(minutes / 5)
    return gettext("about %(hours)d h %(minutes)d min left") % {"hours": minutes // 60, "minutes": minutes % 60}


@register.filter
def stage_words(stage: str) -> str:
    """What a running job is doing."""
    return {
        "": gettext("Getting ready"),
        "backup": gettext("Copying the running database"),
        "copy": gettext("Copying the stopped database"),
        "prepare": gettext("Making the copy of the database consistent"),
        "dump": gettext("Writing the database as SQL"),
        "pack": gettext("Packing"),
        "verify": gettext("Reading the archive back"),
        "unpack": gettext("Unpacking the archive"),
        "examine": gettext("Checking the archive, the folder and the server"),
        "inspect": gettext("Reading the file through"),
        "start": gettext("Starting a private database"),
        "count": gettext("Counting the rows of the test restore"),
        "stage": gettext("Unpacking beside the present data"),
        "load": gettext("Loading the file into a private database"),
        "transfer": gettext("Loading the tables beside the present ones"),
        "gate": gettext("Getting the exchange ready"),
        "stop": gettext("Stopping the database"),
        "swap": gettext("Exchanging the data"),
        "test": gettext("Waiting for the database and testing it"),
        "check": gettext("Checking all tables of the test restore"),
        "salvage": gettext("Reading table by table"),
    }.get(stage, gettext("Working"))


@register.filter
def step_words(step: str, action: str = "") -> str:
    """The steps of a restore; that of an SQL file has other words for some."""
    of_sql = {
        "check": gettext("Try the file out in a private database"),
        "stage": gettext("Load the tables beside the present database"),
        "swap": gettext("Exchange the tables"),
        "test": gettext("Test the database"),
    }
    if action == BackupRun.Action.SQL_RESTORE and step in of_sql:
        return of_sql[step]
    return {
        "check": gettext("Check the backup, the room and the server"),
        "safety": gettext("Save the present data"),
        "stage": gettext("Unpack the backup beside the present data"),
        "prove": gettext("Restore it for a test"),
        "swap": gettext("Exchange the data"),
        "test": gettext("Start the database and test it"),
    }[step]


@register.filter
def age(seconds: float) -> str:
    """How old something is, in words: ``3 minutes``, ``5 hours``, ``12 days``."""
    minutes = max(0, round(seconds / 60))
    if minutes < 120:
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    if minutes < 48 * 60:
        return ngettext("%(count)d hour", "%(count)d hours", minutes // 60) % {"count": minutes // 60}
    days = minutes // (24 * 60)
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


@register.filter
def skip_reason(reason: str) -> str:
    """Why a file is not in an archive, or not as it should be."""
    return {
        "socket": gettext("a socket, holds no data"),
        "special": gettext("a device or pipe, holds no data"),
        "vanished": gettext("deleted while the backup ran"),
        "changed": gettext("changed while the backup ran"),
        "unreadable": gettext("no permission to read the file"),
        "unreadable-folder": gettext("no permission to read the folder and all it holds"),
        "read-error": gettext("the disk could not read it"),
        "attributes": gettext("saved without its special rights"),
        "other-filesystem": gettext("lies on another disk or in a subvolume of its own"),
    }.get(reason, reason)


@register.filter
def entry_kind(kind: str) -> str:
    """What an entry of an archive is when it is neither a file nor a folder."""
    return {"symlink": gettext("link"), "fifo": gettext("pipe")}.get(kind, gettext("device"))


@register.filter
def method_words(method: str) -> str:
    """How an archive was made."""
    return {
        "hot": gettext("running database"),
        "dump": gettext("SQL dump"),
        "cold": gettext("stopped database"),
        "files": gettext("files"),
    }.get(method, method)
