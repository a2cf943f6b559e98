"""Servers of other series: what works with their own programs, what without, and what people are told."""

from __future__ import annotations

import contextlib
import subprocess

import pytest
from realsite import Site
from seriessite import *  # noqa: F403 - fixtures
from seriessite import back_up, codes, restore, restore_sql, run_killed, undo, write_dump
from sqlsite import fill, labels

from backups.domain.mariadb.server import parse_version, rows, value
from backups.services.sqlrequest import list_sql_files
from backups.services.targets import archives_of_stamp

pytestmark = pytest.mark.versions
STEPS = (0, 4, 9, 14, 18, 22, 26)


def is_old(server) -> bool:
    with contextlib.closing(server.connect()) as conn:
        return parse_version(str(value(conn, "SELECT VERSION()"))) < (10, 6, 0)


def kinds(run) -> list[str]:
    return [archive.method for archive in run.archives.all()]


# --- with the programs of the server's series ----------------------------------------------------------------
def test_a_moment_is_saved_proved_restored_and_put_back(server, matched, run_command):
    saved = back_up(with_dump=True)
    assert sorted(kinds(saved)) == ["dump", "hot"], str(saved.log)
    assert run_command("provebackup")[0] == 0
    fill(server.practice, "new")
    restored = restore(archives_of_stamp(saved.stamp))
    assert (restored.state, labels(server.practice)) == ("done", {"old"}), restored.log
    assert undo(restored).state == "done"
    assert labels(server.practice) == {"new"}


def test_a_stopped_server_is_saved_as_it_lies(server, matched, run_command):
    server.stop()
    saved = back_up(is_cold=True)
    server.start()
    assert kinds(saved) == ["cold"], saved.log
    code, proof = run_command("provebackup")
    assert code == 0, proof


def test_a_copy_of_a_running_folder_is_tried_by_its_own_series(server, matched, run_command):
    copy_running(server, matched)
    run_command("scanbackups")
    assert "other-series" not in str(run_command("provebackup", COPY))
    code, told = run_command("salvagebackup", COPY)
    assert code == 3, str(told)
    assert len(list_sql_files()) == 1


COPY = "elexisdb_2026-01-02-0304.tar.gz"


def copy_running(server, site) -> None:
    """As the predecessor did, right behind a change."""
    fill(server.practice, "new")
    command = ["tar", "-czf", site / "backup" / COPY, "-C", server.datadir, "."]
    subprocess.run(command, check=False, capture_output=True)


def test_an_sql_file_comes_and_goes(server, matched):
    write_dump(server, matched)
    restored = restore_sql()
    assert labels(server.practice) == {"new"}, restored.log
    assert restored.result["in_place"] == {"elexisdb": "new"}
    assert ("sql-whole-folder" in codes(restored)) == is_old(server)
    undone = undo(restored)
    assert (labels(server.practice), undone.result["in_place"]) == ({"old"}, {"elexisdb": "old"})


def test_nothing_of_ours_stays_in_the_accounts(server, matched):
    write_dump(server, matched)
    restore_sql(with_safety_backup=False)
    with contextlib.closing(server.connect()) as conn:
        found = rows(conn, "SELECT user FROM mysql.user WHERE user LIKE 'oob%%' AND user <> 'oob_backup'")
    assert (found, labels(server.practice)) == ([], {"new"})


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_sql_restore_leaves_the_old_or_the_new(server, own_programs, prepared, folder, step):
    commands = Site(folder, server.practice, prepared)
    write_dump(server, folder)
    run_killed(commands, step, "restoresql", "new.sql", "--yes")
    code, told = commands.run("recover")
    assert code == 0, str(told)
    server.wait()
    assert labels(server.practice) in ({"old"}, {"new"})


# --- accounts -----------------------------------------------------------------------------------------------
PLUGINS = {"auth_ed25519": "ed25519", "": "mysql_native_password"}


@pytest.mark.parametrize("library", PLUGINS)
def test_an_account_of_each_kind_saves_and_restores(server, matched, library):
    user = f"'{server.practice.backup_user}'"
    with contextlib.closing(server.connect()) as conn:
        if library:
            with contextlib.suppress(Exception):
                conn.query(f"INSTALL SONAME '{library}'")
        for host in ("%", "localhost"):
            conn.query(f"ALTER USER {user}@'{host}' IDENTIFIED VIA {PLUGINS[library]} USING PASSWORD('sicherung')")
    saved = back_up(with_dump=True)
    assert sorted(kinds(saved)) == ["dump", "hot"], str(saved.log)
    restored = restore(archives_of_stamp(saved.stamp))
    assert restored.state == "done", restored.log
    assert ("restore-account-unknown" in codes(restored)) == bool(library)


# --- with the programs of this machine ------------------------------------------------------------------------
def test_a_newer_server_is_saved_and_an_older_one_only_as_sql(server, site, run_command):
    assert kinds(back_up()) == ([] if is_old(server) else ["hot"])
    saved = back_up(is_dump_enough=True)
    assert kinds(saved) == (["dump"] if is_old(server) else ["hot"])
    assert ("version-mismatch" in codes(saved)) == is_old(server)
    assert run_command("provebackup")[0] == 0


def test_an_older_server_gets_no_sql_file(server, site):
    write_dump(server, site)
    restored = restore_sql()
    assert ("sql-not-atomic" in codes(restored)) == (restored.state == "failed") == is_old(server), restored.log
    assert labels(server.practice) == {"old" if is_old(server) else "new"}


def test_what_only_its_own_series_can_open_is_no_damage(server, site, run_command):
    copy_running(server, site)
    run_command("scanbackups")
    for command in ("provebackup", "salvagebackup"):
        told = str(run_command(command, COPY))
        assert ("other-series" in told) == is_old(server), told
    assert (site / "backup" / f"{COPY}.proof.json").exists() != is_old(server)
