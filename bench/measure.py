"""Runs the sides of a comparison in turn and keeps the best of each."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPEATS = 3
PROJECT_DIR = Path(__file__).resolve().parent.parent


class SideError(RuntimeError):
    """A side of a comparison failed; the text is its last words."""


@dataclass(frozen=True)
class Side:
    """A command, the file that it makes, and what must be gone before it starts."""

    command: Sequence[str]
    output: Path | None = None
    leftovers: Sequence[Path] = ()


@dataclass(frozen=True)
class Sample:
    """Wall and user CPU in seconds, children counted; size of the output in bytes; peak memory as the engine told."""

    wall: float
    user: float
    size: int = 0
    peak_mb: float = 0.0


def engine(*arguments: str | Path) -> list[str]:
    """The command that runs the archive engine of oobsite in a process of its own."""
    return [sys.executable, "-m", "bench.engine", *map(str, arguments)]


def shell(script: str, *arguments: str | Path) -> list[str]:
    """The command that runs a pipeline; a failure of any part is a failure of all."""
    return ["bash", "-eu", "-o", "pipefail", "-c", script, "bash", *map(str, arguments)]


def compare(sides: Mapping[str, Side], repeats: int = REPEATS) -> dict[str, Sample]:
    """Run all sides one after the other, ``repeats`` times, and return the best values of each."""
    samples: dict[str, list[Sample]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            samples[name].append(run(side))
            say(f"  {name}: {samples[name][-1].wall:.2f} s")
    return {name: best(found) for name, found in samples.items()}


def best(samples: Sequence[Sample]) -> Sample:
    """The least time; of memory the most."""
    return Sample(
        wall=min(sample.wall for sample in samples),
        user=min(sample.user for sample in samples),
        size=samples[-1].size,
        peak_mb=max(sample.peak_mb for sample in samples),
    )


def run(side: Side) -> Sample:
    """Run a side once from the same state of disk: its output gone, nothing waiting to be written."""
    for path in filter(None, (*side.leftovers, side.output)):
        remove(path)
    os.sync()
    with tempfile.TemporaryFile() as log:
        started = time.monotonic()
        child = subprocess.Popen(side.command, cwd=PROJECT_DIR, stdout=log, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        words = log.read().decode(errors="replace").strip()
    if child.returncode:
        raise SideError(words[-2000:])
    size = side.output.stat().st_size if side.output else 0
    return Sample(wall, usage.ru_utime, size, read_peak(words))


def read_peak(words: str) -> float:
    """The peak memory that the engine prints as its last line; commands of others print none."""
    last = words.splitlines()[-1] if words else ""
    return float(json.loads(last)["peak_mb"]) if last.startswith('{"peak_mb"') else 0.0


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def warm(folder: Path) -> None:
    """Read every file once, so that no side pays for the first reading."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()


def say(line: str) -> None:
    """Progress goes beside the result."""
    print(line, file=sys.stderr, flush=True)
