"""Containers of other programs, stopped and started through a Docker engine or a proxy that allows nothing else."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

import requests
from docker.api.client import APIClient
from docker.errors import APIError, DockerException, NotFound

from backups.domain.restore.errors import (
    ContainerFailedError,
    ContainerUnknownError,
    EngineRefusesError,
    EngineUnreachableError,
)

_ANSWER_SECONDS = 10
_GRACE_SECONDS = 60  # for a program to end by itself
_TRIES = 3
_PAUSE_SECONDS = 2.0
_FORBIDDEN = (401, 403)


def check_engine(url: str, names: Sequence[str]) -> list[str]:
    """Which of these containers run now; whether all are there and we may stop and start them. Nothing is changed.

    Raises ``EngineUnreachableError``, ``ContainerUnknownError``, ``EngineRefusesError``.
    """
    with _engine(url) as engine:
        nobody = f"oobsite-{secrets.token_hex(8)}"  # asked for what is not there, who may stop is told just that
        for act, call in (("stop", engine.stop), ("start", engine.start)):
            try:
                _ask(url, act, nobody, call)
            except ContainerUnknownError:
                continue
        return [name for name in names if _is_running(engine, url, name)]


def inspect_container(url: str, name: str) -> Mapping[str, Any]:
    """What the engine knows of a container, its environment with all passwords included. Raises as ``check_engine``."""
    with _engine(url) as engine:
        found: Mapping[str, Any] = _ask(url, "inspect", name, engine.inspect_container)
        return found


def stop_container(url: str, name: str) -> None:
    """End a container and wait until it has ended.

    Raises as ``check_engine``, and ``ContainerFailedError``.
    """
    with _engine(url) as engine:
        _ask(url, "stop", name, lambda one: engine.stop(one, timeout=_GRACE_SECONDS))
        if _is_running(engine, url, name):
            raise ContainerFailedError(name, "stop", "still running")


def start_container(url: str, name: str) -> None:
    """Start a container, trying again for a few seconds; one that runs is left alone. Raises as ``stop_container``."""
    for remaining in reversed(range(_TRIES)):
        try:
            with _engine(url) as engine:
                _ask(url, "start", name, engine.start)
            return
        except (EngineUnreachableError, ContainerFailedError):
            if not remaining:
                raise
        time.sleep(_PAUSE_SECONDS)


@contextmanager
def _engine(url: str) -> Iterator[Any]:
    try:
        engine = APIClient(base_url=url, version="auto", timeout=_ANSWER_SECONDS)
    except (DockerException, requests.RequestException) as error:
        raise EngineUnreachableError(url, _reason_of(error)) from error
    with closing(engine):
        yield engine


def _is_running(engine: Any, url: str, name: str) -> bool:
    """One that is about to be restarted counts, too."""
    state = _ask(url, "inspect", name, engine.inspect_container)["State"]
    return bool(state.get("Running") or state.get("Restarting"))


def _ask(url: str, act: str, name: str, call: Callable[[str], Any]) -> Any:
    try:
        return call(name)
    except NotFound as error:
        raise ContainerUnknownError(name) from error
    except APIError as error:
        if error.status_code in _FORBIDDEN:
            raise EngineRefusesError(url, act) from error
        raise ContainerFailedError(name, act, _reason_of(error)) from error
    except (DockerException, requests.RequestException) as error:
        raise EngineUnreachableError(url, _reason_of(error)) from error


def _reason_of(error: Exception) -> str:
    """The last words, without the names of Python's classes around them."""
    explanation = getattr(error, "explanation", None)
    text = str(explanation or error).strip()
    return text.rpartition("] ")[2].rstrip("')\"") if "[Errno" in text else text
