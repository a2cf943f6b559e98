"""Sentences for looking into archives and for bringing parts of them back: what happened, what is untouched, what to
do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PARTIAL_SENTENCES: dict[str, Promise] = {
    "index-missing": _(
        "Nobody has read the contents of “%(name)s” yet. Prove this archive: the proof makes the list of its contents. "
        "Nothing is changed by it."
    ),
    "index-damaged": _(
        "The list of the contents of “%(name)s” is damaged. Prove this archive: the proof reads it and makes the list "
        "anew. Nothing was changed."
    ),
    "member-missing": _("This is not in the archive: %(names)s. `manage.py browsebackup` and its page show what is."),
    "nothing-chosen": _("No file and no folder was chosen. Nothing was changed. Choose what you need, then try again."),
    "place-blocked": _(
        "In %(path)s something that is no folder has the name “%(name)s”, such as a link. Nothing was written there "
        "and nothing was replaced. Move it away, or download the files."
    ),
    "table-missing": _("The database in this archive has no table “%(table)s”. It has: %(names)s."),
    "export-start": _(
        "No database server starts on the data in “%(name)s” (%(line)s), so nothing can be exported. The archive and "
        "the practice's data are untouched. Use another archive; if there is none, “Recover what can be read” on the "
        "page of this archive may save a part."
    ),
    "files-restored": _(
        "Restored beside the present files in %(path)s, nothing was replaced. Number of files and folders: %(count)s."
    ),
    "exported": _(
        "%(name)s, %(size)s: written and read back. Number of tables: %(tables)s. It can be downloaded for %(days)s "
        "days."
    ),
}

PARTIAL_REASONS: dict[str, Promise] = {
    "dump-content": _("it is an SQL dump, which has no files in it"),
    "dump-export": _("it is an SQL file already, to be downloaded as it is"),
    "database-files": _("single files of a database are of no use: export a table, or restore the database"),
}
