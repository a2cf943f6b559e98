"""What the worker runs. A task carries nothing but the key of our own row."""

from __future__ import annotations

from backups import services
from backups.models import BackupRun
from backups.services.runs import Recorder
from oobsite.errors import OobError


def carry_out_run(pk: int) -> str:
    """Do a waiting run; a task that comes twice finds it claimed and does nothing."""
    run = BackupRun.objects.get(pk=pk)
    try:
        services.carry_out(run, Recorder(run))
    except OobError as error:
        return error.code  # the run's own log tells it; the queue needs no second copy
    return run.state
