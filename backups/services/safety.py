"""The safety backup: what a restore is about to replace is saved by a run of its own, within the restore's lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone

from backups.domain.catalog import choose_stamp
from backups.domain.restore.errors import SafetyBackupError
from backups.domain.restore.gates import is_served
from backups.models import BackupRun, Source
from backups.services import config
from backups.services.backup import is_missing, save_sources
from backups.services.request import Request
from backups.services.restorerequest import RestoreRequest
from backups.services.runs import Recorder, RunContext, record_end
from backups.services.targets import Target
from oobsite.errors import Notice

State = BackupRun.State


def save_present(targets: Sequence[Target], request: RestoreRequest, context: RunContext) -> None:
    """Save the data of all targets, unless the user wants none. Raises ``SafetyBackupError``."""
    save_present_sources([target.source for target in targets], context, is_wanted=request.with_safety_backup)


def save_present_sources(sources: Sequence[Source], context: RunContext, *, is_wanted: bool) -> BackupRun | None:
    """As ``save_present``, of sources; returns the run that has saved them, None without one."""
    say = context.recorder.say
    if not is_wanted:
        say("info", Notice("restore-without-safety", {}))
        return None
    present = []
    for source in sources:
        if is_missing(source):
            say("info", Notice("restore-nothing-to-save", {"path": str(source.folder)}), source.name)
        else:
            present.append(source)
    if not present:
        return None
    run = _save(present, context)
    say("info", Notice("restore-saved", {}))
    return run


def _save(sources: list[Source], context: RunContext) -> BackupRun:
    run = _make_run(sources, context)
    state = State.INTERRUPTED
    recorder = Recorder(run, _repeat_to(context.recorder))
    # A dump will do where the files cannot be copied: the old data themselves are kept, too.
    names = tuple(source.name for source in sources)
    request = Request(names, is_cold=_is_any_down(sources), is_dump_enough=True)
    try:
        state = save_sources(sources, request, RunContext(run, recorder, context.job))
    finally:
        run.state, run.ended_at = state, timezone.now()
        run.save(update_fields=["state", "ended_at"])
        record_end(run, recorder)
    if state in (State.FAILED, State.PARTIAL):
        raise SafetyBackupError([str(source) for source in sources])
    return run


def _make_run(sources: Sequence[Source], context: RunContext) -> BackupRun:
    now = timezone.now()
    return BackupRun.objects.create(
        trigger=BackupRun.Trigger.SAFETY,
        requested_by=context.run.requested_by,
        request={"sources": [source.name for source in sources], "restore": context.run.uid},
        state=State.RUNNING,
        stamp=choose_stamp(config.backup_dir(), now, settings.TIME_ZONE),
        started_at=now,
        heartbeat_at=now,
    )


def _repeat_to(recorder: Recorder) -> Any:
    """Who watches the restore sees what its safety backup does."""

    def repeat(line: dict[str, Any]) -> None:
        recorder.say(line["level"], Notice(line["code"], line["params"]), line["source"])

    return repeat


def _is_any_down(sources: Sequence[Source]) -> bool:
    """A server that does not run is saved as its files lie there."""
    return any(source.kind == Source.Kind.MARIADB and not is_served(source.folder) for source in sources)
