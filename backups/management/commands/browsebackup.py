from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.domain.browse import Entry
from backups.messages import human_size
from backups.services.browsing import Look, browse, find_archive
from oobsite.commandline import one_or_more
from oobsite.commands import OobCommand
from oobsite.errors import EXIT_DONE


class Command(OobCommand):
    help = gettext_lazy("Lists a folder of an archive: folders first, 200 entries a page.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("archive", metavar="ARCHIVE", help=_("the name of its file in the backup folder"))
        parser.add_argument("folder", nargs="?", default="", metavar="FOLDER", help=_("a folder in it"))
        parser.add_argument("--page", type=one_or_more, default=1, metavar="N", help=_("which page"))
        parser.add_argument("--search", default="", metavar="TEXT", help=_("what has this in its name, here or below"))

    def carry_out(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        look = Look(options["folder"], options["page"], options["search"])
        listing = browse(self.actor, find_archive(options["archive"]), look)
        for entry in listing.entries:
            self.say(options, _line(entry, is_found=bool(look.text)))
        if listing.pages > 1:
            params = {"page": listing.page, "pages": listing.pages, "total": listing.total}
            self.say(options, _("Page %(page)s of %(pages)s, %(total)s entries") % params)
        entries = [_describe(entry) for entry in listing.entries]
        return {"ok": True, "entries": entries, "total": listing.total, "pages": listing.pages}, EXIT_DONE


def _line(entry: Entry, *, is_found: bool) -> str:
    at = timezone.localtime(entry.at).strftime("%d.%m.%Y %H:%M") if entry.at else ""
    name = entry.key if is_found else entry.name
    return f"{human_size(entry.size):>9}  {at:<16}  {name}{'/' if entry.is_folder else ''}"


def _describe(entry: Entry) -> dict[str, Any]:
    return {
        "path": entry.key,
        "type": entry.kind,
        "size": entry.size,
        "files": entry.files if entry.is_folder else None,
        "changed_at": entry.at,
    }
