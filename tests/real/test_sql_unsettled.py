"""An SQL restore that was left in its middle, and what comes after it: a restore of the whole database, or nothing."""

from __future__ import annotations

import contextlib
import threading

import pytest
from killing import run_killed
from realsite import leftovers, point_settings_at
from restarting import DATABASE
from sqlsite import databases, fill, labels, make_swap, sql_server
from waiting import wait_until

from backups import services
from backups.domain.errors import CancelledError
from backups.domain.job import Job
from backups.domain.restore.journal import Phase
from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release
from backups.domain.sql.exchange import begin_swap, swap_database, undo_database
from backups.domain.sql.journal import SqlJournal, list_journals, new_journal
from backups.domain.sql.live import Live
from backups.domain.sql.recovery import settle
from backups.domain.sql.schema import read_schema
from backups.models import BackupRun, Source
from backups.services import sqlkept
from backups.services.recovering import recover_all
from backups.services.request import Request
from backups.services.restorerequest import RestoreRequest
from backups.services.runs import Recorder
from backups.services.targets import archives_of_stamp
from oobsite.accounts.actors import system_actor

CREATED_AT = "2026-11-24T03:15:00+01:00"


# --- the exchange alone -----------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def swap():
    with sql_server() as server:
        yield make_swap(server)


def drop_ours(swap):
    with contextlib.closing(swap.server.connect()) as conn:
        for name in databases(swap.server):
            conn.query(f"DROP DATABASE {name}")


@pytest.mark.parametrize("step", [3, 4])
def test_data_that_came_in_the_place_of_the_exchanged_ones_are_not_moved(swap, folder, step):
    """As after a restore of the whole data folder, which has nothing of the exchange."""
    file = swap.stage(folder)
    assert run_killed(lambda: swap_database(file, swap.live, Job("0123456789ab", folder)), step)
    drop_ours(swap)
    fill(swap.server, "old")
    (file,) = list_journals(folder / "journals")
    phase = settle(file, swap.live)
    assert phase in (Phase.SWAPPING, Phase.COMMITTED)
    assert [kept.journal.phase for kept in list_journals(folder / "journals")] == [phase]
    assert (labels(swap.server), databases(swap.server)) == ({"old"}, [])


def test_an_undo_that_is_cancelled_has_not_begun(swap, folder):
    file = swap.stage(folder)
    swap_database(file, swap.live, Job("0123456789ab", folder))
    with pytest.raises(CancelledError):
        undo_database(file, swap.live, Job("0123456789ab", folder, is_cancelled=lambda: True))
    assert [kept.journal.phase for kept in list_journals(folder / "journals")] == [Phase.KEPT]
    assert labels(swap.server) == {"new"}
    drop_ours(swap)


# --- with a restore of the whole database -----------------------------------------------------------------------
@pytest.fixture
def site(restarting, installation, settings):
    point_settings_at(restarting.practice, settings)
    settings.DBNAME = DATABASE
    settings.OOB_DATA_DIR = installation / "data"
    Source.objects.exclude(name="elexisdb").update(is_active=False)
    yield restarting
    restarting.wait()
    for journal in list_restores(restarting.datadir):
        release(restarting.datadir, journal.id)
    assert leftovers(installation) == []
    assert databases(restarting.practice) == []


def carry_out(action, request):
    run = services.create_run(system_actor(), action, BackupRun.Trigger.COMMAND, request)
    services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    return run


def back_up():
    return tuple(archives_of_stamp(carry_out("backup", Request(("elexisdb",)).to_json()).stamp))


def leave_unfinished(server, folder):
    """Kill an SQL restore whose new table is in place; its run and its journal say so."""
    run = BackupRun.objects.create(action="sql", trigger="screen", state="interrupted", request={"file": "x"})
    access = sqlkept.config.practice_access()
    file = new_journal(sqlkept.journals_dir(), SqlJournal(run.uid, DATABASE, CREATED_AT))
    with contextlib.closing(server.connect()) as conn:
        conn.query(f"CREATE DATABASE {file.journal.fresh}")
        conn.query(f"CREATE TABLE {file.journal.fresh}.arrived (a INT)")
        begin_swap(file, read_schema(conn, file.journal.fresh), read_schema(conn, DATABASE))
    assert run_killed(lambda: swap_database(file, Live(access), Job(run.uid, folder)), 3)
    sqlkept.note_sql_in_place(run)
    assert run.result["in_place"] == {"elexisdb": "unfinished"}
    return run


def restore(names):
    return carry_out("restore", RestoreRequest(names, with_safety_backup=False).to_json())


def codes(run):
    return [line["code"] for line in run.log]


def test_a_restore_of_the_database_brings_it_to_rest_first(site, folder):
    names = back_up()
    unfinished = leave_unfinished(site, folder)
    run = restore(names)
    assert run.state == "done", run.log
    assert codes(run).index("sql-recovered-old") < codes(run).index("restore-checked")
    unfinished.refresh_from_db()
    assert unfinished.result["in_place"] == {"elexisdb": "old"}
    assert sqlkept.read_sql_kept() == []
    site.wait()
    assert site.label() == "first"


def test_a_server_that_does_not_answer_hinders_no_restore(site, folder, settings):
    names = back_up()
    leave_unfinished(site, folder)
    site.stop()
    settings.OOB_DB_START_COMMAND = ["touch", str(folder / "start")]
    administrator = threading.Thread(target=lambda: (wait_until((folder / "start").exists), site.start()))
    administrator.start()
    run = restore(names)
    assert (run.state, "sql-left-unfinished" in codes(run)) == ("warnings", True), run.log
    assert recover_all(system_actor()).errors == []
    assert site.label() == "first"
    assert len(sqlkept.read_sql_kept()) == 1  # its data may be put back
    release(site.datadir, run.uid)
    recover_all(system_actor())
    assert sqlkept.read_sql_kept() == []
    administrator.join()


def test_what_runs_say_of_their_tables_is_said_once(installation, settings):
    """Also of an undo that was killed; and not anew when the journal is gone, for then nobody knows better."""
    settings.OOB_DATA_DIR = installation / "data"
    ended = {"trigger": "screen", "state": "interrupted"}
    gone = BackupRun.objects.create(action="sql", result={"in_place": {"elexisdb": "new"}}, **ended)
    kept = BackupRun.objects.create(action="sql", **ended)
    undo = BackupRun.objects.create(action="undo", request={"restore": kept.uid}, **ended)
    new_journal(sqlkept.journals_dir(), SqlJournal(kept.uid, DATABASE, CREATED_AT)).write(phase=Phase.KEPT)
    recover_all(system_actor())
    for run in (gone, kept, undo):
        run.refresh_from_db()
        assert run.result["in_place"] == {"elexisdb": "new"}
