"""Sentences about oobsite's own data: its copy, its keys, and how it is restored."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OWN_SENTENCES: dict[str, Promise] = {
    "not-of-oobsite": _(
        "“%(name)s” is no backup of oobsite itself. Nothing was changed. Name one that begins with “oobsite_”, or none "
        "for the newest."
    ),
    "not-prepared": _(
        "oobsite is not set up yet in %(folder)s: run `manage.py prepare`, or set OOB_DATA_DIR to the data folder of "
        "the installation that you mean. Nothing was done."
    ),
    "own-copy": _(
        "oobsite's own data was not backed up: %(reason)s. The data themselves and older archives are untouched. Check "
        "that oobsite's database answers and that OOB_WORK_DIR has room, then try again."
    ),
    "recovery-key-missing": _(
        "oobsite's own data was not backed up: the recovery key is missing. Run `manage.py prepare` once."
    ),
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
}

#: What an installation holds that ``restoreself`` would replace.
CONTENTS: dict[str, Promise] = {"users": _("users"), "tables": _("tables in the database")}
