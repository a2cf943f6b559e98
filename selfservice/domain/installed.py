"""Which Webelexis there is, and so which file it reads: as its container tells, else as its server answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from selfservice.domain.page import Answer, get

SECONDS = 2.0
_LABEL = "org.opencontainers.image.version"
_VERSION = re.compile(r"v?((\d{1,4})\.(\d{1,4})(?:\.\d{1,4}){0,2})\b")
_SHIM = "/server/config/local.js"
_FOLDERS = ("/server/config", "/server", "/webelexis")  # one of them mounted may contain it
#: Where Webelexis 3.5 is told by its environment to read another file.
_OTHER_FILE = "WEBELEXIS_SETTINGS"


class Generation(StrEnum):
    """``OLD``: 3.1 to 3.5, which read settings.js; ``NEW``: 3.7 and newer, which read their folder config."""

    UNKNOWN = ""
    OLD = "3.5"
    NEW = "3.7"


class Origin(StrEnum):
    CONTAINER = "container"
    SERVER = "server"


@dataclass(frozen=True)
class Installed:
    """What ``place`` tells: the name of a container, or the address of a server.

    ``version`` is empty when only the generation shows. ``has_shim``: whether local.js is mounted in the container,
    None when nobody knows. ``other_file``: what it reads in place of settings.js, as it is called in the container.
    """

    origin: Origin
    place: str
    generation: Generation = Generation.UNKNOWN
    version: str = ""
    has_shim: bool | None = None
    other_file: str = ""

    def completed_by(self, other: Installed | None) -> Installed:
        """The same, with the generation that ``other`` knows when this one does not."""
        if other is None or self.generation:
            return self
        if not self.version:
            return replace(other, has_shim=self.has_shim, other_file=self.other_file)
        return replace(self, generation=other.generation)


def generation_of(version: str) -> Generation:
    """Of a version such as ``3.9.0``; 3.6 and what is older than 3.1 are unknown."""
    match = _VERSION.match(version)
    if match is None:
        return Generation.UNKNOWN
    number = int(match[2]), int(match[3])
    if (3, 1) <= number <= (3, 5):
        return Generation.OLD
    return Generation.NEW if number >= (3, 7) else Generation.UNKNOWN


# --- the container ------------------------------------------------------------------------------------------
def read_container(name: str, facts: Mapping[str, Any]) -> Installed:
    """From what the Docker engine knows of it; of its environment nothing else is kept: it holds passwords."""
    config = facts.get("Config") or {}
    version = _tagged(config.get("Image") or "") or _labelled(config.get("Labels") or {})
    generation = generation_of(version)
    variables = dict(entry.partition("=")[::2] for entry in config.get("Env") or ())
    return Installed(
        Origin.CONTAINER,
        name,
        generation,
        version,
        has_shim=_has_shim([mount.get("Destination", "") for mount in facts.get("Mounts") or ()]),
        other_file=_other_file(variables) if generation == Generation.OLD else "",
    )


def _has_shim(mounted: Sequence[str]) -> bool | None:
    if any(path.endswith(_SHIM) for path in mounted):
        return True
    return None if any(path.rstrip("/").endswith(_FOLDERS) for path in mounted) else False


def _other_file(variables: Mapping[str, str]) -> str:
    """Empty when it is settings.js of the data folder, with or without its ending."""
    path = variables.get(_OTHER_FILE, "")
    return "" if path.removesuffix(".js").endswith("data/settings") else path


def _tagged(image: str) -> str:
    """The version in the tag of ``registry:5000/rgwch/webelexis:3.9.0@sha256:…``; empty for one such as latest."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    match = _VERSION.match(tag)
    return match[1] if match else ""


def _labelled(labels: Mapping[str, str]) -> str:
    """The label of the image, unless it is that of an operating system below, such as 22.04."""
    match = _VERSION.match(labels.get(_LABEL) or "")
    return match[1] if match and match[2] == "3" else ""


# --- the server ---------------------------------------------------------------------------------------------
def ask_server(url: str, *, seconds: float = SECONDS) -> Installed | None:
    """From what the server of Webelexis (port 3030) answers to everybody; None when it does not."""
    metadata = get(f"{url}/metadata", seconds=seconds)
    if metadata is None:
        return None
    page = get(url, seconds=seconds)
    return Installed(Origin.SERVER, url, _answered(metadata, page))


def _answered(metadata: Answer, page: Answer | None) -> Generation:
    """Its configuration has ``autologin`` since it comes from the folder config; before, the page was one of Aurelia.

    Without either nothing is certain. The value of ``autologin`` is a password and goes nowhere.
    """
    names = _names(metadata.text)
    if "roles" in names and "autologin" in names:
        return Generation.NEW
    return Generation.OLD if page is not None and "aurelia-app" in page.text else Generation.UNKNOWN


def _names(text: str) -> set[str]:
    try:
        found = json.loads(text)
    except ValueError:
        return set()
    return set(found) if isinstance(found, dict) else set()
