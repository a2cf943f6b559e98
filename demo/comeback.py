"""What `restart: always` does for a practice: its server comes back by itself, and the programs that use it."""

from __future__ import annotations

import contextlib

from demo.server import PracticeServer, PracticeServerError
from demo.writer import Writer


def bring_back(server: PracticeServer, writer: Writer) -> None:
    """Start the server when it has ended, and then the writer; what fails is tried again the next time.

    A restore stops the server and keeps it from starting until its data are whole.
    """
    with contextlib.suppress(PracticeServerError, RuntimeError):
        server.start()
        if not writer.is_running:
            writer.kill()
            writer.start()
