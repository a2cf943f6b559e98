"""What a restore has made of the settings of the appointments, in words, out of the result of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backups.messages import sentence
from selfservice.messages import SETTINGS_FIELDS


@dataclass(frozen=True)
class FileDifferences:
    """``labels``: of the fields that differ; or the ``problem`` with the file."""

    labels: list[str]
    problem: str


def differences_of(result: Mapping[str, Any]) -> FileDifferences | None:
    """None when file and settings say the same, or the restore has nothing to do with them."""
    found = result.get("selfservice")
    if not found:
        return None
    problem = found.get("problem")
    labels = [str(SETTINGS_FIELDS[name]) for name in found.get("fields", ())]
    return FileDifferences(labels, sentence(problem["code"], problem["params"]) if problem else "")
