"""Fixtures for tests of backups and their lessons: a job, a published archive, small disks, runs of commands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from calling import call_json
from holding import end_all
from waiting import wait_until

RUN_ID = "0123456789ab"


@pytest.fixture
def job(folder):
    from backups.domain.job import Job

    (folder / "job").mkdir(mode=0o711)
    return Job(RUN_ID, folder / "job")


@pytest.fixture
def target(folder):
    from backups.domain.archive import Target

    (folder / "archives").mkdir()
    return Target(folder / "archives" / "docs_2026-11-24-0315.tar.gz")


@pytest.fixture
def pack(job, target):
    """Pack a folder to a published archive; returns its manifest."""
    from backups.domain.archive import Packing, discard, pack_folder, publish, read_back
    from backups.domain.manifest import Manifest

    def pack(source: Path, target=target, *, is_database=False):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            written, skipped = pack_folder(Packing("docs", source, is_database), target, job)
            content = read_back(target, written, job).content
            name = target.path.name
            manifest = Manifest(RUN_ID, "docs", "docs", "files", "files", name, now, now, content, tuple(skipped))
            publish(target, manifest, job)
        finally:
            discard(target, job)
        return manifest

    return pack


@pytest.fixture
def practice(installation, settings):
    """An installation whose sources are plain folders, with something in the two required ones."""
    from backups.models import Source

    Source.objects.filter(name__in=["elexisdb", "oobsite"]).update(is_active=False)
    for name in ("webelexisdata", "pacsdata"):
        (installation / "mnt" / name).mkdir()
        (installation / "mnt" / name / "file").write_bytes(os.urandom(20_000))
    return installation


@pytest.fixture
def run_command(db):
    """Run a command in this process with --json; returns its exit code and the object that it printed."""
    return call_json


@pytest.fixture
def manage(folder):
    """Start ``manage.py`` in a process of its own on an installation of its own; returns a function for it."""
    for name in ("data", "backup", "work", "mnt"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name).chmod(0o711)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OOB_")} | {
        "OOB_DATA_DIR": str(folder / "data"),
        "OOB_BACKUP_DIR": str(folder / "backup"),
        "OOB_WORK_DIR": str(folder / "work"),
        "OOB_SOURCES_DIR": str(folder / "mnt"),
        "OOB_DBSOCKET": "/nonexistent/socket",
    }

    def start(*arguments: str, **variables: str) -> subprocess.Popen:
        command = [sys.executable, "manage.py", *arguments]
        root = Path(__file__).parents[1]
        pipe = subprocess.PIPE
        child = subprocess.Popen(command, cwd=root, env=environment | variables, stdout=pipe, stderr=pipe, text=True)
        children.append(child)
        return child

    children: list[subprocess.Popen] = []
    yield start
    end_all(children)


@pytest.fixture
def tmpfs():
    """Mount small disks."""
    mounted: list[Path] = []

    def mount(path: Path, size: str) -> Path:
        path.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", path]
        answer = subprocess.run(command, capture_output=True, text=True)
        if answer.returncode != 0:
            pytest.fail(f"This test needs root and the right to mount a small disk: {answer.stderr.strip()}")
        mounted.append(path)
        return path

    yield mount
    for path in reversed(mounted):
        subprocess.run(["umount", path], check=True)


@pytest.fixture
def fake_tool(folder, monkeypatch):
    """Put a shell script in front of a program; ``{real}`` in it stands for the program itself."""
    path_before = os.environ["PATH"]
    (folder / "bin").mkdir()
    (folder / "bin").chmod(0o755)

    def fake(name: str, script: str) -> Path:
        path = folder / "bin" / name
        path.write_text("#!/bin/sh\n" + script.replace("{real}", f"env PATH={shlex.quote(path_before)} {name}") + "\n")
        path.chmod(0o755)
        return path

    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{path_before}")
    return fake


APPEND = "import sys\nfile = open(sys.argv[1], 'ab', 0)\nwhile True: file.write(b'x' * 100)"


@pytest.fixture
def growing():
    """A large file to which another process writes without a pause."""

    @contextmanager
    def growing(path: Path):
        path.write_bytes(os.urandom(1_000_000) * 30)
        size = path.stat().st_size
        with subprocess.Popen([sys.executable, "-c", APPEND, str(path)]) as child:
            try:
                wait_until(lambda: path.stat().st_size > size)
                yield
            finally:
                child.kill()

    return growing


@pytest.fixture
def vanishing(fake_tool):
    """Files that are removed while tar is at the first of them."""

    def vanishing(folder: Path) -> None:
        for number in range(20):
            (folder / f"gone{number:02}").write_bytes(os.urandom(50_000))
        removal = shlex.quote(f"exec=rm -f {folder}/gone*")
        fake_tool("tar", f'{{real}} --checkpoint=1 --checkpoint-action={removal} "$@"')

    return vanishing
