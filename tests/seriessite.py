"""Servers of other series, which `make versions` has unpacked below build/servers, under ``restart: always``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from realsite import ROOT, leftovers, point_settings_at
from restarting import MANAGE, restarting_server
from sqlsite import dump, fill

from backups import services
from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release
from backups.models import BackupRun, Source
from backups.services import sqlkept
from backups.services.request import Request
from backups.services.restorerequest import RestoreRequest, UndoRequest
from backups.services.runs import Recorder
from backups.services.sqlrequest import SqlRequest
from oobsite.accounts.actors import system_actor

Action = BackupRun.Action
OLD, NEW = "bullseye", "trixie"  # 10.5 and 11.8


def programs_of(release_name: str) -> Path:
    return ROOT / "build" / "servers" / release_name / "mariadb" / "bin"


@pytest.fixture(scope="module", params=[OLD, NEW])
def programs(request):
    return programs_of(request.param)


@pytest.fixture(scope="module")
def restarting(programs):
    with restarting_server(programs) as server:
        yield server


@pytest.fixture
def server(restarting):
    """Its database says ``old``, and nothing of another test is left."""
    restarting.wait()
    fill(restarting.practice, "old")
    yield restarting
    restarting.wait()
    for journal in list_restores(restarting.datadir):
        release(restarting.datadir, journal.id)


@pytest.fixture
def site(server, installation, settings):
    """An installation with the programs of this machine."""
    point_settings_at(server.practice, settings)
    settings.OOB_DATA_DIR = installation / "data"
    Source.objects.exclude(name="elexisdb").update(is_active=False)
    yield installation
    for file in sqlkept.read_sql_kept():
        sqlkept.release_sql(file)
    assert [name for name in leftovers(installation) if not name.endswith(".sql")] == []


@pytest.fixture
def own_programs(programs, monkeypatch):
    """Ours are those of the server's series."""
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")


@pytest.fixture
def matched(site, own_programs):
    """The same with the programs of the server's series."""
    return site


def write_dump(server, site) -> None:
    """``new.sql`` in the backup folder, of a database that says ``new``; the server says ``old``."""
    fill(server.practice, "new")
    (site / "backup" / "new.sql").write_bytes(dump(server.practice))
    fill(server.practice, "old")


def carry_out(action, request):
    """Carry out a run to its end, and return it with its error, if there was one."""
    run = services.create_run(system_actor(), action, BackupRun.Trigger.COMMAND, request.to_json())
    with contextlib.suppress(Exception):
        services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    return run


def back_up(**wishes):
    return carry_out(Action.BACKUP, Request(("elexisdb",), **wishes))


def restore(names, **wishes):
    return carry_out(Action.RESTORE, RestoreRequest(tuple(names), **wishes))


def restore_sql(**wishes):
    return carry_out(Action.SQL_RESTORE, SqlRequest("backup:new.sql", **wishes))


def undo(run):
    return carry_out(Action.UNDO, UndoRequest(run.uid))


def codes(run) -> list[str]:
    return [line["code"] for line in run.log]


def run_killed(site, step: int, *arguments: str) -> bool:
    """A command that kills itself before a step of its exchange; whether it came so far."""
    environment = site.environment | {"KILL_AT": str(step)}
    command = [sys.executable, "-c", MANAGE, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode in (0, -signal.SIGKILL, 3), done.stderr[-2000:]
    return done.returncode == -signal.SIGKILL
