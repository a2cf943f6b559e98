"""How a run has ended becomes an alert, an all-clear or a notice. Failures of files that somebody chose by hand do not:
he sits in front of the screen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from backups.models import BackupRun, Source
from oobsite.alerts import clear_alert, raise_alert, tell
from oobsite.alerts.models import Alert
from oobsite.errors import Params

logger = logging.getLogger(__name__)
Action, State = BackupRun.Action, BackupRun.State
BACKUP, REMARKS, PROOF, UNJUDGED, CHECK = "backup", "backup-remarks", "proof", "proof-unjudged", "check"
_CODES = {State.FAILED: "run-failed", State.PARTIAL: "run-partial", State.INTERRUPTED: "run-interrupted"}
_PROVED = "archive-proved-"
_AGREEMENTS = frozenset({"folders-not-confirmed", "clients-connected", "account-would-fail"})
_WHOLE = ""  # key of an alert about a proof that judged nothing


def report_run(run: BackupRun) -> None:
    """Tell people how a run has ended. Never raises: what was saved is saved, whoever hears of it."""
    try:
        _report(run)
    except Exception:  # a mistake in telling must not become a failed backup
        logger.exception("Nobody is told how run %s has ended.", run.uid)


def _report(run: BackupRun) -> None:
    if run.state == State.BUSY or _was_stopped_on_purpose(run) or _lacks_agreement(run):
        return
    if run.action == Action.BACKUP:
        _report_backup(run)
    elif run.action == Action.PROOF:
        _report_proof(run)
    elif run.action == Action.VERIFY:
        _report_check(run)
    elif run.action in BackupRun.EXCHANGES and run.state in _CODES:
        tell("failure", code=_CODES[State(run.state)], params=_facts(run), level="error")


def _was_stopped_on_purpose(run: BackupRun) -> bool:
    """By the button, or by Ctrl-C of who sits there."""
    if run.state != State.INTERRUPTED:
        return False
    if run.trigger == BackupRun.Trigger.COMMAND and "cancelled" in _causes(run):
        return True
    # the button writes into the row, while the run works with what it read at its start
    return BackupRun.objects.filter(pk=run.pk, is_cancel_requested=True).exists()


def _lacks_agreement(run: BackupRun) -> bool:
    """Whoever typed the command without it has read what it takes; nothing was touched."""
    is_typed = run.trigger == BackupRun.Trigger.COMMAND and run.state == State.FAILED
    return is_typed and bool(_causes(run)) and _AGREEMENTS.issuperset(_causes(run))


def _report_backup(run: BackupRun) -> None:
    failed = _still_failed(run)
    if failed:
        code = _CODES.get(State(run.state), "run-partial")
        raise_alert(BACKUP, code=code, params=_facts(run) | {"sources": sorted(failed)})
    else:
        clear_alert(BACKUP)
    if run.state == State.WARNINGS:
        raise_alert(REMARKS, code="run-warnings", level="warning", params=_facts(run))
    elif run.state == State.DONE:
        clear_alert(REMARKS)
    if run.state in (State.DONE, State.WARNINGS):
        tell("success", code="run-succeeded", params=_facts(run))


def _still_failed(run: BackupRun) -> set[str]:
    """Sources without a good backup: those of this run, and those of earlier ones that it did not save."""
    covered = set(run.request.get("sources", ())) or set(_active_sources())
    failed: set[str] = set()
    if run.state in _CODES:
        named = {name for name in _sources(run, "error") if name in covered}
        failed = named if run.state == State.PARTIAL and named else covered
    before = Alert.objects.filter(kind=BACKUP, cleared_at=None).values_list("params", flat=True).first() or {}
    return failed | (set(before.get("sources", ())) & set(_active_sources()) - covered)


def _report_proof(run: BackupRun) -> None:
    """One alert for each series whose archive is bad, or could not be judged; a good proof of the series ends both."""
    bad = set(_sources(run, "error"))
    unjudged = bad & set(run.result.get("unjudged", ()))
    params = _facts(run) | {"sources": []}
    for series in {*bad, *_sources(run, "info", _PROVED)} - unjudged:
        clear_alert(UNJUDGED, series)
        if series not in bad:
            clear_alert(PROOF, series)
    for series in bad - unjudged:
        raise_alert(PROOF, series, code="proof-failed", source=series, params=params)
    for series in unjudged:
        raise_alert(UNJUDGED, series, code="run-failed", source=series, params=params)
    if run.state in _CODES and not bad:
        raise_alert(PROOF, _WHOLE, code=_CODES[State(run.state)], params=_facts(run))
    elif run.state == State.DONE:
        clear_alert(PROOF, _WHOLE)


def _report_check(run: BackupRun) -> None:
    """What was found of an archive is told by itself; this is about a check that did not come to it."""
    if run.state in _CODES and not run.result.get("tried"):
        raise_alert(CHECK, code=_CODES[State(run.state)], params=_facts(run) | {"sources": []})
    elif run.state == State.WARNINGS:
        raise_alert(CHECK, code="run-warnings", level="warning", params=_facts(run))
    else:
        clear_alert(CHECK)


def _active_sources() -> Iterable[str]:
    return Source.objects.filter(is_active=True).values_list("name", flat=True)


def _sources(run: BackupRun, level: str, prefix: str = "") -> list[str]:
    """Whose lines of this level, with such a code, stand in the log."""
    lines = [line for line in run.log if line["level"] == level and line["code"].startswith(prefix)]
    return list(dict.fromkeys(line["source"] for line in lines if line["source"]))


def _causes(run: BackupRun) -> list[str]:
    levels = ("error",) if run.state in _CODES else ("warning",)
    return list(dict.fromkeys(line["code"] for line in run.log if line["level"] in levels))


def _facts(run: BackupRun) -> Params:
    """Codes and names of sources; no text of the log, which may name files of patients."""
    started = run.started_at or run.requested_at
    level = "error" if run.state in _CODES else "warning"
    return {
        "action": run.action,
        "started_at": started.isoformat(timespec="seconds"),
        "causes": _causes(run),
        "sources": _sources(run, level),
    }
