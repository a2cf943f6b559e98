"""The rules of the watchdog: facts in, findings out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backups.domain.watch import DiskFacts, Due, Facts, OpenRun, ScheduleFacts, SourceFacts, judge, longest_for

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HERE = {"now": NOW, "looked_at": NOW - 5 * MINUTE, "is_worker_awaited": True, "tick_at": NOW - MINUTE}
GIGA = 10**9


def found(**facts) -> list[tuple[str, str]]:
    return [(finding.kind, finding.code) for finding in judge(Facts(**{**HERE, **facts}))]


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"tick_at": NOW - 3 * MINUTE}, []),
        ({"tick_at": NOW - 3 * MINUTE - timedelta(seconds=1)}, ["worker-silent"]),
        ({"tick_at": NOW + HOUR, "looked_at": NOW + HOUR}, []),  # the clock was set back a moment ago
        ({"tick_at": NOW + HOUR}, ["worker-silent"]),  # it was set back a while ago
        ({"tick_at": None}, ["worker-never"]),
        ({"tick_at": None, "is_worker_awaited": False}, []),
        ({"tick_at": NOW - DAY, "looked_at": None}, []),  # just set up
        ({"tick_at": NOW - DAY, "looked_at": NOW - DAY}, []),  # the machine was off, and both begin again
        ({"tick_at": NOW - DAY, "looked_at": NOW - 15 * MINUTE}, ["worker-silent"]),
    ],
)
def test_worker(facts, codes):
    assert found(**facts) == [("worker", code) for code in codes]


def waiting(since, usual=None, *, is_running=False) -> dict:
    return {"runs": [OpenRun("a1", "backup", is_running, NOW - since, usual)]}


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (waiting(30 * MINUTE), []),
        (waiting(31 * MINUTE), ["run-waiting"]),
        (waiting(31 * MINUTE) | {"is_busy": True}, []),
        (waiting(31 * MINUTE) | {"looked_at": None}, []),
        (waiting(11 * HOUR, is_running=True), []),
        (waiting(13 * HOUR, is_running=True), ["run-too-long"]),
        (waiting(13 * HOUR, is_running=True) | {"longest_run": DAY}, []),
        (waiting(13 * HOUR, 5 * HOUR, is_running=True), []),
        (waiting(61 * MINUTE, MINUTE, is_running=True), []),
        (waiting(62 * MINUTE, MINUTE, is_running=True), ["run-too-long"]),
    ],
)
def test_runs(facts, codes):
    assert found(**facts) == [("run-late", code) for code in codes]


def test_far_longer_is_three_times_and_an_hour_at_least():
    assert longest_for(MINUTE, DAY) == 61 * MINUTE
    assert longest_for(2 * HOUR, DAY) == 6 * HOUR
    assert longest_for(None, DAY) == DAY


@pytest.mark.parametrize(
    ("schedule", "codes"),
    [
        (ScheduleFacts("s", "Nightly"), []),
        (ScheduleFacts("s", "Nightly", overdue=NOW - HOUR), [("slot-late", "run-overdue")]),
        (ScheduleFacts("s", "Nightly", has_source=False), [("schedule-empty", "schedule-without-source")]),
    ],
)
def test_schedules(schedule, codes):
    assert found(schedules=[schedule]) == codes


def test_what_follows_from_a_silent_worker_is_not_said_beside_it():
    facts = waiting(HOUR) | {"schedules": [ScheduleFacts("s", "Nightly", overdue=NOW - HOUR)], "tick_at": NOW - HOUR}
    assert found(**facts) == [("worker", "worker-silent")]


PROMISED, LATE = Due(True), Due(True, NOW - DAY)


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ({"newest_at": NOW - 8 * DAY}, []),
        ({"newest_at": NOW - 8 * DAY - MINUTE}, ["archive-too-old"]),
        ({"newest_at": NOW - 90 * DAY, "archive_due": PROMISED}, []),  # of a new schedule, whose first date is to come
        ({"newest_at": NOW - DAY, "archive_due": LATE}, []),
        ({"newest_at": NOW - DAY - MINUTE, "archive_due": LATE}, ["archive-too-old"]),
        ({}, ["archive-none"]),
        ({"archive_due": PROMISED}, []),
        ({"archive_due": LATE}, ["archive-none"]),
        ({"is_required": False}, []),
        ({"is_required": False, "newest_at": NOW - 9 * DAY}, ["archive-too-old"]),
    ],
)
def test_archives(source, codes):
    assert found(sources=[SourceFacts("pacsdata", **source)]) == [("archive-age", code) for code in codes]


def test_an_optional_source_is_a_warning():
    sources = [SourceFacts("a", newest_at=NOW - 9 * DAY), SourceFacts("b", is_required=False, newest_at=NOW - 9 * DAY)]
    assert [(item.key, item.level) for item in judge(Facts(**HERE, sources=sources))] == [
        ("a", "error"),
        ("b", "warning"),
    ]


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ({"first_at": None}, []),
        ({"proved_at": NOW - 8 * DAY}, []),
        ({"proved_at": NOW - 9 * DAY}, ["proof-too-old"]),
        ({"proved_at": NOW - 9 * DAY, "is_database": False}, []),
        ({"proved_at": NOW - 2 * DAY, "proof_due": LATE}, ["proof-too-old"]),
        ({"proved_at": NOW - HOUR, "proof_due": LATE}, []),
        ({}, ["proof-none"]),
        ({"first_at": NOW - HOUR}, []),
        ({"proof_due": PROMISED}, []),
    ],
)
def test_proofs(source, codes):
    facts = {"is_database": True, "first_at": NOW - 30 * DAY, "newest_at": NOW - HOUR, **source}
    assert found(sources=[SourceFacts("elexisdb", **facts)]) == [("proof-age", code) for code in codes]


@pytest.mark.parametrize(
    ("disk", "codes"),
    [
        (DiskFacts("backup", 100 * GIGA, 10 * GIGA), []),
        (DiskFacts("backup", 100 * GIGA, 10 * GIGA - 1), ["backup-disk-low"]),
        (DiskFacts("work", 100 * GIGA, GIGA), ["work-disk-low"]),
        (DiskFacts("data", 100 * GIGA, 0), ["data-disk-low"]),
        (DiskFacts("backup", 100 * GIGA, 70 * GIGA, 10.0 * GIGA), []),
        (DiskFacts("backup", 100 * GIGA, 69 * GIGA, 10.0 * GIGA), ["disk-filling"]),
        (DiskFacts("backup", 100 * GIGA, 69 * GIGA, -10.0 * GIGA), []),
    ],
)
def test_disks(disk, codes):
    assert found(disks=[disk]) == [("disk", code) for code in codes]


def test_the_alert_about_a_disk_has_its_figures():
    (finding,) = judge(Facts(**HERE, disks=[DiskFacts("backup", 100 * GIGA, 65 * GIGA, 10.0 * GIGA)]))
    assert finding.params == {"free_bytes": 65 * GIGA, "total_bytes": 100 * GIGA, "days": 6}


def test_when_the_backup_disk_is_away_no_archive_is_called_old_beside_it():
    facts = {"sources": [SourceFacts("pacsdata")], "missing_places": ["backup"]}
    assert found(**facts) == [("disk", "backup-folder-away")]
