"""How long the machine has run since something was first seen: a measure that a wrong clock does not change.

A clock may be set a year ahead by mistake, or start in 1970 where its battery is empty. What is kept for some hours
must not go by it at once, nor stay for ever; so only the time counts in which the machine runs and is awake.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from oobsite.files import replace_file

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FORMAT = 1


@dataclass(frozen=True)
class Uptime:
    """``boot``: names one start of the machine; ``seconds``: how long it has been awake since."""

    boot: str
    seconds: float


def read_uptime() -> Uptime:
    """That of this moment; without a name where the kernel tells none, as in some sandboxes."""
    boot = ""
    with suppress(OSError):
        boot = _BOOT_ID.read_text().strip()
    return Uptime(boot, time.clock_gettime(time.CLOCK_MONOTONIC))


def seconds_between(then: Uptime, now: Uptime) -> float:
    """How long the machine was awake between two looks; nothing when it was started in between.

    Its seconds may be those of another machine, which has run for months: a container of LXC names each start of its
    own, and a new server takes over the folders of the old one.
    """
    return max(now.seconds - then.seconds, 0.0) if then.boot == now.boot else 0.0


def count_ages(path: Path, now: Uptime, names: Iterable[str] = (), *, forgets: bool = False) -> dict[str, float]:
    """Seconds by name since each was first given to this function, as the file ``path`` remembers; written to it.

    Call it often: what passes between two calls with a new start between them does not count. Two calls at once may
    lose one, and something is kept a little longer. ``forgets``: all that is not among ``names``. Raises ``OSError``.
    """
    then, ages = _read(path)
    passed = seconds_between(then, now)
    wanted = dict.fromkeys(names)
    counted = {name: age + passed for name, age in ages.items() if name in wanted or not forgets}
    counted |= {name: 0.0 for name in wanted if name not in counted}
    content = {"format": _FORMAT, "boot": now.boot, "seconds": now.seconds, "ages": counted}
    replace_file(path, json.dumps(content).encode())
    return counted


def _read(path: Path) -> tuple[Uptime, dict[str, float]]:
    """A file that nobody understands is as good as none: all begins anew."""
    try:
        content = json.loads(path.read_bytes())
        then = Uptime(str(content["boot"]), float(content["seconds"]))
        return then, {str(name): float(age) for name, age in content["ages"].items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return Uptime("", 0.0), {}
