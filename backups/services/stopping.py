"""The worker ends, and a job is still running."""

from __future__ import annotations

from backups.models import BackupRun


def stop_running() -> int:
    """Ask what runs to end cleanly, as a restore may before it exchanges anything; it begins anew where it should.

    Not what a command does in a process of its own. Returns how many were asked.
    """
    running = BackupRun.objects.filter(state=BackupRun.State.RUNNING)
    return running.exclude(trigger=BackupRun.Trigger.COMMAND).update(is_stop_requested=True)
