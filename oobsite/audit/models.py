"""Everything that was done, in a chain: whoever changes, removes or inserts an event breaks it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from oobsite.audit.chain import GENESIS, JSON, digest, moment


class AppendOnlyError(Exception):
    """Somebody tried to change or delete an event."""


class EventQuerySet(models.QuerySet["AuditEvent"]):
    """Events are written one by one by ``oobsite.audit.services.record`` and read; nothing else."""

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AppendOnlyError

    update = delete = bulk_create = bulk_update = update_or_create = _refuse


class AuditEvent(models.Model):
    """One act: who, what, on what, when, from where. Names are copied: the event outlives user and object."""

    number = models.PositiveBigIntegerField(_("number"), primary_key=True)
    happened_at = models.DateTimeField(_("when"), db_index=True)
    actor = models.CharField(_("who"), max_length=255, blank=True, db_index=True)
    actor_pk = models.BigIntegerField(_("number of the user"), null=True, blank=True)
    action = models.CharField(_("what"), max_length=60, db_index=True)
    object_type = models.CharField(_("kind of object"), max_length=100, blank=True)
    object_pk = models.CharField(_("number of the object"), max_length=64, blank=True)
    object_label = models.CharField(_("object"), max_length=255, blank=True)
    changes_json = models.TextField(_("details"), default="{}")
    ip = models.CharField(_("address"), max_length=45, blank=True)
    previous_hash = models.CharField(_("hash of the event before"), max_length=64, unique=True)
    hash = models.CharField(_("hash"), max_length=64, unique=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("Audit log")
        ordering = ["-number"]
        indexes = [models.Index(fields=["object_type", "object_pk"], name="audit_event_object")]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.number} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Only once: the database must not hold this number yet."""
        if not self._state.adding:
            raise AppendOnlyError
        super().save(force_insert=True, using=kwargs.get("using"))

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise AppendOnlyError

    @property
    def changes(self) -> dict[str, Any]:
        """Details by name: a value, or ``[old, new]``."""
        content = json.loads(self.changes_json)
        return content if isinstance(content, dict) else {}

    def compute_hash(self) -> str:
        """What ``hash`` must be; it covers every other column."""
        content: dict[str, JSON] = {
            "number": self.number,
            "happened_at": moment(self.happened_at),
            "actor": self.actor,
            "actor_pk": self.actor_pk,
            "action": self.action,
            "object_type": self.object_type,
            "object_pk": self.object_pk,
            "object_label": self.object_label,
            "changes": self.changes_json,
            "ip": self.ip,
        }
        return digest(content, self.previous_hash)


class AuditHead(models.Model):
    """One row: the end of the chain. Whoever appends holds its lock, so that the chain never forks."""

    count = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.count} {self.hash}"
