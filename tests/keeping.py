"""Time in which the machine runs, for what a restore keeps: its clock does not count there."""

from __future__ import annotations

import json

from backups.services.ages import ages_path


def let_hours_pass(hours: float) -> None:
    """As though the machine had run on for so long since somebody looked last."""
    content = json.loads(ages_path().read_bytes())
    content["seconds"] -= hours * 3600
    ages_path().write_text(json.dumps(content))
