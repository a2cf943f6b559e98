"""German is what users see first: every sentence of the source has its translation, in Swiss spelling."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
CATALOGUE = Path("oobsite/locale/de/LC_MESSAGES/django.po")


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Path:
    """The catalogue as `make messages` would leave it, in a copy of the source."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("oobsite", "backups", "certs", "selfservice", "templates"):
        shutil.copytree(PROJECT_DIR / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT_DIR / "manage.py", copy)
    command = [sys.executable, "manage.py", "makemessages", "-l", "de", "--no-obsolete", "--no-location"]
    subprocess.run(command, cwd=copy, env={**os.environ, "LC_ALL": "C.UTF-8"}, capture_output=True, check=True)
    return copy / CATALOGUE


@pytest.mark.parametrize("kind", ["--untranslated", "--only-fuzzy"])
def test_no_sentence_lacks_its_german(collected, kind):
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = ["msgattrib", kind, "--no-obsolete", str(collected)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert [line for line in answer.stdout.splitlines() if line.startswith("msgid ") and line != 'msgid ""'] == []


def test_the_spelling_is_swiss():
    assert "ß" not in (PROJECT_DIR / CATALOGUE).read_text(encoding="utf-8")
