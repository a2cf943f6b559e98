"""Sentences of the check of older archives."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

VERIFY_SENTENCES: dict[str, Promise] = {
    "archive-vanished": _(
        "The file of %(name)s is not in the backup folder any more, and oobsite did not delete it. Your data are "
        "untouched. Check the disk, and who else has access to it."
    ),
    "archive-verified-only": _(
        "%(name)s: read to its end and compared, it is as it was written. There was no room for a test restore: about "
        "%(missing)s are missing in the work folder."
    ),
    "verify-read-only": _(
        "%(name)s: read to its end and compared, it is as it was written. A test restore of it takes longer than the "
        "hours of OOB_VERIFY_WINDOW that lie between two backups: start one on its page at a quiet time."
    ),
    "verify-done": _("Archives checked: %(count)s. All that were due have had their turn."),
    "verify-time-up": _("Archives checked: %(count)s. %(left)s have their turn another night."),
    "verify-yielded": _("Archives checked: %(count)s. Another job was waiting; the others have their turn later."),
    "verify-too-long": _(
        "The check of %(name)s takes longer than the hours that are set for it, so it was not begun. Set more of them "
        "in OOB_VERIFY_WINDOW, or run `manage.py verifyinturn` at a quiet time."
    ),
}
