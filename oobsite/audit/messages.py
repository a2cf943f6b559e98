"""Words for events: what was done, what changed, and whether the chain is whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

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
    "run.cancelled": _("Run cancelled"),
    "archive.downloaded": _("Archive downloaded"),
    "archive.deleted": _("Archive deleted: newer generations are enough"),
    "archive.released": _("Safety backup deleted: its restore is no longer kept"),
    "archive.changed": _("Archive changed"),
    "archive.pinned": _("Archive is kept for good"),
    "archive.unpinned": _("Archive is no longer kept for good"),
    # --- settings ---
    "source.added": _("Source added"),
    "source.changed": _("Source changed"),
    "source.on": _("Source switched on"),
    "source.off": _("Source switched off"),
    "source.removed": _("Source removed"),
    "pruning.stopped": _("Old archives are kept: a new one was suspiciously small"),
    "pruning.allowed": _("Old archives may be deleted again"),
    "setting.changed": _("Setting changed"),
    "keys.rotated": _("Keys for secrets changed"),
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
    "self.restored": _("oobsite itself restored"),
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
    "backups": (_("Backups"), ("backup", "proof", "run", "archive")),
    "restores": (_("Restores"), ("restore", "undo", "self")),
    "settings": (_("Settings"), ("source", "pruning", "setting", "keys")),
    "other": (_("Commands and this log"), ("command", "audit")),
}

#: Details that are no field of a model.
DETAILS: dict[str, Promise] = {
    "accept": _("accepted as it is"),
    "address": _("address"),
    "archive": _("archive"),
    "archives": _("archives"),
    "command": _("command"),
    "count": _("number of events"),
    "error": _("error"),
    "factor": _("second factor"),
    "filter": _("filter"),
    "forget": _("also forget missing archives"),
    "is_cold": _("stopped database"),
    "is_proved": _("with a test restore"),
    "keep": _("generations to keep"),
    "number": _("event"),
    "path": _("page"),
    "permission": _("missing right"),
    "problem": _("result"),
    "reason": _("reason"),
    "role": _("role in the practice"),
    "sources": _("sources"),
    "state": _("state"),
    "trigger": _("started"),
    "unknown_name": _("unknown name, mark"),
    "with_dump": _("also as SQL"),
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
