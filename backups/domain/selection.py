"""What somebody chose of an archive: files and folders with all that lies in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from backups.domain.browse_errors import MemberMissingError, NothingChosenError
from backups.domain.index import Index, escape, plain, read_lines, unescape
from backups.domain.names import parent_of, show_name


@dataclass(frozen=True)
class Selection:
    """``paths``: what was chosen, none of them in another. ``spellings``: these as the archive writes them, and the
    folders above them as far as the archive names them. ``kinds`` counts the members; ``size`` in bytes."""

    paths: frozenset[bytes]
    spellings: Mapping[bytes, bytes] = field(default_factory=dict)
    kinds: Mapping[str, int] = field(default_factory=dict)
    size: int = 0

    @property
    def members(self) -> int:
        return sum(self.kinds.values())

    @property
    def is_one_file(self) -> bool:
        return len(self.paths) == 1 and self.members == 1 and set(self.kinds) <= {"file", "hardlink"}

    def covers(self, path: bytes) -> bool:
        """Whether a plain path is chosen or lies in a chosen folder."""
        return find_chosen(path, self.paths) is not None


def find_chosen(path: bytes, chosen: Collection[bytes]) -> bytes | None:
    """The one of ``chosen`` that is ``path`` or lies above it."""
    while path not in chosen:
        if not path:
            return None
        path = parent_of(path)
    return path


def select(index: Index, paths: Sequence[bytes]) -> Selection:
    """Look up what is chosen.

    Raises ``NothingChosenError``, ``MemberMissingError``, ``IndexMissingError``, ``IndexDamagedError``.
    """
    chosen = {escape(path): path for path in _outermost(paths)}
    above = {escape(folder): folder for path in chosen.values() for folder in folders_above(path)}
    spellings: dict[bytes, bytes] = {}
    kinds: dict[str, int] = defaultdict(int)
    total = 0
    for lines in read_lines(index):
        for escaped, kind, size, _mtime in lines:
            path = plain(escaped)
            found = find_chosen(path, chosen)
            if found is not None:
                kinds[kind.decode()] += 1
                total += int(size)
                if chosen[found] not in spellings:
                    spellings[chosen[found]] = _cut(unescape(escaped), chosen[found])
            elif kind == b"dir" and path in above:
                spellings[above[path]] = unescape(escaped)
    missing = [show_name(path) for path in sorted(chosen.values()) if path not in spellings]
    if missing:
        raise MemberMissingError(missing)
    return Selection(frozenset(chosen.values()), spellings, dict(kinds), total)


def _outermost(paths: Sequence[bytes]) -> frozenset[bytes]:
    """Without what lies in another one. Raises ``NothingChosenError``."""
    if not paths:
        raise NothingChosenError
    found = set(paths)
    return frozenset(path for path in found if not path or find_chosen(parent_of(path), found - {path}) is None)


def folders_above(path: bytes) -> list[bytes]:
    """All folders on the way to ``path``, the outermost first, without the top of the archive."""
    parts = path.split(b"/")[:-1]
    return [b"/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _cut(raw: bytes, path: bytes) -> bytes:
    """The beginning of a name in the archive that stands for ``path``: ``./a/b/c`` for ``a`` gives ``./a``."""
    missing = path.count(b"/") + 1 if path else 0
    taken: list[bytes] = []
    for part in raw.split(b"/"):
        if not missing:
            break
        taken.append(part)
        missing -= part not in (b"", b".")
    return b"/".join(taken) or b"."
