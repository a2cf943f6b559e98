"""Raise and clear alerts. They are rows; who is told of them, and when, is found out later by ``delivering``."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django_q.tasks import async_task

from oobsite.accounts.actors import Actor
from oobsite.alerts.models import Alert, AlertChannel, AlertItem, Delivery, Event, Occasion
from oobsite.alerts.planning import HOLD, make_delivery, order
from oobsite.alerts.secrecy import clean_params
from oobsite.audit.services import record

logger = logging.getLogger(__name__)
_EVENTS = {Alert.Level.ERROR: Event.FAILURE, Alert.Level.WARNING: Event.WARNING}


def raise_alert(
    kind: str,
    key: str = "",
    *,
    code: str,
    level: str = "error",
    params: Mapping[str, Any] | None = None,
    source: str = "",
    event: str = "",
) -> None:
    """Something is wrong. While it is, ``kind`` and ``key`` are one alert: told once, and again every day.

    ``code`` stands in ``words.ALERTS``; ``event`` follows from ``level`` when it is not given. Never raises.
    """
    with _guarded(kind):
        content = _content(code, level, params, source) | {"event": event or _EVENTS[Alert.Level(level)]}
        alert, is_new = _open(kind, key, content)
        if not is_new:
            Alert.objects.filter(pk=alert.pk).update(count=F("count") + 1, **content, last_at=timezone.now())
        _deliver_soon()


def clear_alert(kind: str, key: str = "") -> None:
    """It is over: whoever was told is told so, once. Never raises."""
    with _guarded(kind):
        _close(Alert.objects.filter(unique_key=_unique(kind, key)).first())


def gather_alert(code: str, source: str, names: Collection[str], *, is_held: bool = False) -> None:
    """As ``raise_alert``, of several things of one source: one alert tells how many they are, and the first few.

    ``code`` is the kind, too. ``is_held``: more may follow, so it is told by ``tell_held``, or an hour later should
    that never come.
    """
    with _guarded(code):
        held_until = timezone.now() + HOLD if is_held else None
        content = _content(code, Alert.Level.ERROR, {}, source) | {"event": Event.FAILURE, "held_until": held_until}
        alert = _hold_open(code, source, content)
        for name in names:
            AlertItem.objects.update_or_create(alert=alert, name=name, defaults={"is_over": False})
        Alert.objects.filter(pk=alert.pk).update(last_at=timezone.now())
        _deliver_soon()


def end_gathered(kind: str, name: str) -> None:
    """One of the gathered things is well again; with the last of them it is over. Never raises."""
    with _guarded(kind):
        for item in AlertItem.objects.filter(name=name, is_over=False, alert__kind=kind, alert__cleared_at=None):
            alert = Alert.objects.select_for_update().get(pk=item.alert_id)
            AlertItem.objects.filter(pk=item.pk).update(is_over=True)
            if not alert.items.filter(is_over=False).exists():
                _close(alert)


def tell_held(kind: str) -> None:
    """No more follows: what was held back is told now. Never raises."""
    with _guarded(kind):
        if Alert.objects.filter(kind=kind, cleared_at=None, held_until__isnull=False).update(held_until=None):
            _deliver_soon()


def tell(
    event: str, *, code: str, params: Mapping[str, Any] | None = None, level: str = "info", once: str = ""
) -> None:
    """A notice, which is over at once: a success, a summary, a failed restore. Never raises.

    ``once``: a name under which it is told one time only.
    """
    with _guarded(event):
        wanting = [channel for channel in AlertChannel.objects.filter(is_active=True) if channel.wants(event)]
        if not wanting and event != Event.FAILURE:
            return
        alert, is_new = _make_notice(event, once, _content(code, level, params, ""))
        if is_new:
            for channel in wanting:
                order(make_delivery(alert, channel, Occasion.ALERT, timezone.now()), turn=1)
            _deliver_soon()


def dismiss(actor: Actor, alert: Alert) -> None:
    """Somebody has seen to it. Raises ``NotAllowedError``."""
    actor.require("alerts.change_alert")
    with transaction.atomic():
        if _close(Alert.objects.select_for_update().filter(pk=alert.pk, cleared_at=None).first()):
            record(actor, "alert.dismissed", alert)


def remove_old_alerts(before: datetime) -> None:
    """Remove alerts that were over by then, with their messages; of those that last the messages, but the newest."""
    Alert.objects.filter(cleared_at__lt=before).delete()
    of_same = Delivery.objects.filter(alert=OuterRef("alert"), channel=OuterRef("channel"))
    is_followed = Exists(of_same.filter(turn__gt=OuterRef("turn")))
    old = Delivery.objects.filter(is_followed, created_at__lt=before).exclude(state__in=Delivery.OPEN_STATES)
    Delivery.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()


def _open(kind: str, key: str, content: Mapping[str, Any]) -> tuple[Alert, bool]:
    """The open alert of this kind and key, and whether it is new."""
    now = timezone.now()
    born = {**content, "kind": kind, "key": key[:120], "first_at": now, "last_at": now}
    return Alert.objects.get_or_create(unique_key=_unique(kind, key), defaults=born)


def _hold_open(kind: str, key: str, content: Mapping[str, Any]) -> Alert:
    """As ``_open``, under the lock of the row: another process may be about to close it."""
    while True:
        alert, _is_new = _open(kind, key, content)
        if Alert.objects.select_for_update().filter(pk=alert.pk, cleared_at=None).first() is not None:
            return alert


def _unique(kind: str, key: str) -> str:
    return f"{kind}:{key}"[:170]


def _content(code: str, level: str, params: Mapping[str, Any] | None, source: str) -> dict[str, Any]:
    return {"code": code, "level": Alert.Level(level), "params": clean_params(params or {}), "source": source}


def _make_notice(event: str, once: str, content: dict[str, Any]) -> tuple[Alert, bool]:
    now = timezone.now()
    times = {"first_at": now, "last_at": now, "cleared_at": now}
    values = {"kind": event, "key": once, "event": event, "is_notice": True, **times, **content}
    if not once:
        return Alert.objects.create(**values), True
    return Alert.objects.get_or_create(unique_key=_unique(event, once), defaults=values)


def _close(alert: Alert | None) -> bool:
    """What has not been told yet is told no more; whoever was told waits for the all-clear."""
    if alert is None or not _free_key(alert, timezone.now()):
        return False
    alert.deliveries.filter(state=Delivery.State.WAITING).update(state=Delivery.State.DROPPED)
    _deliver_soon()
    return True


def _free_key(alert: Alert, now: datetime) -> bool:
    return Alert.objects.filter(pk=alert.pk, cleared_at=None).update(cleared_at=now, unique_key=None) == 1


@contextmanager
def _guarded(kind: str) -> Iterator[None]:
    """Whoever has something to tell goes on with his work, whatever happens here."""
    try:
        with transaction.atomic():
            yield
    except Exception:  # a mistake of ours in telling must not become a failed backup
        logger.exception("The alert “%s” could not be stored.", kind)


def _deliver_soon() -> None:
    """After the caller's transaction the quick queue delivers; should it not run, the next tick or watchdog does."""
    if AlertChannel.objects.filter(is_active=True).exists():
        transaction.on_commit(partial(async_task, "oobsite.alerts.jobs.deliver", cluster="quick"), robust=True)
