"""SQL from an archive of a database: a table or all of it, loaded into another server with the same rows."""

from __future__ import annotations

import contextlib
import gzip
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone
from realsite import DATABASE, archives_in, repack

from backups.models import BackupArchive, BackupRun, SqlFile
from backups.services import carry_out, request_export
from backups.services.kept import housekeep
from backups.services.runs import Recorder
from demo.server import PracticeServer, short_folder
from oobsite.accounts.actors import user_actor
from oobsite.audit.models import AuditEvent
from tests.people import make_user


@pytest.fixture
def archive(site, run_command):
    code, content = run_command("runbackup", "--source", "elexisdb")
    assert code == 0
    return content["archives"][0]["name"]


@pytest.fixture
def other_server():
    """An empty server; loads an SQL file into a database of its own and counts rows there."""
    with short_folder("oobx-") as folder, PracticeServer(folder) as server:
        yield server


def load(server, path, database="somewhere_else"):
    with contextlib.closing(server.connect()) as conn:
        conn.query(f"CREATE DATABASE {database}")
    command = ["mariadb", "--no-defaults", f"--socket={server.socket}", "--user=root", "--skip-ssl", database]
    subprocess.run(command, input=gzip.decompress(path.read_bytes()), check=True)
    return counts(server, database)


def counts(server, database):
    """Exact rows of all tables."""
    with contextlib.closing(server.connect()) as conn, conn.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema=%s AND table_type='BASE TABLE'",
            (database,),
        )
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(f"SELECT COUNT(*) FROM `{database}`.`{name}`")
            found[name] = cursor.fetchone()[0]
    return found


def objects(server, database):
    query = (
        "SELECT (SELECT COUNT(*) FROM information_schema.views WHERE table_schema=%s), "
        "(SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema=%s), "
        "(SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema=%s), "
        "(SELECT COUNT(*) FROM information_schema.events WHERE event_schema=%s)"
    )
    with contextlib.closing(server.connect()) as conn, conn.cursor() as cursor:
        cursor.execute(query, (database,) * 4)
        return cursor.fetchone()


def test_the_whole_database_loads_elsewhere_with_equal_rows_and_objects(
    archive, server, other_server, run_command, folder
):
    code, content = run_command("exportsql", archive, "--output", str(folder / "all.sql.gz"))
    assert (code, content["path"]) == (0, str(folder / "all.sql.gz"))
    assert load(other_server, folder / "all.sql.gz") == counts(server, DATABASE)
    assert objects(other_server, "somewhere_else") == objects(server, DATABASE)
    assert min(objects(server, DATABASE)) > 0


def test_one_table_is_exported_whatever_its_case(archive, server, other_server, run_command):
    code, content = run_command("exportsql", archive, "--table", "KONTAKT")
    file = SqlFile.objects.get()
    assert (code, content["path"]) == (0, str(file.path))
    assert file.title == archive.replace(".tar.gz", "_KONTAKT.sql.gz")
    assert (file.origin, file.is_complete, file.size) == ("export", True, file.path.stat().st_size)
    assert load(other_server, file.path) == {"kontakt": counts(server, DATABASE)["kontakt"]}


def test_a_table_that_is_not_there_is_named(archive, run_command, settings):
    code, content = run_command("exportsql", archive, "--table", "nothing")
    assert (code, content["error"]) == (2, "table-missing")
    assert "kontakt" in content["text"]
    assert list(settings.OOB_SQL_DIR.iterdir()) == []
    assert not SqlFile.objects.exists()


def test_the_name_of_a_table_is_no_option(archive, run_command):
    assert run_command("exportsql", archive, "--table=--result-file=/tmp/x")[1]["error"] == "table-missing"


def test_data_that_do_not_start_are_said(archive, site, run_command, folder):
    def spoil(data):
        (data / "ibdata1").write_bytes(b"\xff" * 12_000_000)

    repack(site / "backup" / archive, folder, spoil)
    code, content = run_command("exportsql", archive)
    assert (code, content["error"]) == (1, "export-start")
    assert not SqlFile.objects.exists()


def test_an_archive_that_nobody_describes_is_exported_too(archive, site, server, other_server, run_command):
    """As those of the predecessor: without a manifest, and to be recovered by the server first."""
    for path in (site / "backup").glob(f"{archive}.*"):
        path.unlink()
    content = run_command("exportsql", archive, "--table", "faelle")[1]
    assert content["ok"], content
    assert load(other_server, SqlFile.objects.get().path) == {"faelle": counts(server, DATABASE)["faelle"]}
    assert (site / "backup" / f"{archive}.index.gz").exists()


def test_a_dump_is_sql_already(site, run_command):
    assert run_command("runbackup", "--source", "elexisdb", "--dump")[0] == 3
    (name,) = (path.name for path in archives_in(site / "backup") if path.name.endswith(".sql.gz"))
    assert run_command("exportsql", name)[1]["error"] == "archive-unfit"


@pytest.mark.usefixtures("pages")
def test_an_export_is_ordered_downloaded_and_goes_after_a_week(archive, client):
    user = make_user(username="muster", language="en")
    client.force_login(user)
    page = f"/backups/backuparchive/{BackupArchive.objects.get().pk}/change/"
    assert '<option value="kontakt">' in client.get(page).content.decode()
    run = request_export(user_actor(user), BackupArchive.objects.get(), "kontakt")
    carry_out(run, Recorder(run))
    file = SqlFile.objects.get()
    url = f"/backups/exports/{file.uid}/download/"
    for place in (page, f"/backups/backuprun/{run.pk}/change/"):
        assert url in client.get(place).content.decode()
    sent = b"".join(client.get(url).streaming_content)
    assert b"INSERT INTO `kontakt`" in gzip.decompress(sent)
    assert AuditEvent.objects.filter(action="export.downloaded", actor="muster").count() == 1
    SqlFile.objects.update(created_at=timezone.now() - timedelta(days=8))
    housekeep()
    assert not SqlFile.objects.exists()
    assert not file.path.exists()
    assert BackupRun.objects.get(pk=run.pk).state == "done"
