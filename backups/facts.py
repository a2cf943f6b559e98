"""What the screens say about runs and archives, taken from their JSON: no HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format

from backups.domain.catalog import stamp_of
from backups.messages import counts_label, sentence
from backups.models import DUMP_SUFFIX, BackupArchive, BackupRun, Source, series_titles
from backups.services.browsing import can_browse
from backups.services.proof import DATABASE_SERIES
from backups.sight import ALL, Sight

SKIPPED_SHOWN = 100
FAILURES_SHOWN = 3


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log, in words of the reader's language."""

    at: datetime | None
    level: str
    title: str
    text: str


@dataclass(frozen=True)
class Count:
    """Rows of one table at the begin and the end of the backup, and in the proof; None when not counted."""

    table: str
    before: int | None
    after: int | None
    proved: int | None


@dataclass(frozen=True)
class ArchiveFacts:
    """What the manifest and the proof of an archive say.

    ``is_live_copy``: the predecessor copied the folder of a running database. Its tables can be sound one by one and
    yet, with several engines, not of one moment, which no proof finds. ``moment``: the stamp under which the restore
    page offers the archive; empty for SQL dumps and oobsite's own data, which are put back in other ways.
    ``skipped_hidden``: how many were left out whose names the reader may not see.
    """

    title: str
    is_database: bool
    is_live_copy: bool
    can_be_salvaged: bool
    has_members: bool
    moment: str
    sha256: str
    files: int | None
    server: Mapping[str, Any]
    figures: Sequence[tuple[str, str]]
    counts: Sequence[Count]
    has_proved_counts: bool
    skipped: Sequence[Mapping[str, str]]
    skipped_more: int
    skipped_hidden: int
    warnings: Sequence[str]
    problems: Sequence[str]
    proof_seconds: float | None


def log_lines(run: BackupRun, sight: Sight = ALL) -> list[LogLine]:
    """Translate the log of ``run`` for whoever may see so much of it."""
    titles = series_titles()
    return [_log_line(line, titles, sight.instead_of(_code_of(line), _level_of(line), run.action)) for line in run.log]


def failures(run: BackupRun) -> list[str]:
    """What went wrong, the last first: each sentence tells what is untouched, and what to do."""
    texts = [line.text for line in log_lines(run) if line.level == "error"]
    return list(dict.fromkeys(reversed(texts)))[:FAILURES_SHOWN]


def _code_of(line: Mapping[str, Any]) -> str:
    return str(line.get("code", ""))


def _level_of(line: Mapping[str, Any]) -> str:
    return str(line.get("level", "info"))


def saved_bytes(run: BackupRun) -> int:
    """What a backup has written, also when its archives are long gone."""
    return sum(int(line.get("params", {}).get("size", 0)) for line in run.log if line.get("code") == "archive-written")


def archive_facts(archive: BackupArchive, sight: Sight = ALL) -> ArchiveFacts:
    """Read the manifest as far as it is there (archives of the predecessor have none) for whoever may see so much of
    it."""
    manifest, report = archive.manifest, archive.proof_report
    content = manifest.get("content", {})
    skipped = manifest.get("skipped", [])[:SKIPPED_SHOWN] if sight.of_remarks else []
    counts = _counts(manifest, report)
    is_live_copy = not manifest and archive.series == DATABASE_SERIES
    return ArchiveFacts(
        title=series_titles().get(archive.series, archive.series),
        is_database=archive.method in ("hot", "cold", "dump") or is_live_copy,
        is_live_copy=is_live_copy,
        can_be_salvaged=archive.method in ("hot", "cold") or is_live_copy,
        has_members=can_browse(archive),
        moment=_moment_of(archive),
        sha256=content.get("sha256", ""),
        files=content.get("files"),
        server=manifest.get("server", {}),
        figures=_figures(manifest),
        counts=counts,
        has_proved_counts=any(count.proved is not None for count in counts),
        skipped=skipped,
        skipped_more=max(0, int(manifest.get("skipped_total", 0)) - len(skipped)) if skipped else 0,
        skipped_hidden=0 if sight.of_remarks else int(manifest.get("skipped_total", 0)),
        warnings=_sentences(manifest.get("warnings", []), sight),
        problems=_sentences(report.get("problems", []), sight),
        proof_seconds=report.get("seconds"),
    )


def _moment_of(archive: BackupArchive) -> str:
    is_own = Source.objects.filter(name=archive.series, kind=Source.Kind.OWN).exists()
    return "" if is_own or archive.series.endswith(DUMP_SUFFIX) else stamp_of(archive.name)


def words(code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a code; the bare code when nobody knows a sentence, as in the log of a newer version."""
    try:
        return str(sentence(code, params))
    except (KeyError, ValueError, TypeError):
        return code


def _log_line(line: Mapping[str, Any], titles: Mapping[str, str], instead: str) -> LogLine:
    name = line.get("source") or ""
    return LogLine(
        at=parse_datetime(line.get("at", "")),
        level=_level_of(line),
        title=titles.get(name, name),
        text=instead or words(_code_of(line), line.get("params", {})),
    )


def _sentences(notices: Sequence[Mapping[str, Any]], sight: Sight) -> list[str]:
    return [sight.instead_of(notice["code"]) or words(notice["code"], notice.get("params", {})) for notice in notices]


def _counts(manifest: Mapping[str, Any], report: Mapping[str, Any]) -> list[Count]:
    before = manifest.get("counts_before", {}).get("core", {})
    after = manifest.get("counts_after", {}).get("core", {})
    proved = report.get("counts", {})
    tables = sorted({*before, *after, *proved})
    return [Count(table, before.get(table), after.get(table), proved.get(table)) for table in tables]


def _figures(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the practice knows of itself, at the end of the backup; counted before when that is all there is."""
    counts = manifest.get("counts_after") or manifest.get("counts_before") or {}
    figures = counts.get("figures", {})
    return [(counts_label(name), _show_figure(value)) for name, value in figures.items() if value is not None]


def _show_figure(value: Any) -> str:
    """A number, or a day as Elexis writes it (``20261123``)."""
    if isinstance(value, int):
        return number_format(value, force_grouping=True)
    try:
        return date_format(datetime.strptime(str(value)[:8], "%Y%m%d"), "SHORT_DATE_FORMAT")
    except ValueError:
        return str(value)
