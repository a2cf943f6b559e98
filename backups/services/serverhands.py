"""How we stop, start and test the practice's MariaDB server: by SQL, or by the commands that the settings name."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from django.conf import settings

from backups.domain.restore.errors import CommandFailedError
from backups.domain.restore.startup import StartUp, ask_to_stop, require_started
from backups.domain.restore.swap import Hands
from backups.services import config
from backups.services.targets import Target

_COMMAND_SECONDS = 120


def make_hands(target: Target) -> Hands:
    """Hands for an exchange of the database of ``target``, whose manifest says what must be in it afterwards."""
    access = config.practice_access()
    before, after = target.counts
    startup = StartUp(target.folder, access, before, after)
    return Hands(stop=stop_server, test=lambda job: require_started(startup, job), start=start_server)


def stop_server() -> None:
    """Ask the server to end. Raises ``CommandFailedError`` and as ``ask_to_stop``."""
    if settings.OOB_DB_STOP_COMMAND:
        _run(settings.OOB_DB_STOP_COMMAND)
    else:
        ask_to_stop(config.practice_access())


def start_server() -> None:
    """Start the server, where nothing else does. Raises ``CommandFailedError``."""
    if settings.OOB_DB_START_COMMAND:
        _run(settings.OOB_DB_START_COMMAND)


def _run(command: Sequence[str]) -> None:
    """A command may leave a server behind it, so it is no child of the job, and its output leads nowhere."""
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=_COMMAND_SECONDS, check=False)
    except OSError as error:
        raise CommandFailedError(command[0], error.strerror or str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailedError(command[0], f"> {_COMMAND_SECONDS} s") from error
    if done.returncode:
        raise CommandFailedError(command[0], f"exit {done.returncode}")
