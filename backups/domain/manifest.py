"""The manifest: a JSON file beside each archive that says what is in it, readable without oobsite."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from backups.domain.errors import DamagedArchiveError
from oobsite.errors import Notice
from oobsite.files import replace_file

FORMAT = 1
MANIFEST_SUFFIX = ".manifest.json"
INDEX_SUFFIX = ".index.gz"
PROOF_SUFFIX = ".proof.json"
SIDECARS = (INDEX_SUFFIX, PROOF_SUFFIX, MANIFEST_SUFFIX)
MOST_SKIPPED = 1000


@dataclass(frozen=True)
class Skipped:
    """A file that is not in the archive, or not as it should be. ``reason``: socket, special, vanished, changed,
    unreadable, unreadable-folder, read-error, attributes, other-filesystem."""

    name: str
    reason: str


@dataclass(frozen=True)
class Content:
    """What reading the archive back has found. Sizes in bytes; hashes are SHA-256 in hex.

    ``index_sha256`` is that of the uncompressed lines of the index; ``tar_bytes`` the size before compression.
    """

    size: int
    sha256: str
    tar_bytes: int
    entries: int = 0
    files: int = 0
    file_bytes: int = 0
    index_sha256: str = ""


@dataclass(frozen=True)
class Manifest:
    """Everything about one archive. Times are ISO 8601 in UTC."""

    run_id: str
    source: str
    series: str
    kind: str
    method: str
    archive: str
    started_at: str
    ended_at: str
    content: Content
    skipped: tuple[Skipped, ...] = ()
    skipped_total: int = 0
    warnings: tuple[Notice, ...] = ()
    server: Mapping[str, Any] = field(default_factory=dict)
    counts_before: Mapping[str, Any] = field(default_factory=dict)
    counts_after: Mapping[str, Any] = field(default_factory=dict)
    trigger: str = "command"
    is_safety: bool = False
    format: int = FORMAT

    def to_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


def manifest_path(archive: Path) -> Path:
    return archive.with_name(archive.name + MANIFEST_SUFFIX)


def write_manifest(archive: Path, manifest: Manifest) -> None:
    """Write the manifest beside ``archive``, complete or not at all."""
    text = json.dumps(manifest.to_json(), indent=1, ensure_ascii=True)
    replace_file(manifest_path(archive), text.encode())


def read_manifest(archive: Path) -> Manifest | None:
    """Read the manifest of ``archive``; None when there is none. Raises ``DamagedArchiveError``."""
    try:
        content = json.loads(manifest_path(archive).read_bytes())
        return _from_json(content)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DamagedArchiveError(manifest_path(archive), "manifest") from error


def _from_json(content: dict[str, Any]) -> Manifest:
    if content["format"] != FORMAT:
        raise ValueError(content["format"])
    parts: dict[str, Any] = {
        "content": Content(**content.pop("content")),
        "skipped": tuple(Skipped(**item) for item in content.pop("skipped")),
        "warnings": tuple(Notice(**item) for item in content.pop("warnings")),
    }
    for name in ("started_at", "ended_at"):
        _require_utc(content[name])
    for name in ("counts_before", "counts_after"):
        _require_counts(content[name])
    if not isinstance(content["server"], dict) or not isinstance(content["series"], str):
        raise TypeError("server")
    if any(not isinstance(size, int) or size < 0 for size in (parts["content"].size, parts["content"].entries)):
        raise TypeError("content")
    return Manifest(**content, **parts)


def _require_counts(counts: Any) -> None:
    rows = [*counts.get("core", {}).values(), *counts.get("tables", {}).values()]
    if any(not isinstance(count, int) or count < 0 for count in rows):
        raise TypeError("counts")


def _require_utc(text: str) -> None:
    if datetime.fromisoformat(text).utcoffset() != timedelta(0):
        raise ValueError(text)


def write_proof(archive: Path, report: Mapping[str, Any]) -> None:
    """Keep the result of a proof beside the archive, so that the folder alone tells it."""
    replace_file(archive.with_name(archive.name + PROOF_SUFFIX), json.dumps(report, indent=1).encode())


def read_proof(archive: Path) -> dict[str, Any]:
    """Read the result of the last proof; empty when there was none or when it cannot be read."""
    try:
        content: dict[str, Any] = json.loads(archive.with_name(archive.name + PROOF_SUFFIX).read_bytes())
        _require_utc(content["proved_at"])
        return content if isinstance(content["is_good"], bool) else {}
    except (OSError, ValueError, TypeError, KeyError):
        return {}
