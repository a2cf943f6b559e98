"""The one schedule that django-q2 has: the tick. Our own tables decide what is due."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

QUICK = "quick"
TICK = "backups.jobs.tick"


def wind_up() -> None:
    """Make sure that there is exactly one tick a minute, whatever stood there before."""
    wanted = {"name": "tick", "schedule_type": Schedule.MINUTES, "minutes": 1, "repeats": -1, "cluster": QUICK}
    wanted["next_run"] = timezone.now()  # at once, also when a wrong clock had put it off for years
    with transaction.atomic():
        ticks = list(Schedule.objects.select_for_update().filter(func=TICK).order_by("pk"))
        for extra in ticks[1:]:
            extra.delete()
        Schedule.objects.update_or_create(func=TICK, defaults=wanted)
