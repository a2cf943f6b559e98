"""A limit in time around what has none of its own: a server that answers drop by drop passes every time-out."""

from __future__ import annotations

import threading
from collections.abc import Callable

from oobsite.alerts.domain.errors import ServerSilentError

#: How long a message may take in all.
SECONDS = 10.0


def within(host: str, work: Callable[[], None], seconds: float = SECONDS) -> None:
    """Do ``work`` in a thread and wait for it so long at most. Raises what it raises, and ``ServerSilentError``."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name=f"message to {host}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise ServerSilentError(host, round(seconds))
    if raised:
        raise raised[0]
