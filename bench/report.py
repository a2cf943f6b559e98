"""The result: what the machine is, a table, one JSON object."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_COLUMNS = "{:<52} {:>10} {:>10} {:>8} {:>8}  {}"
_PROGRAMS = ("tar", "gzip", "pigz", "igzip", "mariadb-backup")


@dataclass(frozen=True)
class Row:
    """One comparison. Without ``theirs`` it is ours that must not exceed the target."""

    key: str
    title: str
    ours: float
    theirs: float | None
    target: float
    unit: str

    @property
    def value(self) -> float:
        return round(self.ours if self.theirs is None else self.ours / self.theirs, 3)

    @property
    def verdict(self) -> str:
        return "ok" if self.value <= self.target else "OVER"


def print_machine(folder: Path) -> None:
    """Cores and versions: a ratio holds for these."""
    print(f"{_cpu_model()}, {os.cpu_count()} cores, {_memory_gb()} GB of memory, Linux {platform.release()}")
    print(f"Python {platform.python_version()}, isal {version('isal')}, files below {folder}")
    print("; ".join(_first_line(program) for program in _PROGRAMS))


def print_table(rows: Sequence[Row]) -> None:
    print()
    print(_COLUMNS.format("", "ours", "theirs", "ratio", "target", ""))
    for row in rows:
        theirs = "-" if row.theirs is None else f"{row.theirs:.2f} {row.unit}"
        ratio = "-" if row.theirs is None else f"{row.value:.3f}"
        print(_COLUMNS.format(row.title, f"{row.ours:.2f} {row.unit}", theirs, ratio, f"{row.target:g}", row.verdict))
    print()


def print_json(rows: Sequence[Row]) -> None:
    print(json.dumps({row.key: row.value for row in rows}))


def _cpu_model() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _first_line(program: str) -> str:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return (answer.stdout + answer.stderr).strip().partition("\n")[0]
