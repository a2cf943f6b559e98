"""Which rows are watched, and what their changes are called."""

from __future__ import annotations

from backups.models import BackupArchive, BackupSchedule, Source
from oobsite.accounts.models import User
from oobsite.audit.changes import watch

#: Follow from the role, or change with every login.
_USER_IGNORES = ("last_login", "date_joined", "is_staff", "is_superuser")


def watch_all() -> None:
    """Called once, when the apps are ready; an app with models of its own may call ``watch`` in its ``ready``."""
    watch(
        User,
        "user",
        ignore=_USER_IGNORES,
        flags={"password": ("password.changed",) * 2, "is_active": ("user.unlocked", "user.locked")},
    )
    watch(
        Source,
        "source",
        flags={
            "is_active": ("source.on", "source.off"),
            "is_pruning_stopped": ("pruning.stopped", "pruning.allowed"),
        },
    )
    watch(
        BackupSchedule,
        "schedule",
        ignore=("sources", "checked_until", "created_at", "changed_at"),
        flags={
            "is_active": ("schedule.on", "schedule.off"),
            "paused_until": ("schedule.paused", "schedule.resumed"),
            "skip_slot": ("schedule.skipping", "schedule.not_skipping"),
        },
    )
    watch(
        BackupArchive,
        "archive",
        fields=("is_pinned",),
        flags={"is_pinned": ("archive.pinned", "archive.unpinned")},
        only_changes=True,
    )
