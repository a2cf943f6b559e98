"""What is sent of an archive is what was saved: names, links, contents; damage is never sent as whole."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
import threading
import zipfile

import libarchive
import pytest

from backups.domain.errors import DamagedArchiveError, UnsafeArchiveError
from backups.domain.index import Index
from backups.domain.members import OpenArchive
from backups.domain.outgoing import Sending, send_file, send_tar, send_zip
from backups.domain.selection import Selection, select


@pytest.fixture
def documents(folder):
    source = folder / "source"
    (source / "Briefe" / "leer").mkdir(parents=True)
    (source / "Briefe" / "gross.bin").write_bytes(os.urandom(3_000_000))
    (source / "Briefe" / "leer.txt").touch()
    (source / "Briefe" / os.fsdecode(b"M\xfcller\nx.txt")).write_bytes(b"bytes")
    (source / "Briefe" / "Link").symlink_to("../../etc/passwd")
    os.mkfifo(source / "Briefe" / "pipe")
    (source / "aussen.txt").write_bytes(b"outside")
    os.link(source / "aussen.txt", source / "Briefe" / "hart 1")
    os.link(source / "aussen.txt", source / "Briefe" / "hart 2")
    (source / "Briefe" / "gross.bin").chmod(0o640)
    os.utime(source / "Briefe" / "gross.bin", (0, 1_600_000_000))
    return source


@pytest.fixture
def send(pack, target, job, documents):
    """Send what is chosen of the packed documents; returns all bytes."""
    content = pack(documents).content

    def send(how, *paths, base=b""):
        selection = select(Index(target.path, content), paths)
        with target.path.open("rb") as file:
            opened = OpenArchive(target.path, file, content.sha256)
            sending = Sending(opened, selection, base, lambda names: ("left out.txt", "\n".join(names)))
            return b"".join(how(sending, job))

    return send


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_a_file_is_sent_as_it_was(send, documents):
    path = documents / "Briefe" / "gross.bin"
    assert digest(send(send_file, b"Briefe/gross.bin")) == digest(path.read_bytes())
    assert send(send_file, b"Briefe/leer.txt") == b""
    assert send(send_file, b"Briefe/M\xfcller\nx.txt") == b"bytes"


def test_a_file_that_is_another_name_of_one_is_sent_with_its_content(send):
    assert send(send_file, b"Briefe/hart 1") == b"outside"
    assert send(send_file, b"aussen.txt") == b"outside"


def test_a_folder_as_tar_is_the_folder(send, documents, folder):
    sent = send(send_tar, b"Briefe")
    (folder / "got").mkdir()
    subprocess.run(["tar", "xpf", "-", "--exclude=left out.txt"], input=sent, cwd=folder / "got", check=True)
    (documents / "Briefe" / "pipe").unlink()
    compare = ["diff", "-r", "--no-dereference", documents / "Briefe", folder / "got" / "Briefe"]
    assert subprocess.run(compare, capture_output=True).stdout == b""
    status = (folder / "got" / "Briefe" / "gross.bin").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o640, 1_600_000_000)


def test_a_tar_keeps_links_and_says_what_it_lacks(send):
    paths = (b"Briefe/Link", b"Briefe/hart 1", b"Briefe/hart 2", b"Briefe/pipe")
    with tarfile.open(fileobj=io.BytesIO(send(send_tar, *paths, base=b"Briefe"))) as sent:
        found = {info.name: (info.type, info.linkname) for info in sent}
        contents = [sent.extractfile(name).read() for name in ("hart 1", "hart 2", "left out.txt")]
    assert found["Link"] == (tarfile.SYMTYPE, "../../etc/passwd")
    assert sorted(kind for kind, _target in found.values()) == [b"0", b"0", b"1", b"2"]
    assert contents == [b"outside", b"outside", b"Briefe/pipe"]


def test_a_folder_as_zip_holds_every_file(send, documents):
    sent = zipfile.ZipFile(io.BytesIO(send(send_zip, b"Briefe")))
    assert sent.testzip() is None
    assert sent.read("Briefe/gross.bin") == (documents / "Briefe" / "gross.bin").read_bytes()
    assert sent.read("Briefe/M%FCller%0Ax.txt") == b"bytes"
    assert sent.read("Briefe/hart 1") == sent.read("Briefe/hart 2") == b"outside"
    assert "Briefe/leer/" in sent.namelist()
    assert sent.read("left out.txt") == b"Briefe/Link\nBriefe/pipe"


def test_another_program_reads_the_zip(send):
    sent = send(send_zip, b"Briefe/gross.bin", b"aussen.txt")
    with libarchive.memory_reader(sent, "zip") as entries:
        sizes = {entry.pathname: sum(map(len, entry.get_blocks())) for entry in entries}
    assert sizes == {"Briefe/gross.bin": 3_000_000, "aussen.txt": 7}


@pytest.mark.parametrize("how", [send_file, send_tar, send_zip])
def test_the_end_comes_only_when_the_whole_archive_is_good(send, target, how):
    """The damage lies behind the file that was asked for."""
    data = bytearray(target.path.read_bytes())
    data[-20] ^= 0xFF
    target.path.write_bytes(data)
    with pytest.raises(DamagedArchiveError):
        send(how, b"aussen.txt")


def test_an_archive_with_a_hostile_member_is_refused(folder, job):
    archive = folder / "x_2024-05-01-0230.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("good", "../outside"):
            tar.addfile(tarfile.TarInfo(name))
    with archive.open("rb") as file:
        sending = Sending(OpenArchive(archive, file), Selection(frozenset({b"good"})), b"", lambda names: ("", ""))
        with pytest.raises(UnsafeArchiveError):
            list(send_tar(sending, job))


def test_what_goes_through_a_link_is_refused(folder, job):
    archive = folder / "x_2024-05-01-0230.tar.gz"
    link = tarfile.TarInfo("way")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc"
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(link)
        tar.addfile(tarfile.TarInfo("way/passwd"))
    with archive.open("rb") as file:
        sending = Sending(OpenArchive(archive, file), Selection(frozenset({b"way"})), b"", lambda names: ("", ""))
        with pytest.raises(UnsafeArchiveError):
            list(send_zip(sending, job))


def test_who_goes_away_leaves_no_thread_and_no_file(pack, target, job, documents):
    content = pack(documents).content
    threads = threading.active_count()
    with target.path.open("rb") as file:
        selection = select(Index(target.path, content), [b"Briefe"])
        blocks = send_tar(Sending(OpenArchive(target.path, file), selection, b"", lambda names: ("", "")), job)
        next(blocks)
        blocks.close()
    assert threading.active_count() == threads
