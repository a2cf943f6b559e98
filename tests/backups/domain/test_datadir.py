"""Start options are read from the files; the flags are those of data folders that MariaDB 10.11 has made."""

from __future__ import annotations

import pytest

from backups.domain.mariadb.datadir import read_log_format, read_page_size, read_start_options


def make_datadir(folder, flags=0x15, tables=()):
    (folder / "ibdata1").write_bytes(bytes(54) + flags.to_bytes(4, "big") + bytes(100))
    for name in ("mysql/user.frm", *tables):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("flags", "size"),
    [
        (0x13, 4096),
        (0x14, 8192),
        (0x15, 16384),
        (0x16, 32768),
        (0x17, 65536),
        (0xC0, 4096),
        (0x100, 8192),
        (0, 16384),
        (0x180, 32768),
        (0x1C0, 65536),
    ],
)
def test_the_page_size_is_that_of_the_system_tablespace(folder, flags, size):
    assert read_start_options(make_datadir(folder, flags)) == {"innodb_page_size": size}


@pytest.mark.parametrize("content", [b"", bytes(55), b"\xff" * 100])
def test_a_damaged_tablespace_tells_no_page_size(folder, content):
    (folder / "ibdata1").write_bytes(content)
    assert read_page_size(folder / "ibdata1") is None


def test_a_tablespace_that_is_a_folder_tells_no_page_size(folder):
    (folder / "ibdata1").mkdir()
    assert read_start_options(folder) == {}


def test_undo_tablespaces_are_counted(folder):
    for name in ("undo001", "undo002", "undo003", "undo_old"):
        (folder / name).touch()
    assert read_start_options(make_datadir(folder))["innodb_undo_tablespaces"] == 3


@pytest.mark.parametrize("table", ["elexisoob/KONTAKT.frm", "ElexisOOB/kontakt.frm"])
def test_a_capital_letter_means_that_cases_are_told_apart(folder, table):
    assert read_start_options(make_datadir(folder, tables=[table]))["lower_case_table_names"] == 0


@pytest.mark.parametrize("table", ["elexisoob/kontakt.frm", "elexisoob/@0Era@00e4.frm", "elexisoob/kontakt.TRG"])
def test_small_letters_do_not_tell_it(folder, table):
    assert "lower_case_table_names" not in read_start_options(make_datadir(folder, tables=[table]))


def test_the_format_of_the_redo_log_is_its_first_four_bytes(folder):
    assert read_log_format(folder) == b""
    (folder / "ib_logfile0").write_bytes(b"Phys" + bytes(100))
    assert read_log_format(folder) == b"Phys"
