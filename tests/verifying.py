"""Three archives, a check of them as the worker carries it out, and what is known afterwards."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from backups.domain.manifest import write_proof
from backups.models import BackupArchive, BackupRun
from backups.services import carry_out, create_run
from backups.services.runs import Recorder
from backups.services.ticking import tick
from backups.services.turn import TurnRequest
from oobsite.accounts.actors import system_actor
from oobsite.alerts.models import Alert

ZURICH = ZoneInfo("Europe/Zurich")
START = datetime(2026, 11, 20, 12, 0, tzinfo=ZURICH)
NIGHT = datetime(2026, 11, 24, 1, 30, tzinfo=ZURICH)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Action, State = BackupRun.Action, BackupRun.State


@pytest.fixture
def archives(practice, run_command):
    """Three archives of the images, of three days, the oldest first."""
    for day in range(3):
        (practice / "mnt/pacsdata/file").write_bytes(os.urandom(50_000))
        with time_machine.travel(START + DAY * day, tick=False):
            assert run_command("runbackup", "--source", "pacsdata")[0] == 0
    return list(BackupArchive.objects.order_by("taken_at"))


@pytest.fixture
def check():
    """Carry out a check of everything, or of what ``TurnRequest`` names; returns its run."""

    def check(moment=NIGHT, **values):
        with time_machine.travel(moment):
            request = TurnRequest(**{"before": moment.astimezone(UTC), **values})
            run = create_run(system_actor(), Action.VERIFY, BackupRun.Trigger.SCHEDULE, request.to_json())
            carry_out(run, Recorder(run))
        run.refresh_from_db()
        return run

    return check


def tick_at(moment):
    with time_machine.travel(moment, tick=False):
        return tick(moment.astimezone(UTC)).check


def codes(run, level="error"):
    return [line["code"] for line in run.log if line["level"] == level]


def took(archive, seconds):
    """Let the last proof of an archive have taken so long."""
    write_proof(archive.path, {"is_good": True, "proved_at": archive.taken_at.isoformat(), "seconds": seconds})


def open_alerts():
    return {(alert.key, alert.code) for alert in Alert.objects.filter(cleared_at=None, is_notice=False)}


def checked(run):
    return run.result["tried"]
