"""Write events. The event belongs to the transaction of its act: both are stored, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, models, transaction
from django.utils import timezone

from oobsite.accounts.actors import Actor
from oobsite.audit.chain import JSON, canonical
from oobsite.audit.errors import AuditWriteError
from oobsite.audit.models import AuditEvent, AuditHead
from oobsite.audit.secrecy import hide_secrets
from oobsite.audit.witness import announce, confirm

_HEAD_PK = 1


def record(
    actor: Actor, action: str, obj: models.Model | None = None, changes: Mapping[str, JSON] | None = None
) -> AuditEvent:
    """Append an event to the chain. ``changes``: details by name, a value or ``[old, new]``; never a secret.

    Raises ``AuditWriteError`` when it cannot be stored: then the act is not to be done.
    """
    event = AuditEvent(
        happened_at=timezone.now(),
        actor=_clip(actor.name, "actor"),
        actor_pk=actor.user.pk if actor.user else None,
        action=_clip(action, "action"),
        ip=_clip(actor.ip or "", "ip"),
        changes_json=canonical(hide_secrets(obj, changes or {})),
        **_describe(obj),
    )
    try:
        with transaction.atomic():
            _append(event)
            transaction.on_commit(partial(confirm, data_dir(), event.number, event.hash), robust=True)
    except (OSError, DatabaseError) as error:
        raise AuditWriteError(str(error)) from error
    return event


def _append(event: AuditEvent) -> None:
    head = lock_head()
    event.number, event.previous_hash = head.count + 1, head.hash
    event.hash = event.compute_hash()
    announce(data_dir(), event.number, event.hash)
    event.save()
    head.count, head.hash = event.number, event.hash
    head.save()


def data_dir() -> Path:
    return Path(settings.OOB_DATA_DIR)


def lock_head() -> AuditHead:
    """The end of the chain, which nobody else may move before our transaction ends.

    Should events stand behind the end that the row knows, the row was changed or lost: the chain goes on behind them.
    """
    head = AuditHead.objects.select_for_update().get_or_create(pk=_HEAD_PK)[0]
    last = AuditEvent.objects.first()
    if last is not None and last.number > head.count:
        head.count, head.hash = last.number, last.hash
    return head


def _describe(obj: models.Model | None) -> dict[str, str]:
    if obj is None:
        return {}
    return {
        "object_type": obj._meta.label_lower,
        "object_pk": _clip(str(obj.pk), "object_pk"),
        "object_label": _clip(str(obj), "object_label"),
    }


def _clip(text: str, field: str) -> str:
    """Make any text one that every database keeps as it is: no NUL, no half characters, not too long."""
    column: models.CharField[str, str] = AuditEvent._meta.get_field(field)  # type: ignore[assignment]
    clean = text.replace("\0", "").encode("utf-8", "backslashreplace").decode()
    return clean[: column.max_length].strip()
