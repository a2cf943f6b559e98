"""Words for what the options of commands have asked for, as the log shows it."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OPTIONS: dict[str, Promise] = {
    "accept_clients": _("connected programs accepted"),
    "accept_old_passwords": _("old accounts and passwords accepted"),
    "accept_unfinished": _("a missing end accepted"),
    "all": _("all of them"),
    "append": _("taken over from another program"),
    "channel": _("recipient"),
    "check": _("only compared"),
    "cold": _("stopped database"),
    "diff": _("with differences"),
    "dry_run": _("only shown, not done"),
    "dump": _("also as SQL"),
    "expression": _("times"),
    "files": _("files"),
    "former_ca": _("those of the former CA"),
    "folders_idle": _("programs of the folders stopped"),
    "keep_old": _("hours for which the old data are kept"),
    "key_kind": _("kind of key"),
    "looked_at": _("looked at by somebody"),
    "name": _("name"),
    "no_safety_backup": _("without a safety backup"),
    "output": _("written to"),
    "passphrase_file": _("file with the passphrase"),
    "page": _("page"),
    "paths": _("files and folders"),
    "plan": _("only shown, not done"),
    "quiet": _("without messages"),
    "renew": _("made anew"),
    "replace": _("in place of the present one"),
    "run": _("run"),
    "schedule": _("schedule"),
    "search": _("searched for"),
    "self_signed": _("signed by itself"),
    "source": _("sources"),
    "stamp": _("backup of"),
    "start": _("from"),
    "unlock": _("lock lifted"),
    "until": _("until"),
    "username": _("user"),
    "wait": _("waited for the end"),
    "yes": _("agreed to beforehand"),
}
