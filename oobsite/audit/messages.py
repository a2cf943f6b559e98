"""Words for events: what was done, what changed, and whether the chain is whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from oobsite.audit.options import OPTIONS
from oobsite.audit.verifying import Verdict

ACTIONS: dict[str, Promise] = {
    # --- login ---
    "login.done": _("Logged in"),
    "login.failed": _("Login failed"),
    "login.locked": _("Login refused: too many failures"),
    "login.unconfirmed": _("Wrong password at a confirmation"),
    "login.unlocked": _("Lock after failed logins lifted"),
    "logout.done": _("Logged out"),
    "password.changed": _("Password changed"),
    "factor.added": _("Second factor added"),
    "factor.removed": _("Second factor removed"),
    "factor.renewed": _("New recovery codes made"),
    "factor.used": _("Recovery code used"),
    "factor.failed": _("Wrong code of the second factor"),
    "session.ended": _("Session ended"),
    # --- users ---
    "user.added": _("User added"),
    "user.changed": _("User changed"),
    "user.locked": _("User locked"),
    "user.unlocked": _("User unlocked"),
    "user.removed": _("User removed"),
    # --- backups ---
    "backup.requested": _("Backup requested"),
    "backup.ended": _("Backup ended"),
    "proof.requested": _("Proof requested"),
    "proof.ended": _("Proof ended"),
    "verify.requested": _("Check of older backups requested"),
    "verify.ended": _("Check of older backups ended"),
    "run.cancelled": _("Run cancelled"),
    "archive.downloaded": _("Archive downloaded"),
    "archive.deleted": _("Archive deleted: newer generations are enough"),
    "archive.released": _("Safety backup deleted: its restore is no longer kept"),
    "archive.files-downloaded": _("Files of an archive downloaded"),
    "archive.changed": _("Archive changed"),
    "archive.pinned": _("Archive is kept for good"),
    "archive.unpinned": _("Archive is no longer kept for good"),
    # --- settings ---
    "source.added": _("Source added"),
    "source.changed": _("Source changed"),
    "source.on": _("Source switched on"),
    "source.off": _("Source switched off"),
    "source.removed": _("Source removed"),
    "schedule.added": _("Schedule added"),
    "schedule.changed": _("Schedule changed"),
    "schedule.on": _("Schedule switched on"),
    "schedule.off": _("Schedule switched off"),
    "schedule.paused": _("Schedule paused"),
    "schedule.resumed": _("Schedule goes on after a pause"),
    "schedule.skipping": _("Next date of a schedule left out"),
    "schedule.not_skipping": _("Next date of a schedule no longer left out"),
    "schedule.tested": _("Test sent to the address for signs of life of a schedule"),
    "schedule.removed": _("Schedule removed"),
    "pruning.stopped": _("Old archives are kept: a new one was suspiciously small"),
    "pruning.allowed": _("Old archives may be deleted again"),
    "setting.changed": _("Setting changed"),
    "keys.rotated": _("Keys for secrets changed"),
    # --- alerts ---
    "channel.added": _("Recipient of alerts added"),
    "channel.changed": _("Recipient of alerts changed"),
    "channel.on": _("Recipient of alerts switched on"),
    "channel.off": _("Recipient of alerts switched off"),
    "channel.removed": _("Recipient of alerts removed"),
    "channel.tested": _("Test sent to a recipient of alerts"),
    "mailserver.added": _("Mail server set"),
    "mailserver.changed": _("Mail server changed"),
    "mailserver.removed": _("Mail server removed"),
    "alert.dismissed": _("Alert marked as done"),
    # --- restore ---
    "restore.requested": _("Restore requested"),
    "restore.done": _("Restore done"),
    "restore.failed": _("Restore failed"),
    "restore.ended": _("Restore ended"),
    "restore.undone": _("Restore undone"),
    "restore.recovered": _("Interrupted restore recovered"),
    "restore.released": _("Data kept by a restore removed"),
    "undo.requested": _("Undoing a restore requested"),
    "undo.ended": _("Undoing a restore ended"),
    "release.requested": _("Removing kept data requested"),
    "release.ended": _("Removing kept data ended"),
    "retest.requested": _("Test of restored data requested"),
    "retest.ended": _("Test of restored data ended"),
    "sqlcheck.requested": _("Check of an SQL file requested"),
    "sqlcheck.ended": _("Check of an SQL file ended"),
    "sql.requested": _("Restore of an SQL file requested"),
    "sql.ended": _("Restore of an SQL file ended"),
    "salvage.requested": _("Recovery from a damaged archive requested"),
    "salvage.ended": _("Recovery from a damaged archive ended"),
    "files.requested": _("Restore of single files requested"),
    "files.ended": _("Restore of single files ended"),
    "sqlfile.uploaded": _("SQL file uploaded"),
    "sqlfile.deleted": _("SQL file deleted"),
    "export.requested": _("Export as SQL requested"),
    "export.ended": _("Export as SQL ended"),
    "export.downloaded": _("Exported SQL file downloaded"),
    "self.restored": _("oobsite itself restored"),
    # --- certificates ---
    "authority.made": _("Practice CA made"),
    "certificate.made": _("Certificate made"),
    "certificate.renewed": _("Certificate renewed"),
    "certificate.installed": _("Certificate brought along and installed"),
    "certificate.back": _("Earlier certificate put back"),
    "certificate.again": _("Installation of a certificate tried again"),
    "certificate.changed": _("Settings of a certificate changed"),
    "certificate.removed": _("Certificate removed"),
    "certificate.key-downloaded": _("Private key downloaded"),
    "certificate.calendar-renewed": _("Address of the certificates’ calendar made anew"),
    # --- appointments ---
    "selfservice.added": _("Settings of the appointments saved for the first time"),
    "selfservice.changed": _("Settings of the appointments changed"),
    "selfservice.ordered": _("File of the appointments to be written"),
    "selfservice.back": _("Earlier file of the appointments put back"),
    "selfservice.taken-over": _("Values of the file of the appointments taken over"),
    "selfservice.kept": _("Values of oobsite kept against the file of the appointments"),
    "selfservice.mail-tested": _("Test mail of the appointments sent"),
    "selfservice.restarted": _("Webelexis restarted"),
    "selfservice.checked": _("Page of the appointments looked at"),
    # --- commands and the log itself ---
    "command.run": _("Command run"),
    "audit.exported": _("Audit log exported"),
    "audit.verified": _("Audit log checked"),
    "audit.accepted": _("Audit log accepted as it is after a restore"),
}

#: Filter: what belongs together, by the part before the dot.
GROUPS: dict[str, tuple[Promise, tuple[str, ...]]] = {
    "login": (_("Logins"), ("login", "logout", "password", "factor", "session")),
    "users": (_("Users"), ("user",)),
    "backups": (_("Backups"), ("backup", "proof", "verify", "run", "archive")),
    "restores": (
        _("Restores"),
        ("restore", "undo", "release", "retest", "sqlcheck", "sql", "sqlfile", "salvage", "files", "export", "self"),
    ),
    "settings": (_("Settings"), ("source", "schedule", "pruning", "setting", "keys", "alert", "channel", "mailserver")),
    "certificates": (_("Certificates"), ("authority", "certificate")),
    "selfservice": (_("Online booking"), ("selfservice",)),
    "other": (_("Commands and this log"), ("command", "audit")),
}

#: Details that are no field of a model.
DETAILS: dict[str, Promise] = {
    "accept": _("accepted as it is"),
    "address": _("address"),
    "archive": _("archive"),
    "archives": _("archives"),
    "command": _("command"),
    "count": _("how many"),
    "error": _("error"),
    "factor": _("second factor"),
    "filter": _("filter"),
    "table": _("table"),
    "members": _("files and folders"),
    "format": _("format"),
    "folder": _("folder"),
    "fingerprint": _("fingerprint"),
    "generation": _("generation"),
    "names": _("names"),
    "way": _("origin"),
    "forget": _("also forget missing archives"),
    "is_cold": _("stopped database"),
    "is_dump_enough": _("SQL alone is enough"),
    "is_proved": _("with a test restore"),
    "keep": _("generations to keep"),
    "number": _("event"),
    "path": _("page"),
    "periods": _("periods of which one is kept"),
    "permission": _("missing right"),
    "problem": _("result"),
    "reason": _("reason"),
    "role": _("role in the practice"),
    "sources": _("sources"),
    "file": _("file"),
    "charset": _("character set"),
    "restore": _("run id"),
    "with_safety_backup": _("with a safety backup"),
    "are_clients_accepted": _("connected programs accepted"),
    "are_folders_idle": _("programs of the folders stopped"),
    "are_old_passwords_accepted": _("old accounts and passwords accepted"),
    "is_unfinished_accepted": _("a missing end accepted"),
    "is_looked_at": _("looked at by somebody"),
    "state": _("state"),
    "trigger": _("started"),
    "unknown_name": _("unknown name, mark"),
    "with_dump": _("also as SQL"),
    **OPTIONS,
}

FACTORS: dict[str, Promise] = {
    "totp": _("app with codes"),
    "webauthn": _("passkey"),
    "recovery_codes": _("recovery codes"),
}

PROBLEMS: dict[str, Promise] = {
    "changed": _("Broken at event %(number)d: it was changed after it was written."),
    "removed": _("Broken at event %(number)d: it was removed."),
    "removed-end": _("Broken at event %(number)d: it and all that followed were removed."),
    "inserted": _("Broken at event %(number)d: it was inserted by hand."),
    "order": _("Broken at event %(number)d: it does not follow the one before it. Events were removed or reordered."),
    "witness-missing": _(
        "The events fit together, but the second record (%(file)s in the data folder) is missing or not complete, so "
        "nobody can tell whether others stood there. After a restore of oobsite that is so: "
        "`manage.py verifyaudit --accept`."
    ),
}
BROKEN_ADVICE = _(
    "Somebody has written to the database past oobsite, or an old copy of it was put in. What was recorded before this "
    "event can be relied on. Find out who has access to the server. After a restore of oobsite's database on purpose: "
    "`manage.py verifyaudit --accept`."
)
NOBODY = pgettext_lazy("audit", "not logged in")


def action_words(action: str) -> str:
    """The words of a code; an unknown code is shown as it is."""
    return str(ACTIONS.get(action, action))


def matching_actions(term: str) -> list[str]:
    """Codes whose words hold ``term`` in the present language."""
    return [code for code, words in ACTIONS.items() if term.lower() in str(words).lower()]


def verdict_sentence(verdict: Verdict) -> str:
    if verdict.is_intact:
        text = ngettext("Chain intact, %(count)d event.", "Chain intact, %(count)d events.", verdict.count)
        return text % {"count": verdict.count}
    values: dict[str, Any] = {"number": verdict.number, "file": "audit.hashes"}
    return str(PROBLEMS[verdict.problem]) % values


def advice(verdict: Verdict) -> str:
    """What to do when the chain is broken."""
    return "" if verdict.is_intact or verdict.is_doubtful else str(BROKEN_ADVICE)


def listed(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))
