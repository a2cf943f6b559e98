"""Every error and remark of certificates has its sentence, no other topic has the same code, and each can be filled."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest
from django.utils import translation

from backups import messages
from backups.messages import SENTENCES, error_sentence
from certs.domain import errors
from certs.domain.reading import _looks_like
from certs.messages import CERTIFICATE_SENTENCES, CERTIFICATE_WORDS, NAME_REASONS
from oobsite.errors import OobError

ROOT = Path(__file__).parents[2] / "certs"
ERRORS = [found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, OobError)]
ERRORS.remove(OobError)
FILLING = {"str": "x", "int": 7, "list[str]": ["a", "b"]}


def codes_in_source():
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Notice" and node.args:
                yield from (part.value for part in node.args[:1] if isinstance(part, ast.Constant))


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_fills_its_sentence(kind):
    error = kind(*(FILLING[field.type] for field in dataclasses.fields(kind)))
    with translation.override("en"):
        text = error_sentence(error)
        wanted = set(re.findall(r"%\((\w+)\)s", str(CERTIFICATE_SENTENCES[error.code])))
    assert wanted <= {field.name for field in dataclasses.fields(kind)}
    assert "%(" not in text


def test_every_remark_has_its_sentence():
    codes = set(codes_in_source())
    assert len(codes) >= 10
    assert codes <= set(CERTIFICATE_SENTENCES)


def test_no_sentence_is_without_use():
    used = {kind().code for kind in ERRORS if not dataclasses.fields(kind)} | set(codes_in_source())
    used |= {kind(*(FILLING[field.type] for field in dataclasses.fields(kind))).code for kind in ERRORS}
    assert set(CERTIFICATE_SENTENCES) - used == set()


def test_other_topics_have_other_codes():
    """The later of two would win, silently."""
    assert all(SENTENCES[code] is text for code, text in CERTIFICATE_SENTENCES.items())
    assert all(messages.REASONS[reason] is text for reason, text in NAME_REASONS.items())


@pytest.mark.parametrize(
    "content", [b"<html>", b"-----BEGIN CERTIFICATE REQUEST", b"-----BEGIN PUBLIC KEY", b"\0", b"a"]
)
def test_what_a_file_looks_like_has_words(content):
    assert _looks_like(content) in CERTIFICATE_WORDS


def test_days_are_written_as_people_write_them():
    with translation.override("de"):
        assert "28.11.2026" in error_sentence(errors.AuthorityExpiredError("2026-11-28"))
