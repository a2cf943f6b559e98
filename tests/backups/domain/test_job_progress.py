"""What real work reports while it goes on."""

from __future__ import annotations

import subprocess
import time

import pytest

from backups.domain.archive import Packing, Target, pack_folder, read_back
from backups.domain.errors import CancelledError
from backups.domain.job import Job, Progress, watching
from backups.domain.process import Streams, running_child, wait_for
from backups.domain.tally import tallied
from backups.domain.unpack import Unpacking, unpack

FILES = 3000


class Every(Job):
    """A job that passes on every report."""

    def report(self, progress):
        self.on_progress(progress)


@pytest.fixture
def reports():
    return []


@pytest.fixture
def job(folder, reports):
    (folder / "private").mkdir()
    return Every("0123456789ab", folder / "private", on_progress=reports.append)


@pytest.fixture
def source(folder):
    (folder / "docs").mkdir()
    for number in range(FILES):
        (folder / "docs" / f"{number}\n.txt").write_bytes(bytes([number % 256]) * 2000)
    return folder / "docs"


def test_packing_reading_back_and_unpacking_count_bytes_and_files(folder, source, job, reports):
    target = Target(folder / "docs_2026-11-24-0315.tar.gz", plain_bytes=9_000_000, entries=FILES)
    content, _skipped = pack_folder(Packing("docs", source), target, job)
    packed = reports[-1]
    assert (packed.stage, packed.total_bytes, packed.total_items) == ("pack", 9_000_000, FILES)
    assert packed.done_bytes == content.tar_bytes
    assert 0 < packed.done_items <= FILES + 1
    reading = read_back(target, content, job)
    assert reports[-1].done_items > FILES / 2
    (folder / "out").mkdir()
    unpack(Unpacking(target.part(job.run_id), folder / "out", reading), job)
    last = reports[-1]
    assert (last.stage, last.done_bytes, last.total_items) == ("unpack", content.size, FILES + 1)


def test_the_names_of_all_entries_are_counted_also_those_with_line_breaks(source):
    with tallied() as names:
        command = ["tar", "-cf", "-", "-v", f"--index-file=/dev/fd/{names.writer}", "-C", source, "."]
        subprocess.run(command, stdout=subprocess.DEVNULL, pass_fds=[names.writer], check=True)
    assert names.count == FILES + 1


def test_a_silent_child_is_measured_once_a_second(folder, reports):
    job = Job("0123456789ab", folder, on_progress=reports.append)
    started = time.monotonic()
    with running_child(["sleep", "2.5"], job, Streams()) as child:
        wait_for(child, watching(job, lambda: Progress("backup", done_bytes=len(reports))), timeout=60)
    assert [progress.done_bytes for progress in reports] == list(range(len(reports)))
    assert 2 <= len(reports) <= 1 + (time.monotonic() - started)


def test_a_watched_job_can_be_cancelled(folder):
    job = Job("0123456789ab", folder, is_cancelled=lambda: True)
    with pytest.raises(CancelledError), running_child(["sleep", "60"], job, Streams()) as child:
        wait_for(child, watching(job, lambda: Progress("backup")), timeout=60)
    assert child.returncode == -9
