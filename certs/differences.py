"""What a restore has made of the certificates, in words, out of the result of its run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from backups.messages import sentence

#: What “Put the newer certificates back” can mend.
MENDABLE = ("certificate-pair-missing", "certificate-pair-older")

#: For the command line, where there is no button.
HINT = _("`manage.py checkcerts --put-back` brings the newer certificates back.")


@dataclass(frozen=True)
class Differences:
    """Sentences: what was put right, and what waits for somebody."""

    done: list[str]
    open: list[str]
    can_put_back: bool


def differences_of(result: Mapping[str, Any]) -> Differences | None:
    """None when the restore has nothing to do with certificates."""
    found = result.get("certificates")
    if not found:
        return None
    done, left = ([sentence(one["code"], one["params"]) for one in found[name]] for name in ("done", "open"))
    return Differences(done, left, any(one["code"] in MENDABLE for one in found["open"]))
