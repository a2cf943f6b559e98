"""Which messages alerts call for: first, every day while it lasts, and once when it is over."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from oobsite.alerts.models import Alert, AlertChannel, Delivery, Event, Occasion

logger = logging.getLogger(__name__)
#: Alerts of this kind are about a channel itself; their key is its number.
CHANNEL_KIND = "channel"
REMIND_AFTER = timedelta(hours=24)
#: So long it may wait for more of the same.
HOLD = timedelta(hours=1)
#: An all-clear that comes later than this helps nobody.
_TOLD_UNTIL = timedelta(days=7)


def plan(now: datetime) -> None:
    """Make the messages that alerts call for: first, every day, and when it is over."""
    channels = list(AlertChannel.objects.filter(is_active=True))
    alerts = Alert.objects.filter(Q(cleared_at=None) | Q(cleared_at__gte=now - _TOLD_UNTIL), is_notice=False)
    alerts = alerts.exclude(held_until__gt=now, held_until__lte=now + HOLD)  # later ones: the clock was set back
    past = _past_of(alerts)
    for alert, channel in product(alerts, channels):
        told = past[alert.pk, channel.pk]
        occasion = next_occasion(alert, channel, told, now)
        if occasion is not None:
            turn = told[-1].turn + 1 if told else 1  # old ones may be removed
            order(make_delivery(alert, channel, occasion, now), turn=turn)


def _past_of(alerts: QuerySet[Alert]) -> Mapping[tuple[int, int], list[Delivery]]:
    past: dict[tuple[int, int], list[Delivery]] = defaultdict(list)
    for delivery in Delivery.objects.filter(alert__in=alerts.values("pk")).order_by("turn"):
        past[delivery.alert_id, delivery.channel_id].append(delivery)
    return past


def next_occasion(alert: Alert, channel: AlertChannel, past: Sequence[Delivery], now: datetime) -> Occasion | None:
    """What ``channel`` is to be told now about ``alert``, after what it was told in the ``past``."""
    if alert.kind == CHANNEL_KIND and alert.key == str(channel.pk):
        return None  # nobody is told by a channel that it does not work
    if past and past[-1].state in Delivery.OPEN_STATES:
        return None
    return _next_while_open(alert, channel, past, now) if alert.is_open else _next_when_over(channel, past)


def _next_while_open(alert: Alert, channel: AlertChannel, past: Sequence[Delivery], now: datetime) -> Occasion | None:
    if not channel.wants(alert.event):
        return None
    if not past:
        return Occasion.ALERT
    return Occasion.REMINDER if _is_due_again(alert, past[-1].created_at, now) else None


def _is_due_again(alert: Alert, told_at: datetime, now: datetime) -> bool:
    """Every day, or at the moments that the alert itself names."""
    moments = alert.params.get("reminders")
    if moments is None:
        return abs(now - told_at) >= REMIND_AFTER  # ahead of now: the clock was set back
    return any(told_at < datetime.fromisoformat(moment) <= now for moment in moments)


def _next_when_over(channel: AlertChannel, past: Sequence[Delivery]) -> Occasion | None:
    was_told = any(delivery.state == Delivery.State.SENT for delivery in past)
    is_told_twice = any(delivery.occasion == Occasion.ALL_CLEAR for delivery in past)
    return Occasion.ALL_CLEAR if was_told and not is_told_twice and channel.wants(Event.RECOVERY) else None


def make_delivery(alert: Alert, channel: AlertChannel, occasion: Occasion, now: datetime) -> Delivery:
    return Delivery(alert=alert, channel=channel, occasion=occasion, created_at=now, due_at=now)


def order(delivery: Delivery, *, turn: int) -> None:
    """Store a message; who comes second with the same turn finds it made."""
    delivery.turn = turn
    try:
        with transaction.atomic():
            delivery.save()
    except IntegrityError:
        logger.info("Another process tells alert %s to channel %s.", delivery.alert_id, delivery.channel_id)
