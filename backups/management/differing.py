"""What a command that has exchanged data says of certificates, as the last page of the restore does."""

from __future__ import annotations

from typing import Any

from backups.models import BackupRun
from certs.differences import HINT, differences_of
from oobsite.commands import OobCommand


def say_differences(command: OobCommand, options: dict[str, Any], run: BackupRun) -> dict[str, list[str]]:
    """Returns the sentences, for ``--json``: what was put right, and what waits for somebody."""
    found = differences_of(run.result)
    if found is None:
        return {"done": [], "open": []}
    hints = [str(HINT)] if found.can_put_back else []
    for text in (*(f"  {text}" for text in found.done), *(f"! {text}" for text in [*found.open, *hints])):
        command.say(options, text)
    return {"done": found.done, "open": found.open}
