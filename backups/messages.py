"""Sentences for errors, remarks and log lines of backups: what happened, what is untouched, what to do.

Logs and manifests keep a code and parameters; they become words here, in the language of whoever looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.errors import Notice, OobError

_BYTE_PARAMS = ("size", "missing")
_BYTE_PARAMS_OF = {"pruning-stopped-size": ("found", "expected")}
_OBJECT_CODES = ("dump-incomplete", "proof-objects-wrong")
_ANY_ARCHIVE = "*"

SENTENCES: dict[str, Promise] = {
    # --- errors ---
    "not-allowed": _("The role of “%(user)s” does not allow this. Nothing was changed. Ask an owner of this practice."),
    "audit-write": _(
        "This was not done, because it could not be put on record: the audit log cannot be written (%(reason)s). Make "
        "room on the disk of the data folder, or give its files back to the user as whom oobsite runs; then try again."
    ),
    "not-of-oobsite": _(
        "“%(name)s” is no backup of oobsite itself. Nothing was changed. Name one that begins with “oobsite_”, or none "
        "for the newest."
    ),
    "not-prepared": _(
        "oobsite is not set up yet in %(folder)s: run `manage.py prepare`, or set OOB_DATA_DIR to the data folder of "
        "the installation that you mean. Nothing was done."
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
    "own-copy": _(
        "oobsite's own data was not backed up: %(reason)s. The data themselves and older archives are untouched. Check "
        "that oobsite's database answers and that OOB_WORK_DIR has room, then try again."
    ),
    "recovery-key-missing": _(
        "oobsite's own data was not backed up: the recovery key is missing. Run `manage.py prepare` once."
    ),
    "lock-lost": _(
        "The lock %(path)s is not ours any more: somebody removed it or changed the disk. Nothing more was deleted."
    ),
    "file-system": _("%(path)s: %(reason)s. Nothing incomplete was left."),
    "field-keys-missing": _(
        "The key file %(path)s cannot be used (%(reason)s), so stored secrets cannot be opened. Put it back from a "
        "copy of the data folder; nothing was changed."
    ),
    "secret-unreadable": _(
        "A stored secret cannot be opened: none of the keys in %(path)s fits. Nothing was changed. Put the right key "
        "file back, or enter the secret again."
    ),
    "own-archive-missing": _(
        "There is no backup of oobsite in %(path)s, so nothing was changed. Check that the right disk is mounted."
    ),
    "passphrase-wrong": _(
        "The recovery passphrase does not fit this backup. Nothing was changed. Compare it letter by letter with the "
        "paper; a backup that is older than the newest passphrase opens with the one before it."
    ),
    "own-copy-unfit": _(
        "This backup of oobsite cannot be used: %(name)s is missing in it or is not what oobsite writes. Nothing was "
        "changed. Name another archive."
    ),
    "other-database": _(
        "This backup comes from an oobsite with another kind of database (%(expected)s; here it is %(found)s). Nothing "
        "was changed. Set OOB_DATABASE_URL as it was there."
    ),
    "installation-not-empty": _(
        "This installation is not empty: there are %(what)s already, and they would be lost. Nothing was changed. Use "
        "an empty data folder and an empty database."
    ),
    "self-restore": _(
        "oobsite's database could not be put in place (%(line)s). The archive is untouched. Remove the cause, then run "
        "`manage.py restoreself` again."
    ),
    "self-restore-unfinished": _(
        "oobsite's own restore has not come to its end, so the database is not complete. Run `manage.py restoreself` "
        "again."
    ),
    "restore-busy": _(
        "A restore or its recovery is at work in %(path)s. Nothing was changed. Wait until it has ended."
    ),
    "restore-unknown": _(
        "Nothing that could be put back or released is kept of the restore %(restore_id)s in %(path)s. Nothing was "
        "changed."
    ),
    "restore-unfinished": _(
        "The restore %(restore_id)s in %(path)s was interrupted (%(phase)s). Nothing was changed. Run `manage.py "
        "recover`, then try again."
    ),
    "restore-superseded": _(
        "The restore %(restore_id)s in %(path)s cannot be undone: a later one (%(newer)s) has replaced its data. Undo "
        "that one first. Nothing was changed."
    ),
    "journal-damaged": _(
        "The journal %(path)s of a restore cannot be read. Nothing was changed, and nothing there may be deleted: it "
        "tells which data are the old ones. Ask for help."
    ),
    "staged-incomplete": _(
        "This archive holds no whole data of that kind: %(names)s is missing. Nothing was changed. Use another archive."
    ),
    "kept-incomplete": _(
        "The old data in %(path)s are not whole any more (missing: %(names)s), so they were not put back. The restored "
        "data stay in place. Restore the safety backup instead."
    ),
    "server-not-stopped": _(
        "The MariaDB server on %(path)s did not stop within %(seconds)s seconds. The data before the restore are in "
        "place and untouched, unless a restore was already interrupted; then `manage.py recover` ends it once the "
        "server is stopped."
    ),
    "server-not-started": _(
        "No MariaDB server came up at %(address)s within %(seconds)s seconds (%(reason)s). Something must start it: "
        "check `restart: always` in docker-compose.yaml, or OOB_DB_START_COMMAND."
    ),
    "restored-content": _("The restored database does not hold what the archive's manifest says: %(problems)s."),
    "rolled-back": _(
        "The restored data in %(path)s did not pass the start-up test (%(reason)s). The data before the restore were "
        "put back by themselves and are in place."
    ),
    "rollback-failed": _(
        "The restored data in %(path)s did not pass the start-up test (%(reason)s), and the old data could not be put "
        "back. They are kept and complete: stop the MariaDB server, then run `manage.py undorestore` (restore "
        "%(restore_id)s)."
    ),
    "folder-in-use": _(
        "Somebody wrote into %(path)s during the restore (%(names)s). The data before the restore are in place, and "
        "what was written is kept. Stop the service that uses this folder, then try again."
    ),
    "mount-inside": _(
        "Other disks or folders are mounted inside %(path)s: %(names)s. They cannot be moved, so nothing was restored. "
        "Unmount them for the restore, or restore to another place."
    ),
    "file-system-unfit": _(
        "The disk of %(path)s cannot do what a safe exchange needs (%(feature)s). Nothing was changed. Restore to "
        "another place and exchange the data by hand, as README says."
    ),
    "server-layout": _(
        "The MariaDB server keeps files outside its data folder: %(names)s. They would not change with the rest, so "
        "nothing was restored. Use an SQL dump."
    ),
    "server-differs": _(
        "The archive comes from another kind of MariaDB server: %(what)s is %(found)s here and was %(expected)s there. "
        "Nothing was changed. Start a server like that one, or use an SQL dump."
    ),
    "other-server": _(
        "The MariaDB server at %(address)s does not work on %(path)s. Nothing was changed. Check DBHOST and DBPORT and "
        "the volume in docker-compose.yaml."
    ),
    "archive-unfit": _("%(name)s cannot be restored here: %(reason)s. Nothing was changed."),
    "clients-connected": _(
        "These programs are still connected to the database: %(names)s. Nothing was changed. Close them, or confirm "
        "that they may lose their connection, then try again."
    ),
    "folders-not-confirmed": _(
        "The programs that use these folders must be stopped before they are restored: %(names)s. Nothing was changed. "
        "Stop them and confirm it, then try again."
    ),
    "safety-backup": _(
        "The present data could not be saved (%(names)s), so nothing was restored, and they are untouched. The lines "
        "above tell why. Who wants none can restore without a safety backup."
    ),
    "account-would-fail": _(
        "The restored database would not let oobsite in as “%(user)s” (%(reason)s): a restore brings the accounts and "
        "passwords of its time back. Nothing was changed. Set OOB_BACKUP_DBUSER and OOB_BACKUP_DBPWD to an account of "
        "that time, or confirm that the old accounts come back; then only you can stop the server and undo the restore."
    ),
    "proof-failed": _(
        "%(name)s did not pass its test restore, so nothing was restored, and the present data are untouched. Choose "
        "another moment."
    ),
    "command-failed": _("The command %(command)s has failed (%(reason)s). Check it, then try again."),
    # --- remarks and log lines ---
    "restore-checked": _("%(name)s: checked, it fits %(path)s. Nothing has been changed yet."),
    "restore-without-safety": _("No safety backup was made, as you wished. Nothing has been changed yet."),
    "restore-nothing-to-save": _("%(path)s is empty: there was nothing to save. Nothing has been changed yet."),
    "restore-saved": _("The present data are saved. Nothing has been changed yet."),
    "restore-staged": _("%(name)s: unpacked beside the present data. These are untouched and in use."),
    "restore-old-accounts": _(
        "The accounts of the archive come back, as you have confirmed (%(reason)s). If nobody can log in afterwards, "
        "change DBPWD to the password of that time."
    ),
    "restore-account-unknown": _(
        "Whether the restored database lets the account “%(user)s” in cannot be told beforehand; it will be tried. "
        "Nothing has been changed yet."
    ),
    "restore-clients-cut": _("These programs lose their connection to the database: %(names)s"),
    "restore-swapped-database": _(
        "The restored data are in place and passed the start-up test; the database was away for %(seconds)s s. The "
        "data from before are kept."
    ),
    "restore-swapped-folder": _("The restored data are in place. The data from before are kept."),
    "restore-untested": _(
        "The restored data are in place, but the server could not be tested: %(reason)s. The data from before are kept."
    ),
    "restore-taken-back": _("The data from before are back in %(path)s, for another part of the restore has failed."),
    "restore-kept": _(
        "The data from before are kept for %(hours)s hours. Until then `manage.py undorestore %(restore_id)s` or the "
        "page of the restore puts them back."
    ),
    "restore-undone": _("The data from before the restore are back in %(path)s."),
    "restore-recovered-old": _("%(path)s: an interrupted restore was ended. The data from before are in place."),
    "restore-recovered-new": _(
        "%(path)s: an interrupted restore was ended. The restored data are in place; those from before are kept."
    ),
    "restore-recovered-busy": _("%(path)s: a restore is at work here. Nothing was done."),
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

REASONS: dict[str, Promise] = {
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

#: What a dump holds beside tables, by its name in a manifest; ``trailer`` is the last line of a complete dump.
OBJECTS: dict[str, Promise] = {
    "triggers": _("triggers"),
    "views": _("views"),
    "routines": _("routines"),
    "events": _("events"),
    "trailer": _("the last line"),
}

#: What an installation holds that ``restoreself`` would replace.
CONTENTS: dict[str, Promise] = {"users": _("users"), "tables": _("tables in the database")}

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
    if code == "archive-missing" and params.get("name") == _ANY_ARCHIVE:
        code = "no-archive"
    text = SENTENCES.get(code)
    if text is None:
        return f"{code} {dict(params)}" if params else code
    return str(text) % {name: _show(code, name, value) for name, value in params.items()}


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
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return number_format(value, decimal_pos=1, use_l10n=True, force_grouping=True)
    if isinstance(value, int) and not isinstance(value, bool):
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def _show_word(code: str, name: str, value: str) -> str:
    if name == "reason":
        return str(REASONS.get(value, value))
    if name == "phase":
        return str(PHASES.get(value, value))
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
    }
    return labels.get(name, name)
