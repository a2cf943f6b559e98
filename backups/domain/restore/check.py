"""The check before a restore: whether an exchange can work at all on this folder and with this server."""

from __future__ import annotations

import os
import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from MySQLdb.connections import Connection

from backups.domain.attempts import attempts
from backups.domain.errors import (
    FolderMissingError,
    NetworkFolderError,
    NoSpaceError,
    ServerUnreachableError,
    TooManyFilesError,
)
from backups.domain.mariadb import rights
from backups.domain.mariadb.cold import is_on_network
from backups.domain.mariadb.datadir import read_start_options, read_upgrade_version
from backups.domain.mariadb.server import (
    START_VARIABLES,
    Access,
    parse_version,
    practice_connection,
    quote,
    rows,
)
from backups.domain.restore.errors import (
    FileSystemUnfitError,
    MountInsideError,
    OtherServerError,
    ServerDiffersError,
    ServerLayoutError,
)
from backups.domain.restore.exchange import inode
from backups.domain.restore.gates import is_served
from backups.domain.restore.journal import PROBE_PREFIX, STAGE_PREFIX, remove_probes
from backups.domain.restore.stage import require_rest
from oobsite.errors import printable
from oobsite.files import free_bytes

SPACE_SHARE = 1.1
_MOST_NAMES = 20
_PROBE = "oob_probe_"
_CLOSING_SECONDS = 2.0
_POLL_SECONDS = 0.1
# Folders that must be the data folder, as the server names them; empty stands for the data folder, too.
_FOLDER_VARIABLES = ("innodb_data_home_dir", "innodb_log_group_home_dir", "innodb_undo_directory", "aria_log_dir_path")
_FIRST_FILE = "ibdata1"


@dataclass(frozen=True)
class DatadirCheck:
    """A MariaDB data folder and the server on it; ``server`` is what the manifest says of the server of the archive
    (empty when there is none), ``needed_bytes`` the plain size of what will be unpacked."""

    datadir: Path
    access: Access
    needed_bytes: int = 0
    server: Mapping[str, Any] = field(default_factory=dict)


def check_folder(folder: Path, needed_bytes: int) -> None:
    """Whether the children of a folder can change places, and whether the new ones have room.

    Raises ``FolderMissingError``, ``RestoreUnfinishedError``, ``MountInsideError``, ``FileSystemUnfitError``,
    ``NoSpaceError``. Nothing is changed.
    """
    if not folder.is_dir():
        raise FolderMissingError(folder, os.strerror(2))
    require_rest(folder)
    mounts = find_mounts_inside(folder)
    if mounts:
        raise MountInsideError(folder, mounts)
    remove_probes(folder)
    _require_features(folder)
    require_room({folder: needed_bytes})


def require_room(needed: Mapping[Path, int]) -> None:
    """Whether so many new bytes in each of some folders have room, together where they lie on one disk.

    Raises ``NoSpaceError``.
    """
    of_disk: Counter[int] = Counter()
    for folder, count in needed.items():
        disk = folder.stat().st_dev
        of_disk[disk] += count
        missing = int(of_disk[disk] * SPACE_SHARE) - free_bytes(folder)
        if missing > 0:
            raise NoSpaceError(folder, missing)


def check_datadir(check: DatadirCheck) -> None:
    """As ``check_folder``, and whether this server is the one on the folder, of the right kind, and may be stopped.

    A server that is down is no hindrance: its data may be what has to be restored.
    Raises beside those ``NetworkFolderError``, ``ServerLayoutError``, ``ServerUnreachableError``,
    ``LoginRefusedError``, ``RightsMissingError``, ``OtherServerError``, ``ServerDiffersError``.
    """
    check_folder(check.datadir, check.needed_bytes)
    links = find_links(check.datadir)
    if links:
        raise ServerLayoutError(links)
    try:
        with practice_connection(check.access) as conn:
            _check_server(conn, check)
    except ServerUnreachableError:
        if is_served(check.datadir):
            raise
        if is_on_network(check.datadir):
            raise NetworkFolderError(check.datadir) from None


def check_staged(staged: Path, check: DatadirCheck) -> None:
    """Whether unpacked files are of the server's kind, as far as they tell it: an archive without a manifest says
    nothing beforehand. Raises ``ServerDiffersError``.
    """
    facts: dict[str, Any] = dict(read_start_options(staged))
    version = read_upgrade_version(staged)
    if version != read_upgrade_version(check.datadir):  # the server may be newer than both files say
        facts["version"] = version
    with suppress(ServerUnreachableError), practice_connection(check.access) as conn:
        variables = {str(name): str(text) for name, text in rows(conn, "SHOW GLOBAL VARIABLES")}
        _require_same_kind(variables, facts)


def require_inodes(folder: Path, entries: int) -> None:
    """Raises ``TooManyFilesError`` when the file system cannot take so many files; some have no such limit."""
    usage = os.statvfs(folder)
    if usage.f_files and usage.f_favail < entries:
        raise TooManyFilesError(folder, entries, usage.f_favail)


def find_mounts_inside(folder: Path) -> list[str]:
    """What the kernel does not rename: mount points below a folder, also of folders of the same disk, and what lies
    directly in it on another disk or subvolume."""
    top = folder.resolve()
    points = {_parse_mount(line) for line in Path("/proc/self/mountinfo").read_bytes().splitlines()}
    points |= {path for path in top.iterdir() if path.lstat().st_dev != top.stat().st_dev}
    inside = sorted(point for point in points if point != top and point.is_relative_to(top))
    return [printable(str(point.relative_to(top))) for point in inside][:_MOST_NAMES]


def _parse_mount(line: bytes) -> Path:
    """Mount point in a line of mountinfo, where ``\\040`` stands for a blank."""
    point = re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), line.split()[4])
    return Path(os.fsdecode(point))


def _require_features(folder: Path) -> None:
    """Try on two files of ours what the exchange does: a second name, a rename, the same inode behind it."""
    probe = folder / f"{PROBE_PREFIX}{secrets.token_hex(4)}"
    other = probe.with_name(f"{probe.name}x")
    try:
        probe.touch(mode=0o600, exist_ok=False)
        _try_features(folder, probe, other)
    except OSError as error:
        raise FolderMissingError(folder, error.strerror or str(error)) from error
    finally:
        for path in (probe, other):
            path.unlink(missing_ok=True)


def _try_features(folder: Path, probe: Path, other: Path) -> None:
    found = inode(probe)
    try:
        other.hardlink_to(probe)
    except OSError as error:
        raise FileSystemUnfitError(folder, "link") from error
    probe.unlink()
    other.rename(probe)
    if inode(probe) != found:
        raise FileSystemUnfitError(folder, "inode")


def find_links(datadir: Path) -> list[str]:
    """What leads out of a data folder: symbolic links, and InnoDB's own (``.isl``), on its two levels."""
    found = [path for path in _two_levels(datadir) if path.is_symlink() or path.name.endswith(".isl")]
    return sorted(printable(str(path.relative_to(datadir))) for path in found)[:_MOST_NAMES]


def _two_levels(datadir: Path) -> Iterator[Path]:
    for path in datadir.iterdir():
        if not path.name.startswith(STAGE_PREFIX):
            yield path
            if path.is_dir() and not path.is_symlink():
                yield from path.iterdir()


def _check_server(conn: Connection, check: DatadirCheck) -> None:
    variables = {str(name): str(text) for name, text in rows(conn, "SHOW GLOBAL VARIABLES")}
    grants = rights.read_grants(conn)
    missing = [f"{right} ON *.*" for right in rights.RESTORE_RIGHTS if not grants.on_server(right)]
    if not grants.on_database("ALL PRIVILEGES", _PROBE):
        missing.append(f"ALL ON `{rights.OWN_SCHEMAS}`.*")
    rights.require(check.access.user, missing)
    _require_one_folder(variables)
    _require_same_kind(variables, check.server)
    if not _is_on(conn, check.datadir):
        raise OtherServerError(check.access.address, check.datadir)


def _require_one_folder(variables: Mapping[str, str]) -> None:
    home = os.path.normpath(variables["datadir"])
    outside = [
        f"{name}={variables[name]}"
        for name in _FOLDER_VARIABLES
        if variables.get(name) and os.path.normpath(os.path.join(home, variables[name])) != home  # noqa: PTH118
    ]
    first = variables.get("innodb_data_file_path", _FIRST_FILE).partition(":")[0]
    if first != _FIRST_FILE:
        outside.append(f"innodb_data_file_path={variables['innodb_data_file_path']}")
    if outside:
        raise ServerLayoutError(outside)


def _require_same_kind(variables: Mapping[str, str], server: Mapping[str, Any]) -> None:
    """A series upgrades the files of an older one for good, and cannot read those of a newer one."""
    version = server.get("version")
    if version and parse_version(version)[:2] != parse_version(variables["version"])[:2]:
        raise ServerDiffersError("version", version, variables["version"])
    for name in START_VARIABLES:
        expected = server.get(name)
        if expected is not None and name in variables and str(expected) != variables[name]:
            raise ServerDiffersError(name, str(expected), variables[name])


def _is_on(conn: Connection, datadir: Path) -> bool:
    """Whether a database that we make there appears as a folder here, and its files are locked."""
    for (name,) in rows(conn, "SHOW DATABASES"):
        if name.startswith(_PROBE):  # of a check that was killed
            conn.query(f"DROP DATABASE {quote(name)}")
    probe = f"{_PROBE}{secrets.token_hex(4)}"
    conn.query(f"CREATE DATABASE {quote(probe)}")
    try:
        return (datadir / probe).is_dir() and is_served(datadir)
    finally:
        conn.query(f"DROP DATABASE {quote(probe)}")


def list_clients(conn: Connection) -> list[str]:
    """Who is connected beside us, as ``user@host``: they lose their connection at the exchange. Needs PROCESS."""
    query = (
        "SELECT DISTINCT CONCAT(user, '@', SUBSTRING_INDEX(host, ':', 1)) FROM information_schema.processlist "
        "WHERE id <> CONNECTION_ID() AND user NOT IN ('system user', 'event_scheduler') ORDER BY 1"
    )
    return [str(client) for (client,) in rows(conn, query)]


def list_lasting_clients(conn: Connection) -> list[str]:
    """As ``list_clients``, without those that have just gone: a busy server shows a closed connection, also one of
    ours, for a moment longer."""
    for _look in attempts(_CLOSING_SECONDS, _POLL_SECONDS):
        clients = list_clients(conn)
        if not clients:
            break
    return clients
