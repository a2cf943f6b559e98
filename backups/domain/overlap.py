"""Folders that lie in each other: a backup that contains itself, a restore that deletes its own archive."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

BACKUP = "backup"


def find_overlaps(folders: Mapping[str, Path], backup_dir: Path) -> list[tuple[str, str]]:
    """Return the pairs of names whose folders contain each other, links resolved; ``backup`` is the backup folder."""
    resolved = {name: path.resolve() for name, path in [*folders.items(), (BACKUP, backup_dir)]}
    return [
        (first, second)
        for (first, one), (second, other) in combinations(resolved.items(), 2)
        if one.is_relative_to(other) or other.is_relative_to(one)
    ]
