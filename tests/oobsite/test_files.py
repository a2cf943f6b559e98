from __future__ import annotations

import os
import stat
import threading

import pytest

from oobsite.files import free_bytes, replace_file, tree_size, write_private


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_a_private_file_is_private_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        write_private(tmp_path / "key", b"geheim")
    finally:
        os.umask(before)
    assert mode(tmp_path / "key") == 0o600
    assert (tmp_path / "key").read_bytes() == b"geheim"


def test_a_private_file_replaces_nothing(tmp_path):
    write_private(tmp_path / "key", b"first")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "key", b"second")
    assert (tmp_path / "key").read_bytes() == b"first"


def test_a_private_file_is_not_written_through_a_link(tmp_path):
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "key", b"geheim")
    assert not (tmp_path / "elsewhere").exists()


def test_a_replaced_file_is_the_old_or_the_new_one_for_every_reader(tmp_path):
    path, seen = tmp_path / "file", set()
    replace_file(path, b"a" * 100_000)
    done = threading.Event()

    def read():
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for letter in (b"b", b"a") * 20:
        replace_file(path, letter * 100_000)
    done.set()
    reader.join()
    assert seen <= {b"a" * 100_000, b"b" * 100_000}


def test_a_replaced_file_leaves_no_part_and_has_its_mode(tmp_path):
    (tmp_path / f"file.{os.getpid()}.part").write_text("of a process with the same number")
    replace_file(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert mode(tmp_path / "file") == 0o640


def test_a_file_that_cannot_be_replaced_stays(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "file", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_size_of_a_tree_is_what_it_takes_on_disk(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(os.urandom(100_000))
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(10_000_000)
    (tmp_path / "dangling").symlink_to("nowhere")
    assert 100_000 <= tree_size(tmp_path) <= 120_000


def test_free_bytes_are_a_number_of_bytes(tmp_path):
    assert free_bytes(tmp_path) > 0
