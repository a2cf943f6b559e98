"""Servers that are not as Elexis' installer left them: other schemas, other names, other cases, nothing at all."""

from __future__ import annotations

import json

import pytest
from realsite import DATABASE, archives_in, point_settings_at, practice_server, run_sql

BACKUP = ("runbackup", "--source", "elexisdb")


def counts_of(archive):
    return json.loads(archive.with_name(archive.name + ".manifest.json").read_text())["counts_after"]


def test_an_unknown_schema_is_saved_and_its_tables_are_listed(server, site, settings, run_command):
    run_sql(
        server,
        "CREATE DATABASE fremd",
        "CREATE TABLE fremd.eins (id INT)",
        "CREATE TABLE fremd.kontakt_alt (id INT)",
        f"GRANT SELECT ON fremd.* TO '{server.backup_user}'@'localhost'",
    )
    settings.DBNAME = "fremd"
    assert run_command(*BACKUP)[0] == 0
    counts = counts_of(archives_in(site / "backup")[0])
    assert (counts["core"], set(counts["tables"]), counts["figures"]) == ({}, {"eins", "kontakt_alt"}, {})
    assert run_command("provebackup")[0] == 0


def test_core_tables_with_other_columns_are_counted_without_figures(server, site, settings, run_command):
    run_sql(
        server,
        "CREATE DATABASE anders",
        "CREATE TABLE anders.kontakt (nr INT)",
        "INSERT INTO anders.kontakt VALUES (1), (2)",
        f"GRANT SELECT ON anders.* TO '{server.backup_user}'@'localhost'",
    )
    settings.DBNAME = "anders"
    assert run_command(*BACKUP)[0] == 0
    counts = counts_of(archives_in(site / "backup")[0])
    assert (counts["core"], counts["figures"]) == ({"kontakt": 2}, {})


def test_the_name_of_the_database_may_be_written_in_another_case(server, site, settings, run_command):
    settings.DBNAME = "ElexisOOB"
    code, content = run_command(*BACKUP, "--dump")
    assert code in (0, 3), content["log"]
    assert all(counts_of(archive)["core"]["kontakt"] > 100 for archive in archives_in(site / "backup"))
    assert run_command("provebackup")[0] == 0


def test_a_database_that_is_not_there_is_a_remark(server, site, settings, run_command):
    run_sql(server, f"GRANT SELECT ON gibtsnicht.* TO '{server.backup_user}'@'localhost'")
    settings.DBNAME = "gibtsnicht"
    code, content = run_command(*BACKUP)
    assert (code, content["state"]) == (3, "warnings")
    assert "database-not-there" in [line["code"] for line in content["log"]]
    assert run_command("provebackup")[0] == 0


@pytest.mark.parametrize("asked", ["ElexisOOB", "elexisoob"])
def test_a_server_that_tells_cases_apart_is_saved_and_proved(case_server, installation, settings, run_command, asked):
    point_settings_at(case_server, settings)
    settings.DBNAME = asked
    code, content = run_command(*BACKUP, "--dump")
    assert code in (0, 3), content["log"]
    assert all(counts_of(archive)["core"]["kontakt"] > 50 for archive in archives_in(installation / "backup"))
    code, proof = run_command("provebackup")
    assert code == 0, proof["log"]


@pytest.fixture(scope="module")
def case_server():
    with practice_server(patients=50, database="ElexisOOB", lower_case_table_names=0) as server:
        both = [f"'{server.backup_user}'@'{host}'" for host in ("%", "localhost")]
        run_sql(server, *(f"GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON elexisoob.* TO {account}" for account in both))
        yield server


def test_an_empty_data_folder_fails_while_the_others_are_saved(server, site, settings, run_command, folder):
    settings.OOB_SOURCES_DIR = folder / "mnt"
    (folder / "mnt" / "elexisdb").mkdir()
    (folder / "mnt" / "webelexisdata").mkdir()
    (folder / "mnt" / "webelexisdata" / "file").write_text("x")
    code, content = run_command(*BACKUP, "--source", "webelexisdata")
    assert (code, content["state"]) == (6, "partial")
    assert content["log"][0]["code"] == "source-missing"
    assert [path.name.split("_")[0] for path in archives_in(site / "backup")] == ["webelexisdata"]


def test_a_damaged_table_of_the_server_stops_neither_the_run_nor_the_other_sources(server, site, run_command):
    """Counting fails on it; what fails is this source, with a sentence."""
    run_sql(
        server,
        f"RENAME TABLE {DATABASE}.config TO {DATABASE}.config_kept",
        f"CREATE TABLE {DATABASE}.config (param VARCHAR(80), wert TEXT) ENGINE=MyISAM",
    )
    (server.datadir / DATABASE / "config.MYI").write_bytes(b"")
    (server.datadir.parent / "webelexisdata").mkdir()
    (server.datadir.parent / "webelexisdata" / "file").write_text("x")
    run_sql(server, "FLUSH TABLES")
    code, content = run_command(*BACKUP, "--source", "webelexisdata")
    run_sql(server, f"DROP TABLE {DATABASE}.config", f"RENAME TABLE {DATABASE}.config_kept TO {DATABASE}.config")
    assert (code, content["state"]) == (6, "partial")
    first = content["log"][0]
    assert (first["source"], first["code"]) == ("elexisdb", "query-failed")
