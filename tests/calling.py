"""Commands of ``manage.py``, called in the process of the test."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from django.core.management import BaseCommand, call_command


def call(command: str | BaseCommand, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output, and what went to stderr."""
    out, err, code = StringIO(), StringIO(), 0
    try:
        call_command(command, *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def call_json(command: str | BaseCommand, *arguments: str) -> tuple[int, Any]:
    """Exit code, and the object that ``--json`` prints."""
    code, out, _err = call(command, *arguments, "--json")
    return code, json.loads(out)
