"""Every line that GNU tar can write is understood, or it is an error."""

from __future__ import annotations

import pytest

from backups.domain.manifest import Skipped
from backups.domain.tarlog import parse_tar_line, parse_tar_log


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("tar: ./x: socket ignored", "socket"),
        ("tar: ./x: Unknown file type; file ignored", "special"),
        ("tar: ./x: file is on a different filesystem; not dumped", "other-filesystem"),
        ("tar: ./x: file changed as we read it", "changed"),
        ("tar: ./x: File shrank by 1 byte; padding with zeros", "changed"),
        ("tar: ./x: File shrank by 5120 bytes; padding with zeros", "changed"),
        ("tar: ./x: File removed before we read it", "vanished"),
        ("tar: ./x: Cannot stat: No such file or directory", "vanished"),
        ("tar: ./x: Warning: Cannot open: No such file or directory", "vanished"),
        ("tar: ./x: Cannot open: Permission denied", "unreadable"),
        ("tar: ./x: Warning: Cannot readlink: Permission denied", "unreadable"),
        ("tar: ./x: Read error at byte 512, while reading 1024 bytes: Input/output error", "read-error"),
        ("tar: ./x: Cannot read: Input/output error", "read-error"),
        ("tar: ./x: Warning: Cannot llistxattrat: Operation not permitted", "attributes"),
        ("tar: ./x: Warning: Cannot acl_get_fileat: Operation not permitted", "attributes"),
    ],
)
def test_a_known_line_tells_file_and_reason(line, reason):
    assert parse_tar_line(line.encode() + b"\n") == Skipped("x", reason)


def test_the_closing_line_tells_nothing():
    assert parse_tar_line(b"tar: Exiting with failure status due to previous errors\n") is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "tar: Error is not recoverable: exiting now",
        "tar: ./x: Cannot write: No space left on device",
        "tar: ./x: something new",
        "setpriv: apply bounding set: Operation not permitted",
        "./x: socket ignored",
    ],
)
def test_any_other_line_is_an_error(line):
    with pytest.raises(ValueError, match=r".*") as caught:
        parse_tar_line(line.encode())
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("quoted", "name"),
    [
        (r"./\303\234bersicht", "Übersicht"),
        (r"./two\nlines", "two\nlines"),
        (r"./back\\slash", "back\\slash"),
        (r"./tab\there", "tab\there"),
        (r"./a: Cannot open: b", "a: Cannot open: b"),
        (r"./deep/./er", "deep/./er"),
    ],
)
def test_a_quoted_name_is_the_name_again(quoted, name):
    line = f"tar: {quoted}: Cannot open: Permission denied".encode()
    assert parse_tar_line(line).name == name


def test_a_folder_is_named_as_such(folder):
    (folder / "closed").mkdir()
    (folder / "file").touch()
    lines = [b"tar: ./closed: Cannot open: Permission denied\n", b"tar: ./file: Cannot open: Permission denied\n"]
    assert [item.reason for item in parse_tar_log(lines, folder)] == ["unreadable-folder", "unreadable"]


def test_a_name_in_another_encoding_becomes_words_that_json_takes(folder):
    (skipped,) = parse_tar_log([rb"tar: ./\344rzte: Cannot open: Permission denied"], folder)
    assert skipped.name == r"\xe4rzte"
