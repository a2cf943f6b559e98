"""Whether node loads a ``settings.js``, and what it then says: the proof that no parser can give.

Webelexis runs this code at its next start. Here it runs as the owner of the folder and never as root, without the
environment of this process and, where node can, without the right to write or to start anything. It gets the file on
its standard input: the password is in no argument and in no other file. What node says of an error quotes the file,
so the kind of the error and its line are all that is kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from selfservice.domain.errors import SettingsNotLoadedError
from selfservice.domain.settings_js import Value
from selfservice.domain.settings_js.values import SECTIONS, is_same

SECONDS = 10.0
_NOBODY = 65534
_SCRIPT = Path(__file__).with_name("load.js")
_PERMISSIONS = ("--permission", "--experimental-permission")


@dataclass(frozen=True)
class _Answer:
    """``kind``: of the error, empty when there was none; ``found``: the two sections."""

    kind: str
    line: int
    found: Mapping[str, Any] = field(repr=False)


def check_loads(
    content: bytes, expected: Mapping[str, Value], *, path: Path | None = None, before: bytes | None = None
) -> bool:
    """Have node load the content as Webelexis does and compare the values; ``False`` where that proves nothing.

    ``path``: where the file lies, for what it requires from beside it. ``before``: the state that Webelexis loads so
    far; when node fails with it in the same way, what the file needs is not here, and the change is not at fault.
    Raises ``SettingsNotLoadedError``; its ``reason`` is node's kind of error, ``timeout``, ``crash`` or ``values``.
    """
    node = shutil.which("node")
    if node is None:
        return False
    answer = _load(node, content, path)
    if answer.kind:
        if before is not None and _load(node, before, path).kind == answer.kind:
            return False
        raise SettingsNotLoadedError(answer.kind, answer.line)
    for key, value in expected.items():
        section, _dot, name = key.partition(".")
        present = answer.found.get(section) or {}
        if name not in present or not is_same(present[name], value):
            raise SettingsNotLoadedError("values", 0)
    return True


def _load(node: str, content: bytes, path: Path | None) -> _Answer:
    shown = path or Path("/nowhere/settings.js")
    command = [node, *_limits(node), "-", str(shown), *SECTIONS]
    script = f"const SOURCE = {json.dumps(_as_node_reads(content))};\n{_SCRIPT.read_text()}"
    try:
        done = subprocess.run(
            command,
            input=script.encode("utf-8", "surrogatepass"),
            capture_output=True,
            timeout=SECONDS,
            cwd="/",
            env={"PATH": os.environ.get("PATH", os.defpath)},
            check=False,
            **_identity(shown),
        )
    except subprocess.TimeoutExpired:
        return _Answer("timeout", 0, {})
    return _parse(done.stdout)


def _as_node_reads(content: bytes) -> str:
    return content.decode("utf-8", "replace").removeprefix("\ufeff")


def _parse(output: bytes) -> _Answer:
    """The last line is ours; the file may have printed others."""
    lines = output.splitlines()
    match = re.fullmatch(rb"\x1eoob (.*)", lines[-1]) if lines else None
    if match is None:
        return _Answer("crash", 0, {})
    answer = json.loads(match[1])
    return _Answer(answer["kind"], answer["line"], answer["found"])


def _identity(path: Path) -> dict[str, Any]:
    """The owner of the folder, whom Webelexis runs as, when we are root; nobody when that is root too."""
    if os.geteuid() != 0:
        return {}
    found = path.parent.stat() if path.parent.is_dir() else None
    uid, gid = (found.st_uid, found.st_gid) if found and found.st_uid else (_NOBODY, _NOBODY)
    return {"user": uid, "group": gid, "extra_groups": []}


@cache
def _limits(node: str) -> tuple[str, ...]:
    """The switch that takes the right to write and to start programs, under the name that this node knows."""
    for name in _PERMISSIONS:
        command = [node, name, "--allow-fs-read=*", "-e", "0"]
        if subprocess.run(command, capture_output=True, check=False, cwd="/", env={}).returncode == 0:
            return name, "--allow-fs-read=*", "--no-warnings"
    return ()
