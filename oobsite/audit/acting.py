"""Whose act it is when a row changes: that of the present request, or of whom a job or command names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

from oobsite.accounts.actors import Actor, actor_of, system_actor

_current: ContextVar[Callable[[], Actor]] = ContextVar("actor", default=system_actor)


@contextmanager
def acting(actor: Actor | Callable[[], Actor]) -> Iterator[None]:
    """Within the block, changes of rows are the acts of ``actor``; a function is asked at each change."""
    token = _current.set((lambda: actor) if isinstance(actor, Actor) else actor)
    try:
        yield
    finally:
        _current.reset(token)


def current_actor() -> Actor:
    """Who acts now; outside of requests and of ``acting`` it is the system user."""
    return _current.get()()


def requester(request: HttpRequest) -> Actor:
    """The user of a request, or nobody by name at its address."""
    if request.user.is_authenticated:
        return actor_of(request)
    return Actor("", ip=request.META.get("REMOTE_ADDR"))
