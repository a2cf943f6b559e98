"""The archive engine of oobsite in a process of its own, so that its time and memory can be measured alone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from backups.domain.archive import Packing, Target, pack_folder, read_back
from backups.domain.job import Job
from backups.domain.manifest import Content
from backups.domain.reading import Reading

RUN = "bench"


def part_path(archive: Path) -> Path:
    """What a pack writes; nothing is published here."""
    return Target(archive).part(RUN)


def index_path(archive: Path) -> Path:
    """What a reading writes beside it."""
    return Target(archive).index_part(RUN)


def pack(folder: str, archive: str) -> None:
    target = Target(Path(archive))
    content, _ = pack_folder(Packing("bench", Path(folder)), target, make_job(target))
    facts_path(target.path).write_text(json.dumps(asdict(content)))


def verify(archive: str) -> None:
    target = Target(Path(archive))
    written = Content(**json.loads(facts_path(target.path).read_text()))
    read_back(target, written, make_job(target))


def hot(datadir: str, socket: str, version: str, archive: str) -> None:
    """A hot backup of a running server, prepared and packed."""
    # Here, because packing a folder does not need them and shall not pay for them.
    from backups.domain.mariadb.hot import HotOrder, take_hot_backup
    from backups.domain.mariadb.server import Access
    from demo.server import PracticeServer

    target = Target(Path(archive))
    access = Access("", 0, PracticeServer.backup_user, PracticeServer.backup_password, "", socket=socket)
    order = HotOrder(access, Path(datadir), version, "mariadb-backup", timeout=3600)
    job = make_job(target)
    prepared = take_hot_backup(order, job, on_copied=lambda: None).folder
    pack_folder(Packing("bench", prepared, is_database=True), target, job)


def stage(archive: str, folder: str) -> None:
    """Unpack a part that was packed beside the live data of ``folder``, and sync."""
    from backups.domain.restore.exchange import sync_file_system
    from backups.domain.restore.fill import Filling, fill_folder
    from backups.domain.restore.journal import Kind
    from backups.domain.restore.stage import new_stage

    target = Target(Path(archive))
    reading = Reading(Content(**json.loads(facts_path(target.path).read_text())))
    Path(folder).mkdir()
    with new_stage(Path(folder), RUN, Kind.FILES, datetime.now(UTC)) as place:
        fill_folder(place, Filling(target.part(RUN), reading), make_job(target))
        sync_file_system(place.folder)


def make_job(target: Target) -> Job:
    return Job(RUN, target.path.parent)


def facts_path(archive: Path) -> Path:
    """Size and hash of what was packed, for the reading."""
    return archive.with_suffix(".json")


def read_peak_mb() -> float:
    """The most memory that this process ever had, as the kernel counts it."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


ACTIONS: dict[str, Callable[..., None]] = {"pack": pack, "verify": verify, "hot": hot, "stage": stage}

if __name__ == "__main__":
    ACTIONS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps({"peak_mb": round(read_peak_mb(), 1)}))
