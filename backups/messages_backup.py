"""Sentences for backups, their proofs and the end of old archives: what happened, what is untouched, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BACKUP_SENTENCES: dict[str, Promise] = {
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
    "moment-missing": _(
        "There is no backup of this moment. It is written as in the names of the archives, such as 2026-11-24-0315; "
        "`manage.py listbackups` shows what there is."
    ),
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
        "mariadb-backup %(tool_version)s cannot read the files of this server (%(server_version)s); nothing was saved. "
        "Give oobsite the programs of the server's own series (OOB_MARIADB_PROGRAMS, see the README), or let it make "
        "SQL dumps: `manage.py runbackup --dump`, and in the schedule."
    ),
    "other-series": _(
        "These files were written by MariaDB %(version)s and not closed at the end. That is no damage, but only "
        "programs of the same series can open them, and oobsite has others. Nothing was changed. Give it those "
        "programs (OOB_MARIADB_PROGRAMS, see the README), then try again."
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
        "%(name)s: proved; a database started from it, %(tables)s tables (with those of the server itself) checked and "
        "counted, %(seconds)s s"
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
