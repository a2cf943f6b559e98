from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.accounts.models import User
from oobsite.accounts.secondfactor import REQUIRED_FOR, remove_second_factor
from oobsite.accounts.services import lift_lock
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_USAGE


class Command(OobCommand):
    help = gettext_lazy(
        "For a user who has lost phone and recovery codes, or is locked out: password alone until the next set-up."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("username", metavar="NAME", help=_("as the user logs in"))
        parser.add_argument("--unlock", action="store_true", help=_("only lift the lock after failed logins"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        name = options["username"]
        user = User.objects.filter(username=name).first()
        if user is None:
            text = _("There is no user “%(name)s”. Nothing was changed.") % {"name": name}
            return {"ok": False, "error": "user-unknown", "text": text}, EXIT_USAGE
        had_factor = not options["unlock"] and remove_second_factor(self.actor, user)
        was_locked = lift_lock(self.actor, user)
        for line in _sentences(user, was_locked=was_locked, is_unlock=options["unlock"]):
            self.say(options, line % {"name": name})
        return {"ok": True, "had_second_factor": had_factor, "was_locked": was_locked}, EXIT_DONE


def _sentences(user: User, *, was_locked: bool, is_unlock: bool) -> list[str]:
    lock = _("The lock after failed logins was lifted.")
    if is_unlock:
        return [lock if was_locked else _("“%(name)s” was not locked after failed logins. Nothing was changed.")]
    login = _("“%(name)s” now logs in with the password alone.")
    if user.role in REQUIRED_FOR:
        login = _("“%(name)s” now logs in with the password and sets up a second factor.")
    return [login, lock] if was_locked else [login]
