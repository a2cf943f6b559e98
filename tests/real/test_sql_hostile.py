"""SQL files that want more than to be loaded: each is refused with its own error, and nothing happens outside."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from realsite import DATABASE

from backups.domain.errors import CancelledError, NoSpaceError
from backups.domain.job import Job
from backups.domain.process import Identity
from backups.domain.sql.dumpfile import choose_charset, read_dump_file
from backups.domain.sql.errors import (
    CharsetUnknownError,
    SqlEmptyError,
    SqlForbiddenError,
    SqlOtherDatabaseError,
    SqlRejectedError,
    SqlWideTextError,
)
from backups.domain.sql.loading import LoadOrder, load, loaded_server, summarize

HEAD = (
    b"/*!40101 SET NAMES utf8mb4 */;\n/*!40101 SET SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;\n"
    b"CREATE OR REPLACE TABLE kontakt (id INT PRIMARY KEY, name VARCHAR(80));\n"
)
IDENTITY = Identity(64_990, 64_990)


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """A private server that tries one file after the other."""
    from demo.server import short_folder

    with short_folder("oobh-") as folder:
        job = Job("0123456789ab", folder)
        path = folder / "first.sql"
        path.write_bytes(HEAD)
        order = LoadOrder(read_dump_file(path, job), "utf8mb4", DATABASE, IDENTITY)
        with loaded_server(order, job) as loaded:
            yield folder, loaded, order, job


@pytest.fixture
def outside(folder):
    """A folder where every user may write, for what would run outside the private server."""
    path = folder / "outside"
    path.mkdir()
    path.chmod(0o777)
    return path


def try_load(private, text: bytes, charset: str = "") -> int:
    folder, loaded, order, job = private
    path = folder / "next.sql"
    path.write_bytes(text)
    found = read_dump_file(path, job)
    return load(loaded.server, replace(order, dump=found, charset=choose_charset(found, charset)), job)


def names(private) -> list[str]:
    loaded = private[1]
    with loaded.server.connect() as conn:
        conn.query(f"SELECT name FROM {DATABASE}.kontakt ORDER BY id")
        return [row[0] for row in conn.store_result().fetch_row(0)]


HOSTILE = {
    "shell": (rb"\! touch {outside}/x", SqlForbiddenError),
    "system": (b"system touch {outside}/x\n;", SqlRejectedError),
    "source": (b"source /etc/passwd\n;", SqlRejectedError),
    "tee": (b"tee {outside}/x\n;", SqlRejectedError),
    "pager": (b"pager touch {outside}/x\n;", SqlRejectedError),
    "connect": (b"connect mysql\n;", SqlRejectedError),
    "short-use": (rb"\u mysql", SqlForbiddenError),
    "delimiter": (b"DELIMITER ;;\nsystem touch {outside}/x\n;;", SqlRejectedError),
    "use": (b"USE mysql;", SqlOtherDatabaseError),
    "other": (b"CREATE DATABASE praxis2;", SqlOtherDatabaseError),
    "local": (b"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE kontakt;", SqlForbiddenError),
    "infile": (b"LOAD DATA INFILE '/etc/passwd' INTO TABLE kontakt;", SqlForbiddenError),
    "outfile": (b"SELECT 1 INTO OUTFILE '{outside}/x';", SqlForbiddenError),
    "grant": (b"GRANT ALL ON *.* TO root@localhost;", SqlForbiddenError),
    "global": (b"SET GLOBAL max_connections = 1;", SqlForbiddenError),
    "shutdown": (b"SHUTDOWN;", SqlForbiddenError),
    "plugin": (b"INSTALL SONAME 'ha_connect';", SqlForbiddenError),
    "tuple": (b"INSERT INTO kontakt VALUES (1, 'x'), (2, 'y", SqlRejectedError),
    "twice": (b"INSERT INTO kontakt VALUES (1, 'Meier Hans'), (1, 'Meier');", SqlRejectedError),
    "syntax": (b"INSERT INTO kontakt VALUES (1, 'Meier Hans') oops;", SqlRejectedError),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_and_nothing_runs_outside(private, outside, name):
    text, error = HOSTILE[name]
    with pytest.raises(error) as caught:
        try_load(private, HEAD + text.replace(b"{outside}", str(outside).encode()))
    assert 4 <= caught.value.line <= 6
    assert "Meier" not in str(caught.value)
    assert list(outside.iterdir()) == []


def test_a_folder_outside_is_not_used_for_tables(private, outside):
    for engine in ("InnoDB", "MyISAM", "Aria"):
        statement = f"CREATE OR REPLACE TABLE z (a INT) ENGINE={engine} DATA DIRECTORY='{outside}';"
        try_load(private, HEAD + statement.encode() + b"INSERT INTO z VALUES (1);")
    assert list(outside.iterdir()) == []


def test_accounts_of_the_file_do_not_make_the_load_fail(private):
    text = b"CREATE OR REPLACE DEFINER=`root`@`localhost` PROCEDURE p() SELECT 'CREATE DEFINER=x';\n"
    text += b"/*!50001 CREATE OR REPLACE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`%` SQL SECURITY DEFINER */\n"
    assert try_load(private, HEAD + text + b"/*!50001 VIEW v AS SELECT 1 */;\n") == 2


@pytest.mark.parametrize("mark", [b"!", b"M!"])
def test_the_sandbox_line_is_left_out(private, mark):
    """mariadb-docker#584."""
    line = b"/*" + mark + rb"999999\- enable the sandbox mode */ "
    try_load(private, line + b"\n" + HEAD + b"INSERT INTO kontakt VALUES (1, 'x');")
    assert names(private) == ["x"]


def test_a_literal_of_forty_megabytes_is_loaded(private):
    text = b"CREATE OR REPLACE TABLE big (b LONGBLOB);\nINSERT INTO big VALUES (0x" + b"ab" * 20_000_000 + b");\n"
    try_load(private, HEAD + text)


def test_a_file_that_ends_behind_a_tuple_loads_and_is_not_finished(private):
    text = HEAD + b"INSERT INTO kontakt VALUES (1, 'x'), (2, 'y')"
    try_load(private, text)
    assert names(private) == ["x", "y"]
    assert not read_dump_file(private[0] / "next.sql", private[3]).is_finished


@pytest.mark.parametrize("charset", ["latin1", "cp1252"])
def test_latin_letters_need_to_be_named(private, charset):
    text = HEAD.partition(b"\n")[2] + "INSERT INTO kontakt VALUES (1, 'Zürich');".encode("latin1")
    with pytest.raises(CharsetUnknownError) as caught:
        try_load(private, text)
    assert charset in caught.value.choices
    try_load(private, text, charset)
    assert names(private) == ["Zürich"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_wide_text_is_refused(private, encoding):
    with pytest.raises(SqlWideTextError):
        try_load(private, HEAD.decode().encode(encoding))


def test_a_file_that_fills_the_disk_is_ended(private):
    _folder, loaded, order, job = private
    with pytest.raises(NoSpaceError):
        load(loaded.server, replace(order, least_free_bytes=1 << 60), job)


def test_a_share_of_the_disk_that_is_used_up_is_not_the_fault_of_the_file(private, fake_tool):
    words = 'ERROR 3 (HY000) at line 4: Error writing file (Errcode: 122 "Disk quota exceeded")'
    fake_tool("mariadb", f"cat > /dev/null; echo {shlex.quote(words)} >&2; exit 1")
    with pytest.raises(NoSpaceError):
        try_load(private, HEAD)


def test_a_load_can_be_cancelled(private):
    _folder, loaded, order, job = private
    with pytest.raises(CancelledError):
        load(loaded.server, order, replace(job, is_cancelled=lambda: True))


def test_a_file_without_tables_is_no_database(private, folder):
    try_load(private, b"DROP DATABASE elexisoob; CREATE DATABASE elexisoob;")
    with pytest.raises(SqlEmptyError):
        summarize(private[1], folder)
    try_load(private, HEAD)
