"""Words for alerts about worker, watchdog, disks and schedules that cannot be followed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from oobsite.alerts.words.entry import Words

MACHINE: dict[str, Words] = {
    "worker-silent": Words(
        _("The worker is silent"),
        _("The part of oobsite that makes the backups has given no sign of life since %(last_at)s."),
        _("No backup is made meanwhile. Restart it: `docker compose restart worker`."),
    ),
    "worker-never": Words(
        _("The worker is silent"),
        _("The part of oobsite that makes the backups has never given a sign of life."),
        _("No backup is made until it does. Start it: `docker compose up -d worker`."),
    ),
    "watchdog-silent": Words(
        _("The watchdog is silent"),
        _("The part of oobsite that watches over the backups has not looked since %(last_at)s."),
        _("Backups go on. Restart it: `docker compose restart cron`; without containers see `watchdog.log`."),
    ),
    "watchdog-broken": Words(
        _("The watchdog cannot look"),
        _("The part of oobsite that watches over the backups has met an error of its own."),
        _("Backups go on. The file `watchdog.log` in the data folder says more."),
    ),
    "disk-filling": Words(
        _("The backup disk is filling up"),
        _("%(free_bytes)s are free on the backup disk; at this rate that is enough for %(days)s days."),
        _("Make room, keep fewer generations, or connect a larger disk."),
    ),
    "backup-disk-low": Words(
        _("The backup disk is almost full"),
        _("%(free_bytes)s of %(total_bytes)s are free on the backup disk."),
        _("Make room, keep fewer generations, or connect a larger disk."),
    ),
    "work-disk-low": Words(
        _("The disk for test restores is almost full"),
        _("%(free_bytes)s of %(total_bytes)s are free where oobsite unpacks archives."),
        _("Your data are untouched. Make room: a test restore needs twice the size of the database."),
    ),
    "data-disk-low": Words(
        _("The disk of oobsite is almost full"),
        _("%(free_bytes)s of %(total_bytes)s are free where oobsite keeps its own data."),
        _("Your data and archives are untouched. Make room before oobsite can no longer write down what it does."),
    ),
    "backup-folder-away": Words(
        _("The backup folder is not there"),
        _("The folder in which the archives lie cannot be found."),
        _("No backup is possible. Connect the disk, or see that it is mounted."),
    ),
    "work-folder-away": Words(
        _("The folder for test restores is not there"),
        _("The folder in which oobsite unpacks archives cannot be found."),
        _("No backup can be proved or restored. Connect the disk, or see that it is mounted."),
    ),
    "data-folder-away": Words(
        _("The folder of oobsite is not there"),
        _("The folder in which oobsite keeps its own data cannot be found."),
        _("Connect the disk, or see that it is mounted."),
    ),
    "schedule-unreadable": Words(
        _("A schedule cannot be followed"),
        _("oobsite cannot read when the schedule “%(schedule)s” is due. It makes no backup; the others do."),
        _("Open the schedule, check its five fields, and save it."),
    ),
    "schedule-stuck": Words(
        _("A backup could not be ordered"),
        _("oobsite could not order the backup of the schedule “%(schedule)s”. It tries again every minute."),
        _("Older archives are untouched. See that the disk of oobsite is not full, or start a backup by hand."),
    ),
    "schedule-without-source": Words(
        _("A schedule saves nothing"),
        _("The schedule “%(schedule)s” has no source that is switched on."),
        _("Choose sources for it, or switch the schedule off."),
    ),
}
