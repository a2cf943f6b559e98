"""A hot backup: mariadb-backup copies the files and the redo log of a running server, then makes them one state.

Its exit code alone is not believed (MDEV-22554, MDEV-18611, MDEV-19060): both phases must end with 0, with
``completed OK!``, without ``[ERROR]``, and leave the expected checkpoint state. It ignores SIGTERM: it is killed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from backups.domain.errors import HotBackupError, NoSpaceError, VersionMismatchError
from backups.domain.job import Job, Progress, watching
from backups.domain.mariadb.server import Access, parse_version, write_defaults_file
from backups.domain.process import Streams, clean_environment, find_tool, running_child, wait_for
from backups.domain.restore.journal import STAGE_PREFIX
from backups.domain.space import LEAST_MISSING, tells_of_full_disk
from oobsite.files import free_bytes, size_on_disk, tree_size

TRIES = 3
_NEW_REDO_LOG = (10, 8, 0)
_MISMATCH = (b"Unsupported server version", b"Unsupported redo log format")
_CHECKPOINT_NAMES = ("mariadb_backup_checkpoints", "xtrabackup_checkpoints")
_INFO_NAMES = ("mariadb_backup_info", "xtrabackup_info")
_INFO_KEYS = {"tool_version": "tool_version", "binlog_pos": "binlog_position", "innodb_to_lsn": "lsn"}
_NO_TABLES = ("ib_logfile*", "ibtmp*")
_OWN_FILES = ("xtrabackup_*", "mariadb_backup_*", "backup-my.cnf")


@dataclass(frozen=True)
class HotOrder:
    """A running server, its data folder as we see it, and where the prepared set goes.

    ``left_out``: databases, named in plain letters, that the prepared set shall not hold.
    """

    access: Access
    datadir: Path
    server_version: str
    tool: str
    timeout: float
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class HotSet:
    """A prepared set; ``facts`` are the tool's version and the position in binary and redo log."""

    folder: Path
    facts: dict[str, str]


def read_tool_version(tool: str) -> str:
    """``10.11.19-MariaDB`` of mariadb-backup. Raises ``ToolMissingError``."""
    command, environment = [find_tool(tool), "--version"], clean_environment()
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    found = re.search(r"server (\d+\.\d+\.\d+\S*)", answer.stdout + answer.stderr)
    return found[1] if found else ""


def fits(tool_version: str, server_version: str) -> bool:
    """Whether a tool can read a server's files: since 10.8 the redo log has the form that all later ones know;
    an older server needs the tool of its own series."""
    tool, server = parse_version(tool_version), parse_version(server_version)
    if server >= _NEW_REDO_LOG:
        return tool >= _NEW_REDO_LOG
    return tool[:2] == server[:2]


def make_backup_command(order: HotOrder, defaults: Path, target: Path) -> list[str]:
    return [
        order.tool,
        f"--defaults-file={defaults}",
        "--backup",
        f"--datadir={order.datadir}",
        f"--target-dir={target}",
        "--skip-ssl",
    ]


def make_prepare_command(tool: str, target: Path) -> list[str]:
    return [tool, "--no-defaults", "--prepare", f"--target-dir={target}"]


def take_hot_backup(order: HotOrder, job: Job, *, on_copied: Callable[[], None]) -> HotSet:
    """Make a prepared set, a ready data folder; ``on_copied`` is called when the copy stands.

    Raises ``VersionMismatchError``, ``HotBackupError``, ``NoSpaceError``, ``TimedOutError``, ``CancelledError``.
    """
    tool_version = read_tool_version(order.tool)
    if not fits(tool_version, order.server_version):
        raise VersionMismatchError(tool_version, order.server_version)
    for attempt in range(1, TRIES + 1):
        try:
            return _try_once(order, job, on_copied)
        except HotBackupError as error:
            if attempt == TRIES:
                raise HotBackupError(error.phase, attempt, error.line) from error
    raise AssertionError("unreachable")


def _try_once(order: HotOrder, job: Job, on_copied: Callable[[], None]) -> HotSet:
    target = job.work_dir / "hot"
    shutil.rmtree(target, ignore_errors=True)
    defaults = write_defaults_file(job.work_dir, order.access)
    try:
        _run_phase("backup", make_backup_command(order, defaults, target), order, _measured(order, target, job))
    finally:
        defaults.unlink(missing_ok=True)
    _require_checkpoint(target, "backup", "full-backuped")
    on_copied()
    _run_phase("prepare", make_prepare_command(order.tool, target), order, job)
    _require_checkpoint(target, "prepare", "log-applied")
    facts = _read_info(target)
    _strip(target, order.left_out)
    return HotSet(target, facts)


def _read_info(target: Path) -> dict[str, str]:
    """What the tool says of its copy: its own version, and the position in the binary log at that moment."""
    for name in _INFO_NAMES:
        if (target / name).exists():
            lines = (target / name).read_text(errors="replace").splitlines()
            info = {key.strip(): text.strip() for key, _, text in (line.partition("=") for line in lines)}
            return {name: info[key] for key, name in _INFO_KEYS.items() if key in info}
    return {}


def _run_phase(phase: str, command: list[str], order: HotOrder, job: Job) -> None:
    log_path = job.work_dir / f"{phase}.log"
    job.enter(phase, "")
    with log_path.open("wb") as log, running_child(command, job, Streams(stdout=log, stderr=log)) as child:
        status = wait_for(child, job, timeout=order.timeout)
    said = log_path.read_bytes()
    lines = said.splitlines()
    if any(text in line for line in lines for text in _MISMATCH):
        raise VersionMismatchError(read_tool_version(order.tool), order.server_version)
    if tells_of_full_disk(said):
        raise NoSpaceError(
            job.work_dir, max(tree_size(order.datadir, but=STAGE_PREFIX) - free_bytes(job.work_dir), LEAST_MISSING)
        )
    problem = find_problem(status, lines)
    if problem is not None:
        raise HotBackupError(phase, 1, problem)


def _measured(order: HotOrder, target: Path, job: Job) -> Job:
    """The tool does not tell how far it is, but its files do."""
    total = _tables_size(order.datadir)
    return watching(job, lambda: Progress("backup", "", _tables_size(target), total))


def _tables_size(datadir: Path) -> int:
    """Without the redo log, of which the tool copies what comes up meanwhile."""
    logs = [path for pattern in _NO_TABLES for path in datadir.glob(pattern)]
    return max(0, tree_size(datadir, but=STAGE_PREFIX) - sum(map(size_on_disk, logs)))


def find_problem(status: int, lines: list[bytes]) -> str | None:
    """Judge a phase by its exit code and its log; return the line that tells most, None when all is well."""
    errors = [line for line in lines if b"[ERROR]" in line or b"FATAL ERROR" in line]
    is_complete = bool(lines) and lines[-1].rstrip().endswith(b"completed OK!")
    if status == 0 and is_complete and not errors:
        return None
    telling = errors[0] if errors else (lines[-1] if lines else b"")
    return f"{telling.decode(errors='replace').strip()} (exit code {status})"


def _require_checkpoint(target: Path, phase: str, expected: str) -> None:
    texts = [(target / name).read_text() for name in _CHECKPOINT_NAMES if (target / name).exists()]
    if not any(f"backup_type = {expected}" in text for text in texts):
        raise HotBackupError(phase, 1, f"backup_type is not {expected}")


def _strip(target: Path, left_out: tuple[str, ...]) -> None:
    """Leave a plain data folder: without the tool's own files, and without the marks of a restore.

    What is left out goes only now: with --databases-exclude the prepare fails while the redo log still names its
    tables. InnoDB's dictionary goes on knowing them; nobody sees them, and dropping a database of that name ends it.
    """
    for pattern in _OWN_FILES:
        for path in target.glob(pattern):
            path.unlink()
    for path in [*target.glob("#sql-oob-*"), *(target / name for name in left_out if (target / name).is_dir())]:
        shutil.rmtree(path)
