"""How the command line shows what a restore would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backups.messages import error_sentence, human_size
from backups.services.preview import Comparison, Figure, Preview, PreviewItem
from oobsite.templatetags.oob import age

FIGURE_TITLES: dict[str, Promise] = {
    "patients": gettext_lazy("Patients"),
    "consultations": gettext_lazy("Consultations"),
    "invoices": gettext_lazy("Invoices"),
    "appointments": gettext_lazy("Appointments"),
    "documents": gettext_lazy("Documents"),
}


def preview_lines(preview: Preview) -> Iterator[str]:
    """What people read before they confirm."""
    for item in preview.items:
        words = [human_size(item.size), item.archive.get_proof_display(), *_item_words(item)]
        yield f"  {item.archive.name}: {', '.join(words)} → {item.source.folder}"
    yield "  " + _("Age: %(age)s") % {"age": age(preview.age_seconds)}
    yield from comparison_lines(preview)
    for problem in preview.problems:
        yield "x " + error_sentence(problem)


def _item_words(item: PreviewItem) -> Iterator[str]:
    if item.version_archived:
        yield f"MariaDB {item.version_archived}"
    if item.free_bytes is not None:
        room = {"needed": human_size(item.needed_bytes), "free": human_size(item.free_bytes)}
        yield _("%(needed)s needed, %(free)s free") % room


def comparison_lines(comparison: Comparison | Preview) -> Iterator[str]:
    """What would come beside what is there now."""
    for figure in comparison.figures:
        yield "  " + figure_line(figure)
    if comparison.server_error is not None:
        yield "! " + error_sentence(comparison.server_error)
    if comparison.clients:
        yield "! " + _("Connected to the database: %(names)s") % {"names": ", ".join(comparison.clients)}


def figure_line(figure: Figure) -> str:
    words = {
        "title": FIGURE_TITLES[figure.code],
        "archived": _count_words(figure.archived),
        "live": _count_words(figure.live),
    }
    line = _("%(title)s: %(archived)s in the backup, %(live)s now") % words
    if figure.newest_archived and figure.newest_live and figure.newest_archived != figure.newest_live:
        days = {"archived": date_format(figure.newest_archived), "live": date_format(figure.newest_live)}
        line += " " + _("(the newest of %(archived)s, now of %(live)s)") % days
    return line


def _count_words(count: int | None) -> str:
    return "?" if count is None else str(count)


def figures_summary(figures: Iterable[Figure]) -> dict[str, Any]:
    """Numbers of the practice as --json shows them."""
    return {
        figure.code: {
            "archived": figure.archived,
            "live": figure.live,
            "lost": figure.lost,
            "newest_archived": figure.newest_archived,
            "newest_live": figure.newest_live,
        }
        for figure in figures
    }


def preview_summary(preview: Preview) -> dict[str, Any]:
    """A preview as --json shows it."""
    return {
        "ok": not preview.problems,
        "archives": [item.archive.name for item in preview.items],
        "figures": figures_summary(preview.figures),
        "clients": list(preview.clients),
        "server_error": preview.server_error.code if preview.server_error else None,
        "problems": [{"error": problem.code, "text": error_sentence(problem)} for problem in preview.problems],
        "age_seconds": preview.age_seconds,
        "size": preview.total_size,
    }
