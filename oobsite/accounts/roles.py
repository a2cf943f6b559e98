"""What each role may do: one group per role, whose permissions are set anew after every migration."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import Q, QuerySet

from oobsite.accounts.models import GROUP_NAMES, User

#: Apps whose pages the reader may see. Users are the owner's affair.
SHOWN_APPS = ("alerts", "audit", "backups", "certs", "selfservice")

#: What Support may do beyond reading. Restores, downloads, deletions and users are the owner's affair.
SUPPORT_MAY = (
    "backups.add_source",
    "backups.change_source",
    "backups.add_backupschedule",
    "backups.change_backupschedule",
    "backups.delete_backupschedule",
    "backups.add_backuprun",
    "backups.change_backuprun",
    "backups.change_backuparchive",
    "backups.prove_backuparchive",
    "alerts.change_alert",
    "alerts.add_alertchannel",
    "alerts.change_alertchannel",
    "alerts.delete_alertchannel",
    "alerts.change_mailsettings",
    "certs.add_certificate",
    "certs.change_certificate",
    "certs.add_certificateauthority",
    "selfservice.change_selfservicesettings",
)


def fill_role_groups(**_signal: Any) -> None:
    """Give each group the permissions of its role, no more and no less."""
    viewing = Q(content_type__app_label__in=SHOWN_APPS, codename__startswith="view_")
    permissions = {
        User.Role.OWNER: Permission.objects.all(),
        User.Role.CARE: _named(SUPPORT_MAY) | Permission.objects.filter(viewing),
        User.Role.READER: Permission.objects.filter(viewing),
    }
    for role, granted in permissions.items():
        Group.objects.get_or_create(name=GROUP_NAMES[role])[0].permissions.set(granted)


def _named(names: tuple[str, ...]) -> QuerySet[Permission]:
    matching = Q()
    for app_label, _dot, codename in (name.partition(".") for name in names):
        matching |= Q(content_type__app_label=app_label, codename=codename)
    return Permission.objects.filter(matching)
