"""A process that runs as long as the ``with`` block of the object that starts it."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from typing import Self


class Child(ABC):
    """Starts when the block is entered and stops when it is left, however that happens."""

    _process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start the process and wait until it works."""

    @abstractmethod
    def stop(self) -> object:
        """Let the process end what it has begun, and wait for its end."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def is_running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.poll() is None
