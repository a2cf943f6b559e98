from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.domain.retention import PrunePlan
from backups.messages import KEEP_REASONS, human_size, notice_sentence, sentence
from backups.models import BackupArchive
from backups.services import retention, sync_catalogue
from oobsite.commandline import one_or_more
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE


class Command(OobCommand):
    is_recorded = False
    help = gettext_lazy("Lists the archives in the backup folder.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--plan", action="store_true", help=_("show what the next backup would delete, and why not")
        )
        parser.add_argument("--keep", type=one_or_more, metavar="N", help=_("plan with this number of generations"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        notices = [notice_sentence(notice) for notice in sync_catalogue().notices]
        plan = retention.plan(options["keep"]) if options["plan"] else None
        archives = [self._describe(archive) for archive in BackupArchive.objects.all()]
        for archive in archives:
            fate = f"  {_fate(plan, archive['name'])}" if plan else ""
            taken_at = timezone.localtime(archive["taken_at"]).strftime("%d.%m.%Y %H:%M")
            size = human_size(archive["size"])
            self.say(options, f"{archive['name']:<44} {taken_at}  {size:>9}  {archive['proof_text']}{fate}")
        if not archives:
            self.say(options, _("There is no archive yet. `manage.py runbackup` makes the first."))
        stopped = retention.stopped_sources() if plan else []
        for line in [*notices, *(f"{source}: {sentence('pruning-still-stopped', {})}" for source in stopped)]:
            self.say(options, f"! {line}")
        deleted = list(plan.delete) if plan else None
        content = {"ok": True, "archives": archives, "delete": deleted, "notices": notices}
        return content, EXIT_DONE

    def _describe(self, archive: BackupArchive) -> dict[str, Any]:
        return {
            "name": archive.name,
            "source": archive.series,
            "taken_at": archive.taken_at,
            "size": archive.size,
            "method": archive.method,
            "origin": archive.origin,
            "proof": archive.proof,
            "proof_text": archive.get_proof_display(),
            "warnings": archive.warning_count,
        }


def _fate(plan: PrunePlan, name: str) -> str:
    if name in plan.delete:
        return _("would be deleted")
    reasons = next((kept.reasons for kept in plan.keep if kept.name == name), ())
    return _("is kept (%(reasons)s)") % {
        "reasons": ", ".join(str(KEEP_REASONS.get(reason, reason)) for reason in reasons)
    }
