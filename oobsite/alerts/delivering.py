"""Who is told what, and when: planned from the rows, sent one by one, tried again when it fails.

Called by the quick queue after something has happened, by the tick every minute and by the watchdog; several at once do
not tell anything twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from oobsite.accounts.actors import Actor
from oobsite.alerts.composing import compose
from oobsite.alerts.domain.errors import MessageBrokenError, SomeRecipientsRefusedError
from oobsite.alerts.models import Alert, AlertChannel, Delivery, Occasion
from oobsite.alerts.planning import CHANNEL_KIND, plan
from oobsite.alerts.sending import make_test, send
from oobsite.alerts.services import clear_alert, raise_alert
from oobsite.alerts.summary import weekly_summary
from oobsite.audit.services import record
from oobsite.clock import is_far
from oobsite.errors import OobError

logger = logging.getLogger(__name__)
State = Delivery.State
#: So long after each failure it is tried again; after the last one it is given up.
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 360, 360))
#: Who sends is dead when he has not ended by then.
_SENDER_DEAD_AFTER = timedelta(minutes=5)
_BUDGET_SECONDS = 40.0


def deliver_due(now: datetime | None = None) -> int:
    """Send what is due and return how many messages were delivered. Never raises for a channel that fails."""
    now = now or timezone.now()
    weekly_summary(now)
    _drop_unheard()
    plan(now)
    ends_at, sent = time.monotonic() + _BUDGET_SECONDS, 0
    failing: set[int] = set()
    while time.monotonic() < ends_at and (delivery := take(now, failing)) is not None:
        if _deliver(delivery, now):
            sent += 1
        else:
            failing.add(delivery.channel_id)  # or one that hangs would keep the others waiting, message by message
    return sent


def _drop_unheard() -> None:
    """A channel that is switched on again must not hear of what was over weeks ago."""
    waiting = Delivery.objects.filter(state=State.WAITING, channel__is_active=False)
    waiting.filter(alert__cleared_at__isnull=False).update(state=State.DROPPED)


def take(now: datetime, but: Collection[int] = ()) -> Delivery | None:
    """The next message that is due, which nobody else sends now; None when there is none. ``but``: not to these."""
    dead = Q(state=State.SENDING) & is_far("tried_at", now, _SENDER_DEAD_AFTER)
    waits = Q(state=State.WAITING) & (Q(due_at__lte=now) | is_far("due_at", now, max(RETRY_AFTER)))
    due = Delivery.objects.filter(waits | dead, channel__is_active=True).exclude(channel__in=but)
    for delivery in due.select_related("alert", "channel").order_by("due_at", "pk"):
        mine = Delivery.objects.filter(pk=delivery.pk, state=delivery.state, tried_at=delivery.tried_at)
        if mine.update(state=State.SENDING, tried_at=now, tries=delivery.tries + 1):
            delivery.state, delivery.tried_at, delivery.tries = State.SENDING, now, delivery.tries + 1
            return delivery
    return None


def _deliver(delivery: Delivery, now: datetime) -> bool:
    """Send one message, and write down what became of it."""
    error = _try(delivery)
    is_partly_sent = isinstance(error, SomeRecipientsRefusedError)  # again, it would come twice to the others
    delivery.error_code, delivery.error_params = _facts(error)
    if error is None or is_partly_sent:
        delivery.state = State.SENT
        Alert.objects.filter(pk=delivery.alert_id).update(last_told_at=now)
    else:
        _try_again_later(delivery, now)
    delivery.save(update_fields=["state", "due_at", "error_code", "error_params"])
    record_outcome(delivery.channel, now, error, is_lasting=is_partly_sent or delivery.tries > 1)
    return delivery.state == State.SENT


def _facts(error: OobError | None) -> tuple[str, dict[str, Any]]:
    return (error.code, dict(error.notice.params)) if error else ("", {})


def _try(delivery: Delivery) -> OobError | None:
    try:
        send(delivery.channel, compose(delivery.alert, delivery.occasion))
    except OobError as error:
        return error
    except Exception:  # one channel that breaks must not keep the others from being told
        logger.exception("A message to channel %s could not be made or sent.", delivery.channel_id)
        return MessageBrokenError()
    return None


def _try_again_later(delivery: Delivery, now: datetime) -> None:
    lasting = Alert.objects.filter(Q(cleared_at=None) | Q(is_notice=True), pk=delivery.alert_id)
    if delivery.occasion != Occasion.ALL_CLEAR and not lasting.exists():
        delivery.state = State.DROPPED
    elif delivery.tries > len(RETRY_AFTER):
        delivery.state = State.FAILED
    else:
        delivery.state, delivery.due_at = State.WAITING, now + RETRY_AFTER[delivery.tries - 1]


def record_outcome(channel: AlertChannel, now: datetime, error: OobError | None, *, is_lasting: bool = False) -> None:
    """Write on the channel how the last message fared; what does not pass by itself is an alert to the others."""
    code, facts = _facts(error)
    moment = {"last_failed_at": now} if error else {"last_ok_at": now}
    AlertChannel.objects.filter(pk=channel.pk).update(error_code=code, error_params=facts, **moment)
    if error is None:
        clear_alert(CHANNEL_KIND, str(channel.pk))
    elif is_lasting:
        params = {"channel": channel.name}
        raise_alert(CHANNEL_KIND, str(channel.pk), code="channel-failing", level="warning", params=params)


def send_test(actor: Actor, channel: AlertChannel) -> None:
    """Send a test at once. Raises ``NotAllowedError``, and ``OobError`` when it was not delivered."""
    actor.require("alerts.change_alertchannel")
    record(actor, "channel.tested", channel)
    try:
        send(channel, make_test(channel))
    except OobError as error:
        record_outcome(channel, timezone.now(), error)
        raise
    record_outcome(channel, timezone.now(), None)
