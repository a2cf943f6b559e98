"""Words for alerts about archives and their test restores."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from oobsite.alerts.words.entry import Words

ARCHIVES: dict[str, Words] = {
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
    "archives-damaged": Words(
        _("%(count)s archives damaged"),
        _("%(count)s archives are not any more what was written: %(archives)s."),
        _("They are kept. Make another backup now, and check the disk on which the archives lie."),
    ),
    "archive-vanished": Words(
        _("Archive missing"),
        _("The file of the archive %(archive)s is not in the backup folder any more, and oobsite did not delete it."),
        _("Check the disk, and who else has access to it. If you have removed it yourself, mark this alert as done."),
    ),
    "archives-vanished": Words(
        _("%(count)s archives missing"),
        _(
            "The files of %(count)s archives are not in the backup folder any more, and oobsite did not delete them: "
            "%(archives)s."
        ),
        _("Check the disk, and who else has access to it. If you have removed them yourself, mark this alert as done."),
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
}
#: What is said when such an alert has gathered several.
SEVERAL = {"archive-damaged": "archives-damaged", "archive-vanished": "archives-vanished"}
