"""A database that cannot be copied while it runs: saved as SQL instead, where that is allowed."""

from __future__ import annotations

import pytest

from backups.models import BackupRun
from backups.services import carry_out, create_run
from backups.services.request import Request
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor


@pytest.fixture
def back_up(site, settings):
    """Back up the database with a tool that is not there."""
    settings.OOB_MARIADB_BACKUP = "mariadb-backup-is-missing"

    def back_up(**wishes) -> BackupRun:
        request = Request(("elexisdb",), **wishes).to_json()
        run = create_run(system_actor(), BackupRun.Action.BACKUP, BackupRun.Trigger.SCHEDULE, request)
        carry_out(run, Recorder(run))
        return run

    return back_up


def test_a_run_that_asked_for_hot_fails(back_up):
    run = back_up()
    assert (run.state, run.archives.count()) == ("failed", 0)


def test_the_dump_takes_its_place_where_that_is_allowed(back_up):
    run = back_up(is_dump_enough=True)
    assert (run.state, [archive.series for archive in run.archives.all()]) == ("warnings", ["elexisdb_sql"])
    assert [line["code"] for line in run.log if line["level"] == "error"] == ["tool-missing"]
    assert "dump-instead" in [line["code"] for line in run.log]
