"""Two workers on one database: no date is done twice."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from foldersite import FolderSite, new_site
from killing import memory_folder

SCHEDULES, DATES = 10, 100
SCHEDULE = f"""
from datetime import UTC, datetime
from backups.models import BackupSchedule
start = datetime(2026, 11, 24, tzinfo=UTC)
for number in range({SCHEDULES}):
    BackupSchedule.objects.create(name=f"Often {{number}}", minute="*/10", hour="*", checked_until=start)
"""
#: Both look at the same dates; a run ends as soon as it is queued, so that no date hides behind another.
TICKS = f"""
from datetime import UTC, datetime, timedelta
from backups.models import BackupRun
from backups.services.ticking import tick
done = 0
for number in range(1, {DATES} + 1):
    queued = tick(datetime(2026, 11, 24, tzinfo=UTC) + number * timedelta(minutes=10)).queued
    BackupRun.objects.filter(pk__in=[run.pk for run in queued]).update(state="done")
    done += len(queued)
print(done)
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


def start(place: FolderSite, code: str) -> Popen[str]:
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    return Popen(command, cwd=Path(__file__).parents[2], env=place.environment, stdout=PIPE, stderr=PIPE, text=True)


def test_no_date_of_a_thousand_is_done_twice(place):
    workers = [start(place, TICKS) for _ in range(2)]
    answers = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], answers
    done = [int(out) for out, _err in answers]
    slots, carried_out, different_runs, runs = map(int, place.shell(COUNTS).split())
    assert slots == SCHEDULES * DATES
    assert carried_out == different_runs == runs == sum(done)
    assert min(done) > 0
