from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oobsite.audit.messages import advice, verdict_sentence
from oobsite.audit.verifying import Verdict, accept_chain, verify
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE, EXIT_FAILED, EXIT_WARNINGS


class Command(OobCommand):
    help = gettext_lazy("Checks the audit log: names the first event that was changed, removed or inserted.")
    is_recorded = False  # its result is an event of its own

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--accept",
            action="store_true",
            help=_("take the events of the database as they are, after oobsite's database was restored"),
        )

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        if options["accept"]:
            accept_chain(self.actor)
        verdict = verify(self.actor)
        content = {"ok": verdict.is_intact, **asdict(verdict)}
        if verdict.is_intact:
            self.say(options, verdict_sentence(verdict))
            return content, EXIT_DONE
        return content | {"text": f"{verdict_sentence(verdict)} {advice(verdict)}".strip()}, _exit_code(verdict)


def _exit_code(verdict: Verdict) -> int:
    return EXIT_WARNINGS if verdict.is_doubtful else EXIT_FAILED
