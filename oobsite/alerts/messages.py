"""Words for alerts. A row keeps a code and parameters; what is not named here is never said, so no secret slips out.

A new alert is one line in ``ALERTS``. Parameters that end in ``_at`` are moments (ISO), those in ``_bytes`` sizes;
``source``, ``sources``, ``action`` and ``causes`` are names that become words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.messages import human_size, sentence
from backups.models import BackupRun, series_titles

if TYPE_CHECKING:
    from oobsite.alerts.models import Alert


@dataclass(frozen=True)
class Words:
    """A title of a few words, what happened, and what is untouched or to be done."""

    title: Promise
    text: Promise
    advice: Promise


_LOOK_AT_LOG = _("Older archives are untouched. The log of the run says what to do.")
ALERTS: dict[str, Words] = {
    # --- runs ---
    "run-failed": Words(_("%(action)s failed"), _("%(action)s of %(started_at)s failed."), _LOOK_AT_LOG),
    "run-partial": Words(
        _("%(action)s partly failed"),
        _("%(action)s of %(started_at)s failed for some of the data; the others are saved."),
        _LOOK_AT_LOG,
    ),
    "run-interrupted": Words(
        _("%(action)s interrupted"),
        _("%(action)s of %(started_at)s was interrupted before it was finished."),
        _("Nothing incomplete was kept, and older archives are untouched. Start it again."),
    ),
    "run-warnings": Words(
        _("%(action)s with remarks"),
        _("%(action)s of %(started_at)s is done, but not everything is as it should be."),
        _("The archives are complete except for what the log of the run names."),
    ),
    "run-missed": Words(
        _("Backup missed"),
        _("The schedule “%(schedule)s” was due at %(slot_at)s, and no backup was made."),
        _("See that the server is switched on at that time, or start a backup by hand."),
    ),
    "runs-missed": Words(
        _("Backups missed"),
        _(
            "The schedule “%(schedule)s” was due %(count)s times between %(first_at)s and %(slot_at)s, and no backup "
            "was made."
        ),
        _("See that the server is switched on at that time, or start a backup by hand."),
    ),
    "run-overdue": Words(
        _("Backup overdue"),
        _("The backup that is due since %(slot_at)s has not begun, or does not end."),
        _("See under “Runs” what is at work, and whether the worker is running."),
    ),
    "run-waiting": Words(
        _("%(action)s does not begin"),
        _("%(action)s waits since %(started_at)s, although nothing else is at work."),
        _("Your data and archives are untouched. Restart the worker: `docker compose restart worker`."),
    ),
    "run-too-long": Words(
        _("%(action)s takes very long"),
        _("%(action)s is at work since %(started_at)s, far longer than usual."),
        _("See under “Runs” whether it advances. It can be cancelled there; older archives are untouched."),
    ),
    "run-succeeded": Words(
        _("%(action)s done"), _("%(action)s of %(started_at)s is done."), _("There is nothing to do.")
    ),
    # --- archives ---
    "proof-failed": Words(
        _("Test restore failed"),
        _("The test restore of %(started_at)s failed: this backup would not help in an emergency."),
        _("Your data are untouched. Make another backup now, and check the disk on which the archives lie."),
    ),
    "archive-damaged": Words(
        _("Archive damaged"),
        _("The archive %(archive)s is not any more what was written."),
        _("It is kept. Make another backup now, and check the disk on which the archives lie."),
    ),
    "archive-vanished": Words(
        _("Archive missing"),
        _("The file of the archive %(archive)s is not in the backup folder any more, and oobsite did not delete it."),
        _("Check the disk, and who else has access to it. If you have removed it yourself, mark this alert as done."),
    ),
    "archives-missing": Words(
        _("Most archives are missing"),
        _("Most or all of the known archives are not in the backup folder."),
        _("Nothing was forgotten. Check that the right disk is connected."),
    ),
    "archive-too-old": Words(
        _("No recent backup"),
        _("The newest good backup is of %(newest_at)s."),
        _("Start a backup, and see why none was made: “Runs” shows the last ones."),
    ),
    "archive-none": Words(
        _("No backup yet"),
        _("There is not one good backup of these data."),
        _("Start a backup, and see under “Schedules” that one is made by itself."),
    ),
    "proof-too-old": Words(
        _("No recent test restore"),
        _("The newest backup whose test restore succeeded is of %(newest_at)s."),
        _("Start a test restore on the page of an archive."),
    ),
    "proof-none": Words(
        _("No test restore yet"),
        _("No backup of these data has passed a test restore: nobody knows whether it would help."),
        _("Start a test restore on the page of an archive."),
    ),
    # --- machine ---
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
    # --- certificates ---
    "certificate-ends-renewed": Words(
        _("The certificate of %(name)s ends soon"),
        _("The certificate of %(name)s ends at %(ends_at)s, and oobsite could not renew it by itself."),
        _("Press “Renew” on its page, which says what hinders it. Afterwards browsers would warn of the service."),
    ),
    "certificate-ends-self-signed": Words(
        _("The certificate of %(name)s ends soon"),
        _("The certificate of %(name)s ends at %(ends_at)s. Afterwards browsers warn of the service."),
        _("Press “Renew” on its page, and tell each device to trust the new one. The practice CA saves you that."),
    ),
    "certificate-ends-installed": Words(
        _("The certificate of %(name)s ends soon"),
        _("The certificate of %(name)s ends at %(ends_at)s. Afterwards browsers warn of the service."),
        _("Have it renewed where it was issued, and install the new pair under “Certificates”."),
    ),
    "certificate-ended": Words(
        _("The certificate of %(name)s has ended"),
        _("The certificate of %(name)s has ended at %(ends_at)s: browsers warn of the service, or refuse it."),
        _("Renew it under “Certificates”, or install a new pair there."),
    ),
    "authority-ends": Words(
        _("The practice CA ends"),
        _("The practice CA “%(name)s” ends at %(ends_at)s. No certificate that it has signed is good for longer."),
        _("Set up a new practice CA under “Certificates”, and install its root on every device before then."),
    ),
    "authority-ended": Words(
        _("The practice CA has ended"),
        _("The practice CA “%(name)s” has ended at %(ends_at)s, and with it all certificates that it has signed."),
        _("Set up a new practice CA under “Certificates”, and install its root on every device."),
    ),
    "certificate-weak": Words(
        _("The certificate of %(name)s is weak"),
        _("The certificate of %(name)s has a key or a signature that browsers do not accept any more (%(weakness)s)."),
        _("Have it issued again with EC P-256 or RSA 2048, and SHA-256; or let oobsite make one."),
    ),
    "certificate-served-another": Words(
        _("Another certificate is served for %(name)s"),
        _("Whoever opens %(name)s gets another certificate than the one that oobsite has installed."),
        _("See that the proxy reads the folder of oobsite, then press “Ask now” on the page of the certificate."),
    ),
    "certificate-served-wrong-name": Words(
        _("The certificate for %(name)s is not served"),
        _("Whoever opens %(name)s gets a certificate of another name, which browsers refuse."),
        _("See that the proxy has a route for this name and reads the folder of oobsite."),
    ),
    "certificate-served-expired": Words(
        _("An expired certificate is served for %(name)s"),
        _("Whoever opens %(name)s gets a certificate that has ended, which browsers refuse."),
        _("See that the proxy reads the folder of oobsite, then press “Ask now” on the page of the certificate."),
    ),
    "certificate-served-no-tls": Words(
        _("No encryption at %(name)s"),
        _("Something answers at %(name)s, but without encryption."),
        _("Check host and port on the page of the certificate, and that the proxy serves https there."),
    ),
    # --- the alerts themselves ---
    "channel-failing": Words(
        _("Somebody cannot be told"),
        _("Messages to the recipient “%(channel)s” do not arrive."),
        _("Its page says why, and has a button for a test."),
    ),
    "weekly-summary": Words(
        _("The week in figures"),
        _(
            "Backups in the last 7 days: %(done)s, of which %(remarks)s with remarks. Failed: %(failed)s. Newest "
            "backup of all data: %(secured_at)s. Its test restore: %(proved_at)s. Free on the backup disk: "
            "%(free_bytes)s. Open alerts: %(open)s."
        ),
        _("When this mail does not come on a Monday, look whether oobsite is running."),
    ),
    "test": Words(
        _("Test"),
        _("This message was sent to test the recipient “%(channel)s”."),
        _("It has arrived: there is nothing to do."),
    ),
}
UNKNOWN = Words(
    _("Something needs your attention"),
    _("oobsite has noticed something for which this version has no words (%(code)s)."),
    _("See the overview and the runs."),
)

#: Causes of failures in a few words, by the codes of errors; their full sentences stand in the log of the run.
CAUSES: dict[str, Promise] = {
    "no-space": _("not enough room on the disk"),
    "source-missing": _("a folder is missing or empty"),
    "source-overlap": _("folders lie in each other"),
    "folder-missing": _("a folder cannot be used"),
    "file-system": _("a folder cannot be written"),
    "tool-missing": _("a program is missing"),
    "files-changed": _("files changed while they were read"),
    "tar": _("files could not be packed"),
    "damaged-archive": _("an archive is damaged"),
    "unsafe-archive": _("an archive is not to be trusted"),
    "archive-missing": _("an archive is missing"),
    "busy": _("another job was working"),
    "lock-lost": _("the backup folder was taken away meanwhile"),
    "timed-out": _("it took too long"),
    "server-unreachable": _("the database server does not answer"),
    "login-refused": _("the database server refuses the account"),
    "rights-missing": _("the account lacks rights on the database server"),
    "query-failed": _("the database server could not answer"),
    "version-mismatch": _("mariadb-backup does not fit the server"),
    "hot-backup": _("the running database could not be copied"),
    "dump": _("the SQL dump failed"),
    "dump-incomplete": _("the SQL dump is not complete"),
    "throwaway-server": _("the copy of the database does not start"),
    "cancelled": _("it was stopped"),
    "recovery-key-missing": _("there is no recovery passphrase"),
}
_OTHER_CAUSE = _("see the log")
_NOTHING = _("none")


def title(alert: Alert) -> str:
    """The alert in a few words."""
    return _fill(_words(alert.code).title, alert)


def text(alert: Alert) -> str:
    """What happened, what it is about, and why."""
    parts = [_fill(_words(alert.code).text, alert)]
    sources = _names(alert)
    causes = [str(CAUSES.get(code, _OTHER_CAUSE)) for code in _list(alert, "causes")]
    if sources:
        parts.append(gettext("Affected: %(names)s.") % {"names": ", ".join(sources)})
    if causes:
        parts.append(gettext("Cause: %(causes)s.") % {"causes": ", ".join(dict.fromkeys(causes))})
    return " ".join(parts)


def advice(alert: Alert) -> str:
    return _fill(_words(alert.code).advice, alert)


def error_words(code: str, params: Mapping[str, Any]) -> str:
    """Why a message did not arrive."""
    return sentence(code, params) if code else ""


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _words(code: str) -> Words:
    return ALERTS.get(code, UNKNOWN)


def _names(alert: Alert) -> list[str]:
    names = [alert.source, *_list(alert, "sources")]
    titles = series_titles()
    return [titles.get(name, name) for name in dict.fromkeys(names) if name]


def _list(alert: Alert, name: str) -> list[str]:
    found = alert.params.get(name)
    return [str(item) for item in found] if isinstance(found, list) else []


def _fill(pattern: Promise, alert: Alert) -> str:
    values = _Shown({"code": alert.code} | {name: _show(name, value) for name, value in alert.params.items()})
    return str(pattern) % values


class _Shown(dict[str, str]):
    """A parameter that nobody gave is a gap, never an error: an alert is told in any case."""

    def __missing__(self, name: str) -> str:
        return "…"


def _show(name: str, value: Any) -> str:
    if value is None:
        return str(_NOTHING)
    if name == "action":
        return str(dict(BackupRun.Action.choices).get(str(value), value))
    if name.endswith("_at") and (at := _parse(value)):
        return moment(at)
    if name.endswith("_bytes") and isinstance(value, int | float):
        return human_size(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def _parse(value: Any) -> datetime | None:
    try:
        at = parse_datetime(str(value))
    except ValueError:
        return None
    return at if at is not None and timezone.is_aware(at) else None
