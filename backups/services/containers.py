"""Programs that use the data are stopped for an exchange, and run again afterwards, whatever happens meanwhile.

What was running is written to ``stopped-containers.json`` in our data folder before the first is stopped, and a name
goes from there when its container runs again. So also whoever comes after a crash knows whom to start.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from backups.domain.containers import check_engine, start_container, stop_container
from backups.domain.restore.errors import ContainerUnknownError
from backups.domain.restore.journal import Phase
from backups.services import kept
from oobsite.errors import Notice, OobError
from oobsite.files import replace_file, sync_dir

logger = logging.getLogger(__name__)
Say = Callable[[str, Notice], None]

_JOURNAL_NAME = "stopped-containers.json"
_JOURNAL_MODE = 0o640
_IN_EXCHANGE = (Phase.GATING, Phase.SWAPPING, Phase.COMMITTED)


def are_stopped_by_us() -> bool:
    """Whether we stop the programs that use the data; else the user has to."""
    return bool(settings.OOB_RESTORE_STOP)


def check_containers() -> list[str]:
    """Which of the containers of ``OOB_RESTORE_STOP`` run and would be stopped. Raises as ``check_engine``."""
    if not settings.OOB_RESTORE_STOP:
        return []
    return check_engine(settings.OOB_DOCKER_URL, settings.OOB_RESTORE_STOP)


@contextmanager
def containers_started_again(say: Say) -> Iterator[Callable[[], None]]:
    """Yields what stops them, to be called just before the exchange; on every way out they are started again."""
    try:
        yield lambda: _stop_all(say)
    finally:
        start_stopped(say)


def _stop_all(say: Say) -> None:
    running = check_containers()
    if not running:
        return
    _write([*_read(), *running])
    for name in running:
        stop_container(settings.OOB_DOCKER_URL, name)
    say("info", Notice("containers-stopped", {"names": running}))


def start_stopped(say: Say) -> None:
    """Start whom a restore has stopped, once no exchange is unfinished; raises nothing, and says what did not work."""
    names = _read()
    if not names:
        return
    if _is_exchange_unfinished():  # on half of the data nobody shall work
        say("error", Notice("containers-wait", {"names": names}))
        return
    started = [name for name in names if _start(name, say)]
    if started:
        say("info", Notice("containers-started", {"names": started}))


def _start(name: str, say: Say) -> bool:
    """Whether it runs; one that is not there any more is told once, any other is tried again at the next start."""
    try:
        start_container(settings.OOB_DOCKER_URL, name)
    except OobError as error:
        say("warning", Notice("container-not-started", {"name": name, "reason": _reason_of(error)}))
        if isinstance(error, ContainerUnknownError):
            _forget(name)
        return False
    _forget(name)
    return True


def _reason_of(error: OobError) -> str:
    return str(getattr(error, "reason", error.code))


def _is_exchange_unfinished() -> bool:
    """Also when nobody can tell: a journal is damaged, or a folder cannot be read."""
    found = kept.look_into_folders()
    phases = {journal.phase for items in found.kept.values() for _source, journal in items}
    return bool(phases & {*_IN_EXCHANGE}) or bool(found.damaged) or not found.is_whole


def _path() -> Path:
    return Path(settings.OOB_DATA_DIR) / _JOURNAL_NAME


def _read() -> list[str]:
    try:
        content = json.loads(_path().read_bytes())
        return [str(name) for name in content["names"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError):
        logger.exception("%s", _path())
        return list(settings.OOB_RESTORE_STOP)  # rather one too many than a program that stays stopped


def _write(names: Sequence[str]) -> None:
    content = {"format": 1, "names": list(dict.fromkeys(names))}
    replace_file(_path(), json.dumps(content).encode(), mode=_JOURNAL_MODE)


def _forget(name: str) -> None:
    remaining = [other for other in _read() if other != name]
    try:
        if remaining:
            _write(remaining)
        else:
            _path().unlink(missing_ok=True)
            sync_dir(_path().parent)
    except OSError:  # it is started once more than needed
        logger.exception("%s", _path())
