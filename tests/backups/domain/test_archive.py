"""Archives made of real folders, unpacked by plain GNU tar as anybody would."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from backups.domain.archive import HashingFile, Packing, Target, make_tar_command, pack_folder, read_back
from backups.domain.errors import DamagedArchiveError, FilesChangedError, TarError
from backups.domain.manifest import INDEX_SUFFIX, Skipped
from backups.domain.reading import read_tar_gz
from backups.domain.unpack import Unpacking, unpack

ROOT = Path(__file__).parents[3]
ODD_NAMES = [b"\xe4rzte.txt", b"zwei\nZeilen", b'mit \\ und "', b"-rf", b" leer ", "Übersicht 医.txt".encode()]


@pytest.fixture
def source(folder):
    (folder / "docs").mkdir()
    return folder / "docs"


@pytest.fixture
def untar(folder, target):
    """Unpack the archive as a practice would by hand."""

    def untar(*options: str) -> Path:
        (folder / "out").mkdir()
        command = ["tar", "xzf", str(target.path), "-C", str(folder / "out"), *options]
        subprocess.run(command, check=True, capture_output=True)
        return folder / "out"

    return untar


def test_content_mode_owner_and_time_survive(source, pack, untar):
    path = source / "a" / "b.txt"
    path.parent.mkdir(mode=0o751)
    path.write_bytes(b"x" * 70_000)
    path.chmod(0o2640)
    os.chown(path, 1000, 999)
    os.utime(path, ns=(1, 1_700_000_000_123_456_789))
    pack(source)
    found = (untar() / "a" / "b.txt").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1000, 999, path.stat().st_mode & 0o7777)
    assert found.st_mtime_ns == 1_700_000_000_123_456_789
    assert (source.parent / "out" / "a" / "b.txt").read_bytes() == b"x" * 70_000


def test_hard_links_and_symbolic_links_survive(source, pack, untar):
    (source / "one").write_text("text")
    (source / "two").hardlink_to(source / "one")
    (source / "relative").symlink_to("one")
    (source / "dangling").symlink_to("/nowhere/at all")
    pack(source)
    out = untar()
    assert (out / "one").samefile(out / "two")
    assert (out / "relative").readlink() == Path("one")
    assert (out / "dangling").readlink() == Path("/nowhere/at all")


def test_extended_attributes_survive(source, pack, untar):
    (source / "file").write_text("text")
    os.setxattr(source / "file", "user.origin", b"sc\xe4nner")
    pack(source)
    assert os.getxattr(untar("--xattrs") / "file", "user.origin") == b"sc\xe4nner"


def test_access_control_lists_survive(source, pack, untar):
    (source / "dir").mkdir()
    subprocess.run(["setfacl", "-m", "u:1234:rwx", "-m", "d:u:1234:r", source / "dir"], check=True)
    pack(source)
    answer = subprocess.run(
        ["getfacl", "-n", untar("--xattrs", "--xattrs-include=*") / "dir"], capture_output=True, text=True, check=True
    )
    assert "user:1234:rwx" in answer.stdout
    assert "default:user:1234:r--" in answer.stdout


def test_sparse_files_stay_sparse(source, pack, untar):
    with (source / "hole").open("wb") as file:
        file.seek(200_000_000)
        file.write(b"end")
    manifest = pack(source)
    found = (untar() / "hole").stat()
    assert found.st_size == 200_000_003
    assert found.st_blocks * 512 < 1_000_000
    assert manifest.content.tar_bytes < 1_000_000


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_that_are_no_plain_text_survive(source, pack, untar, name):
    (source / os.fsdecode(name)).write_bytes(name)
    pack(source)
    (found,) = untar().iterdir()
    assert os.fsencode(found.name) == name
    assert found.read_bytes() == name


def test_names_longer_than_the_old_tar_format_survive(source, pack, untar):
    deep = source.joinpath(*["d" * 200] * 5)
    deep.mkdir(parents=True)
    (deep / ("f" * 250)).write_text("text")
    pack(source)
    assert untar().joinpath(*["d" * 200] * 5, "f" * 250).read_text() == "text"


def test_an_empty_folder_is_in_the_archive(source, pack, untar):
    (source / "empty").mkdir(mode=0o700)
    assert pack(source).content.entries == 2
    assert (untar() / "empty").stat().st_mode & 0o777 == 0o700


def test_a_socket_is_left_out_and_listed(source, pack, untar):
    (source / "file").write_text("text")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "mysqld.sock"))
        manifest = pack(source, is_database=True)
    assert manifest.skipped == (Skipped("mysqld.sock", "socket"),)
    assert [path.name for path in untar().iterdir()] == ["file"]


def test_another_file_system_is_left_out_and_listed(source, pack, untar, tmpfs):
    tmpfs(source / "an other", "1m")
    (source / "an other" / "inside").write_text("not ours")
    manifest = pack(source)
    assert manifest.skipped == (Skipped("an other", "other-filesystem"),)
    assert not (untar() / "an other" / "inside").exists()


def test_a_file_of_another_file_system_is_in_the_archive_and_not_listed(source, pack, untar, tmpfs, folder):
    """As a bind mount of one file, which tar packs."""
    disk = tmpfs(folder / "disk", "1m")
    (disk / "file").write_text("mounted")
    (source / "file").touch()
    subprocess.run(["mount", "--bind", disk / "file", source / "file"], check=True)
    try:
        manifest = pack(source)
    finally:
        subprocess.run(["umount", source / "file"], check=True)
    assert manifest.skipped == ()
    assert (untar() / "file").read_text() == "mounted"


def test_a_pipe_is_kept_but_not_unpacked_and_named(source, pack, target, folder, job):
    os.mkfifo(source / "pipe")
    (source / "file").write_text("text")
    pack(source)
    reading = read_tar_gz(target.path, job)
    (folder / "unpacked").mkdir()
    unpack(Unpacking(target.path, folder / "unpacked", reading), job)
    assert reading.specials == ("./pipe",)
    assert [path.name for path in (folder / "unpacked").iterdir()] == ["file"]


def test_a_growing_document_is_a_warning(source, pack, growing):
    with growing(source / "log"):
        manifest = pack(source)
    assert Skipped("log", "changed") in manifest.skipped


def test_a_growing_file_makes_a_database_archive_worthless(source, pack, growing, target):
    with growing(source / "ibdata1"), pytest.raises(FilesChangedError) as caught:
        pack(source, is_database=True)
    assert caught.value.names == ["ibdata1"]
    assert list(target.path.parent.iterdir()) == []


def test_vanishing_documents_are_a_warning(source, pack, vanishing):
    vanishing(source)
    manifest = pack(source)
    names = [item.name for item in manifest.skipped if item.reason == "vanished"]
    assert len(names) >= 18
    assert manifest.content.entries + len(names) == 21


def test_a_vanishing_file_makes_a_database_archive_worthless(source, pack, vanishing, target):
    vanishing(source)
    with pytest.raises(FilesChangedError):
        pack(source, is_database=True)
    assert list(target.path.parent.iterdir()) == []


PACK = """
import sys
from pathlib import Path
from backups.domain.archive import Packing, Target, pack_folder
from backups.domain.job import Job
root = Path(sys.argv[1])
job = Job("0123456789ab", root / "private")
try:
    packing = Packing("docs", root / "docs", sys.argv[2:] == ["database"])
    content, skipped = pack_folder(packing, Target(root / "private" / "x"), job)
    print(sorted((item.name, item.reason) for item in skipped))
except Exception as error:
    print(type(error).__name__, *error.args)
"""


def pack_without_rights(folder, *arguments):
    """Pack in a process that owns the files but may not pass over their modes, as any user but root."""
    (folder / "private").mkdir()
    command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", sys.executable, "-c", PACK, str(folder)]
    answer = subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


@pytest.fixture
def locked(source):
    (source / "open").write_text("text")
    (source / "locked").write_text("text")
    (source / "locked").chmod(0)
    (source / "closed").mkdir(mode=0)
    return source


def test_unreadable_files_and_folders_are_a_warning_and_named_as_what_they_are(folder, locked):
    assert pack_without_rights(folder) == "[('closed', 'unreadable-folder'), ('locked', 'unreadable')]"


def test_unreadable_files_make_a_database_archive_worthless(folder, locked):
    assert pack_without_rights(folder, "database").startswith("FilesChangedError")
    assert [path.name for path in (folder / "private").iterdir()] == []


def test_a_source_whose_own_folder_is_closed_is_an_error(folder, locked):
    locked.chmod(0)
    assert pack_without_rights(folder).startswith("TarError")
    assert [path.name for path in (folder / "private").iterdir()] == []


@pytest.mark.parametrize("line", ["tar: ./x: Unheard-of trouble", "setpriv: no", "tar: Error is not recoverable"])
def test_a_line_of_tar_that_nobody_understands_is_an_error(source, pack, fake_tool, target, line):
    (source / "file").write_text("text")
    fake_tool("tar", f'{{real}} "$@"; echo "{line}" >&2')
    with pytest.raises(TarError) as caught:
        pack(source)
    assert caught.value.line == line
    assert list(target.path.parent.iterdir()) == []


@pytest.mark.parametrize("status", [1, 2, 3, 139])
def test_a_tar_that_fails_without_a_word_is_an_error(source, pack, fake_tool, target, status):
    fake_tool("tar", f'{{real}} "$@"; exit {status}')
    with pytest.raises(TarError) as caught:
        pack(source)
    assert caught.value.status == status
    assert list(target.path.parent.iterdir()) == []


def test_a_tar_that_is_killed_is_an_error(source, pack, fake_tool):
    fake_tool("tar", '{real} "$@" | head -c 5000; kill -9 $$')
    (source / "file").write_bytes(os.urandom(100_000))
    with pytest.raises(TarError):
        pack(source)


def test_archive_index_and_manifest_are_private_from_birth(source, pack, target, folder):
    pack(source)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in target.path.parent.iterdir()}
    assert set(modes.values()) == {0o640}
    assert len(modes) == 3


def test_what_is_written_is_what_is_read_back(source, job, target):
    (source / "file").write_bytes(os.urandom(3_000_000))
    written, _skipped = pack_folder(Packing("docs", source), target, job)
    with target.part(job.run_id).open("r+b") as file:
        file.seek(9)
        file.write(b"\x03")  # the operating system in the gzip header: no checksum of gzip covers it
    with pytest.raises(DamagedArchiveError) as caught:
        read_back(target, written, job)
    assert caught.value.reason == "checksum"


def test_a_part_that_lost_its_end_on_disk_is_found(source, job, target):
    (source / "file").write_bytes(os.urandom(3_000_000))
    written, _skipped = pack_folder(Packing("docs", source), target, job)
    os.truncate(target.part(job.run_id), written.size - 1)
    with pytest.raises(DamagedArchiveError):
        read_back(target, written, job)


def test_the_same_files_give_the_same_bytes(source, pack, folder):
    (source / "file").write_text("text")
    first, second = (pack(source, Target(folder / f"docs_2026-11-24-000{n}.tar.gz")) for n in range(2))
    assert first.content == second.content


def test_the_index_has_one_line_for_each_member(source, pack, target):
    (source / "file").write_bytes(b"12345")
    pack(source)
    path = target.path.with_name(target.path.name + INDEX_SUFFIX)
    lines = subprocess.run(["zcat", path], capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith('{"name":"./file"')
    assert '"size":5' in lines[1]


def test_another_owner_can_be_given_to_all_entries(source, folder):
    command = make_tar_command(Packing("docs", source, owner=(999, 998), exclude=["./tmp"]), 9)
    assert "--owner=+999" in command
    assert "--group=+998" in command
    assert command[-2:] == ["--exclude=./tmp", "."]


MEMORY = """
import re, sys
from pathlib import Path
from backups.domain.archive import Packing, Target, pack_folder, read_back
from backups.domain.job import Job
root = Path(sys.argv[1])
target, job = Target(root / "x.tar.gz"), Job("0123456789ab", root)
content, skipped = pack_folder(Packing("docs", root / "docs"), target, job)
entries = read_back(target, content, job).content.entries
print(entries, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def test_memory_does_not_grow_with_the_number_of_files(source, folder, tmpfs):
    tmpfs(source, "64m")
    for number in range(300):
        (source / str(number)).mkdir()
        for inner in range(100):
            os.close(os.open(source / str(number) / str(inner), os.O_CREAT | os.O_WRONLY))
    command = [sys.executable, "-c", MEMORY, str(folder)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    entries, kilobytes = map(int, answer.stdout.split())
    assert entries == 30_301
    assert kilobytes < 64_000


def test_progress_is_told_by_the_thread_that_owns_the_job(source, job, target):
    (source / "file").write_bytes(os.urandom(3_000_000))
    threads = set()
    job = replace(job, on_progress=lambda progress: threads.add((progress.stage, threading.current_thread())))
    written, _skipped = pack_folder(Packing("docs", source), target, job)
    job._last[0] = 0.0
    read_back(target, written, job)
    assert threads == {("pack", threading.main_thread()), ("verify", threading.main_thread())}


def test_the_part_file_writes_on_after_a_short_write(target):
    class ShortWriter:
        def __init__(self):
            self.content = b""

        def write(self, data):
            self.content += bytes(data[:3])
            return min(len(data), 3)

    file = ShortWriter()
    sink = HashingFile(file, target)
    assert sink.write(b"0123456789") == 10
    assert (file.content, sink.size) == (b"0123456789", 10)
