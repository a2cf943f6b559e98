"""SQL dumps: complete or refused, proved by loading them, and a series of their own."""

from __future__ import annotations

import gzip

import pytest
from realsite import archives_in

BACKUP = ("runbackup", "--source", "elexisdb", "--dump")


@pytest.fixture
def dump(site, run_command):
    code, content = run_command(*BACKUP)
    assert (code, content["state"]) == (3, "warnings")
    (path,) = (path for path in archives_in(site / "backup") if path.name.endswith(".sql.gz"))
    return path


def test_a_dump_is_proved_by_loading_it(dump, run_command):
    code, content = run_command("provebackup", dump.name)
    report = content["proofs"][dump.name]
    assert (code, report["is_good"]) == (0, True)
    assert report["counts"]["kontakt"] > 100


def test_a_dump_says_which_tables_are_outside_its_snapshot(site, run_command):
    content = run_command(*BACKUP)[1]
    (line,) = [line for line in content["log"] if line["level"] == "warning"]
    assert (line["code"], line["params"]["count"]) == ("dump-outside-snapshot", 5)


def test_a_dump_taken_while_somebody_writes_is_proved(site, writing, run_command):
    assert run_command(*BACKUP)[0] == 3
    code, content = run_command("provebackup")
    assert code == 0, content["log"]


@pytest.fixture
def refused(site, run_command, settings):
    """Make a dump that must be refused, without the hot backup before it; returns the line that says why."""

    def refused():
        settings.OOB_MARIADB_BACKUP = "mariadb-backup-9"
        code, content = run_command(*BACKUP)
        assert (code, archives_in(site / "backup")) == (1, [])
        return content["log"][-1]

    return refused


@pytest.mark.parametrize("what", ["TRIGGER", "VIEW", "FUNCTION", "PROCEDURE", "EVENT"])
def test_a_dump_without_one_of_its_programs_is_refused(refused, fake_tool, what):
    """An account that sees too little makes such dumps, and mariadb-dump ends them with 0."""
    fake_tool(
        "mariadb-dump", f"{{real}} \"$@\" | sed -E 's/^(.*CREATE.*) {what} /\\1 NOTHING /; s/50001 {what} /50001 /'"
    )
    assert refused()["code"] == "dump-incomplete"


def test_a_dump_that_was_cut_off_is_refused(refused, fake_tool):
    fake_tool("mariadb-dump", '{real} "$@" | head -n -5')
    line = refused()
    assert (line["code"], line["params"]["what"]) == ("dump-incomplete", "trailer")


def test_a_dump_with_rows_missing_fails_its_proof(dump, run_command):
    text = gzip.decompress(dump.read_bytes())
    start = text.index(b"INSERT INTO `user_` VALUES")
    cut = text[:start] + text[text.index(b";\n", start) + 2 :]
    replace_content(dump, cut)
    code, content = run_command("provebackup", dump.name)
    assert (code, content["log"][0]["code"], content["log"][0]["params"]["table"]) == (1, "proof-count-wrong", "user_")


def replace_content(path, text: bytes) -> None:
    """Other text, and a manifest that agrees with it."""
    from dataclasses import replace

    from backups.domain.job import Job
    from backups.domain.manifest import read_manifest, write_manifest
    from backups.domain.reading import read_gz

    path.write_bytes(gzip.compress(text, 1))
    content = read_gz(path, Job("replace", path.parent), lambda _block: None)
    write_manifest(path, replace(read_manifest(path), content=content))


def test_dumps_have_generations_of_their_own(site, run_command):
    for _ in range(3):
        run_command(*BACKUP, "--keep", "2")
    names = [path.name for path in archives_in(site / "backup")]
    assert len([name for name in names if name.endswith(".sql.gz")]) == 2
    assert len([name for name in names if name.endswith(".tar.gz")]) == 2


def test_a_dump_needs_no_physical_backup(site, run_command, settings):
    settings.OOB_MARIADB_BACKUP = "mariadb-backup-9"
    assert run_command(*BACKUP)[0] == 1
    assert [path.name.endswith(".sql.gz") for path in archives_in(site / "backup")] == [True]
