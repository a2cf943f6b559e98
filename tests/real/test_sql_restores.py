"""Restores from SQL files through the services, on a running server of a practice with somebody connected."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest
from keeping import let_hours_pass
from realsite import DATABASE, leftovers, point_settings_at
from sqlsite import BYTES, databases, dump, fill, first_bytes, labels, server_for_sql  # noqa: F401 - a fixture

from backups import services
from backups.domain.errors import RightsMissingError
from backups.domain.mariadb.server import rows
from backups.domain.restore.errors import ClientsConnectedError, RestoreSupersededError
from backups.domain.sql.errors import (
    NotSqlError,
    PacketTooSmallError,
    SqlChangedError,
    SqlFileMissingError,
    SqlUnfinishedError,
    TablesBusyError,
)
from backups.models import BackupArchive, BackupRun, KeptData, Source, SqlFile
from backups.services import config, kept, sqlkept
from backups.services.exchanges import last_exchanges
from backups.services.preview import compare_counts
from backups.services.restorerequest import ReleaseRequest, UndoRequest
from backups.services.runs import Recorder
from backups.services.sqlrequest import SqlRequest, list_sql_files, open_sql_file
from backups.sql_forms import SqlRestoreForm
from oobsite.accounts.actors import system_actor

Action, State = BackupRun.Action, BackupRun.State


@pytest.fixture
def site(server, installation, settings, new_dump):
    point_settings_at(server, settings)
    settings.OOB_DATA_DIR = installation / "data"
    Source.objects.exclude(name="elexisdb").update(is_active=False)
    fill(server, "old")
    shutil.copy(new_dump, installation / "backup" / "new.sql")
    yield installation
    for file in sqlkept.read_sql_kept():
        sqlkept.release_sql(file)
    assert databases(server) == []
    assert [name for name in leftovers(installation) if ".sql" not in name] == []


def carry_out(action, request):
    run = services.create_run(system_actor(), action, BackupRun.Trigger.COMMAND, request.to_json())
    services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    return run


def restore(name="new.sql", **consents):
    values = {"with_safety_backup": False} | consents
    return carry_out(Action.SQL_RESTORE, SqlRequest(f"backup:{name}", **values))


def codes(run):
    return [line["code"] for line in run.log]


def test_a_check_tells_what_is_in_the_file_and_touches_nothing(server, site):
    run = carry_out(Action.SQL_CHECK, SqlRequest("backup:new.sql"))
    assert run.state == State.WARNINGS
    assert {"name": "heap", "rows": 1} in run.result["tables"]
    assert run.result["counts"]["core"]["kontakt"] == 1
    objects = {name: run.result[name] for name in ("views", "routines", "triggers", "events")}
    assert objects == {"views": 2, "routines": 2, "triggers": 1, "events": 1}
    assert (run.result["charset"], run.result["is_finished"]) == ("utf8mb4", True)
    assert run.result["definers"] == 6
    assert (labels(server), databases(server)) == ({"old"}, [])


def test_a_restore_exchanges_everything_while_somebody_is_connected(server, site):
    with contextlib.closing(server.connect(DATABASE)) as client:
        assert rows(client, "SELECT label FROM heap") == [("old",)]
        run = restore(are_clients_accepted=True)
        assert rows(client, "SELECT label FROM heap") == [("new",)]
    assert labels(server) == {"new"}
    assert first_bytes(server) == BYTES
    assert databases(server) == [f"oob_{run.uid}", f"oob_{run.uid}_old"]
    assert run.result["in_place"] == {"elexisdb": "new"}


def test_the_present_data_are_saved_before(server, site):
    run = restore(with_safety_backup=True)
    archive = BackupArchive.objects.get()
    assert (archive.series, archive.is_safety) == ("elexisdb", True)
    assert codes(run).index("restore-saved") < codes(run).index("sql-swapped")


def test_an_undo_brings_the_old_tables_back_and_a_release_drops_the_rest(server, site):
    run = restore()
    assert KeptData.objects.get().kind == KeptData.Kind.SQL
    assert last_exchanges() == {"elexisdb": run.ended_at}
    undo = carry_out(Action.UNDO, UndoRequest(run.uid))
    assert (undo.state, labels(server)) == (State.DONE, {"old"})
    assert last_exchanges() == {"elexisdb": undo.ended_at}
    assert KeptData.objects.get().phase == KeptData.Phase.UNDONE
    carry_out(Action.RELEASE, ReleaseRequest(run.uid))
    assert (databases(server), KeptData.objects.count()) == ([], 0)


def test_an_undo_also_takes_away_what_was_made_since(server, site):
    run = restore()
    with contextlib.closing(server.connect(DATABASE)) as client:
        client.query("CREATE TABLE later (a INT)")
        client.query("DROP TABLE heap2")
    carry_out(Action.UNDO, UndoRequest(run.uid))
    assert labels(server) == {"old"}
    with contextlib.closing(server.connect(DATABASE)) as client:
        assert rows(client, "SHOW TABLES LIKE 'later'") == []


def test_what_was_kept_goes_by_itself_in_time(server, site):
    restore()
    let_hours_pass(25)
    kept.housekeep()
    assert (databases(server), KeptData.objects.count()) == ([], 0)
    assert labels(server) == {"new"}


def test_the_older_of_two_restores_cannot_be_undone(server, site):
    first, second = restore(), restore()
    with pytest.raises(RestoreSupersededError):
        carry_out(Action.UNDO, UndoRequest(first.uid))
    carry_out(Action.UNDO, UndoRequest(second.uid))
    carry_out(Action.UNDO, UndoRequest(first.uid))
    assert labels(server) == {"old"}


def test_left_over_tables_of_the_present_database_do_not_stay(server, site):
    """databasus#672."""
    with contextlib.closing(server.connect(DATABASE)) as client:
        client.query("CREATE TABLE stray (a INT)")
    restore()
    with contextlib.closing(server.connect(DATABASE)) as client:
        assert rows(client, "SHOW TABLES LIKE 'stray'") == []


def test_views_and_routines_of_a_file_do_what_their_caller_may(server, site):
    restore()
    with contextlib.closing(server.connect(DATABASE)) as client:
        assert rows(client, "SELECT security_type FROM information_schema.routines WHERE routine_name = 'wer'") == [
            ("INVOKER",)
        ]
        assert rows(client, "SELECT status FROM information_schema.events") == [("DISABLED",)]
    with contextlib.closing(server.connect(DATABASE, server.app_user, server.app_password)) as client:
        assert rows(client, "SELECT wer FROM erste") == [("new",)]


def test_what_says_the_same_keeps_its_account(server, site):
    restore()
    query = "SELECT routine_name, definer FROM information_schema.routines WHERE routine_schema = DATABASE()"
    with contextlib.closing(server.connect(DATABASE)) as client:
        found = dict(rows(client, query))
    assert found == {"tut": "root@localhost", "wer": f"{server.backup_user}@localhost"}


def test_clients_must_be_accepted(server, site):
    with contextlib.closing(server.connect(DATABASE)), pytest.raises(ClientsConnectedError):
        restore()
    assert (labels(server), databases(server)) == ({"old"}, [])


def test_an_account_without_rights_is_told_before(server, site, settings):
    settings.OOB_BACKUP_DBUSER, settings.OOB_BACKUP_DBPWD = server.app_user, server.app_password
    with pytest.raises(RightsMissingError) as caught:
        restore()
    assert caught.value.rights == [r"ALL ON `oob\_%`.*"]


def test_a_file_without_its_end_is_only_taken_when_that_is_accepted(server, site):
    path = site / "backup" / "cut.sql"
    path.write_bytes((site / "backup" / "new.sql").read_bytes().partition(b"-- Dump completed")[0])
    with pytest.raises(SqlUnfinishedError):
        restore("cut.sql")
    assert labels(server) == {"old"}
    assert restore("cut.sql", is_unfinished_accepted=True).state == State.WARNINGS
    assert labels(server) == {"new"}


def test_a_file_that_has_changed_since_its_check_is_not_restored(server, site):
    version = carry_out(Action.SQL_CHECK, SqlRequest("backup:new.sql")).result["version"]
    assert restore(version=version).state == State.WARNINGS
    fill(server, "old")
    path = site / "backup" / "new.sql"
    path.write_bytes(path.read_bytes())
    with pytest.raises(SqlChangedError):
        restore(version=version)
    assert labels(server) == {"old"}


def test_a_busy_table_is_not_exchanged(server, site, monkeypatch):
    monkeypatch.setattr("backups.domain.sql.live.LOCK_SECONDS", 1)
    with contextlib.closing(server.connect(DATABASE)) as client:
        client.query("LOCK TABLES kontakt WRITE")
        with pytest.raises(TablesBusyError):
            restore(are_clients_accepted=True)
        client.query("UNLOCK TABLES")
    assert (labels(server), databases(server)) == ({"old"}, [])


def test_a_row_that_the_server_does_not_take_leaves_all_untouched(server, site):
    """A literal of 40 MB: the private server takes it, the practice's has a limit of 16."""
    path = site / "backup" / "big.sql"
    with path.open("wb") as file:
        file.write(b"/*!40101 SET NAMES utf8mb4 */;\nCREATE TABLE kontakt (id INT, b LONGBLOB);\n")
        file.write(b"INSERT INTO kontakt VALUES (1, 0x" + b"ab" * 20_000_000 + b");\n-- Dump completed\n")
    with pytest.raises(PacketTooSmallError) as caught:
        restore("big.sql")
    assert caught.value.limit == 16 << 20
    assert (labels(server), databases(server)) == ({"old"}, [])


@pytest.mark.parametrize("pack", [("gzip", ".gz"), ("zstd", ".zst")], ids=lambda pack: pack[0])
def test_compressed_files_of_the_whole_database_restore(server, site, pack):
    fill(server, "new")
    text = dump(server, "--databases")
    fill(server, "old")
    name = f"all.sql{pack[1]}"
    packed = subprocess.run([pack[0], "-c"], input=text, capture_output=True, check=True).stdout
    (site / "backup" / name).write_bytes(packed)
    restore(name)
    assert labels(server) == {"new"}


def test_an_upload_is_called_by_the_name_that_people_know(server, site):
    file = SqlFile.objects.create(title="Brief.sql", origin="upload", size=5, is_complete=True)
    config.sql_dir()
    file.path.write_bytes(b"Hallo")
    run = services.create_run(
        system_actor(), Action.SQL_CHECK, BackupRun.Trigger.COMMAND, SqlRequest(f"sqlfile:{file.uid}").to_json()
    )
    with pytest.raises(NotSqlError) as caught:
        services.carry_out(run, Recorder(run))
    assert caught.value.name == "Brief.sql"
    assert run.log[-1]["params"]["name"] == "Brief.sql"


def test_what_a_file_does_not_hold_is_gone_afterwards_and_must_be_agreed_to(server, site):
    comparison = compare_counts({"core": {"kontakt": 1}, "figures": {}})
    assert [(figure.code, figure.live, figure.archived) for figure in comparison.gone] == [("documents", 2, 0)]
    form = SqlRestoreForm({"confirmation": DATABASE, "clients": "on"}, comparison=comparison, is_finished=True)
    assert list(form.errors) == ["partial"]
    whole = compare_counts({"core": {"heap": 1, "heap2": 1}, "figures": {}})
    assert whole.gone == []
    assert SqlRestoreForm({"confirmation": DATABASE, "clients": "on"}, comparison=whole, is_finished=True).is_valid()


def test_the_list_has_files_of_the_folder_and_complete_ones_of_ours(site, settings):
    settings.OOB_SQL_DIR.mkdir()
    for uid, is_complete in (("a" * 32, True), ("b" * 32, False)):
        file = SqlFile.objects.create(uid=uid, title="mine.sql", origin="upload", size=1, is_complete=is_complete)
        file.path.write_bytes(b"x")
    tokens = {listed.token: listed.title for listed in list_sql_files()}
    assert tokens == {"backup:new.sql": "new.sql", "sqlfile:" + "a" * 32: "mine.sql"}


@pytest.mark.parametrize(
    "token", ["backup:../x.sql", "backup:/etc/x.sql", "backup:.x.sql", "path:/etc/passwd", "sqlfile:zz", "", "x.sql"]
)
def test_a_screen_cannot_name_other_files(site, token):
    with pytest.raises(SqlFileMissingError):
        open_sql_file(token)
