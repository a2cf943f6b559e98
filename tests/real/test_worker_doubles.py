"""Two workers on one database: no date is done twice."""

from __future__ import annotations

import sys
from subprocess import PIPE, Popen

import pytest
from foldersite import FolderSite, new_site
from killing import memory_folder
from realsite import ROOT

SCHEDULES, DATES = 10, 100
SCHEDULE = f"""
from datetime import UTC, datetime
from backups.models import BackupSchedule
start = datetime(2026, 11, 24, tzinfo=UTC)
for number in range({SCHEDULES}):
    BackupSchedule.objects.create(name=f"Often {{number}}", minute="*/10", hour="*", checked_until=start)
"""
#: Looks at the date whose number comes in and says how many runs it has queued; a run ends as soon as it is queued, so
#: that no date hides behind another.
TICKS = """
import sys
from datetime import UTC, datetime, timedelta
from backups.models import BackupRun
from backups.services.ticking import tick
for number in sys.stdin:
    queued = tick(datetime(2026, 11, 24, tzinfo=UTC) + int(number) * timedelta(minutes=10)).queued
    BackupRun.objects.filter(pk__in=[run.pk for run in queued]).update(state="done")
    print(len(queued), flush=True)
"""
COUNTS = """
from backups.models import BackupRun, ScheduleSlot
slots = ScheduleSlot.objects.exclude(state="skipped")
runs = set(slots.values_list("run", flat=True))
print(ScheduleSlot.objects.count(), slots.count(), len(runs), BackupRun.objects.count())
"""


@pytest.fixture
def place(prepared):
    with memory_folder() as folder:
        place = new_site(folder, prepared)
        place.shell(SCHEDULE)
        yield place


def tick_twice(place: FolderSite, dates: int) -> list[int]:
    """How many runs each of two processes has queued, which look at the same ``dates`` at the same moments."""
    workers = [start_ticking(place) for _ in range(2)]
    done = [0, 0]
    for number in range(1, dates + 1):
        for worker in workers:
            print(number, file=worker.stdin, flush=True)
        done = [so_far + int(worker.stdout.readline()) for so_far, worker in zip(done, workers, strict=True)]
    assert [worker.communicate()[1] for worker in workers] == ["", ""]
    return done


def start_ticking(place: FolderSite) -> Popen[str]:
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", TICKS]
    return Popen(command, cwd=ROOT, env=place.environment, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True)


def require_all_once(place: FolderSite, dates: int, done: list[int]) -> None:
    """Every date has its slot, each slot that was carried out its own run, and both processes had their share."""
    slots, carried_out, different_runs, runs = map(int, place.shell(COUNTS).split())
    assert slots == SCHEDULES * dates
    assert carried_out == different_runs == runs == sum(done)
    assert min(done) > 0


def test_no_date_of_a_thousand_is_done_twice(place):
    require_all_once(place, DATES, tick_twice(place, DATES))
