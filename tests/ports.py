"""Ports of loopback for servers that are told theirs."""

from __future__ import annotations

import contextlib
import random
import socket

#: Below those that the kernel gives to whoever wants any port, as each client does: between the look and the start of
#: the server nobody gets one of these by chance.
_PORTS = range(10_000, 30_000)


def free_port() -> int:
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
