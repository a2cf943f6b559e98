"""Causes of failures in a few words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    "other-series": _("the copy of the database needs the MariaDB programs of its own series"),
    "cancelled": _("it was stopped"),
    "subject-invalid": _("a field on the certificate, such as the country, cannot be used"),
    "name-not-permitted": _("the practice CA may not sign for one of its names"),
    "authority-missing": _("there is no practice CA any more"),
    "authority-expired": _("the practice CA has ended"),
    "authority-not-yet-valid": _("the clock of the server is wrong"),
    "recovery-key-missing": _("there is no recovery passphrase"),
}
