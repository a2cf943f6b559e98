"""The watchdog: cron calls it every five minutes, and it needs nothing of the worker that it watches.

What is wrong becomes an alert, and ends with the first look that does not find it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from backups.domain.watch import KINDS, Finding, judge
from backups.services import beats
from backups.services.watching import collect
from certs.services.watching import KINDS as CERTIFICATE_KINDS
from certs.services.watching import find_certificates
from oobsite.alerts import clear_alert, raise_alert
from oobsite.alerts.checks import find_problem
from oobsite.alerts.delivering import deliver_due
from oobsite.alerts.models import Alert, AlertChannel
from oobsite.alerts.planning import CHANNEL_KIND

SILENT_KIND, BROKEN_KIND = "watchdog", "watchdog-broken"


def watch() -> None:
    """What cron calls: look, and leave a sign of life; a look that fails leaves none."""
    now = timezone.now()
    look(now, beats.seen_at(beats.WATCHDOG))
    beats.beat(beats.WATCHDOG, now)


def look(now: datetime, looked_at: datetime | None) -> list[Finding]:
    """See what is wrong, and tell people; ``looked_at``: the look before. Also that one fails is told."""
    try:
        findings = judge(collect(now, looked_at))
        report(findings)
        of_certificates = find_certificates(now)
        report(of_certificates, CERTIFICATE_KINDS)
        check_channels()
    except Exception:  # the edge: people must hear of it all the same
        raise_alert(BROKEN_KIND, code="watchdog-broken")
        deliver_due()
        raise
    clear_alert(BROKEN_KIND)
    deliver_due()
    return [*findings, *of_certificates, *find_unreached()]


def report(findings: Sequence[Finding], kinds: Sequence[str] = KINDS) -> None:
    """Raise an alert for each finding, and end those of ``kinds`` that are over; what has not changed is left alone."""
    found = {(finding.kind, finding.key): finding for finding in findings}
    for alert in Alert.objects.filter(kind__in=kinds, cleared_at=None):
        known = found.get((alert.kind, alert.key))
        if known is None:
            clear_alert(alert.kind, alert.key)
        elif (alert.code, alert.level, alert.params) == (known.code, known.level, known.params):
            del found[alert.kind, alert.key]  # or it would be queued for a worker that may be dead, again and again
    for finding in found.values():
        _raise(finding)


def _raise(finding: Finding) -> None:
    raise_alert(
        finding.kind,
        finding.key,
        code=finding.code,
        level=finding.level,
        params=finding.params,
        source=finding.source,
        event=finding.event,
    )


def check_channels() -> None:
    """A recipient whom nothing could reach is an alert to the others before the first message fails."""
    for channel in AlertChannel.objects.filter(is_active=True):
        if find_problem(channel) is not None:
            _raise(_unreached(channel))
        elif not channel.error_code:
            clear_alert(CHANNEL_KIND, str(channel.pk))
    used = [str(pk) for pk in AlertChannel.objects.filter(is_active=True).values_list("pk", flat=True)]
    for alert in Alert.objects.filter(kind=CHANNEL_KIND, cleared_at=None).exclude(key__in=used):
        clear_alert(alert.kind, alert.key)


def find_unreached() -> list[Finding]:
    """Recipients whom nothing could reach, or whom the last message did not."""
    used = AlertChannel.objects.filter(is_active=True)
    unreached = [channel for channel in used if channel.error_code or find_problem(channel) is not None]
    return [_unreached(channel) for channel in unreached]


def _unreached(channel: AlertChannel) -> Finding:
    return Finding(CHANNEL_KIND, str(channel.pk), "channel-failing", "warning", {"channel": channel.name})


def report_silence(now: datetime) -> None:
    """Called by the tick: each of the two says when the other one is silent."""
    health = beats.watchdog_health(now)
    if health.seen_at is None or not health.is_silent:
        clear_alert(SILENT_KIND)
    elif not Alert.objects.filter(kind=SILENT_KIND, cleared_at=None).exists():
        params = {"last_at": health.seen_at.isoformat(timespec="seconds")}
        raise_alert(SILENT_KIND, code="watchdog-silent", level="warning", params=params)
