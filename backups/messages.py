"""Sentences for errors, remarks and log lines of backups: what happened, what is untouched, what to do.

Logs and manifests keep a code and parameters; they become words here, in the language of whoever looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.messages_alerts import ALERT_SENTENCES, CERTIFICATE_REASONS
from backups.messages_own import CONTENTS, OWN_SENTENCES
from backups.messages_partial import PARTIAL_REASONS, PARTIAL_SENTENCES
from backups.messages_restore import RESTORE_SENTENCES
from backups.messages_salvage import SALVAGE_SENTENCES
from backups.messages_schedules import SCHEDULE_SENTENCES
from backups.messages_sql import SQL_REASONS, SQL_SENTENCES
from backups.messages_upload import UPLOAD_SENTENCES
from backups.messages_verify import VERIFY_SENTENCES
from certs.messages import CERTIFICATE_SENTENCES, CERTIFICATE_WORDS, NAME_REASONS
from oobsite.errors import Notice, OobError
from selfservice.messages import SELFSERVICE_SENTENCES, SETTINGS_FIELDS, SETTINGS_REASONS

_BYTE_PARAMS = ("size", "missing")
_BYTE_PARAMS_OF = {"pruning-stopped-size": ("found", "expected")}
_OBJECT_CODES = ("dump-incomplete", "proof-objects-wrong")
_ANY_ARCHIVE = "*"

_OF_RESTORES = RESTORE_SENTENCES | PARTIAL_SENTENCES | SALVAGE_SENTENCES | SQL_SENTENCES | UPLOAD_SENTENCES
_OF_WATCHING = SELFSERVICE_SENTENCES | ALERT_SENTENCES | SCHEDULE_SENTENCES | CERTIFICATE_SENTENCES | VERIFY_SENTENCES
_OF_TOPICS = _OF_RESTORES | _OF_WATCHING | OWN_SENTENCES
SENTENCES: dict[str, Promise] = _OF_TOPICS | {
    # --- errors ---
    "not-allowed": _("The role of “%(user)s” does not allow this. Nothing was changed. Ask an owner of this practice."),
    "audit-write": _(
        "This was not done, because it could not be put on record: the audit log cannot be written (%(reason)s). Make "
        "room on the disk of the data folder, or give its files back to the user as whom oobsite runs; then try again."
    ),
    "source-missing": _(
        "“%(source)s” was not backed up: its folder %(path)s is missing or empty. Check the volume in "
        "docker-compose.yaml. Older archives are untouched."
    ),
    "nothing-to-save": _("Nothing was backed up: no source is switched on. Switch one on, then try again."),
    "source-unknown": _("There is no source “%(source)s”. Known are: %(known)s."),
    "source-overlap": _(
        "The folders of “%(first)s” and “%(second)s” lie in each other, so nothing was backed up: a restore could "
        "delete its own archive. Choose another folder for one of them."
    ),
    "folder-missing": _(
        "The folder %(path)s cannot be used (%(reason)s). Nothing was changed. Check the volume and its rights."
    ),
    "tool-missing": _("The program %(tool)s is missing. Install it (Debian: see README), then try again."),
    "tar": _(
        "%(path)s could not be packed: tar ended with %(status)s (%(line)s). No archive was kept of it; older ones "
        "are untouched."
    ),
    "files-changed": _(
        "Files of the database “%(source)s” changed or could not be read while they were packed (%(names)s). No "
        "archive was kept of it; older ones are untouched. Try again."
    ),
    "no-space": _(
        "Not enough room in %(path)s: about %(missing)s are missing. Nothing incomplete was left and no older archive "
        "was deleted. Make room, then try again."
    ),
    "damaged-archive": _(
        "The archive %(path)s is damaged (%(reason)s). It cannot be trusted: use another generation, and check the "
        "disk on which it lies."
    ),
    "unsafe-archive": _(
        "The archive %(path)s wants to write outside its folder (%(names)s) and was not unpacked. It does not come "
        "from oobsite: do not use it."
    ),
    "archive-missing": _("There is no archive “%(name)s”. `manage.py listbackups` shows what there is."),
    "moment-missing": _("There is no backup of this moment. `manage.py listbackups` shows what there is."),
    "no-archive": _("There is no archive yet. `manage.py runbackup` makes the first."),
    "busy": _(
        "Another job is working in the backup folder (%(holder)s, since %(since)s). Nothing was changed. Wait until "
        "it has ended."
    ),
    "cancelled": _("Cancelled. What had been begun was removed; archives that were complete are kept."),
    "timed-out": _(
        "%(command)s was ended after %(seconds)s seconds. Nothing incomplete was left; older archives are untouched. "
        "See whether the server or a disk is overloaded, then try again. Hot backups, cold backups and dumps get more "
        "time by OOB_BACKUP_TIMEOUT_HOURS; other steps have a limit of their own."
    ),
    "server-unreachable": _(
        "The MariaDB server at %(address)s does not answer (%(reason)s). Its data was not backed up; older archives "
        "are untouched. Check that it runs, and DBHOST and DBPORT. If it is stopped on purpose: "
        "`manage.py runbackup --cold`."
    ),
    "login-refused": _(
        "The MariaDB server at %(address)s refuses the account “%(user)s”. Check OOB_BACKUP_DBUSER and "
        "OOB_BACKUP_DBPWD; `manage.py dbgrants` prints what to run on the server."
    ),
    "query-failed": _(
        "The MariaDB server at %(address)s could not answer (%(reason)s), so its data was not backed up; older "
        "archives are untouched. A damaged table is found by CHECK TABLE and mended by REPAIR TABLE."
    ),
    "rights-missing": _(
        "The account “%(user)s” lacks rights on the MariaDB server: %(rights)s. Nothing was backed up from it. "
        "`manage.py dbgrants` prints the statements to run once."
    ),
    "version-mismatch": _(
        "mariadb-backup %(tool_version)s cannot read the files of this server (%(server_version)s). Name one that "
        "fits in OOB_MARIADB_BACKUP, or make SQL dumps with `manage.py runbackup --dump`."
    ),
    "hot-backup": _(
        "mariadb-backup failed %(tries)s times (%(phase)s): %(line)s. No archive was kept; the database was not "
        "touched. Try again later."
    ),
    "dump": _("mariadb-dump failed: %(line)s. No dump was kept; the database was not touched."),
    "dump-incomplete": _(
        "The SQL dump is not complete: %(what)s, %(found)s of %(expected)s. It was not kept. Check the rights with "
        "`manage.py dbgrants`."
    ),
    "server-running": _(
        "A MariaDB server is using %(path)s, so its files cannot be copied. Stop it, or make a hot backup without "
        "--cold."
    ),
    "network-folder": _(
        "%(path)s lies on a network disk, where nobody can tell whether a server uses it. A cold backup is not "
        "possible there."
    ),
    "cold-format": _(
        "The stopped server of %(datadir)s is older than MariaDB 10.8, and the program here is %(version)s: what it "
        "makes, the old server could not read. Nothing was backed up, your data are untouched. Start the server and "
        "back up while it runs."
    ),
    "throwaway-server": _(
        "The private server did not start on these data: %(line)s. The practice's server, its data and all archives "
        "are untouched. Make a new backup; for a restore use another archive that is proved."
    ),
    "lock-lost": _(
        "The lock %(path)s is not ours any more: somebody removed it or changed the disk. Nothing more was deleted."
    ),
    "file-system": _("%(path)s: %(reason)s. Nothing incomplete was left."),
    # --- remarks and log lines ---
    "unexpected": _(
        "Something unexpected happened. Nothing incomplete was left; complete archives are kept. Try again; if it "
        "comes back, pass on this text, which is meant for support and stands in the log: %(text)s"
    ),
    "audit-not-written": _(
        "What was done could not be put on record: the audit log cannot be written (%(reason)s). Make room on the disk "
        "of the data folder, or give its files back to the user as whom oobsite runs."
    ),
    "proof-not-requested": _(
        "No test restore was ordered, because it could not be put on record: the audit log cannot be written "
        "(%(reason)s). The backup is whole; order the test restore by hand when that is mended."
    ),
    "leftovers-removed": _("Left-overs of an interrupted run were removed: %(names)s"),
    "listing-empty": _(
        "The backup folder %(path)s is empty although archives are known. Nothing was forgotten: check that the "
        "right disk is mounted."
    ),
    "listing-shrunk": _(
        "%(gone)s of %(known)s known archives are not in the backup folder %(path)s. Nothing was forgotten: check that "
        "the right disk is mounted. If they were removed on purpose: `manage.py scanbackups --forget`."
    ),
    "source-optional-missing": _("Not there, and not required: %(path)s"),
    "database-not-there": _(
        "The server has no database “%(database)s”; only its files were saved, nothing was counted. Check DBNAME."
    ),
    "dump-instead": _(
        "The database could not be copied while it runs, so it was saved as SQL instead. The line above tells why."
    ),
    "saved-cold": _("Saved while the MariaDB server was stopped."),
    "dump-outside-snapshot": _(
        "%(count)s tables (MyISAM, Aria) were not read in the same moment as the others. The physical backup has no "
        "such gap."
    ),
    "files-skipped": _("%(count)s files changed or could not be read: %(names)s"),
    "files-on-other-disk": _(
        "%(count)s folders lie on another disk or in a subvolume of their own and were not saved: %(names)s. Make a "
        "source of each that holds data."
    ),
    "archive-written": _("%(name)s: %(size)s, %(entries)s entries, written and read back"),
    "archive-proved-database": _(
        "%(name)s: proved; a database started from it, %(tables)s tables checked and counted, %(seconds)s s"
    ),
    "archive-proved-copy": _(
        "%(name)s: proved; a database started from it, %(tables)s tables are sound, %(seconds)s s. It is a copy of a "
        "running database: whether its tables agree with one another at one moment, no test can tell."
    ),
    "archive-proved-files": _("%(name)s: proved; all %(entries)s entries read and compared, %(seconds)s s"),
    "proof-empty": _("There is nothing in this archive."),
    "proof-no-database": _("There is no database in this archive."),
    "proof-database-missing": _("The database “%(database)s” is not in this archive, or holds no table."),
    "proof-tables-missing": _("%(count)s tables are missing: %(names)s"),
    "proof-table-damaged": _("Table %(table)s: %(text)s"),
    "proof-count-wrong": _("Table %(table)s has %(found)s rows, but must have %(low)s to %(high)s."),
    "proof-counting-failed": _("The rows could not be counted: %(text)s"),
    "proof-load-failed": _("The dump could not be loaded: %(text)s"),
    "proof-objects-wrong": _("%(what)s: %(found)s instead of %(expected)s"),
    "pruned": _("%(name)s was deleted: newer generations are enough"),
    "prune-in-use": _("%(name)s is being read just now and was kept"),
    "pruning-stopped-size": _(
        "The new archive is suspiciously small (%(found)s, usual are %(expected)s). No old archive is deleted "
        "until you have looked and cleared “old archives are kept” at the source."
    ),
    "pruning-stopped-count": _(
        "Table %(what)s has %(found)s rows, before there were %(expected)s. No old archive is deleted until you have "
        "looked and cleared “old archives are kept” at the source."
    ),
    "pruning-still-stopped": _("No old archive is deleted: the question at this source is still open."),
}

_REASONS_OF_TOPICS = SETTINGS_REASONS | CERTIFICATE_REASONS | NAME_REASONS | PARTIAL_REASONS | SQL_REASONS
REASONS: dict[str, Promise] = _REASONS_OF_TOPICS | {
    "gzip": _("the compressed data is broken or cut off"),
    "tar": _("its entries are broken or cut off"),
    "checksum": _("its checksum is wrong"),
    "size": _("its size is wrong"),
    "content": _("its content is not what the manifest says"),
    "manifest": _("its manifest cannot be read"),
    "unreadable": _("the disk cannot read it"),
    # why a start-up test failed
    "server-not-started": _("the server did not come up"),
    "login-refused": _("the account cannot log in: restored data bring old passwords back"),
    "restored-content": _("tables or rows are missing"),
    "query-failed": _("the server could not read its tables"),
    "cancelled": _("it was cancelled"),
    "not-served": _("no server uses its files"),
    # why an archive does not fit
    "other-source": _("it belongs to another source"),
    "other-kind": _("it holds another kind of data than the source"),
    "dump": _("it is an SQL dump, which is loaded and not exchanged"),
    "own": _("it holds oobsite itself, which `manage.py restoreself` restores"),
    "no-database": _("it holds no database"),
    # what is wrong with an account
    "missing": _("there is no such account"),
    "other-password": _("its password was another one"),
    "no-shutdown": _("it may not stop the server"),
    # what the operating system says
    "No such file or directory": _("there is no such file or folder"),
    "Not a directory": _("it is not a folder"),
    "Permission denied": _("access is refused"),
    "Operation not permitted": _("that is not permitted"),
    "Read-only file system": _("the disk can only be read"),
    "No space left on device": _("the disk is full"),
    "Disk quota exceeded": _("the share of the disk is used up"),
    "Input/output error": _("the disk cannot be read or written"),
    "File name too long": _("the name is too long"),
    "Stale file handle": _("the network disk was disconnected"),
    "Transport endpoint is not connected": _("the network disk is not connected"),
    "Host is down": _("the network disk does not answer"),
}

#: What mariadb-backup was doing.
PHASES: dict[str, Promise] = {
    "backup": _("while it copied"),
    "prepare": _("while it made the copy ready"),
}
_WORDS = {
    "reason": REASONS,
    "phase": PHASES,
    "looks_like": CERTIFICATE_WORDS,
    "field": CERTIFICATE_WORDS,
    "fields": SETTINGS_FIELDS,
}

#: What a dump holds beside tables, by its name in a manifest; ``trailer`` is the last line of a complete dump.
OBJECTS: dict[str, Promise] = {
    "triggers": _("triggers"),
    "views": _("views"),
    "routines": _("routines"),
    "events": _("events"),
    "trailer": _("the last line"),
}

#: Why an archive is not deleted, by the codes of the plan.
KEEP_REASONS: dict[str, Promise] = {
    "incomplete": _("is incomplete; only you delete it"),
    "never-verified": _("was not made by oobsite; only you delete it"),
    "safety": _("safety backup before a restore"),
    "pinned": _("you keep it for good"),
    "no-policy": _("the next backup adds nothing to these data"),
    "proof-failed": _("failed its proof, but is newer than the oldest good one"),
    "pruning-stopped": _("the question at its source is open"),
    "last": _("one of the newest"),
    "hourly": _("newest of its hour"),
    "daily": _("newest of its day"),
    "weekly": _("newest of its week"),
    "monthly": _("newest of its month"),
    "yearly": _("newest of its year"),
    "newest-proved": _("newest that is proved"),
}


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a code in the present language; an unknown code is shown as it is."""
    text = SENTENCES.get(_narrow(code, params))
    if text is None:
        return f"{code} {dict(params)}" if params else code
    return str(text) % {name: _show(code, name, value) for name, value in params.items()}


def _narrow(code: str, params: Mapping[str, Any]) -> str:
    """The code of a plainer sentence, where nothing in particular was asked for."""
    name = str(params.get("name", ""))
    if code == "archive-missing" and name.startswith(_ANY_ARCHIVE):
        return "no-archive" if name == _ANY_ARCHIVE else "moment-missing"
    if code == "restore-unknown" and params.get("restore_id") == _ANY_ARCHIVE:
        return "nothing-kept"
    return f"{code}-whole" if params.get("line") == 0 and f"{code}-whole" in SENTENCES else code


def notice_sentence(notice: Notice) -> str:
    return sentence(notice.code, notice.params)


def error_sentence(error: OobError) -> str:
    return notice_sentence(error.notice)


def _show(code: str, name: str, value: Any) -> str:
    if isinstance(value, str):
        return _show_word(code, name, value)
    if name in (*_BYTE_PARAMS, *_BYTE_PARAMS_OF.get(code, ())) and isinstance(value, int | float):
        return human_size(value)
    if isinstance(value, list | tuple):
        return ", ".join(_show_word(code, name, str(item)) for item in value)
    if isinstance(value, float):
        return number_format(value, decimal_pos=1, use_l10n=True, force_grouping=True)
    if isinstance(value, int) and not isinstance(value, bool):
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def _show_word(code: str, name: str, value: str) -> str:
    if name in _WORDS:
        return str(_WORDS[name].get(value, value))
    if name.endswith("_on") and (day := parse_date(value)):
        return date_format(day, "DATE_FORMAT")
    if code == "installation-not-empty":
        return str(CONTENTS.get(value, value))
    if name == "what" and code in _OBJECT_CODES:
        return str(OBJECTS.get(value, value))
    return value


def human_size(size: float) -> str:
    """``4600000000`` -> ``4,6 GB`` (decimal units, as disks are sold)."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    has_fraction = size < 100 and units[0] != "B"
    return f"{number_format(size, decimal_pos=int(has_fraction))} {units[0]}"


def counts_label(name: str) -> str:
    """The name of a figure of the practice."""
    labels = {
        "patients": gettext("Patients"),
        "last_consultation": gettext("Last consultation"),
        "last_appointment": gettext("Last appointment"),
        "open_invoices": gettext("Open invoices"),
        "last_invoice": gettext("Last invoice"),
        "last_letter": gettext("Last letter"),
        "documents": gettext("Documents"),
        "last_document": gettext("Last document"),
    }
    return labels.get(name, name)
