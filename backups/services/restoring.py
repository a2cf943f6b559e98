"""A restore: check, save the present data, unpack beside them, prove, exchange, test; old data or new, never a mix."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from django.conf import settings
from django.utils import timezone
from MySQLdb.connections import Connection

from backups.domain.errors import DamagedArchiveError, LoginRefusedError, SourceOverlapError
from backups.domain.job import Job
from backups.domain.lock import pinned
from backups.domain.reading import Reading
from backups.domain.restore.account import Verdict, judge_account
from backups.domain.restore.check import (
    DatadirCheck,
    check_datadir,
    check_folder,
    check_staged,
    require_inodes,
    require_room,
)
from backups.domain.restore.errors import (
    AccountWouldFailError,
    ClientsConnectedError,
)
from backups.domain.restore.fill import Filling, fill_datadir, fill_folder
from backups.domain.restore.folders import exchange_folder, swap_folder
from backups.domain.restore.journal import Direction, Kind, Phase
from backups.domain.restore.settle import restoring
from backups.domain.restore.stage import Stage
from backups.domain.restore.swap import Hands, swap_datadir
from backups.models import BackupRun
from backups.services import config, containers, kept, sqlkept
from backups.services.consent import list_connected, require_agreement, require_up_to_date
from backups.services.inplace import note_in_place
from backups.services.proof import Extras, prove, read_safe
from backups.services.restorerequest import RestoreRequest
from backups.services.runs import Recorder, RunContext, open_run
from backups.services.safety import save_present
from backups.services.serverhands import make_hands
from backups.services.steps import Step
from backups.services.targets import Target, choose_targets, proof_failure
from backups.services.verifying import mark_damaged
from oobsite.errors import Notice, OobError, Params

logger = logging.getLogger(__name__)
State = BackupRun.State


@dataclass(frozen=True)
class Staged:
    """An archive that is unpacked beside the data that it shall replace."""

    target: Target
    reading: Reading
    stage: Stage


def run_restore(run: BackupRun, recorder: Recorder) -> None:
    """Carry out a claimed run. Whatever it raises, each folder holds the old data or the new, as its journal says."""
    with open_run(run, recorder) as context:
        try:
            _restore(RestoreRequest.of(run), context)
        finally:
            kept.sync_kept()
            note_in_place(run)
        run.state = State.WARNINGS if "warning" in recorder.levels else State.DONE


def _restore(request: RestoreRequest, context: RunContext) -> None:
    context.begin(Step.CHECK)
    require_up_to_date(context.run)
    targets = choose_targets(request.archives)
    context.run.stamp = targets[0].listed.stamp
    context.run.save(update_fields=["stamp"])
    require_consent(targets, request)
    if any(target.is_database for target in targets):
        sqlkept.settle_before_exchange(context.recorder.say)
    with ExitStack() as stack:
        stop_containers = stack.enter_context(containers.containers_started_again(context.recorder.say))
        for target in targets:
            stack.enter_context(pinned(target.path))
        require_room({target.folder: target.plain_bytes for target in targets if target.folder.is_dir()})
        readings = [_check(target, context) for target in targets]
        context.begin(Step.SAFETY)
        save_present(targets, request, context)
        context.begin(Step.STAGE)
        staged = [_stage(target, reading, context, stack) for target, reading in zip(targets, readings, strict=True)]
        context.begin(Step.PROVE)
        for item in staged:
            _prove(item, request, context)
        context.begin(Step.SWAP)
        context.require_lock()
        stop_containers()
        _tell_clients(targets, request, context.recorder)
        _swap_all(staged, request, context)
    params: Params = {"hours": settings.OOB_KEEP_OLD_HOURS, "restore_id": context.run.uid}
    context.recorder.say("info", Notice("restore-kept", params))


def require_consent(targets: Sequence[Target], request: RestoreRequest) -> None:
    """What the user must have agreed to, before anything is read.

    Raises ``SourceOverlapError`` and as ``require_agreement``.
    """
    for first, second in config.find_overlapping({target.source.name: target.folder for target in targets}):
        raise SourceOverlapError(first, second)
    require_agreement([target.source for target in targets], request)


def _check(target: Target, context: RunContext) -> Reading:
    context.job.enter("examine", target.source.name)
    _require_fit(target, target.plain_bytes)
    reading = _read(target, context)
    require_inodes(target.folder, reading.content.entries)
    if target.listed.manifest is None:
        _require_fit(target, reading.content.file_bytes)
    params: Params = {"name": target.listed.name, "path": str(target.folder)}
    context.recorder.say("info", Notice("restore-checked", params), target.source.name)
    return reading


def _read(target: Target, context: RunContext) -> Reading:
    """An archive that turns out to be damaged is marked: nobody shall choose it again because it was good once."""
    try:
        return read_safe(target.listed, context.job, room=target.folder)
    except DamagedArchiveError as error:
        mark_damaged(target.listed, error)
        raise


def _require_fit(target: Target, needed_bytes: int) -> None:
    if target.is_database:
        check_datadir(DatadirCheck(target.folder, config.practice_access(), needed_bytes, target.server))
    else:
        check_folder(target.folder, needed_bytes)


def _stage(target: Target, reading: Reading, context: RunContext, stack: ExitStack) -> Staged:
    kind = Kind.MARIADB if target.is_database else Kind.FILES
    stage = stack.enter_context(restoring(target.folder, context.run.uid, kind, timezone.now()))
    require_room({target.folder: reading.content.file_bytes})  # the safety backup may have taken some
    fill = fill_datadir if target.is_database else fill_folder
    fill(stage, Filling(target.path, reading, target.listed.root), context.job)
    if target.is_database:
        check_staged(stage.new_dir, DatadirCheck(target.folder, config.practice_access()))
    _tell_left_out(target, reading, context.recorder)
    context.recorder.say("info", Notice("restore-staged", {"name": target.listed.name}), target.source.name)
    return Staged(target, reading, stage)


def _tell_left_out(target: Target, reading: Reading, recorder: Recorder) -> None:
    if reading.specials:
        recorder.say("warning", Notice("specials-left-out", {"names": list(reading.specials[:20])}), target.source.name)


def _prove(item: Staged, request: RestoreRequest, context: RunContext) -> None:
    """Prove the very bytes that were unpacked, and ask beforehand whether their server will let us in."""
    verdicts: list[Verdict] = []

    def look_at_accounts(conn: Connection) -> None:
        verdicts.append(judge_account(conn, config.practice_access()))

    report = prove(item.target.listed, context, Extras(item.reading, look_at_accounts))
    if not report["is_good"]:
        raise proof_failure(item.target.listed.name, item.target.source)
    for verdict in verdicts:
        _judge(verdict, request, context.recorder, item.target.source.name)


def _judge(verdict: Verdict, request: RestoreRequest, recorder: Recorder, source: str) -> None:
    user = config.practice_access().user
    if verdict is Verdict.UNKNOWN:
        recorder.say("info", Notice("restore-account-unknown", {"user": user}), source)
    elif verdict is not Verdict.GOOD:
        if not request.are_old_passwords_accepted:
            raise AccountWouldFailError(user, str(verdict))
        recorder.say("warning", Notice("restore-old-accounts", {"reason": str(verdict)}), source)


def _tell_clients(targets: Sequence[Target], request: RestoreRequest, recorder: Recorder) -> None:
    """Once more: somebody may have come while we unpacked."""
    clients = list_connected([target.source for target in targets])
    if clients and not request.are_clients_accepted:
        raise ClientsConnectedError(clients)
    if clients:
        recorder.say("info", Notice("restore-clients-cut", {"names": clients}))


def _swap_all(staged: Sequence[Staged], request: RestoreRequest, context: RunContext) -> None:
    """Exchange one after the other, the database last; when one fails, those before it are taken back."""
    done: list[Staged] = []
    try:
        for item in staged:
            _swap(item, request, replace(context, job=_cancellable_until_exchange(item.stage, context.job, done)))
            done.append(item)
    except BaseException:
        for item in reversed(done):
            _take_back(item, context)
        raise


def _cancellable_until_exchange(stage: Stage, job: Job, done: Sequence[Staged]) -> Job:
    def is_cancelled() -> bool:
        is_early = not done and stage.journal.phase in (Phase.STAGING, Phase.GATING)
        return is_early and job.is_cancelled()

    return replace(job, is_cancelled=is_cancelled)


def _swap(item: Staged, request: RestoreRequest, context: RunContext) -> None:
    say = context.recorder.say
    if item.target.is_database:
        hands = lenient_hands(item.target, request, context.recorder)
        swapped = swap_datadir(item.stage, hands, context.job)
        notice = Notice("restore-swapped-database", {"seconds": round(swapped.seconds, 1)})
    else:
        swap_folder(item.stage, context.job)
        notice = Notice("restore-swapped-folder", {})
    say("info", notice, item.target.source.name)


def lenient_hands(target: Target, request: RestoreRequest, recorder: Recorder) -> Hands:
    """Hands for ``target``; a server that does not let us in is well when the user has agreed to its old accounts."""
    hands = make_hands(target)
    if not request.are_old_passwords_accepted:
        return hands
    return replace(hands, test=_forgive_login(hands.test, recorder, target.source.name))


def _forgive_login(test: Callable[[Job], None], recorder: Recorder, source: str) -> Callable[[Job], None]:
    def forgiving(job: Job) -> None:
        try:
            test(job)
        except LoginRefusedError as error:
            recorder.say("warning", Notice("restore-untested", {"reason": error.code}), source)

    return forgiving


def _take_back(item: Staged, context: RunContext) -> None:
    """Put a folder back whose exchange was done already; what breaks here is for the recovery."""
    try:
        steady = replace(context.job, is_cancelled=lambda: False)
        exchange_folder(item.stage, Direction.BACK, Phase.RELEASED, steady)
        if item.stage.journal.phase is Phase.RELEASED:
            item.stage.remove()
        notice = Notice("restore-taken-back", {"path": str(item.target.folder)})
        context.recorder.say("warning", notice, item.target.source.name)
    except (OobError, OSError):
        logger.exception("%s could not be taken back", item.target.folder)
