"""What the pages and commands say of the installed Webelexis, and of which file it reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from selfservice.domain.installed import Origin
from selfservice.models import InstalledWebelexis, SelfServiceSettings

Generation = SelfServiceSettings.Generation


@dataclass(frozen=True)
class WebelexisFacts:
    """``generation`` counts: that of the environment, else what was found, else what somebody has chosen.

    ``reads``: which file that is. ``found``: what was told by whom, empty while nobody has; ``version``, ``origin`` and
    ``place`` are the same for programs.
    """

    generation: str
    version: str
    origin: str
    place: str
    reads: str
    found: str
    found_at: datetime | None
    warnings: Sequence[str]


def webelexis_facts(row: SelfServiceSettings) -> WebelexisFacts:
    found = InstalledWebelexis.load()
    generation = settings.OOB_WEBELEXIS_VERSION or found.generation or row.generation
    return WebelexisFacts(
        generation=generation,
        version=found.version,
        origin=found.origin,
        place=found.place,
        reads=_reads(generation, has_shim=found.has_shim is True),
        found=_found(found) if found.place else "",
        found_at=found.found_at,
        warnings=[*_disagreements(row, found.generation), *_obstacles(found, generation)],
    )


def is_asked(row: SelfServiceSettings) -> bool:
    """Whether somebody has to choose, or to correct his choice."""
    known = InstalledWebelexis.load().generation
    return not settings.OOB_WEBELEXIS_VERSION and (not known or row.generation not in ("", known))


def _reads(generation: str, *, has_shim: bool) -> str:
    path = f"{settings.OOB_WEBELEXIS_DIR}/settings.js"
    texts: dict[str, str] = {
        Generation.OLD: _("Webelexis 3.1 to 3.5 reads %(path)s when it starts."),
        Generation.NEW: _(
            "Webelexis 3.7 and newer reads only its own folder config. There the file local.js must be mounted that "
            "oobsite brings along (README, “Online booking”); it passes on what stands in %(path)s."
        ),
    }
    if has_shim and generation == Generation.NEW:
        return _("By the file local.js of oobsite, which is mounted, it reads %(path)s.") % {"path": path}
    unknown = _(
        "Webelexis 3.1 to 3.5 reads %(path)s; 3.7 and newer needs one more file. Whoever looks after the server can "
        "choose on the page “Online booking” which one you have: the number stands behind rgwch/webelexis in "
        "docker-compose.yaml of Elexis-OOB. Everything else works without it."
    )
    return texts.get(generation, unknown) % {"path": path}


def _found(found: InstalledWebelexis) -> str:
    if found.version:
        text = _("Found in the container %(place)s: Webelexis %(version)s.")
    elif found.generation:
        text = _("Found at %(place)s: it answers as Webelexis %(generation)s does.")
    elif found.origin == Origin.CONTAINER:
        text = _("The container %(place)s does not tell which Webelexis it has.")
    else:
        text = _("Webelexis at %(place)s does not tell its version.")
    label = Generation(found.generation).label
    return text % {"place": found.place, "version": found.version, "generation": label}


def _disagreements(row: SelfServiceSettings, known: str) -> list[str]:
    if not known:
        return []
    said = settings.OOB_WEBELEXIS_VERSION or row.generation
    if said in ("", known):
        return []
    if settings.OOB_WEBELEXIS_VERSION:
        text = _(
            "OOB_WEBELEXIS_VERSION says %(said)s and counts, but %(found)s was found. Correct it, or leave it empty."
        )
    else:
        text = _(
            "Somebody has chosen %(said)s, but %(found)s was found, and that counts. Correct the choice on the page "
            "“Online booking”."
        )
    return [text % {"said": Generation(said).label, "found": Generation(known).label}]


def _obstacles(found: InstalledWebelexis, generation: str) -> list[str]:
    """Why nothing of this page would reach Webelexis."""
    texts = []
    if generation == Generation.NEW and found.has_shim is False:
        text = _(
            "In the container of Webelexis the file local.js is not mounted. Unless its image brings that along, "
            "nothing of this page reaches Webelexis. The README says how to mount it (“Online booking”)."
        )
        texts.append(text)
    if found.other_file:
        text = _("Webelexis is told by WEBELEXIS_SETTINGS to read %(path)s: nothing of this page reaches it.")
        texts.append(text % {"path": found.other_file})
    return texts
