"""Sentences for errors, remarks and log lines of restores: what happened, what is in place, what to do."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

RESTORE_SENTENCES: dict[str, Promise] = {
    # --- errors ---
    "restore-busy": _(
        "A restore or its recovery is at work in %(path)s. Nothing was changed. Wait until it has ended."
    ),
    "restore-unknown": _(
        "Nothing that could be put back or removed is kept of the restore %(restore_id)s in %(path)s. Nothing was "
        "changed. The page “Restore” shows what is kept."
    ),
    "nothing-kept": _("No restore has kept data that could be put back or removed. Nothing was changed."),
    "restore-unfinished": _(
        "The restore %(restore_id)s in %(path)s was interrupted (%(phase)s). Nothing was changed. Run `manage.py "
        "recover`, then try again."
    ),
    "order-outdated": _(
        "Since this was ordered another restore has ended, so the data are not those that you have looked at. Nothing "
        "was changed. Look at them, and order it anew if it is still right."
    ),
    "restore-superseded": _(
        "The restore %(restore_id)s in %(path)s cannot be undone: a later one (%(newer)s) has replaced its data. Undo "
        "that one first. Nothing was changed."
    ),
    "journal-damaged": _(
        "The record %(path)s of a restore cannot be read: it is damaged, or a newer oobsite has written it. Nothing "
        "was changed, and nothing beside it may be deleted: it tells which data are the old ones. Update oobsite, or "
        "show this to whoever looks after your computers."
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
    "not-restarted": _(
        "After the exchange no MariaDB server came up on %(path)s. The data before the restore were put back by "
        "themselves and are in place. If the server does not run now either, start it yourself (`docker compose up "
        "-d`); before you try again, see to it that something restarts it: `restart: always` in docker-compose.yaml, "
        "or OOB_DB_START_COMMAND."
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
    "archive-unfit": _("%(name)s cannot be used for this: %(reason)s. Nothing was changed."),
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
    "engine-unreachable": _(
        "The Docker engine does not answer at %(address)s (%(reason)s), so the programs named in OOB_RESTORE_STOP "
        "cannot be stopped. Nothing was changed. Start the proxy (docker-compose.stop.yaml), or leave OOB_RESTORE_STOP "
        "empty and stop the programs by hand."
    ),
    "engine-refuses": _(
        "The Docker engine at %(address)s does not allow this: %(act)s. Nothing was changed. Let the proxy allow "
        "inspect, stop and start, as docker-compose.stop.yaml does."
    ),
    "container-unknown": _(
        "There is no container “%(name)s”. Nothing was changed. Correct the name in OOB_RESTORE_STOP; `docker ps -a` "
        "lists all."
    ),
    "container-failed": _(
        "The container “%(name)s” could not be handled (%(act)s: %(reason)s). The data before the restore are in "
        "place. Look at `docker logs %(name)s`, then try again."
    ),
    "worker-silent": _(
        "The worker has not answered within %(seconds)s seconds. Nothing was changed. Load this page again. If it "
        "stays so, whoever looks after the server sees whether the worker runs (`docker compose ps`) and starts it "
        "(`docker compose up -d worker`)."
    ),
    "restored-untested": _(
        "The restored data in %(path)s are not tested yet, so the old ones were not removed. Test them, or look at "
        "Elexis yourself and confirm that all is there (restore %(restore_id)s)."
    ),
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
    "restore-released": _("What the restore had kept is removed from %(path)s. The data in place were not touched."),
    "restore-tested": _("%(path)s: the restored data have passed the start-up test."),
    "restore-undone": _("The data from before the restore are back in %(path)s."),
    "restore-recovered-old": _("%(path)s: an interrupted restore was ended. The data from before are in place."),
    "restore-recovered-new": _(
        "%(path)s: an interrupted restore was ended. The restored data are in place; those from before are kept."
    ),
    "containers-stopped": _("Stopped for the exchange: %(names)s. They are started again afterwards."),
    "containers-started": _("Started again: %(names)s"),
    "container-not-started": _(
        "The container “%(name)s” could not be started again (%(reason)s). Start it yourself, now: `docker start "
        "%(name)s`"
    ),
    "containers-wait": _(
        "These containers stay stopped, for the exchange of the data is not at its end: %(names)s. `manage.py "
        "recover`, or a restart of the worker, ends it and starts them."
    ),
    "restore-recovered-busy": _("%(path)s: a restore is at work here. Nothing was done."),
}
