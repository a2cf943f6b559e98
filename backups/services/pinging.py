"""Signs of life of a schedule's runs, to the service that its owner has named."""

from __future__ import annotations

import logging

from backups.models import BackupRun, BackupSchedule
from oobsite.accounts.actors import Actor
from oobsite.alerts import clear_alert, raise_alert
from oobsite.alerts.heartbeat import Event, ping
from oobsite.audit.services import record
from oobsite.errors import OobError

logger = logging.getLogger(__name__)
MOST_LINES = 100
#: Alerts about a service that hears nothing; their key is that of the schedule.
UNHEARD = "heartbeat"
_EVENTS: dict[str, Event] = {
    BackupRun.State.RUNNING: "start",
    BackupRun.State.DONE: "success",
    BackupRun.State.WARNINGS: "success",
}


def tell_service(run: BackupRun) -> None:
    """Say what has become of ``run``; a service that cannot be reached is an alert, and stops nothing. Never raises."""
    schedule = run.schedule
    if schedule is None or not schedule.heartbeat_url:
        return
    is_told = _tell(schedule, run)
    if is_told:
        clear_alert(UNHEARD, key_of(schedule))
    elif run.state != BackupRun.State.RUNNING:
        params = {"schedule": schedule.name}
        raise_alert(UNHEARD, key_of(schedule), code="heartbeat-failing", level="warning", params=params)


def try_service(actor: Actor, schedule: BackupSchedule) -> None:
    """Send the sign of a good backup now. Raises ``NotAllowedError``, and ``OobError`` when it did not arrive."""
    actor.require("backups.change_backupschedule")
    record(actor, "schedule.tested", schedule)
    ping(schedule.heartbeat_url.reveal(), "success")
    clear_alert(UNHEARD, key_of(schedule))


def _tell(schedule: BackupSchedule, run: BackupRun) -> bool:
    try:
        ping(schedule.heartbeat_url.reveal(), _EVENTS.get(run.state, "fail"), _log_tail(run))
    except OobError as error:
        logger.warning("No sign of life for the schedule %s: %s", schedule, error)
    except Exception:  # telling somebody must not become a failed backup
        logger.exception("No sign of life for the schedule %s", schedule)
    else:
        return True
    return False


def key_of(schedule: BackupSchedule) -> str:
    """What alerts about a schedule have as their key."""
    return f"schedule-{schedule.pk}"


def _log_tail(run: BackupRun) -> str:
    """Codes only: the parameters may name files of patients, and the service is somebody else's."""
    lines = (f"{line['at']} {line['level']} {line['source']} {line['code']}" for line in run.log[-MOST_LINES:])
    return "\n".join(lines)
