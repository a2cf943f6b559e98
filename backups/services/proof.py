"""Verifying and proving archives: what is on disk is what was written, and a database starts from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from MySQLdb.connections import Connection

from backups.domain.catalog import Listed
from backups.domain.errors import (
    ArchiveMissingError,
    CancelledError,
    DamagedArchiveError,
    FileSystemError,
    LockLostError,
    NoSpaceError,
    TarError,
    ThrowawayServerError,
    TimedOutError,
    UnsafeArchiveError,
)
from backups.domain.index import Index, is_index_good, new_index
from backups.domain.job import Job
from backups.domain.lock import pinned
from backups.domain.manifest import Content, read_manifest, write_proof
from backups.domain.mariadb.proof import ProofOrder, ProofReport, prove_dump, prove_physical
from backups.domain.mariadb.throwaway import read_server_log
from backups.domain.reading import Guard, LineWriter, Reading, read_gz, read_tar_gz
from backups.domain.restore.errors import ArchiveUnfitError
from backups.domain.space import LEAST_MISSING, tells_of_full_disk
from backups.models import BackupRun
from backups.services import catalogue, condition, config
from backups.services.runs import Recorder, RunContext, open_run
from oobsite.errors import Notice, OobError, Params
from oobsite.files import free_bytes

State = BackupRun.State
#: Archives without a manifest that hold a database: the predecessor made them of the running server's folder.
DATABASE_SERIES = "elexisdb"


def run_proof(run: BackupRun, recorder: Recorder) -> list[dict[str, Any]]:
    """Prove the archives that a claimed run names, the newest of each source when it names none."""
    with open_run(run, recorder) as context:
        chosen = choose_archives(run.request.get("archives", []))
        reports = [_prove_safely(listed, context) for listed in chosen]
        run.result = {"unjudged": _unjudged(chosen, reports)}
        run.save(update_fields=["result"])
        bad = sum(not report["is_good"] for report in reports)
        run.state = State.DONE if not bad else State.FAILED if bad == len(reports) else State.PARTIAL
    return reports


def _unjudged(chosen: Sequence[Listed], reports: Sequence[dict[str, Any]]) -> list[str]:
    """Series of which an archive could not be judged, and none was found bad."""
    pairs = list(zip(chosen, reports, strict=True))
    bad = {listed.series for listed, report in pairs if "proved_at" in report and not report["is_good"]}
    return sorted({listed.series for listed, report in pairs if "proved_at" not in report} - bad)


# What says that an archive is bad, from reading it and from trying it; a check that never ends is the sign of damaged
# InnoDB files.
_READ_VERDICTS = (ArchiveUnfitError, DamagedArchiveError, UnsafeArchiveError)
_TRIED_VERDICTS = (TarError, ThrowawayServerError, TimedOutError)
#: Servers and tar need so many bytes at a time; with less, every archive looks bad.
_LEAST_FREE = 64_000_000


def _prove_safely(listed: Listed, context: RunContext) -> dict[str, Any]:
    """Prove one archive; what hinders a verdict (no room, a missing program) is said, and the next has its turn."""
    try:
        return prove(listed, context)
    except (CancelledError, LockLostError):
        raise
    except OobError as error:
        notice = error.notice
    except OSError as error:
        notice = explain(error, listed.name).notice
    context.recorder.say("error", notice, listed.series)
    return {"archive": listed.name, "is_good": False, "problems": [asdict(notice)]}


def explain(error: OSError, name: str) -> FileSystemError:
    """What the operating system says about the archive ``name``, or about the file that the error names."""
    return FileSystemError(str(error.filename or name), error.strerror or str(error))


def choose_archives(names: Sequence[str]) -> list[Listed]:
    """Archives by name; without names the newest good ones of ours, one of each series.

    Raises ``ArchiveMissingError``.
    """
    listed = catalogue.list_folder()
    if names:
        by_name = {item.name: item for item in listed}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise ArchiveMissingError(missing[0])
        return [by_name[name] for name in names]
    newest = {item.series: item for item in listed if item.is_ours}
    if not newest:
        raise ArchiveMissingError("*")
    return list(newest.values())


def verify(listed: Listed, job: Job) -> Content:
    """Read an archive to its last byte and compare it with its manifest. Raises ``DamagedArchiveError``."""
    return _read_and_compare(listed, job).content


def _read_and_compare(listed: Listed, job: Job, index: LineWriter | None = None, guard: Guard | None = None) -> Reading:
    path = config.backup_dir() / listed.name
    if listed.name.endswith(".sql.gz"):
        reading = Reading(read_gz(path, job, lambda _block: None))
    else:
        reading = read_tar_gz(path, job, index=index, guard=guard)
    if listed.manifest is None:
        read_manifest(path)  # one that cannot be read is damage, not an archive of the predecessor
    elif reading.content != listed.manifest.content:
        raise DamagedArchiveError(path, _difference(reading.content, listed.manifest.content))
    return reading


def _difference(found: Content, expected: Content) -> str:
    if found.size != expected.size:
        return "size"
    return "checksum" if found.sha256 != expected.sha256 else "content"


@dataclass(frozen=True)
class Extras:
    """Of a proof within a restore: what was read already, and who wants to look into the private server."""

    reading: Reading | None = None
    on_running: Callable[[Connection], None] | None = None


def prove(listed: Listed, context: RunContext, extras: Extras | None = None) -> dict[str, Any]:
    """Prove one archive, keep the result beside it and in the catalogue, and return it.

    Raises ``OobError`` for what is no verdict on the archive: no room, cancelled, tool missing.
    """
    path = config.backup_dir() / listed.name
    started = timezone.now()
    with pinned(path):
        try:
            report = _judge(listed, path, context.job, extras or Extras())
        finally:
            shutil.rmtree(context.job.work_dir / "proof", ignore_errors=True)
    seconds = round((timezone.now() - started).total_seconds(), 1)
    content = keep_report(listed, replace(report, seconds=seconds))
    _say(listed, report, seconds, context)
    return {"archive": listed.name, **content}


def _judge(listed: Listed, path: Path, job: Job, extras: Extras) -> ProofReport:
    """The verdict; none (``NoSpaceError``) when the disk has become full meanwhile."""
    try:
        report = _prove_content(listed, path, job, extras)
    except _READ_VERDICTS as error:
        return ProofReport(problems=(error.notice,))
    except _TRIED_VERDICTS as error:
        report = ProofReport(problems=(error.notice,))
    missing = _LEAST_FREE - free_bytes(config.work_dir())
    is_full = missing > 0 or tells_of_full_disk(read_server_log(job.work_dir / "proof"))
    if is_full and not report.is_good and is_database(listed):
        raise NoSpaceError(config.work_dir(), max(missing, LEAST_MISSING))
    return report


def keep_report(listed: Listed, report: ProofReport) -> dict[str, Any]:
    """Keep a verdict beside its archive and in the catalogue. Raises ``OSError``."""
    path = config.backup_dir() / listed.name
    content = {
        **report.to_json(),
        "is_good": report.is_good,
        "proved_at": timezone.now().isoformat(timespec="seconds"),
    }
    write_proof(path, content)
    catalogue.record(catalogue.list_one(path))
    if report.is_good:
        condition.tell_over(listed.name)
    return content


def verify_only(listed: Listed, context: RunContext, obstacle: Notice) -> dict[str, Any]:
    """Check a database's archive without starting it; ``obstacle``, a warning, says why.

    What an earlier proof has found stays, unless the archive is damaged.
    """
    path = config.backup_dir() / listed.name
    try:
        with pinned(path):
            verify(listed, context.job)
    except DamagedArchiveError as error:
        context.recorder.say("error", error.notice, listed.series)
        return {"archive": listed.name, **keep_report(listed, ProofReport(problems=(error.notice,)))}
    catalogue.note_verified(listed.name, timezone.now())
    context.recorder.say("warning", obstacle, listed.series)
    return {"archive": listed.name, "is_good": True}


def _say(listed: Listed, report: ProofReport, seconds: float, context: RunContext) -> None:
    for problem in report.problems:
        context.recorder.say("error", problem, listed.series)
    if report.is_good:
        params: Params = {"name": listed.name, "tables": report.tables, "entries": report.entries, "seconds": seconds}
        context.recorder.say("info", Notice(_proved_code(listed, report), params), listed.series)


def _proved_code(listed: Listed, report: ProofReport) -> str:
    if not report.tables:
        return "archive-proved-files"
    return "archive-proved-database" if listed.manifest else "archive-proved-copy"


def read_safe(listed: Listed, job: Job, *, room: Path | None = None) -> Reading:
    """Read an archive to its last byte, compare it with its manifest, judge its entries; write its index when it has
    none that is good. Only the holder of the lock may call this. ``room``: where it shall be unpacked.

    Raises ``DamagedArchiveError``, ``UnsafeArchiveError``, ``ArchiveUnfitError``, ``ArchiveTooLargeError``.
    """
    # What a manifest vouches for was measured before.
    guard = Guard(free_bytes(room) if room is not None and listed.manifest is None else None)
    index = Index(config.backup_dir() / listed.name, listed.manifest.content if listed.manifest else None)
    if listed.name.endswith(".sql.gz") or is_index_good(index):
        return _require_safe(listed, _read_and_compare(listed, job, guard=guard))
    with new_index(index, job.run_id) as lines:
        return _require_safe(listed, _read_and_compare(listed, job, lines, guard))


def _require_safe(listed: Listed, reading: Reading) -> Reading:
    if reading.unsafe:
        raise UnsafeArchiveError(config.backup_dir() / listed.name, list(reading.unsafe))
    if listed.root not in (".", reading.root):
        raise ArchiveUnfitError(listed.name, "other-source")
    return reading


def _prove_content(listed: Listed, path: Path, job: Job, extras: Extras) -> ProofReport:
    room = config.work_dir() if is_physical_database(listed) else None
    reading = extras.reading or read_safe(listed, job, room=room)
    if not is_database(listed):
        is_empty = reading.content.entries <= 1
        problems = (Notice("proof-empty", {}),) if is_empty else ()
        return ProofReport(entries=reading.content.entries, problems=problems)
    require_room(reading.content)
    order = make_proof_order(listed, path, reading)
    if listed.name.endswith(".sql.gz"):
        report = prove_dump(order, job)
    else:
        report = prove_physical(order, job, on_running=extras.on_running)
    return replace(report, entries=reading.content.entries)


def is_database(listed: Listed) -> bool:
    """Whether an archive holds the practice's database, as files or as SQL."""
    if listed.manifest is not None:
        return listed.manifest.kind == "mariadb"
    return listed.series == DATABASE_SERIES


def is_physical_database(listed: Listed) -> bool:
    """Whether an archive holds a data folder of MariaDB."""
    return is_database(listed) and not listed.name.endswith(".sql.gz")


def require_room(content: Content) -> None:
    """Whether a private copy has room in the work folder. Raises ``NoSpaceError``."""
    missing = content.tar_bytes - free_bytes(config.work_dir())
    if missing > 0:
        raise NoSpaceError(config.work_dir(), missing)


def make_proof_order(listed: Listed, path: Path, reading: Reading) -> ProofOrder:
    """What the manifest says; archives of the predecessor have none, are not prepared, and come from a server
    with lower_case_table_names=1."""
    identity = config.proof_identity()
    if listed.manifest is None:
        variables = {"lower_case_table_names": 1}
        return ProofOrder(path, reading, settings.DBNAME, identity, variables, is_prepared=False)
    manifest = listed.manifest
    return ProofOrder(
        path,
        reading,
        manifest.server.get("database", settings.DBNAME),
        identity,
        manifest.server,
        manifest.counts_before,
        manifest.counts_after,
        manifest.server.get("objects", {}),
    )
