"""What the files of a stopped server tell of the options with which it was started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

# Byte 54 of the first page of a tablespace, four bytes: FSP_SPACE_FLAGS (offset 16) in the FSP header, which stands
# behind the 38 bytes of FIL_PAGE_DATA (storage/innobase/include/fsp0types.h, fil_space_t::logical_size).
# With the mark of full_crc32 the page size is in the lowest four bits, otherwise in the bits 6 to 9: n stands for
# 512 << n bytes, 0 for the original 16 KiB.
_FLAGS_AT = 54
_FULL_CRC32 = 1 << 4
_ORIGINAL_PAGE_SIZE = 16384
_PAGE_SIZES = frozenset({4096, 8192, 16384, 32768, 65536})
_SYSTEM_DATABASES = frozenset({"mysql", "performance_schema", "sys"})
# A character that a file name cannot hold: ``@`` and two characters, or four hexadecimal digits.
_VERSION_LENGTH = 100
_ENCODED = re.compile(r"@..")


def read_start_options(datadir: Path) -> dict[str, int]:
    """The options, by the names of ``START_VARIABLES``, that a server needs to start on these files.

    What the files do not tell is not there: above all whether ``lower_case_table_names`` was 0 or 1 when all names
    are in small letters; either finds them. Never on files whose locks we hold: closing ``ibdata1`` drops them.
    """
    options = {
        "innodb_page_size": read_page_size(datadir / "ibdata1"),
        "innodb_undo_tablespaces": len(list(datadir.glob("undo[0-9][0-9][0-9]"))) or None,
        "lower_case_table_names": 0 if _has_capitals(datadir) else None,
    }
    return {name: value for name, value in options.items() if value is not None}


def read_page_size(tablespace: Path) -> int | None:
    """Bytes of a page of InnoDB; None when the file is missing, cut off or damaged: the server says that better."""
    if not tablespace.is_file():
        return None
    with tablespace.open("rb") as file:
        head = file.read(_FLAGS_AT + 4)
    flags = int.from_bytes(head[_FLAGS_AT:], "big")
    exponent = flags & 15 if flags & _FULL_CRC32 else flags >> 6 & 15
    size = 512 << exponent if exponent else _ORIGINAL_PAGE_SIZE
    return size if len(head) == _FLAGS_AT + 4 and size in _PAGE_SIZES else None


def read_upgrade_version(datadir: Path) -> str:
    """The version whose programs last brought the system tables up to date; empty when there is no trace of it."""
    for name in ("mariadb_upgrade_info", "mysql_upgrade_info"):
        path = datadir / name
        if path.is_file() and not path.is_symlink():
            with path.open(errors="replace") as file:
                return file.read(_VERSION_LENGTH).strip()
    return ""


def read_log_format(datadir: Path) -> bytes:
    """The format of the redo log, its first four bytes: 10.8 changed it, and no older server reads the new one."""
    log = datadir / "ib_logfile0"
    if not log.is_file():
        return b""
    with log.open("rb") as file:
        return file.read(4)


def _has_capitals(datadir: Path) -> bool:
    """Whether a database or a table has a capital letter: only ``lower_case_table_names=0`` writes one on Linux."""
    return any(_ENCODED.sub("", name) != _ENCODED.sub("", name).lower() for name in _names(datadir))


def _names(datadir: Path) -> Iterator[str]:
    for path in datadir.glob("*/*.frm"):
        if path.parent.name not in _SYSTEM_DATABASES:
            yield from (path.parent.name, path.stem)
