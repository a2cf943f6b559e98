"""Every error and remark has a sentence, and every sentence can be filled."""

from __future__ import annotations

import ast
import dataclasses
import pickle
import re
from collections import Counter
from pathlib import Path

import pytest
from django.utils import translation

from backups import messages
from backups.domain import errors
from backups.domain.cron import errors as cron_errors
from backups.domain.restore import errors as restore_errors
from backups.domain.retention import REASONS as KEPT
from backups.domain.sql import errors as sql_errors
from backups.messages import KEEP_REASONS, OBJECTS, PHASES, SENTENCES, error_sentence, human_size, sentence
from oobsite.errors import OobError

ROOT = Path(__file__).parents[2] / "backups"
MODULES = (errors, restore_errors, cron_errors, sql_errors)
ERRORS = [found for module in MODULES for found in vars(module).values()]
ERRORS = [found for found in ERRORS if isinstance(found, type) and issubclass(found, OobError | OSError)]
ERRORS = list(dict.fromkeys(found for found in ERRORS if found is not OobError))


def placeholders(code):
    with translation.override("en"):
        return set(re.findall(r"%\((\w+)\)s", str(SENTENCES[code])))


def notices():
    """Code and names of the parameters of every ``Notice(...)`` in the source; None where the code cannot tell."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Notice" and len(node.args) == 2:
                keys = [ast.literal_eval(key) for key in getattr(node.args[1], "keys", [])]
                is_literal = isinstance(node.args[1], ast.Dict)
                for code in codes_of(node.args[0]):
                    yield code, set(keys) if is_literal else None


def codes_of(node):
    if isinstance(node, ast.Constant):
        return [node.value]
    if isinstance(node, ast.JoinedStr):  # f"pruning-stopped-{kind}"
        prefix = node.values[0].value
        return [code for code in SENTENCES if code.startswith(prefix)] or [prefix]
    return []


NOTICES = list(notices())


def test_errors_and_remarks_are_found_at_all():
    assert len(ERRORS) >= 25
    assert len(NOTICES) >= 12


def test_no_code_has_two_sentences():
    tables = [table for name, table in vars(messages).items() if name.endswith("_SENTENCES")]
    codes = [code for table in tables for code in table]
    assert len(tables) >= 9
    assert [code for code, count in Counter(codes).items() if count > 1] == []


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_a_sentence_of_its_own_fields(error):
    code = error(*[None] * len(dataclasses.fields(error))).code
    assert placeholders(code) <= {field.name for field in dataclasses.fields(error)}


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_can_be_said_pickled_and_copied(error):
    made = error(*[f"value{number}" for number in range(len(dataclasses.fields(error)))])
    assert "%(" not in error_sentence(made)
    assert str(pickle.loads(pickle.dumps(made))) == str(made)  # noqa: S301 - made here


@pytest.mark.parametrize(("code", "names"), NOTICES)
def test_every_remark_has_a_sentence_of_its_own_parameters(code, names):
    assert code in SENTENCES
    if names is not None:
        assert placeholders(code) <= names


def test_a_code_of_a_later_version_is_shown_as_it_is():
    assert sentence("from-the-future", {"x": 1}) == "from-the-future {'x': 1}"


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1,0 kB"), (20_100, "20,1 kB"), (4_600_000_000, "4,6 GB"), (250e12, "250 TB")],
)
def test_sizes_are_shown_as_disks_are_sold(size, text):
    with translation.override("de"):
        assert human_size(size) == text


def test_the_sentence_for_a_full_disk_says_how_much_is_missing():
    error = errors.NoSpaceError(Path("/backup"), 1_500_000)
    with translation.override("de"):
        assert "1,5 MB" in error_sentence(error)
        assert "/backup" in error_sentence(error)


def test_a_name_in_another_encoding_can_be_printed():
    error = errors.FilesChangedError("elexisdb", ["\udce4rzte.ibd"])
    assert r"\xe4rzte.ibd" in error_sentence(error)
    error_sentence(error).encode()


def test_the_reason_of_damage_is_words():
    with translation.override("en"):
        assert "cut off" in error_sentence(errors.DamagedArchiveError(Path("x"), "gzip"))


def test_a_folder_without_any_archive_has_a_sentence_of_its_own():
    assert "*" not in error_sentence(errors.ArchiveMissingError("*"))
    assert "x.tar.gz" in error_sentence(errors.ArchiveMissingError("x.tar.gz"))


def test_where_nothing_in_particular_was_asked_for_no_asterisk_is_shown():
    assert "*" not in error_sentence(errors.ArchiveMissingError("*_2026-11-24-0315"))
    assert "*" not in error_sentence(restore_errors.RestoreUnknownError(Path("/mnt"), "*"))
    assert "abc123" in error_sentence(restore_errors.RestoreUnknownError(Path("/mnt"), "abc123"))


def test_figures_are_grouped_as_in_switzerland():
    with translation.override("de"):
        text = sentence("pruning-stopped-count", {"what": "kontakt", "found": 842, "expected": 12842})
    assert "12’842" in text
    assert "842" in text


def test_a_fall_in_size_is_told_in_sizes():
    with translation.override("de"):
        text = sentence("pruning-stopped-size", {"what": "", "found": 1_500_000, "expected": 4_600_000_000})
    assert "1,5 MB" in text
    assert "4,6 GB" in text


@pytest.mark.parametrize("what", OBJECTS)
def test_parts_of_a_dump_are_words_but_tables_keep_their_names(what):
    params = {"what": what, "found": 0, "expected": 1}
    with translation.override("en"):
        assert str(OBJECTS[what]) in sentence("dump-incomplete", params)
        assert f"Table {what} " in sentence("pruning-stopped-count", params)


def test_what_the_operating_system_says_is_words():
    with translation.override("en"):
        text = error_sentence(errors.FolderMissingError(Path("/backup"), "Permission denied"))
    assert "access is refused" in text


@pytest.mark.parametrize("phase", PHASES)
def test_what_mariadb_backup_was_doing_is_words(phase):
    with translation.override("de"):
        text = error_sentence(errors.HotBackupError(phase, 3, "broken"))
        assert f"({PHASES[phase]})" in text
    assert phase not in text.replace("mariadb-backup", "")


def test_every_reason_to_keep_an_archive_is_words():
    assert set(KEEP_REASONS) == {*KEPT, "pruning-stopped"}
