"""Of a dump that ends somewhere only what can be loaded is kept."""

from __future__ import annotations

import pytest

from backups.domain.mariadb.tabledump import _TAIL, _compress, _whole_statements

HEAD = [b"/*!40101 SET NAMES utf8mb4 */;\n", b"CREATE TABLE `t` (\n", b"  `a` int\n", b");\n"]
INSERT = b"INSERT INTO `t` VALUES\n"


def kept(*lines):
    text = b"".join(_whole_statements([*HEAD, *lines]))
    assert text.startswith(b"".join(HEAD))
    assert text.endswith(_TAIL)
    return text[len(b"".join(HEAD)) : -len(_TAIL)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], b""),
        ([INSERT], b""),
        ([INSERT, b"(1),\n"], INSERT + b"(1);\n"),
        ([INSERT, b"(1),\n", b"(2)"], INSERT + b"(1),\n(2);\n"),
        ([INSERT, b"(1),\n", b"('x,\\n"], INSERT + b"(1);\n"),
        ([INSERT, b"(1);\n", INSERT, b"(2"], INSERT + b"(1);\n"),
        ([b"INSERT INTO `t` VALUES (1);\n", b"INSERT INTO `t` VALUES (2"], b"INSERT INTO `t` VALUES (1);\n"),
        ([INSERT, b"(1);\n", b"/*!50003 CREATE TRIGGER ", b"x;\n"], INSERT + b"(1);\n"),
    ],
)
def test_a_dump_is_cut_behind_its_last_whole_row(lines, expected):
    assert kept(*lines) == expected


@pytest.mark.parametrize("lines", [[INSERT, b"(1),\n", b"(2);\n"], [b"INSERT INTO `t` VALUES (1);\n"] * 2])
def test_rows_are_counted_however_they_are_written(tmp_path, lines):
    (tmp_path / "raw").write_bytes(b"".join([*HEAD, *lines]))
    assert _compress(tmp_path / "raw", tmp_path / "chunk", is_cut=False) == 2


def test_a_table_whose_structure_is_cut_is_left_out():
    assert b"".join(_whole_statements([b"CREATE TABLE `t` (\n", b"  `a` int"])) == _TAIL
