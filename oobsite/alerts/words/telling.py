"""Words for messages about the messages themselves."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from oobsite.alerts.words.entry import Words

TELLING: dict[str, Words] = {
    "channel-failing": Words(
        _("Somebody cannot be told"),
        _("Messages to the recipient “%(channel)s” do not arrive."),
        _("Its page says why, and has a button for a test."),
    ),
    "heartbeat-failing": Words(
        _("Signs of life do not arrive"),
        _("The service that waits for signs of life of the schedule “%(schedule)s” could not be reached."),
        _("Backups go on. Check the address on the page of the schedule, and whether the service answers."),
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
