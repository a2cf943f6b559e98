"""Restores through the service, on a real server that is restarted, with a folder beside it."""

from __future__ import annotations

import contextlib
import json

import pytest
from keeping import let_hours_pass
from realsite import DATABASE, flip_bytes, leftovers, point_settings_at, practice_server
from restarting import stages
from restoresite import *  # noqa: F403 - fixtures
from restoresite import change, sql, state_of

from backups import services
from backups.domain.errors import DamagedArchiveError, LoginRefusedError
from backups.domain.restore import folders
from backups.domain.restore.errors import (
    AccountWouldFailError,
    ArchiveUnfitError,
    ClientsConnectedError,
    FolderInUseError,
    FoldersNotConfirmedError,
    RestoredUntestedError,
    RestoreUnknownError,
)
from backups.models import BackupArchive, BackupRun, KeptData, Source
from backups.services import kept, restoring
from backups.services.request import Request
from backups.services.restorerequest import ReleaseRequest, RestoreRequest, UndoRequest
from backups.services.runs import Recorder
from backups.services.targets import archives_of_stamp
from oobsite.accounts.actors import system_actor, user_actor
from oobsite.accounts.errors import NotAllowedError
from oobsite.accounts.models import User
from oobsite.audit.models import AuditEvent

State = BackupRun.State


@pytest.fixture
def site(server, installation, settings):
    point_settings_at(server.practice, settings)
    settings.DBNAME = DATABASE
    Source.objects.exclude(name__in=("elexisdb", "webelexisdata")).update(is_active=False)
    yield installation
    assert leftovers(installation) == []


def carry_out(action, request):
    run = services.create_run(system_actor(), action, BackupRun.Trigger.COMMAND, request)
    services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    return run


def back_up(*sources):
    run = carry_out(BackupRun.Action.BACKUP, Request(sources).to_json())
    assert run.state == State.DONE, run.log
    return archives_of_stamp(run.stamp)


def restore(names, **consents):
    request = RestoreRequest(tuple(names), are_folders_idle=True, **consents)
    return carry_out(BackupRun.Action.RESTORE, request.to_json())


def undo(run, **consents):
    request = UndoRequest(run.uid, **{"are_folders_idle": True, **consents})
    return carry_out(BackupRun.Action.UNDO, request.to_json())


def codes(run):
    return [line["code"] for line in run.log]


# --- one restore and back -------------------------------------------------------------------------------------
def test_a_moment_comes_back_and_is_put_back(server, webelexis, site):
    names = back_up()
    assert len(names) == 2
    change(server, webelexis)
    run = restore(names)
    assert run.state == State.DONE, run.log
    assert state_of(server, webelexis) == "then"
    assert [restore.id for restore in kept.list_kept()] == [run.uid]
    safety = BackupArchive.objects.filter(is_safety=True)
    assert sorted(archive.series for archive in safety) == ["elexisdb", "webelexisdata"]
    assert undo(run).state == State.DONE
    assert state_of(server, webelexis) == "now"
    assert KeptData.objects.get().phase == "undone"
    acts = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"restore.requested", "restore.ended", "undo.ended", "restore.undone"} <= acts


def test_each_stage_is_told_in_order(server, site):
    run = restore(back_up("elexisdb"))
    wanted = ["restore-checked", "restore-saved", "restore-staged", "archive-proved-database"]
    wanted += ["restore-swapped-database", "restore-kept"]
    assert [code for code in codes(run) if code in wanted] == wanted


def test_the_safety_backup_holds_what_was_there(server, webelexis, site):
    names = back_up("webelexisdata")
    change(server, webelexis)
    restore(names)
    safety = BackupArchive.objects.get(is_safety=True)
    again = restore([safety.name], with_safety_backup=False)
    assert again.state == State.DONE, again.log
    assert (webelexis / "settings.js").read_text() == "now"
    assert BackupArchive.objects.filter(is_safety=True).count() == 1
    assert "restore-without-safety" in codes(again)


def test_what_is_kept_goes_in_time_and_its_safety_backup_with_it(server, webelexis, site):
    run = restore(back_up("webelexisdata"))
    kept.housekeep()
    assert len(stages(webelexis)) == 1
    let_hours_pass(25)
    kept.housekeep()
    assert stages(webelexis) == []
    assert kept.list_kept() == []
    assert not BackupArchive.objects.filter(is_safety=True).exists()
    assert len(list((site / "backup").glob("webelexisdata_*.tar.gz"))) == 1
    with pytest.raises(RestoreUnknownError):
        undo(run)


def test_a_task_that_comes_twice_does_nothing(server, site):
    run = restore(back_up("webelexisdata"))
    log = list(run.log)
    assert services.carry_out(run, Recorder(run)) is None
    run.refresh_from_db()
    assert run.log == log


# --- refusals: nothing is changed -------------------------------------------------------------------------------
def test_a_damaged_archive_is_refused(server, webelexis, site):
    names = back_up("webelexisdata")
    change(server, webelexis)
    path = site / "backup" / names[0]
    flip_bytes(path, path.stat().st_size // 2, 20)
    with pytest.raises(DamagedArchiveError):
        restore(names)
    assert (webelexis / "settings.js").read_text() == "now"
    assert stages(webelexis) == []


def test_data_of_another_kind_are_refused(server, webelexis, site):
    names = back_up("webelexisdata")
    Source.objects.filter(name="webelexisdata").update(kind=Source.Kind.MARIADB)
    with pytest.raises(ArchiveUnfitError) as caught:
        restore(names)
    assert caught.value.reason == "other-kind"
    assert stages(webelexis) == []


def test_who_is_connected_is_asked_first(server, site):
    names = back_up("elexisdb")
    with contextlib.closing(server.practice.connect(user="elexisuser", password="elexis")):
        with pytest.raises(ClientsConnectedError) as caught:
            restore(names)
        assert caught.value.names == ["elexisuser@localhost"]
        run = restore(names, are_clients_accepted=True, with_safety_backup=False)
    assert run.state == State.DONE
    assert "restore-clients-cut" in codes(run)


def test_a_folder_is_not_exchanged_before_its_services_are_stopped(server, site):
    names = back_up("webelexisdata")
    with pytest.raises(FoldersNotConfirmedError):
        carry_out(BackupRun.Action.RESTORE, RestoreRequest(tuple(names)).to_json())


def test_only_an_owner_may_restore(site):
    care = User.objects.create_user("anna", role=User.Role.CARE)
    with pytest.raises(NotAllowedError):
        services.request_restore(user_actor(care), RestoreRequest(("x",)))
    with pytest.raises(NotAllowedError):
        services.preview_restore(user_actor(care), ["x"])


def test_an_old_password_is_told_before_anything_is_exchanged(server, site, settings):
    names = back_up("elexisdb")
    user, old = settings.OOB_BACKUP_DBUSER, settings.OOB_BACKUP_DBPWD
    set_password(server, user, "another")
    settings.OOB_BACKUP_DBPWD = "another"
    try:
        with pytest.raises(AccountWouldFailError) as caught:
            restore(names, with_safety_backup=False)
        assert caught.value.reason == "other-password"
        assert stages(server.datadir) == []
    finally:
        set_password(server, user, old)


def set_password(server, user, password):
    sql(server, *(f"SET PASSWORD FOR '{user}'@'{host}' = PASSWORD('{password}')" for host in ("%", "localhost")))


def test_when_the_database_cannot_be_stopped_the_folder_is_taken_back(server, webelexis, site, settings):
    names = back_up()
    change(server, webelexis)
    settings.OOB_DB_STOP_COMMAND = ["false"]
    with pytest.raises(Exception, match="command-failed"):
        restore(names, with_safety_backup=False)
    assert state_of(server, webelexis) == "now"
    assert stages(webelexis) == stages(server.datadir) == []


def test_somebody_who_writes_into_the_folder_keeps_what_he_wrote(server, webelexis, site, monkeypatch):
    names = back_up("webelexisdata")
    change(server, webelexis)
    swap = restoring.swap_folder

    def write_and_swap(stage, job):
        exchange = folders.exchange
        monkeypatch.setattr(folders, "exchange", lambda s: (exchange(s), (webelexis / "late.txt").write_text("late")))
        swap(stage, job)

    monkeypatch.setattr(restoring, "swap_folder", write_and_swap)
    with pytest.raises(FolderInUseError):
        restore(names, with_safety_backup=False)
    assert (webelexis / "settings.js").read_text() == "now"
    (webelexis / "late.txt").unlink()


def test_commands_of_the_administrator_stop_and_start_the_server(server, site, settings, tmp_path):
    names = back_up("elexisdb")
    settings.OOB_DB_STOP_COMMAND = ["sh", "-c", f"kill $(cat {server.practice.pid_file})"]
    settings.OOB_DB_START_COMMAND = ["touch", str(tmp_path / "started")]
    run = restore(names, with_safety_backup=False)
    assert run.state == State.DONE, run.log
    assert (tmp_path / "started").exists()


# --- the end of what is kept -----------------------------------------------------------------------------------
def make_untested(server, run):
    """As a recovery without Django leaves a restore."""
    path = server.datadir / f"#sql-oob-{run.uid}" / "journal.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"phase": "placed"}))
    kept.sync_kept()
    assert KeptData.objects.get().phase == "placed"


def test_untested_data_are_tested_again_and_then_let_go(server, site):
    run = restore(back_up("elexisdb"), with_safety_backup=False)
    make_untested(server, run)
    with pytest.raises(RestoredUntestedError):
        carry_out(BackupRun.Action.RELEASE, ReleaseRequest(run.uid).to_json())
    assert carry_out(BackupRun.Action.RETEST, {"restore": run.uid}).state == State.DONE
    assert KeptData.objects.get().phase == "kept"
    released = carry_out(BackupRun.Action.RELEASE, ReleaseRequest(run.uid).to_json())
    assert (released.state, stages(server.datadir)) == (State.DONE, [])
    assert {"restore.released", "release.ended"} <= set(AuditEvent.objects.values_list("action", flat=True))


def test_a_test_that_fails_changes_nothing(server, site, settings):
    run = restore(back_up("elexisdb"), with_safety_backup=False)
    sql(server, f"INSERT INTO {DATABASE}.innodb_rows VALUES (8)")
    make_untested(server, run)
    settings.OOB_BACKUP_DBPWD = "wrong"
    with pytest.raises(LoginRefusedError):
        carry_out(BackupRun.Action.RETEST, {"restore": run.uid})
    assert 8 in server.rows("InnoDB")
    assert KeptData.objects.get().phase == "placed"


def test_whoever_has_looked_himself_may_let_go(server, site):
    run = restore(back_up("elexisdb"), with_safety_backup=False)
    make_untested(server, run)
    carry_out(BackupRun.Action.RELEASE, ReleaseRequest(run.uid, is_looked_at=True).to_json())
    assert stages(server.datadir) == []


def test_putting_back_asks_for_the_agreements_of_a_restore(server, webelexis, site):
    names = back_up()
    change(server, webelexis)
    run = restore(names, with_safety_backup=False)
    with pytest.raises(FoldersNotConfirmedError):
        undo(run, are_folders_idle=False)
    with contextlib.closing(server.practice.connect(user="elexisuser", password="elexis")):
        with pytest.raises(ClientsConnectedError):
            undo(run)
        assert state_of(server, webelexis) == "then"
        assert undo(run, are_clients_accepted=True).result["in_place"] == {"elexisdb": "old", "webelexisdata": "old"}
    assert state_of(server, webelexis) == "now"


# --- what would I lose ------------------------------------------------------------------------------------------
def test_the_preview_counts_what_came_since(installation, settings):
    with practice_server(patients=30) as practice:
        point_settings_at(practice, settings)
        names = back_up("elexisdb")
        with contextlib.closing(practice.connect(DATABASE)) as conn:
            conn.query("INSERT INTO behandlungen (id, deleted, Datum) VALUES ('x1', '0', '20991231')")
            conn.query("INSERT INTO kontakt (id, deleted, istPatient) VALUES ('x2', '0', '1')")
            conn.query("COMMIT")
        preview = services.preview_restore(system_actor(), names)
    figures = {figure.code: figure for figure in preview.figures}
    assert {code: figure.lost for code, figure in figures.items()} == {
        "patients": 1,
        "consultations": 1,
        "invoices": 0,
        "appointments": 0,
        "documents": 0,
    }
    assert figures["consultations"].newest_live.year == 2099
    assert figures["consultations"].newest_archived.year < 2099
    assert preview.problems == ()
    down = services.preview_restore(system_actor(), names)
    assert down.server_error.code == "server-unreachable"
    assert down.figures[0].archived == figures["patients"].archived
    assert down.figures[0].live is None
