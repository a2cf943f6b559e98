"""Sentences for SQL files and restores from them: what happened, what is in place, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SQL_SENTENCES: dict[str, Promise] = {
    # --- errors ---
    "sql-file-missing": _(
        "There is no SQL file “%(name)s” here. Nothing was changed. Check its name, upload it, or put it into the "
        "backup folder."
    ),
    "not-sql": _("“%(name)s” cannot be restored: %(reason)s. Nothing was changed. Choose an SQL file."),
    "sql-damaged": _(
        "“%(name)s” is damaged or cut off: its compressed data end too early or do not agree with their checksum. "
        "Nothing was changed. Copy the file once more, or use another one."
    ),
    "sql-wide-text": _(
        "“%(name)s” is stored as UTF-16, as Windows PowerShell does with “>”, and letters may have been lost. Nothing "
        "was changed. Make the dump again with the option --result-file=NAME instead of “>”."
    ),
    "charset-unknown": _(
        "“%(name)s” does not say with which characters it was written (ä, ö, é). Nothing was changed. Choose one of: "
        "%(choices)s. Files from Windows are mostly cp1252."
    ),
    "charset-wrong": _(
        "“%(name)s” cannot have been written with the characters “%(charset)s”. Nothing was changed. Choose another "
        "character set."
    ),
    "sql-unfinished": _(
        "“%(name)s” does not end with the line “-- Dump completed”: a part may be missing. Nothing was changed. Look "
        "at the tables and rows of the check; if they are complete, confirm it and try again."
    ),
    "sql-changed": _(
        "“%(name)s” has changed since it was checked: what you have confirmed is not what is in it now. Nothing was "
        "changed. Check the file again."
    ),
    "sql-rejected": _(
        "The SQL file was tried on a private server, which did not take its line %(line)s. Mostly such a file was cut "
        "off: copy it once more, or use another one. The practice's database is untouched. The server said: %(reason)s"
    ),
    "sql-forbidden": _(
        "Line %(line)s of the SQL file wants something that no backup of a database needs, and was not carried out: "
        "%(reason)s. The practice's database is untouched. Do not use this file unless you know where it comes from."
    ),
    "sql-other-database": _(
        "Line %(line)s of the SQL file leads into another database, “%(database)s”; here it is “%(expected)s”. The "
        "practice's database is untouched. Make the dump again without the option --databases."
    ),
    "sql-empty": _("“%(name)s” holds no table. The practice's database is untouched. Choose another file."),
    "packet-too-small": _(
        "A row of the SQL file is longer than the MariaDB server takes (max_allowed_packet, %(limit)s bytes). The "
        "practice's database is untouched. Start the server with --max-allowed-packet=1G, then try again."
    ),
    "sql-transfer": _(
        "The tables did not arrive whole on the MariaDB server: %(reason)s. The practice's database is untouched. Try "
        "again; if it comes back, look at the disk and the log of the server."
    ),
    "binlog-trust": _(
        "The MariaDB server writes a binary log and would not let oobsite make these triggers and functions: "
        "%(names)s. The practice's database is untouched. Set log_bin_trust_function_creators=1 on the server, then "
        "try again."
    ),
    "tables-busy": _(
        "Somebody kept tables of “%(database)s” busy for %(seconds)s seconds, so they were not exchanged. The data "
        "before the restore are in place. Close the programs that use the database, then try again."
    ),
    "sql-exchange": _(
        "The MariaDB server did not exchange the tables of “%(database)s” (%(reason)s). The data before the restore "
        "are in place. Try again."
    ),
    "sql-rolled-back": _(
        "The restored tables of “%(database)s” did not pass their test (%(reason)s). The data before the restore were "
        "put back by themselves and are in place."
    ),
    "sql-unsettled": _(
        "The MariaDB server went away while the tables of “%(database)s” changed places (%(reason)s). Nothing is lost: "
        "start the server, then run `manage.py recover`, which ends the restore %(restore_id)s."
    ),
    "kept-tables-missing": _(
        "Of the tables that a restore has kept in “%(database)s” some are not there any more: %(names)s. The data in "
        "place were not touched. Restore the safety backup instead."
    ),
    # --- remarks and log lines ---
    "sql-checked": _(
        "%(name)s: loaded into a private server (tables: %(tables)s, rows: %(rows)s). The practice's database is "
        "untouched."
    ),
    "sql-staged": _(
        "%(count)s tables are loaded on the MariaDB server, beside the present ones. These are untouched and in use."
    ),
    "sql-swapped": _(
        "The restored tables are in place in “%(database)s” and passed their test; the exchange took %(seconds)s s. "
        "The tables from before are kept on the server."
    ),
    "sql-undone": _("The tables from before the restore are back in “%(database)s”."),
    "sql-released": _("What the restore has kept of “%(database)s” is removed. The data in place were not touched."),
    "sql-recovered-old": _("“%(database)s”: an interrupted SQL restore was ended. The data from before are in place."),
    "sql-recovered-new": _(
        "“%(database)s”: an interrupted SQL restore was ended. The restored data are in place; those from before are "
        "kept."
    ),
    "sql-left-unfinished": _(
        "An earlier restore of an SQL file is not at its end, and could not be brought there (%(reason)s). That does "
        "not matter here: the whole database is replaced. The data from before are kept as they are."
    ),
    "sql-unfinished-remark": _(
        "The file does not end with the line “-- Dump completed”: a part may be missing. Compare tables and rows."
    ),
    "sql-kept-away": _(
        "The old tables of the restore %(restore_id)s lie with the data that a later restore (%(newer)s) has put away, "
        "so they were not removed. Remove the old data of that one first."
    ),
    "sql-definers-removed": _(
        "The file names accounts that made its views, triggers or routines. They were left out: what is made anew "
        "belongs to oobsite's account."
    ),
    "sql-events-off": _(
        "The file brings events, which the server would carry out by itself. New ones are switched off. Should a "
        "program need them, whoever looks after the server switches them on: ALTER EVENT … ENABLE."
    ),
    "sql-not-elexis": _(
        "The file holds none of the tables of Elexis. After a restore there would be no patient and no appointment in "
        "the practice's database any more. Choose another file unless you are sure."
    ),
    "sql-staged-beside": _(
        "“%(database)s” is ready in a copy of the data folder; the present folder is untouched and in use."
    ),
    "sql-whole-folder": _(
        "This MariaDB server is older than 10.6, so the whole data folder is exchanged, starting from a backup that is "
        "made just before. The server is away for a moment; what is written meanwhile into other databases on it stays "
        "behind with the old data."
    ),
    "sql-not-atomic": _(
        "This MariaDB server is older than 10.6 and exchanges tables one after the other: should it stop in that very "
        "moment, some would be old and some new. So no SQL file is restored on it, and nothing was changed. Give "
        "oobsite the programs of the server's own series (OOB_MARIADB_PROGRAMS, see the README), and it exchanges the "
        "whole data folder instead; or restore a backup of the files."
    ),
}

#: Why a file is no SQL file.
SQL_REASONS: dict[str, Promise] = {
    "is-empty": _("it is empty"),
    "is-html": _("it is a web page"),
    "is-pdf": _("it is a PDF"),
    "is-zip": _("it is a ZIP archive; unpack it first"),
    "is-tar": _("it is an archive with files"),
    "is-program": _("it is a program"),
    "is-binary": _("it is no text"),
    "is-text": _("it does not begin like SQL"),
}
