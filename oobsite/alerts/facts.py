"""What the screens say about alerts: no HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from oobsite.alerts import messages
from oobsite.alerts.checks import find_problem
from oobsite.alerts.models import Alert, AlertChannel, Delivery
from oobsite.alerts.planning import CHANNEL_KIND
from oobsite.errors import OobError

_SHOWN = 5


@dataclass(frozen=True)
class ChannelFacts:
    """A recipient and, when it cannot be told, why."""

    channel: AlertChannel
    problem: str

    @property
    def level(self) -> str:
        if not self.channel.is_active:
            return "idle"
        return "bad" if self.problem else "good" if self.channel.last_ok_at else "warn"

    @property
    def state_words(self) -> str:
        return {
            "idle": gettext("switched off"),
            "bad": gettext("does not arrive"),
            "good": gettext("arrives"),
            "warn": gettext("not tried yet"),
        }[self.level]


@dataclass(frozen=True)
class AlertFacts:
    alert: Alert
    title: str
    text: str
    advice: str

    @property
    def level(self) -> str:
        return "bad" if self.alert.level == Alert.Level.ERROR else "warn"


@dataclass(frozen=True)
class DeliveryFacts:
    delivery: Delivery
    problem: str

    @property
    def at(self) -> datetime:
        return self.delivery.tried_at or self.delivery.created_at

    @property
    def level(self) -> str:
        if self.delivery.state == Delivery.State.SENT:
            return "good"
        return "bad" if self.problem else "idle"


@dataclass(frozen=True)
class Board:
    """For the first screen: what lasts, whom nobody reaches, and whether there is anybody to be told."""

    alerts: Sequence[AlertFacts]
    more: int
    failing: Sequence[ChannelFacts]
    has_channels: bool

    @property
    def level(self) -> str:
        levels = {facts.level for facts in self.alerts} | {facts.level for facts in self.failing}
        return "bad" if "bad" in levels else "warn" if levels or not self.has_channels else "good"


def board() -> Board:
    alerts = Alert.objects.filter(cleared_at=None).exclude(kind=CHANNEL_KIND)
    channels = channel_facts()
    return Board(
        alerts=[alert_facts(alert) for alert in alerts[:_SHOWN]],
        more=max(0, alerts.count() - _SHOWN),
        failing=[facts for facts in channels if facts.level == "bad"],
        has_channels=any(facts.channel.is_active for facts in channels),
    )


def alert_facts(alert: Alert) -> AlertFacts:
    return AlertFacts(alert, messages.title(alert), messages.text(alert), messages.advice(alert))


def channel_facts() -> list[ChannelFacts]:
    return [facts_of(channel) for channel in AlertChannel.objects.all()]


def facts_of(channel: AlertChannel) -> ChannelFacts:
    return ChannelFacts(channel, _problem(channel))


def _problem(channel: AlertChannel) -> str:
    """How the last message failed, or what would keep the next from being sent."""
    if channel.error_code:
        return messages.error_words(channel.error_code, channel.error_params)
    problem: OobError | None = find_problem(channel) if channel.is_active else None
    return messages.error_words(problem.code, problem.notice.params) if problem else ""


def deliveries_of(alert: Alert) -> list[DeliveryFacts]:
    """The newest first."""
    deliveries = alert.deliveries.select_related("channel").order_by("-created_at", "-pk")
    return [DeliveryFacts(item, messages.error_words(item.error_code, item.error_params)) for item in deliveries]
