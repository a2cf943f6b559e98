from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from pathlib import Path

from oobsite.errors import OobError, printable


@dataclass(eq=False)
class DiskOnFireError(OobError):
    path: Path
    names: list[str]
    count: int = 0


def test_the_code_comes_from_the_name_of_the_class():
    assert DiskOnFireError(Path("/x"), []).code == "disk-on-fire"


def test_the_fields_fill_the_sentence_and_go_into_json():
    notice = DiskOnFireError(Path("/x"), ["a", "b"], 2).notice
    assert json.loads(json.dumps(dict(notice.params))) == {"path": "/x", "names": ["a", "b"], "count": 2}


def test_names_that_are_no_utf8_become_words():
    params = DiskOnFireError(Path("/\udce4"), ["\udcff"]).notice.params
    assert params == {"path": r"/\xe4", "names": [r"\xff"], "count": 0}


def test_an_error_comes_back_from_another_process():
    error = pickle.loads(pickle.dumps(DiskOnFireError(Path("/x"), ["a"], 3)))  # noqa: S301 - made here
    assert (error.path, error.names, error.count) == (Path("/x"), ["a"], 3)


def test_text_that_can_be_printed_stays_as_it_is():
    assert printable("Übersicht 医") == "Übersicht 医"


def test_no_text_holds_what_postgresql_refuses():
    assert printable("a\0b") == "a\\x00b"
