"""Which names of documents somebody may see on a page: they often hold the names of patients."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext

from backups.models import BackupRun

#: Codes whose sentences may name a document.
_NAMING = frozenset(
    {
        "file-system",
        "files-changed",
        "files-on-other-disk",
        "files-skipped",
        "folder-in-use",
        "kept-incomplete",
        "member-missing",
        "place-blocked",
        "specials-left-out",
        "tar",
        "unexpected",
        "unsafe-archive",
    }
)


@dataclass(frozen=True)
class Sight:
    """``of_chosen``: documents that somebody has had restored; ``of_remarks``: those that jobs have trouble with."""

    of_chosen: bool = True
    of_remarks: bool = True

    def instead_of(self, code: str, level: str = "warning", action: str = "") -> str:
        """What stands in the place of a sentence that may name a document; empty when it may be seen."""
        if action == BackupRun.Action.FILES and level != "info" and not self.of_chosen:
            return gettext("Only an owner sees what went wrong here, for documents may be named.")
        if code in _NAMING and not self.of_remarks:
            return gettext("This remark may name documents; only those who look after the backups see it.")
        return ""


#: For readers who may see everything: pages for owners alone, and commands.
ALL = Sight()


def sight_of(user: AbstractBaseUser | AnonymousUser) -> Sight:
    """An owner sees all; who looks after the backups sees which files could not be saved, to mend that."""
    return Sight(user.has_perm("backups.restore_backuparchive"), user.has_perm("backups.add_backuprun"))  # type: ignore[union-attr]
