"""Dumps are complete, or they are not kept; a shell script plays the part of mariadb-dump."""

from __future__ import annotations

import gzip

import pytest

from backups.domain.archive import Target, read_back
from backups.domain.errors import DumpError, DumpIncompleteError, TimedOutError
from backups.domain.mariadb.dump import DumpScanner, make_dump_command, require_complete, write_dump
from backups.domain.mariadb.server import Access

DUMP = rb"""/*M!999999\- enable the sandbox mode */
-- MariaDB dump 10.19
CREATE TABLE `kontakt` (`id` int);
INSERT INTO `kontakt` VALUES ('/*!50003 CREATE*/ /*!50003 TRIGGER x'),('
CREATE PROCEDURE in a text');
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`%`*/ /*!50003 TRIGGER `t` BEFORE INSERT ON `kontakt` SET @a=1 */;;
/*!50106 CREATE*/ /*!50117 DEFINER=`root`@`%`*/ /*!50106 EVENT `e` ON SCHEDULE EVERY 1 DAY DO SELECT 1 */ ;;
CREATE DEFINER=`root`@`%` PROCEDURE `p`()
SELECT 1 ;;
CREATE DEFINER=`root`@`%` FUNCTION `f`() RETURNS int(11)
RETURN 1 ;;
/*!50001 VIEW `v` AS select 1 AS `x` */;
-- Dump completed on 2026-11-24  3:15:00
"""
OBJECTS = {"triggers": 1, "views": 1, "routines": 2, "events": 1}
ACCESS = Access("db", 3306, "backup", "geheim", "elexisoob")


@pytest.fixture
def dump(folder, job, fake_tool):
    """Run a dump with a shell script in the place of mariadb-dump."""
    (folder / "dump.sql").write_bytes(DUMP)
    (folder / "archives").mkdir()
    target = Target(folder / "archives" / "elexisdb_sql_2026-11-24-0315.sql.gz")

    def dump(script, timeout=30):
        fake_tool("mariadb-dump", script.format(dump=folder / "dump.sql"))
        return write_dump(ACCESS, target, job, timeout=timeout), target

    return dump


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_objects_are_found_wherever_the_blocks_are_cut(size):
    scanner = DumpScanner()
    for at in range(0, len(DUMP), size):
        scanner.feed(DUMP[at : at + size])
    assert scanner.found == OBJECTS
    assert scanner.has_trailer


def test_a_line_of_data_longer_than_any_head_does_not_hide_what_follows():
    scanner = DumpScanner()
    scanner.feed(b"INSERT INTO x VALUES ('" + b"a" * 200_000)
    scanner.feed(b"b" * 200_000 + b"');\n" + DUMP)
    assert scanner.found == OBJECTS


def test_a_complete_dump_is_complete():
    scanner = DumpScanner()
    scanner.feed(DUMP)
    require_complete(scanner, OBJECTS)


def test_a_dump_without_its_closing_line_is_cut():
    scanner = DumpScanner()
    scanner.feed(DUMP[:-60])
    with pytest.raises(DumpIncompleteError) as caught:
        require_complete(scanner, OBJECTS)
    assert caught.value.what == "trailer"


@pytest.mark.parametrize("what", OBJECTS)
def test_an_object_that_the_server_has_and_the_dump_has_not_is_named(what):
    scanner = DumpScanner()
    scanner.feed(DUMP)
    with pytest.raises(DumpIncompleteError) as caught:
        require_complete(scanner, OBJECTS | {what: 3})
    assert (caught.value.what, caught.value.expected, caught.value.found) == (what, 3, OBJECTS[what])


def test_what_the_program_writes_is_what_is_kept(dump, job):
    written, target = dump("cat {dump}")
    assert gzip.decompress(target.part(job.run_id).read_bytes()) == DUMP
    scanner = DumpScanner()
    assert read_back(target, written, job, on_block=scanner.feed).content == written
    assert scanner.found == OBJECTS
    assert scanner.has_trailer


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("cat {dump}; exit 2", "exit code 2"),
        ("cat {dump}; echo 'mysqldump: Error 2013: Lost connection' >&2", "mysqldump: Error 2013: Lost connection"),
        ("echo 'Got error: 1045' >&2; exit 2", "Got error: 1045"),
        ("kill -9 $$", "exit code -9"),
    ],
)
def test_a_dump_that_fails_leaves_nothing(dump, folder, script, line):
    with pytest.raises(DumpError) as caught:
        dump(script)
    assert caught.value.line == line
    assert list((folder / "archives").iterdir()) == []


def test_a_dump_that_hangs_after_its_end_is_ended(dump, folder):
    with pytest.raises(TimedOutError):
        dump("cat {dump}; exec >&-; sleep 60", timeout=0)
    assert list((folder / "archives").iterdir()) == []


def test_the_password_is_in_no_command_line_and_in_no_file_afterwards(dump, folder, job):
    dump(f'echo "$@" > {folder / "seen"}; cat {{dump}}')
    assert "geheim" not in (folder / "seen").read_text()
    assert not (job.work_dir / "client.cnf").exists()


def test_the_dump_is_one_moment_and_holds_everything(folder):
    command = make_dump_command(folder / "client.cnf", "elexisoob")
    assert {"--single-transaction", "--routines", "--triggers", "--events", "--hex-blob"} <= set(command)
    assert command[1] == f"--defaults-file={folder / 'client.cnf'}"
