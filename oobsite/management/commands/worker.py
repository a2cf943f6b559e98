from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.domain.process import find_tool
from backups.services.beats import worker_health
from backups.services.clockwork import wind_up
from backups.services.stopping import stop_running
from certs.services.reconciling import reconcile_quietly
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED
from selfservice.services import finish_waiting

_POLL_SECONDS = 0.2
_LOOK_SECONDS = 300  # longer than a healthy queue is ever silent
_STOP_SECONDS = 30  # a job that is told to stop does so within five seconds, and tidies up
_STDERR = 2  # what a child says is no part of our --json
QUEUES = ("quick", "heavy")


class Command(OobCommand):
    """Each queue is a process in a session of its own: a signal to a whole group makes django-q2 hang, so we pass it on
    to the parent of each queue alone, which waits for its running job. They get it from the kernel when we are killed.
    """

    help = gettext_lazy("Ends interrupted restores, then does the jobs of all queues until it is told to stop.")
    ends_gently = True
    is_recorded = False

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        wind_up()
        _start("recover").wait()  # first of all; what it could not put in order, it has said
        reconcile_quietly()
        finish_waiting()
        names = () if self.interrupted.is_set() else QUEUES
        queues = {name: _start("qcluster", Q_CLUSTER_NAME=name) for name in names}
        try:
            next_look = time.monotonic() + _LOOK_SECONDS
            while not self.interrupted.is_set() and all(queue.poll() is None for queue in queues.values()):
                time.sleep(_POLL_SECONDS)
                if queues and time.monotonic() > next_look:
                    next_look = time.monotonic() + _LOOK_SECONDS
                    self._replace_hanging(queues)
        finally:
            died = [name for name, queue in queues.items() if queue.poll() is not None]
            _end(list(queues.values()), settings.OOB_STOP_GRACE_SECONDS)
        is_wanted = self.interrupted.is_set()
        if not is_wanted:
            self.stderr.write(_("The queue %(name)s has ended by itself.") % {"name": ", ".join(died)})
        return {"ok": is_wanted, "died": died}, EXIT_DONE if is_wanted else EXIT_FAILED

    def _replace_hanging(self, queues: dict[str, subprocess.Popen[bytes]]) -> None:
        """A queue whose idle process was killed lives and does nothing, for ever: it is replaced."""
        try:
            close_old_connections()
            health = worker_health(timezone.now())
            if health.is_silent:
                wind_up()  # a clock that was set back has put the tick off
        except Error as error:  # it may be restarting: no reason to end the jobs that run
            self.stderr.write(str(error))
            return
        for name in [name for name, hangs in (("quick", health.is_silent), ("heavy", health.is_stuck)) if hangs]:
            self.stderr.write(_("The queue %(name)s hangs and is started anew.") % {"name": name})
            _kill(queues[name])
            queues[name] = _start("qcluster", Q_CLUSTER_NAME=name)


def _start(*arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    command = [find_tool("setpriv"), "--pdeathsig", "TERM", sys.executable, sys.argv[0], *arguments]
    return subprocess.Popen(command, env=os.environ | variables, stdout=_STDERR, start_new_session=True)


def _end(queues: list[subprocess.Popen[bytes]], grace_seconds: float) -> None:
    """Tell all, then wait: a running job ends first, by itself or, when the grace is over, because it is told to.

    A queue that hangs all the same is killed, and so is what one has left that died.
    """
    for queue in queues:
        queue.terminate()
    if not _wait_for(queues, grace_seconds):
        for _second in range(_STOP_SECONDS):
            with contextlib.suppress(Error):  # who cannot be asked is killed below
                stop_running()  # again and again: a job that was fetched in advance begins only now
            if _wait_for(queues, 1):
                break
    for queue in queues:
        _kill(queue)


def _kill(queue: subprocess.Popen[bytes]) -> None:
    """With all processes of the queue; what a job has started dies with the job."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(queue.pid, signal.SIGKILL)
    queue.wait()


def _wait_for(queues: list[subprocess.Popen[bytes]], seconds: float) -> bool:
    """Whether all have ended by then."""
    deadline = time.monotonic() + seconds
    while any(queue.poll() is None for queue in queues):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
