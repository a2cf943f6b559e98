"""Words for alerts about runs and their schedules."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from oobsite.alerts.words.entry import Words

_LOOK_AT_LOG = _("Older archives are untouched. The log of the run says what to do.")
RUNS: dict[str, Words] = {
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
        _("The backup that was due at %(slot_at)s has not begun, or does not end."),
        _("See under “Runs” what is at work, and whether the worker is running."),
    ),
    "run-waiting": Words(
        _("%(action)s does not begin"),
        _("%(action)s has been waiting since %(started_at)s, although nothing else is at work."),
        _("Your data and archives are untouched. Restart the worker: `docker compose restart worker`."),
    ),
    "run-too-long": Words(
        _("%(action)s takes very long"),
        _("%(action)s has been at work since %(started_at)s, far longer than usual."),
        _("See under “Runs” whether it advances. It can be cancelled there; older archives are untouched."),
    ),
    "run-succeeded": Words(
        _("%(action)s done"), _("%(action)s of %(started_at)s is done."), _("There is nothing to do.")
    ),
}
