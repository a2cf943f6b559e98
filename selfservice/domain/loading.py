"""Whether node loads a ``settings.js``, and what it then says: the proof that no parser can give.

Webelexis runs this code at its next start, and whoever breaks into Webelexis may have written it. Here it runs as the
owner of the folder and never as root, without the environment of this process and, where node can, without the right
to write, to start anything or to read elsewhere than in the folder; where neither is possible it does not run at all.
It gets the file on its standard input: the password is in no argument and in no other file. What node says of an error
quotes the file, so the kind of the error and its line are all that is kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Timer
from typing import Any

from selfservice.domain.errors import SettingsNotLoadedError
from selfservice.domain.settings_js import Value
from selfservice.domain.settings_js.values import SECTIONS, is_same

SECONDS = 10.0
_NOBODY = 65534
_SCRIPT = Path(__file__).with_name("load.js")
_MOST_OUTPUT = 5_000_000
_MOST_MEGABYTES = 128
_MARK = b"\x1eoob"
_KIND = re.compile(r"[A-Za-z_]{0,40}")
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
    if node is None or not (_switch(node) or os.geteuid() == 0):
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
    shown = path.parent.resolve() / path.name if path else Path("/nowhere/settings.js")
    limits = [_switch(node), f"--allow-fs-read={shown.parent}/*", "--no-warnings"] if _switch(node) else []
    limits.append(f"--max-old-space-size={_MOST_MEGABYTES}")
    script = f"const SOURCE = {json.dumps(_as_node_reads(content))};\n{_SCRIPT.read_text()}"
    output = _run([node, *limits, "-", str(shown), *SECTIONS], script.encode("utf-8", "surrogatepass"), shown)
    return _Answer("timeout", 0, {}) if output is None else _parse(output)


def _run(command: list[str], script: bytes, path: Path) -> bytes | None:
    """What it prints, up to what an answer may have; None when it takes too long."""
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath)},
        start_new_session=True,
        **_identity(path),
    ) as process:
        end = Timer(SECONDS, os.killpg, (process.pid, signal.SIGKILL))
        end.start()
        try:
            output = _talk(process, script)
            is_late = not end.is_alive()
        finally:
            end.cancel()
            os.killpg(process.pid, signal.SIGKILL)  # not reaped yet: the number is still its own
    return None if is_late else output


def _talk(process: subprocess.Popen[bytes], script: bytes) -> bytes:
    """One that ends before it has read everything has said what it had to say."""
    assert process.stdin and process.stdout  # noqa: S101 - both are pipes
    with suppress(BrokenPipeError):
        process.stdin.write(script)
    with suppress(BrokenPipeError):
        process.stdin.close()
    return process.stdout.read(_MOST_OUTPUT)


def _as_node_reads(content: bytes) -> str:
    return content.decode("utf-8", "replace").removeprefix("\ufeff")


def _parse(output: bytes) -> _Answer:
    """The last line is ours; the file may have printed others, and one that looks alike."""
    mark, _blank, answer = (output.splitlines() or [b""])[-1].partition(b" ")
    if mark == _MARK:
        with suppress(LookupError, ValueError, TypeError, AttributeError, RecursionError):
            return _read_answer(json.loads(answer))
    return _Answer("crash", 0, {})


def _read_answer(told: Any) -> _Answer:
    kind, line = str(told["kind"]), int(told["line"])
    found = {name: dict(told["found"].get(name, {})) for name in SECTIONS}
    return _Answer(kind if _KIND.fullmatch(kind) else "Error", line, found)


def _identity(path: Path) -> dict[str, Any]:
    """The owner of the folder, whom Webelexis runs as, when we are root; nobody when that is root too."""
    if os.geteuid() != 0:
        return {}
    found = path.parent.stat() if path.parent.is_dir() else None
    uid, gid = (found.st_uid, found.st_gid) if found and found.st_uid else (_NOBODY, _NOBODY)
    return {"user": uid, "group": gid, "extra_groups": []}


@cache
def _switch(node: str) -> str:
    """What takes the right to write and to start programs, under the name that this node knows; empty when none."""
    for name in _PERMISSIONS:
        command = [node, name, "-e", "0"]
        if subprocess.run(command, capture_output=True, check=False, cwd="/", env={}).returncode == 0:
            return name
    return ""
