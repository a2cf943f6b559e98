"""The states of the file that were written: kept, compared, put back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django_q.tasks import async_task

from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from selfservice.domain.diff import masked_diff
from selfservice.errors import SettingsReplacedError, VersionUnknownError
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services.places import fingerprint

KEPT = 30
State = SettingsVersion.State
Origin = SettingsVersion.Origin


def add_version(
    origin: Origin, *, made_by: str, base_fingerprint: str = "", content: bytes | None = None
) -> SettingsVersion:
    """A state that waits to be written; its ``content`` when that is known already."""
    with transaction.atomic():
        version = SettingsVersion(
            number=_next_number(),
            origin=origin,
            made_by=made_by,
            made_at=timezone.now(),
            base_fingerprint=base_fingerprint,
        )
        if content is not None:
            version.content, version.fingerprint = content, fingerprint(content)
        version.save()
    return version


def _next_number() -> int:
    """Within a transaction: whoever counts next waits for its end."""
    SelfServiceSettings.objects.select_for_update().filter(pk=SelfServiceSettings.PK).first()
    last: int | None = SettingsVersion.objects.aggregate(number=Max("number"))["number"]
    return (last or 0) + 1


def keep_found(content: bytes, version: SettingsVersion) -> None:
    """Before ``version`` is written: a present state that none of ours is becomes a version, and comes before it."""
    last = SettingsVersion.objects.filter(state=State.WRITTEN).first()
    if last is not None and last.fingerprint == fingerprint(content):
        return
    with transaction.atomic():
        number, version.number = version.number, _next_number()
        version.save(update_fields=["number"])
        found = SettingsVersion(number=number, origin=Origin.FOUND, state=State.WRITTEN, made_at=version.made_at)
        found.content, found.fingerprint = content, fingerprint(content)
        found.save()


def forget_old() -> None:
    """The last ``KEPT`` written states stay; what failed goes with what is older."""
    numbers = SettingsVersion.objects.filter(state=State.WRITTEN).values_list("number", flat=True)[:KEPT]
    oldest = min(numbers, default=0)
    SettingsVersion.objects.filter(number__lt=oldest).exclude(state=State.PENDING).delete()


def find_version(number: int) -> SettingsVersion:
    """A written state. Raises ``VersionUnknownError``."""
    version = SettingsVersion.objects.filter(number=number, state=State.WRITTEN).first()
    if version is None:
        raise VersionUnknownError(number)
    return version


def compare_versions(older: int, newer: int) -> str:
    """A diff of two states, passwords masked. Raises ``VersionUnknownError``."""
    first, second = find_version(older), find_version(newer)
    names = {"old_name": f"settings.js ({older})", "new_name": f"settings.js ({newer})"}
    return masked_diff(first.content, second.content, **names)


def go_back(actor: Actor, number: int, base_fingerprint: str) -> SettingsVersion:
    """Let the worker put an earlier state back, whole. ``base_fingerprint``: the file that the actor has seen.

    Raises ``NotAllowedError``, ``VersionUnknownError``.
    """
    actor.require("selfservice.change_selfservicesettings")
    earlier = find_version(number)
    with transaction.atomic():
        drop_waiting()
        version = add_version(
            Origin.BACK, made_by=actor.name, base_fingerprint=base_fingerprint, content=earlier.content
        )
        record(actor, "selfservice.back", SelfServiceSettings.load(), {"version": number})
        hand_over(version)
    return version


def hand_over(version: SettingsVersion) -> None:
    """The task knows nothing but the row."""
    async_task("selfservice.jobs.write", version.pk, cluster="quick")


def drop_waiting() -> None:
    """A newer order takes the place of what was not written yet; the worker may be about to write it, so it stays."""
    waiting = SettingsVersion.objects.filter(state=State.PENDING)
    waiting.update(state=State.FAILED, error_code=SettingsReplacedError().code)
