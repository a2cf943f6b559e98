"""SQL restores on servers that are set up otherwise."""

from __future__ import annotations

import contextlib

import pytest
from realsite import DATABASE, point_settings_at
from sqlsite import databases, fill, labels, make_dump, sql_server

from backups import services
from backups.domain.mariadb.server import rows
from backups.domain.sql.errors import BinlogTrustError
from backups.models import BackupRun, Source
from backups.services import sqlkept
from backups.services.runs import Recorder
from backups.services.sqlrequest import SqlRequest
from oobsite.accounts.actors import system_actor


@pytest.fixture(scope="module")
def server():
    with sql_server(options=("--log-bin", "--server-id=1"), lower_case_table_names=0) as server:
        yield server


@pytest.fixture
def site(server, installation, settings):
    point_settings_at(server, settings)
    settings.OOB_DATA_DIR = installation / "data"
    Source.objects.exclude(name="elexisdb").update(is_active=False)
    make_dump(server, installation / "backup" / "new.sql")
    fill(server, "old")
    yield installation
    for file in sqlkept.read_sql_kept():
        sqlkept.release_sql(file)
    assert databases(server) == []


def restore():
    request = SqlRequest("backup:new.sql", with_safety_backup=False)
    run = services.create_run(
        system_actor(), BackupRun.Action.SQL_RESTORE, BackupRun.Trigger.COMMAND, request.to_json()
    )
    services.carry_out(run, Recorder(run))


def test_a_binary_log_that_would_not_let_us_make_triggers_is_told_before_anything_changes(server, site):
    with pytest.raises(BinlogTrustError) as caught:
        restore()
    assert caught.value.names == ["wer", "stempel"]
    assert labels(server) == {"old"}


def test_a_server_that_tells_capitals_apart_keeps_its_names(server, site):
    with contextlib.closing(server.connect(DATABASE)) as client:
        client.query("SET GLOBAL log_bin_trust_function_creators = 1")
        client.query("CREATE TABLE Kontakt (a INT)")
    text = (site / "backup" / "new.sql").read_text(errors="surrogateescape")
    changed = text.replace("`heap2`", "`Heap2`")
    (site / "backup" / "new.sql").write_text(changed, errors="surrogateescape")
    restore()
    with contextlib.closing(server.connect(DATABASE)) as client:
        client.query("SET GLOBAL log_bin_trust_function_creators = 0")
        assert rows(client, "SELECT label FROM Heap2") == [("new",)]
