"""How programs say that they found no room, on a full disk and on one of which their share is used up."""

from __future__ import annotations

import pytest

from backups.domain.space import tells_of_full_disk


@pytest.mark.parametrize(
    "line",
    [
        b"tar: ./scan: Cannot write: No space left on device",
        b"tar: ./scan: Cannot write: Disk quota exceeded",
        b"tar: ./scan: Wrote only 60416 of 65536 bytes",
        b"mariadb-backup: Error writing file './x.ibd' (Errcode: 28 \"No space left on device\")",
        b"[ERROR] mariadbd: Error writing file './mysql/x.MAD' (Errcode: 122)",
        b"2026-11-24  3:15:00 0 [ERROR] InnoDB: OS errno 122 while writing",
    ],
)
def test_no_room_is_recognised(line):
    assert tells_of_full_disk(b"first line\n" + line + b"\nlast line\n")


@pytest.mark.parametrize("line", [b"", b"tar: ./scan: Cannot open: Permission denied", b"(Errcode: 13)"])
def test_other_complaints_are_none(line):
    assert not tells_of_full_disk(line)
