"""What is found in an SQL file before anybody runs it."""

from __future__ import annotations

import gzip
import subprocess

import pytest

from backups.domain.sql.dumpfile import choose_charset, plain_blocks, read_dump_file, strip_head
from backups.domain.sql.errors import CharsetUnknownError, CharsetWrongError, NotSqlError, SqlDamagedError

TEXT = b"-- MariaDB dump 10.19\n/*!40101 SET NAMES utf8mb4 */;\nCREATE TABLE a (b INT);\n-- Dump completed on 2026\n"


def zstd(text: bytes) -> bytes:
    return subprocess.run(["zstd", "-c"], input=text, capture_output=True, check=True).stdout


PACKED = {"plain": TEXT, "gzip": gzip.compress(TEXT), "zstd": zstd(TEXT)}


@pytest.fixture
def read(folder, job):
    def read(content: bytes):
        (folder / "x.sql").write_bytes(content)
        return read_dump_file(folder / "x.sql", job)

    return read


@pytest.mark.parametrize("compression", PACKED)
def test_the_compression_is_found_by_the_content(read, folder, job, compression):
    found = read(PACKED[compression])
    assert (found.compression, found.plain_bytes, found.size) == (compression, len(TEXT), len(PACKED[compression]))
    assert b"".join(plain_blocks(folder / "x.sql", job, "load")) == TEXT


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_file_that_is_cut_off_is_damaged(read, compression):
    with pytest.raises(SqlDamagedError):
        read(PACKED[compression][:-6])


def test_a_flipped_byte_in_a_gzip_is_damage(read):
    content = bytearray(PACKED["gzip"])
    content[-6] ^= 0xFF
    with pytest.raises(SqlDamagedError):
        read(bytes(content))


def test_a_packed_archive_is_no_sql(read):
    with pytest.raises(NotSqlError):
        read(gzip.compress(b"x" * 257 + b"ustar" + b"\0" * 300))


MAKERS = {
    "mariadb-dump": b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n",
    "mysqldump": b"-- MySQL dump 10.13  Distrib 8.0\n",
    "phpMyAdmin": b"-- phpMyAdmin SQL Dump\n-- version 5.2\n",
    "HeidiSQL": b"-- --------------------\n-- Host: x\n-- HeidiSQL Version: 12\n",
    "": b"CREATE TABLE a (b INT);\n",
}


@pytest.mark.parametrize("maker", MAKERS)
def test_the_program_that_wrote_it_is_found(read, maker):
    assert read(MAKERS[maker]).maker == maker


CHARSETS = {
    "names": (b"/*!40101 SET NAMES latin1 */;\n\xfc", "latin1"),
    "last": (b"/*!40101 SET NAMES utf8 */;\n/*!50503 SET NAMES utf8mb4 */;\n", "utf8mb4"),
    "data": (b"/*!40101 SET NAMES latin1 */;\nINSERT INTO a VALUES ('\nSET NAMES utf8\n');", "latin1"),
    "mark": (b"\xef\xbb\xbfCREATE TABLE a (b INT);", "utf8mb4"),
    "utf8": ("CREATE TABLE ä (b INT);".encode(), "utf8mb4"),
    "unknown": ("CREATE TABLE ä (b INT);".encode("latin1"), ""),
    "cut": ("CREATE TABLE ä".encode()[:-1], ""),
}


@pytest.mark.parametrize("name", CHARSETS)
def test_the_character_set_is_found_or_not_guessed(read, name):
    content, charset = CHARSETS[name]
    assert read(content).charset == charset


def test_a_letter_on_the_border_of_two_blocks_is_one(read):
    assert read(b"-- " + b"x" * ((1 << 20) - 4) + "ä".encode()).charset == "utf8mb4"


@pytest.mark.parametrize(
    ("wanted", "error"), [("", CharsetUnknownError), ("utf8mb4", CharsetWrongError), ("klingon", CharsetWrongError)]
)
def test_an_answer_that_cannot_be_is_refused(read, wanted, error):
    with pytest.raises(error):
        choose_charset(read("-- ä".encode("latin1")), wanted)


def test_only_the_first_line_is_taken_for_the_sandbox_line():
    line = b"/*!999999\\- enable the sandbox mode */\n"
    assert b"".join(strip_head(iter([line + TEXT]))) == b"\n" + TEXT
    assert b"".join(strip_head(iter([TEXT + line]))) == TEXT + line
    assert b"".join(strip_head(iter([b"\xef\xbb\xbf" + TEXT]))) == TEXT


def test_the_closing_line_must_stand_at_the_end(read):
    assert read(TEXT).is_finished
    assert not read(TEXT + b"-- " + b"x" * 300).is_finished


OTHERS = {
    "is-html": b"<!DOCTYPE html><html>",
    "is-pdf": b"%PDF-1.7",
    "is-zip": b"PK\x03\x04",
    "is-tar": b"x" * 257 + b"ustar",
    "is-empty": b" \n",
    "is-binary": b"\0\1\2" * 9,
    "is-text": b"Sehr geehrte Frau Meier",
    "is-program": b"#!/bin/sh\n",
}


@pytest.mark.parametrize("reason", OTHERS)
def test_what_is_no_sql_is_not_even_tried(read, reason):
    with pytest.raises(NotSqlError) as caught:
        read(OTHERS[reason])
    assert caught.value.reason == reason
