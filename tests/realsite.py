"""What the tests on real servers share: a practice, its installation, copies of archives, and what is left over."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import wait_for_answer

from demo.practice import build_database
from demo.server import PracticeServer, own_tree, short_folder

ROOT = Path(__file__).parents[1]
DATABASE = "elexisoob"
#: Commands that were started; those that a test leaves are ended after it.
STARTED: list[subprocess.Popen[str]] = []


@contextlib.contextmanager
def practice_server(*, patients: int, megabytes: int = 0, database: str = DATABASE, **options):
    """A running server of a practice with so many patients and so many megabytes of documents."""
    with (
        short_folder("oobr-") as folder,
        PracticeServer(folder, datadir=folder / "mnt" / "elexisdb", **options) as server,
    ):
        with contextlib.closing(server.connect()) as conn:
            build_database(conn, patients=patients, database=database)
            for number in range(megabytes):
                row = (f"big{number}", os.urandom(1 << 20))
                conn.cursor().execute("INSERT INTO heap (id, deleted, inhalt) VALUES (%s, '0', %s)", row)
        server.create_accounts(database)
        yield server


def point_settings_at(server: PracticeServer, settings) -> None:
    settings.OOB_SOURCES_DIR = server.datadir.parent
    settings.OOB_DBSOCKET = str(server.socket)
    settings.DBNAME = DATABASE
    settings.OOB_BACKUP_DBUSER = server.backup_user
    settings.OOB_BACKUP_DBPWD = server.backup_password


def run_sql(server: PracticeServer, *statements: str) -> None:
    """Run statements as administrator."""
    with contextlib.closing(server.connect()) as conn:
        for statement in statements:
            conn.query(statement)


# --- fixtures -----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def server():
    """A small practice's server; its data folder is the source ``elexisdb``."""
    with practice_server(patients=100) as server:
        yield server


@pytest.fixture
def site(server, installation, settings):
    """An installation in this process that backs up ``server``; whatever a test does, nothing may be left behind."""
    from backups.models import BackupRun

    point_settings_at(server, settings)
    yield installation
    assert leftovers(installation) == []
    uids = list(BackupRun.objects.values_list("uid", flat=True))
    wait_for_answer(lambda: own_children(*uids), [])  # whoever was killed may not have got the time to die


# --- an installation whose commands are processes -----------------------------------------------------------
def installation_environment(folder: Path) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OOB_", "DB"))}
    return clean | {
        "OOB_DATA_DIR": str(folder / "data"),
        "OOB_BACKUP_DIR": str(folder / "backup"),
        "OOB_WORK_DIR": str(folder / "work"),
        "OOB_SOURCES_DIR": str(folder / "mnt"),
        "OOB_URL": "http://localhost:8000",
    }


def prepared_data(folder: Path) -> Path:
    for name in ("data", "backup", "work", "mnt"):
        (folder / name).mkdir()
    command = [sys.executable, "manage.py", "prepare", "--quiet"]
    subprocess.run(command, cwd=ROOT, env=installation_environment(folder), check=True)
    return folder / "data"


class Site:
    """Runs `manage.py` for one server; its backup, work and data folders lie in ``folder``."""

    def __init__(self, folder: Path, server: PracticeServer, prepared: Path) -> None:
        self.folder = folder
        self.backup_dir = folder / "backup"
        for name in ("backup", "work", "mnt"):
            (folder / name).mkdir()
            (folder / name).chmod(0o711)
        shutil.copytree(prepared, folder / "data")
        self.environment = installation_environment(folder) | {
            "OOB_SOURCES_DIR": str(server.datadir.parent),
            "OOB_DBSOCKET": str(server.socket),
            "DBNAME": DATABASE,
            "OOB_BACKUP_DBUSER": server.backup_user,
            "OOB_BACKUP_DBPWD": server.backup_password,
        }

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "manage.py", *arguments, "--json"],
            cwd=ROOT,
            env=self.environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        STARTED.append(child)
        return child

    def run(self, *arguments: str, **variables: str):
        """Run a command to its end; returns its exit code and the object that it printed."""
        with self.start(*arguments, **variables) as child:
            text = child.communicate()[0]
        return child.returncode, json.loads(text)

    def last_run(self, column: str) -> str:
        """A column of the newest run's row, as another process sees it."""
        with contextlib.closing(sqlite3.connect(self.folder / "data" / "oobsite.sqlite3")) as conn:
            query = f"SELECT {column} FROM backups_backuprun ORDER BY id DESC LIMIT 1"
            row = conn.execute(query).fetchone()
        return row[0] if row else ""

    def request_cancel(self) -> None:
        """Ask the newest run to end, as the screen does."""
        imports = (
            "from backups.models import BackupRun; from backups.services import request_cancel; "
            "from oobsite.accounts.actors import system_actor"
        )
        code = f"{imports}; request_cancel(system_actor(), BackupRun.objects.latest())"
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)


# --- what must not be left ----------------------------------------------------------------------------------
def leftovers(folder: Path) -> list[str]:
    """Private folders, parts, and sidecars without their archive."""
    backup = folder / "backup"
    archives = {path.name for path in backup.glob("*.gz") if not path.name.endswith(".index.gz")}
    known = {f"{name}{suffix}" for name in archives for suffix in ("", ".manifest.json", ".index.gz", ".proof.json")}
    strays = [path.name for path in backup.iterdir() if path.is_file() and path.name not in known]
    return [path.name for path in (folder / "work").iterdir()] + [name for name in strays if name != ".oobsite.lock"]


def own_children(*run_ids: str) -> list[int]:
    """Living processes that bear the mark of one of these runs."""
    markers = {f"OOB_RUN={run_id}".encode() for run_id in run_ids}
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and not markers.isdisjoint((entry / "environ").read_bytes().split(b"\0")):
                found.append(int(entry.name))
    return found


def names_of(pids: list[int]) -> set[str]:
    """The programs that run in these processes."""
    names = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            names.add(Path(f"/proc/{pid}/comm").read_text().strip())
    return names


def is_alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


def kill_hard(child: subprocess.Popen[str]) -> None:
    child.send_signal(signal.SIGKILL)
    child.communicate()


def archives_in(folder: Path) -> list[Path]:
    """Files with a final name, oldest first."""
    found = [path for path in folder.glob("*.gz") if not path.name.endswith(".index.gz")]
    return sorted(found, key=lambda path: path.stat().st_mtime_ns)


def require_complete(archive: Path, folder: Path) -> None:
    """An archive with a final name is what its manifest says, to the last byte."""
    from backups.domain.job import Job
    from backups.domain.manifest import read_manifest
    from backups.domain.reading import read_gz, read_tar_gz

    job, manifest = Job("check", folder), read_manifest(archive)
    assert manifest is not None
    if archive.name.endswith(".sql.gz"):
        assert read_gz(archive, job, lambda _block: None) == manifest.content
    else:
        assert read_tar_gz(archive, job).content == manifest.content


# --- what is in an archive, and archives that were changed --------------------------------------------------
def unpack_to(archive: Path, folder: Path) -> Path:
    """Unpack with plain tar, as anybody would."""
    folder.mkdir()
    subprocess.run(["tar", "-xzpf", archive, "-C", folder], check=True)
    return folder


@contextlib.contextmanager
def booted(archive: Path, folder: Path, *options: str):
    """A server on the unpacked archive, read-only unless ``options`` are given."""
    data = unpack_to(archive, folder / "booted-data")
    chosen = options or ("--read-only",)
    probe = PracticeServer(folder / "booted", datadir=data, options=("--event-scheduler=OFF", *chosen))
    own_tree(data, probe.uid, probe.gid)
    with probe:
        yield probe
    shutil.rmtree(data)
    shutil.rmtree(folder / "booted")


def repack(archive: Path, folder: Path, change: Callable[[Path], None]) -> None:
    """Change what is in an archive and pack it again: all hashes agree, and the counts stay those of the original."""
    from backups.domain.job import Job
    from backups.domain.manifest import read_manifest, write_manifest
    from backups.domain.reading import read_tar_gz

    data = unpack_to(archive, folder / "changed")
    change(data)
    subprocess.run(["tar", "-czf", archive, "-C", data, "."], check=True)
    shutil.rmtree(data)
    manifest = read_manifest(archive)
    assert manifest is not None
    write_manifest(archive, replace(manifest, content=read_tar_gz(archive, Job("repack", folder)).content))


def flip_bytes(path: Path, offset: int, count: int = 300) -> None:
    """Turn every bit of ``count`` bytes."""
    with path.open("r+b") as file:
        file.seek(offset)
        old = file.read(count)
        assert len(old) == count
        file.seek(offset)
        file.write(bytes(byte ^ 0xFF for byte in old))
