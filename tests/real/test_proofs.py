"""What a proof finds: missing rows, damaged pages of each engine, and copies that were never one state."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest
from holding import held_at
from realsite import (
    DATABASE,
    archives_in,
    flip_bytes,
    names_of,
    own_children,
    practice_server,
    repack,
    run_sql,
)
from waiting import wait_until

from backups.models import BackupArchive
from demo.server import PracticeServer, own_tree

BACKUP = ("runbackup", "--source", "elexisdb")


@pytest.fixture
def archive(site, run_command):
    """A good hot backup."""
    assert run_command(*BACKUP)[0] == 0
    return archives_in(site / "backup")[0]


@pytest.fixture
def prove(site, run_command):
    """Prove the newest archive; returns the exit code and what was wrong."""

    def prove():
        code, content = run_command("provebackup")
        return code, [line for line in content["log"] if line["level"] == "error"]

    return prove


# --- no verdict ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("spare", [1_000_000, 20_000_000])
def test_a_disk_that_becomes_full_says_nothing_of_the_archive(archive, site, prove, tmpfs, spare):
    """It has room for the data at the beginning; the server then needs more than that."""
    manifest = json.loads(archive.with_name(archive.name + ".manifest.json").read_text())
    tmpfs(site / "work", str(manifest["content"]["tar_bytes"] + spare))
    code, problems = prove()
    assert (code, [line["code"] for line in problems]) == (1, ["no-space"])
    assert BackupArchive.objects.get().proof == "none"
    assert not archive.with_name(archive.name + ".proof.json").exists()


FULL = """case "$*" in *--version*) exec {real} "$@";; esac
for option in "$@"; do case "$option" in --log-error=*) log="${option#*=}";; esac; done
echo "[ERROR] mariadbd: Error writing file './mysql/x.MAD' (Errcode: 122 \\"Disk quota exceeded\\")" > "$log"
exit 1
"""
UNPACKED = """case "$*" in *--extract*) ;; *) exec {real} "$@";; esac
cat > /dev/null
echo "tar: x: Cannot write: Disk quota exceeded" >&2
exit 2
"""


@pytest.mark.parametrize(("tool", "script"), [("mariadbd", FULL), ("tar", UNPACKED)])
def test_a_share_of_the_disk_that_is_used_up_says_nothing_of_the_archive(archive, prove, fake_tool, tool, script):
    fake_tool(tool, script)
    code, problems = prove()
    assert (code, [line["code"] for line in problems]) == (1, ["no-space"])
    assert BackupArchive.objects.get().proof == "none"


# --- content ------------------------------------------------------------------------------------------------
def test_a_proof_can_be_repeated(archive, prove):
    assert [prove(), prove()] == [(0, []), (0, [])]
    assert json.loads(archive.with_name(archive.name + ".proof.json").read_text())["is_good"]


def test_rows_deleted_a_moment_before_are_no_damage(server, site, run_command, prove):
    """While a long report reads, nothing is purged: the indexes still hold what was deleted and changed."""
    with contextlib.closing(server.connect(DATABASE)) as report:
        report.query("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        run_sql(
            server,
            f"DELETE FROM {DATABASE}.laborwerte ORDER BY id LIMIT 10",
            f"UPDATE {DATABASE}.laborwerte SET Datum = '20200101' ORDER BY id LIMIT 20",
        )
        assert run_command(*BACKUP)[0] == 0
    assert prove() == (0, [])


def test_only_counting_sees_that_one_contact_of_a_hundred_is_missing(archive, prove, folder):
    def delete_some(data: Path) -> None:
        copy = PracticeServer(folder / "edit", datadir=data)
        own_tree(data, copy.uid, copy.gid)
        with copy:
            run_sql(copy, f"DELETE FROM {DATABASE}.kontakt ORDER BY id LIMIT 1")

    repack(archive, folder, delete_some)
    code, problems = prove()
    assert (code, [line["code"] for line in problems]) == (1, ["proof-count-wrong"])
    assert problems[0]["params"]["table"] == "kontakt"


@pytest.mark.parametrize(
    ("table", "file", "offset"),
    [
        ("kontakt", "kontakt.ibd", 4 * 16384 + 200),
        ("laborwerte", "laborwerte.ibd", 6 * 16384 + 8000),
        ("logs", "logs.MYI", 1024 + 50),
        ("logs", "logs.MYD", 400),
        ("journal", "journal.MAI", 8192 + 50),
        ("journal", "journal.MAD", 8192 + 50),
    ],
)
def test_damage_in_a_file_is_found_by_checking_its_table(archive, prove, folder, table, file, offset):
    repack(archive, folder, lambda data: flip_bytes(data / DATABASE / file, offset))
    code, problems = prove()
    assert code == 1
    assert f"{DATABASE}.{table}" in {line["params"].get("table") for line in problems} or any(
        line["code"] == "throwaway-server" for line in problems
    )


def test_a_missing_table_file_is_found(archive, prove, folder):
    repack(archive, folder, lambda data: (data / DATABASE / "behandlungen.ibd").unlink())
    assert prove()[0] == 1


def test_an_archive_without_system_tablespace_is_no_database(archive, prove, folder):
    repack(archive, folder, lambda data: (data / "ibdata1").unlink())
    assert prove()[0] == 1


def test_a_damaged_byte_of_the_file_is_found_before_any_server_starts(archive, prove):
    flip_bytes(archive, archive.stat().st_size // 2, 1)
    code, problems = prove()
    assert (code, [line["code"] for line in problems]) == (1, ["damaged-archive"])


# --- archives of the predecessor ----------------------------------------------------------------------------
def pack_naively(server: PracticeServer, archive: Path) -> int:
    """As the predecessor did it: tar over the data folder, whoever is using it."""
    command = ["tar", "-czf", archive, "-C", server.datadir, "."]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode


def test_a_naive_copy_of_a_stopped_server_is_proved(site, run_command, folder):
    name = "elexisdb_2020-01-02-0304.tar.gz"
    with practice_server(patients=20) as other:
        other.stop()
        assert pack_naively(other, site / "backup" / name) == 0
    code, content = run_command("provebackup", name)
    assert (code, content["log"][0]["code"]) == (0, "archive-proved-copy")


def test_a_naive_copy_of_a_busy_server_is_judged_by_its_content(server, site, writing, run_command, capsys):
    """It must not pass unless everything in it is whole: nobody can say beforehand which it will be."""
    name = "elexisdb_2020-01-02-0304.tar.gz"
    status = pack_naively(server, site / "backup" / name)
    code, content = run_command("provebackup", name)
    report = content["proofs"][name]
    with capsys.disabled():
        first = content["log"][0]
        print(f"\nnaive tar under load: tar {status}, proof {code}: {first['code']} {first['params']}")
    assert report["is_good"] == (code == 0) == (report["problems"] == [])


# --- the private server -------------------------------------------------------------------------------------
def sockets_of(pid: int) -> set[str]:
    links = (os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208, PTH115
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def network_sockets() -> set[str]:
    lines = [line for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return {line.split()[9] for line in lines}


def test_the_private_server_is_alone_in_its_folder(commands):
    assert commands.run(*BACKUP)[0] == 0
    with held_at("check", commands, "provebackup") as child:
        (pid,) = own_children(commands.last_run("uid"))
        (proof,) = (commands.folder / "work").glob("run-*/proof")
        owner = Path(f"/proc/{pid}").stat().st_uid
        found = (stat.S_IMODE(proof.stat().st_mode), proof.stat().st_uid == owner, sockets_of(pid) & network_sockets())
    child.communicate()
    assert (found, child.returncode) == ((0o700, True, set()), 0)
    assert os.geteuid() != 0 or owner not in (0, 999)


def test_the_proof_of_a_database_without_room_says_so_first(archive, run_command, tmpfs, settings, folder):
    settings.OOB_WORK_DIR = tmpfs(folder / "small", "16M")
    code, content = run_command("provebackup")
    assert (code, [line["code"] for line in content["log"]]) == (1, ["no-space"])
    assert list((folder / "small").iterdir()) == []


def test_a_proof_whose_server_never_answers_ends_when_it_is_interrupted(commands, folder):
    assert commands.run(*BACKUP)[0] == 0
    (folder / "bin").mkdir()
    tool = folder / "bin" / "mariadbd"
    tool.write_text("#!/bin/sh\nexec sleep 600\n")
    tool.chmod(0o755)
    child = commands.start("provebackup", PATH=f"{folder / 'bin'}:{os.environ['PATH']}")
    wait_until(lambda: "sleep" in names_of(own_children(commands.last_run("uid"))))
    child.send_signal(signal.SIGINT)
    child.communicate()
    assert child.returncode == 5
    assert list((commands.folder / "work").iterdir()) == []
