"""Sentences for the recovery of what can be read, and for archives of others: what happened, what is untouched, what
to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SALVAGE_SENTENCES: dict[str, Promise] = {
    "database-unsound": _(
        "The database in “%(name)s” is damaged: it was copied while somebody was writing, or its disk was failing. It "
        "was not put in place; nothing was changed. Use another backup. If there is none: “Recover what can be read” "
        "on the page of this archive, or `manage.py salvagebackup %(name)s`, makes an SQL file of what is left."
    ),
    "database-unreadable": _(
        "Not one row could be read from the database in “%(name)s” (%(line)s). The archive and the practice's data are "
        "untouched. Use another archive."
    ),
    "archive-too-large": _(
        "“%(path)s” unpacks to more than the disk has room for (%(size)s are free). Nothing was unpacked and nothing "
        "was changed. If it is an archive of this practice, make room and try again; if it is not, delete it."
    ),
    "too-many-files": _(
        "The archive holds %(found)s files and folders, more than the disk of %(path)s can still take (%(free)s). "
        "Nothing was changed. Use a disk with room for more files."
    ),
    "specials-left-out": _("Devices and pipes in the archive hold no data and were left out: %(names)s"),
    "salvage-lost": _("%(count)s tables could not be read at all and are missing in the SQL file: %(names)s"),
    "salvage-partly": _("%(count)s tables are damaged; rows of them may be missing or old: %(names)s"),
    "salvage-mended": _("%(count)s tables were repaired; single rows of them may be missing: %(names)s"),
    "salvage-without-routines": _(
        "Procedures and functions of the database could not be read: they are not in the SQL file. If a program "
        "needs some, its manufacturer can make them again."
    ),
    "salvage-without-events": _(
        "Events, which the database server would carry out by itself, could not be read: they are not in the SQL file. "
        "If a program needs some, its manufacturer can make them again."
    ),
    "salvage-live-copy": _(
        "The predecessor of oobsite copied the folder of the running database: also tables without damage may lack "
        "the last entries, or be older than others. Compare the numbers of rows with what you know of the practice."
    ),
    "sql-file-ends": _(
        "%(name)s stays on this server until %(removed_on)s and is then deleted by itself. Restore it, or download it "
        "to keep it, before that day."
    ),
    "salvage-done": _(
        "%(name)s: %(rows)s rows of %(tables)s tables, %(size)s; %(whole)s of them show no damage (force %(level)s). "
        "The practice's data are untouched. Restore the SQL file when you have looked at what may be missing."
    ),
}
