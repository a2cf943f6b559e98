"""Looking into an archive by its index: a page of one folder, or of what bears a name."""

from __future__ import annotations

import heapq
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backups.domain.browse_errors import MemberMissingError
from backups.domain.index import Index, escape, plain, read_lines, unescape
from backups.domain.names import parent_of, show_name

PAGE_ENTRIES = 200


@dataclass(frozen=True)
class Entry:
    """``path`` from the top of the archive. Of a folder ``size`` and ``files`` are the sums of all that lies in it;
    ``mtime`` in seconds since 1970, None for a folder that the archive does not name itself."""

    path: bytes
    kind: str
    size: int
    mtime: int | None
    files: int = 0

    @property
    def is_file(self) -> bool:
        return self.kind in ("file", "hardlink")

    @property
    def is_folder(self) -> bool:
        return self.kind == "dir"

    @property
    def at(self) -> datetime | None:
        """The time of its last change; None also when an archive tells one that is none."""
        try:
            return datetime.fromtimestamp(self.mtime, UTC) if self.mtime is not None else None
        except (ValueError, OverflowError, OSError):
            return None

    @property
    def name(self) -> str:
        return show_name(self.path.rpartition(b"/")[2])

    @property
    def key(self) -> str:
        """The whole path as text that can be read back."""
        return show_name(self.path)

    @property
    def folder_key(self) -> str:
        return show_name(parent_of(self.path))


@dataclass(frozen=True)
class Listing:
    """One page of a folder or of what was found in it; ``total`` counts the entries of all pages."""

    folder: bytes
    entries: Sequence[Entry]
    total: int
    page: int = 1

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_ENTRIES))


@dataclass
class _Children:
    """What lies directly in a folder: files pass through, folders are summed up. Paths are escaped."""

    folder: bytes
    files: int = 0
    is_there: bool = False
    _sums: dict[bytes, list[int]] = field(default_factory=dict)
    _times: dict[bytes, int] = field(default_factory=dict)

    def read_files(self, index: Index) -> Iterator[Entry]:
        """Yield the files; afterwards ``folders`` is complete."""
        prefix = self.folder + b"/" if self.folder else b""
        for lines in read_lines(index):
            for escaped, kind, size, mtime in lines:
                path = plain(escaped)
                if not path.startswith(prefix) or not path:
                    self.is_there = self.is_there or (path == self.folder and kind == b"dir")
                    continue
                end = path.find(b"/", len(prefix))
                if end < 0 and kind != b"dir":
                    self.files += 1
                    yield Entry(unescape(path), kind.decode(), int(size), int(mtime))
                else:
                    self._add(path[:end] if end > 0 else path, kind, int(size))
                    if end < 0:
                        self._times[path] = int(mtime)

    def _add(self, folder: bytes, kind: bytes, size: int) -> None:
        sums = self._sums.setdefault(folder, [0, 0])
        sums[0] += size
        sums[1] += kind == b"file"

    @property
    def folders(self) -> list[Entry]:
        sums = self._sums.items()
        return [Entry(unescape(path), "dir", size, self._times.get(path), files) for path, (size, files) in sums]


def list_folder(index: Index, folder: bytes = b"", page: int = 1) -> Listing:
    """A page of a folder: its folders first, then its files, by name.

    Raises ``IndexMissingError``, ``IndexDamagedError``, ``MemberMissingError``.
    """
    children = _Children(escape(folder))
    first, end = PAGE_ENTRIES * (page - 1), PAGE_ENTRIES * page
    files = heapq.nsmallest(end, children.read_files(index), key=_order)
    folders = sorted(children.folders, key=_order)
    if folder and not (folders or files or children.is_there):
        raise MemberMissingError([show_name(folder)])
    shown = [*folders, *files][first:end]
    return Listing(folder, shown, len(folders) + children.files, page)


def _order(entry: Entry) -> tuple[str, bytes]:
    return entry.name.casefold(), entry.path


def search_folder(index: Index, text: str, folder: bytes = b"", page: int = 1) -> Listing:
    """A page of what lies anywhere in ``folder`` and has ``text`` in its name, capitals or not.

    Of folders that are found this way nobody counts the content. Raises as ``list_folder``.
    """
    wanted, found, total = _Wanted(text), [], 0
    prefix = escape(folder) + b"/" if folder else b""
    for lines in read_lines(index):
        for escaped, kind, size, mtime in lines:
            path = plain(escaped)
            if not path.startswith(prefix) or not wanted.is_in(path[path.rfind(b"/") + 1 :]):
                continue
            total += 1
            if PAGE_ENTRIES * (page - 1) < total <= PAGE_ENTRIES * page:
                found.append(Entry(unescape(path), kind.decode(), int(size), int(mtime)))
    return Listing(folder, found, total, page)


class _Wanted:
    """A part of a name. Most names are passed by as they are escaped: they lack a piece of it that has no escapes."""

    def __init__(self, text: str) -> None:
        self._text = _folded(text)
        pieces = re.split("ss|[^a-z0-9]", self._text)  # a name may write ss as ß
        self._piece = max(pieces, key=len).encode()

    def is_in(self, name: bytes) -> bool:
        if self._piece not in name.lower():
            return False
        return self._text in (_folded(json.loads(b'"' + name + b'"')) if b"\\" in name else name.decode().lower())


def _folded(text: str) -> str:
    """A Mac writes ``ü`` as two characters, all others as one."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())
