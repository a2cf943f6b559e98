"""Chosen members of an archive on their way to somebody: as they are, as tar or as zip, in constant memory.

What is sent ends properly only when the whole archive was read and is what its manifest says: the end of a tar, the
directory of a zip, the last block of a single file are held back until then.
"""

from __future__ import annotations

import os
import tarfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from isal import isal_zlib

from backups.domain.errors import DamagedArchiveError
from backups.domain.job import Job
from backups.domain.members import Member, OpenArchive, read_members
from backups.domain.names import plain_path, show_name
from backups.domain.selection import Selection

_RECORD_BYTES = 10_240
_TAR_TYPES = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE}
# A zip knows no links: each further name of a file is sent with its content, which takes a reading of its own.
_MOST_READINGS = 5
_ZIP_TIMES = (315_619_200, 4_291_747_200)  # 1980 and 2105, all that zip knows


@dataclass(frozen=True)
class Sending:
    """``base``: the folder of the archive that the names begin in.

    ``note``: makes the name and the text of a file that says what could not be sent.
    """

    archive: OpenArchive
    selection: Selection
    base: bytes
    note: Callable[[Sequence[str]], tuple[str, str]]


class Wrapping(Protocol):
    """A way to send members one after the other."""

    has_links: bool
    kinds: frozenset[str]

    def add(self, name: bytes, member: Member) -> Iterator[bytes]: ...

    def close(self) -> Iterator[bytes]: ...


def send_file(sending: Sending, job: Job) -> Iterator[bytes]:
    """The content of the one chosen file. Raises ``DamagedArchiveError``, ``UnsafeArchiveError`` in its midst."""
    last = b""
    is_found = False
    for item in _Sender(sending, job, has_links=False).run():
        is_found = True
        for block in item.blocks:
            if last:
                yield last
            last = block
    if not is_found:
        raise DamagedArchiveError(sending.archive.path, "content")
    yield last


def send_tar(sending: Sending, job: Job) -> Iterator[bytes]:
    """A tar (PAX) of all that is chosen, with owners, modes and links."""
    return _send(sending, _Tar(), job)


def send_zip(sending: Sending, job: Job) -> Iterator[bytes]:
    """A zip of all files and folders that are chosen."""
    return _send(sending, _Zip(), job)


def _send(sending: Sending, wrapping: Wrapping, job: Job) -> Iterator[bytes]:
    left_out: list[str] = []
    sender = _Sender(sending, job, has_links=wrapping.has_links)
    for member in sender.run():
        if member.kind in wrapping.kinds:
            yield from wrapping.add(_name_below(member.path, sending.base), _with_local_target(member, sending.base))
        else:
            left_out.append(show_name(member.path))
    left_out += sender.left_out
    if left_out:
        yield from wrapping.add(*_make_note(sending, left_out))
    yield from wrapping.close()


def _name_below(path: bytes, base: bytes) -> bytes:
    return path[len(base) + 1 :] if base else path


def _with_local_target(member: Member, base: bytes) -> Member:
    if member.kind != "hardlink":
        return member
    return replace(member, target=_name_below(plain_path(member.target), base))


def _make_note(sending: Sending, left_out: Sequence[str]) -> tuple[bytes, Member]:
    name, text = sending.note(left_out)
    content = text.encode("utf-8", "replace")
    path = name.encode()
    now = int(time.time())
    return path, Member(path, "file", len(content), now, 0o644, (0, 0), b"", iter([content]))


class _Sender:
    """The chosen members; what is only another name of a file comes with its content when that was not sent."""

    def __init__(self, sending: Sending, job: Job, *, has_links: bool) -> None:
        self._sending = sending
        self._job = job
        self._has_links = has_links
        self._sent: set[bytes] = set()
        self._waiting: dict[bytes, list[Member]] = defaultdict(list)

    @property
    def left_out(self) -> list[str]:
        return [show_name(link.path) for links in self._waiting.values() for link in links]

    def run(self) -> Iterator[Member]:
        for member in read_members(self._sending.archive, self._job, self._sending.selection.covers):
            yield from self._take(member)
        for _reading in range(_MOST_READINGS):
            if not self._waiting:
                return
            for member in read_members(self._sending.archive, self._job, self._waiting.__contains__):
                yield from self._take_content(member)

    def _take(self, member: Member) -> Iterator[Member]:
        target = plain_path(member.target)
        if member.kind != "hardlink" or (self._has_links and target in self._sent):
            if self._has_links and member.kind == "file":
                self._sent.add(member.path)
            yield member
        else:
            self._waiting[target].append(member)

    def _take_content(self, member: Member) -> Iterator[Member]:
        if member.kind != "file":
            return
        links = self._waiting.pop(member.path)
        first, rest = links[0], links[1:]
        yield replace(member, path=first.path)
        if self._has_links:
            yield from (replace(link, target=first.path) for link in rest)
        elif rest:
            self._waiting[member.path] = rest


class _Tar:
    has_links = True
    kinds = frozenset(_TAR_TYPES)

    def __init__(self) -> None:
        self._size = 0

    def add(self, name: bytes, member: Member) -> Iterator[bytes]:
        info = tarfile.TarInfo(os.fsdecode(name) or ".")
        info.type, info.size, info.mtime, info.mode = _TAR_TYPES[member.kind], member.size, member.mtime, member.mode
        info.uid, info.gid = member.owner
        info.linkname = os.fsdecode(member.target)
        header = info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        yield header
        if member.kind == "file":
            yield from member.blocks
            yield b"\0" * (-member.size % tarfile.BLOCKSIZE)
        self._size += len(header) + member.size + -member.size % tarfile.BLOCKSIZE

    def close(self) -> Iterator[bytes]:
        end = 2 * tarfile.BLOCKSIZE
        yield b"\0" * (end + -(self._size + end) % _RECORD_BYTES)


class _Outbox:
    """What zipfile writes, until somebody takes it."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._blocks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        return

    def close(self) -> None:
        return

    def take(self) -> Iterator[bytes]:
        blocks, self._blocks = self._blocks, []
        return iter(blocks)


class _Zip:
    has_links = False
    kinds = frozenset({"file", "dir"})

    def __init__(self) -> None:
        self._outbox = _Outbox()
        self._zip = zipfile.ZipFile(self._outbox, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    def add(self, name: bytes, member: Member) -> Iterator[bytes]:
        info = zipfile.ZipInfo(_zip_name(name) + ("/" if member.kind == "dir" else ""), _zip_time(member.mtime))
        info.external_attr = (member.mode | (0o040000 if member.kind == "dir" else 0o100000)) << 16
        info.compress_type = zipfile.ZIP_STORED if member.kind == "dir" else zipfile.ZIP_DEFLATED
        info.file_size = member.size  # over 2 GB: in the form for large files
        if member.kind == "dir":
            self._zip.writestr(info, b"")
        else:
            with self._zip.open(info, "w") as file:
                # zlib needs 20 s for 300 MB that do not get smaller, as scans and photos do not; isal one
                file._compressor = isal_zlib.compressobj(1, isal_zlib.DEFLATED, -15)  # type: ignore[attr-defined]
                for block in member.blocks:
                    file.write(block)
                    yield from self._outbox.take()
        yield from self._outbox.take()

    def close(self) -> Iterator[bytes]:
        self._zip.close()
        return self._outbox.take()


def _zip_name(name: bytes) -> str:
    """A zip holds text, and Windows takes a backslash for a folder: what is no plain character becomes ``%FC``."""
    text = name.decode("utf-8", "surrogateescape")
    return "".join(character if _is_plain(character) else _percent(character) for character in text) or "."


def _is_plain(character: str) -> bool:
    return character.isprintable() and character not in '\\:*?"<>|'


def _percent(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))


def _zip_time(mtime: int) -> tuple[int, int, int, int, int, int]:
    """Local time, as zip wants it."""
    first, last = _ZIP_TIMES
    moment = time.localtime(min(max(mtime, first), last))
    return (moment.tm_year, *moment[1:6])
