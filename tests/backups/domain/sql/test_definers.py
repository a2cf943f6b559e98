"""Definers are taken out of statements, and never out of data."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backups.domain.sql.definers import DefinerFilter, strip_definer

ACCOUNTS = ("`root`@`localhost`", "'ro''ot'@'%'", '"a"@"b"', "root@localhost", "CURRENT_USER()", "`a``b`", "app_role")


def strip(text: bytes, size: int = 1 << 20) -> bytes:
    return b"".join(DefinerFilter().filter(text[at : at + size] for at in range(0, len(text), size)))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_spelling_of_an_account_goes(account):
    assert strip_definer(f"CREATE DEFINER={account} PROCEDURE p() SELECT 1") == "CREATE  PROCEDURE p() SELECT 1"
    assert strip_definer(f"create or replace definer = {account} view v as select 1").split() == (
        ["create", "or", "replace", "view", "v", "as", "select", "1"]
    )


DUMPED = {
    b"/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER": b"/*!50003 CREATE*/ /*!50017 */ /*!50003 TRIGGER",
    b"/*!50106 CREATE*/ /*!50117 DEFINER=`a`@`b`*/ /*!50106 EVENT e": b"/*!50106 CREATE*/ /*!50117 */ /*!50106 EVENT e",
    b"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`b` SQL SECURITY DEFINER */\n/*!50001 VIEW v": (
        b"/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013  SQL SECURITY DEFINER */\n/*!50001 VIEW v"
    ),
    b"ALTER DEFINER=a@b EVENT e": b"ALTER  EVENT e",
    b"CREATE\nDEFINER\n=\na@b\nVIEW v": b"CREATE\n\n\n\nVIEW v",
}


@pytest.mark.parametrize("text", DUMPED)
def test_the_forms_of_dumps_lose_it_and_keep_their_lines(text):
    assert strip(text) == DUMPED[text]


KEPT = (
    b"UPDATE t SET definer='a'@'b' WHERE definer=`c`",
    b"CREATE TABLE t (definer INT DEFAULT 1, CHECK (definer = 3))",
    b"INSERT INTO t VALUES ('CREATE DEFINER=`a`@`b` VIEW')",
    b"INSERT INTO t VALUES ('it''s \\' CREATE DEFINER=a@b VIEW', \"CREATE DEFINER=a\")",
    b"-- CREATE DEFINER=a@b VIEW\n# CREATE DEFINER=a@b\n/* CREATE DEFINER=a@b */",
    b"CREATE TABLE `CREATE DEFINER=a@b` (a INT) COMMENT 'CREATE DEFINER=a@b'",
    b"SELECT 5--1, 6/2, recreate definer=3",
)


@pytest.mark.parametrize("text", KEPT)
def test_data_names_and_comments_stay(text):
    assert strip(text) == text


_CLAUSE = b"CREATE DEFINER=`a`@`b` VIEW"
_WORDS = st.sampled_from([_CLAUSE, b"'", b"\\", b'"', b"`", b"--", b" ", b"\n", b"/*", b"*/", b"#", b"x"])
_NOISE = st.lists(_WORDS, max_size=8).map(b"".join)
_STRING = _NOISE.map(lambda text: b"'" + text.replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'")
_NAME = _NOISE.map(lambda text: b"`" + text.replace(b"`", b"``") + b"`")
_LINE = _NOISE.map(lambda text: b"-- " + text.replace(b"\n", b" ") + b"\n")
_BLOCK = _NOISE.map(lambda text: b"/* " + text.replace(b"*/", b"* /") + b"*/")
_DATA = st.one_of(_STRING, _NAME, _LINE, _BLOCK).map(lambda text: (text, text))
_HEAD = st.sampled_from(ACCOUNTS).map(lambda name: (f"CREATE DEFINER={name} VIEW".encode(), b"CREATE  VIEW"))


@given(st.lists(st.one_of(_DATA, _HEAD), max_size=12), st.integers(1, 40))
def test_whatever_stands_where_and_however_it_is_cut(pieces, size):
    text = b" ; ".join(before for before, _after in pieces)
    assert strip(text, size) == b" ; ".join(after for _before, after in pieces)


@example(b"/*/*/*CREATE DEFINER=`a`@`b` VIEW", 1)
@example(b"/*M!100100 CREATE DEFINER=`a`@`b` VIEW", 1)
@given(st.lists(_WORDS, max_size=30).map(b"".join), st.integers(1, 9))
def test_blocks_of_any_size_give_the_same(text, size):
    assert strip(text, size) == strip(text)
