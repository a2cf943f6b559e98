"""Files of a table that a killed server has left in two databases.

Since 10.6 a RENAME TABLE is done as a whole or not at all, also when the server dies in it; but MyISAM and Aria keep a
table in two files beside its definition, and a server that dies between them leaves one behind (found with 10.11).
The definition says where the table is; the file follows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

_DEFINITION = ".frm"
_FILES = (".MAI", ".MAD", ".MYI", ".MYD")


def gather_strays(datadir: Path, databases: Sequence[str]) -> list[str]:
    """Bring files without a definition to the only one that lacks them; return what was moved, by its new path.

    The server must not have the tables open: it cannot, as long as a file is missing. Raises ``OSError``.
    """
    folders = [folder for name in databases if (folder := datadir / folder_name(name)).is_dir()]
    moved = []
    for path in [path for folder in folders for path in folder.iterdir() if _is_stray(path)]:
        homes = [folder for folder in folders if _lacks(folder, path)]
        if len(homes) == 1:
            path.rename(homes[0] / path.name)
            moved.append(str((homes[0] / path.name).relative_to(datadir)))
    return moved


def _is_stray(path: Path) -> bool:
    return path.suffix in _FILES and not path.with_suffix(_DEFINITION).exists()


def _lacks(folder: Path, path: Path) -> bool:
    return (folder / path.name).with_suffix(_DEFINITION).exists() and not (folder / path.name).exists()


def folder_name(database: str) -> str:
    """How MariaDB names the folder of a database: ``praxis-2`` is ``praxis@002d2``."""
    return re.sub(r"[^A-Za-z0-9_]", lambda found: f"@{ord(found[0]):04x}", database)
