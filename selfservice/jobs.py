"""What the quick queue runs. A task carries nothing but the key of our own row, or an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone

from oobsite.errors import OobError
from selfservice import services


def look(_about: None, until: datetime) -> Any:
    """A ``Look`` for a page; see ``asking.ask``."""
    return _answer(services.look, until)


def preview(_about: None, until: datetime) -> Any:
    """A ``Change`` for a page."""
    return _answer(services.preview, until)


def preview_return(number: int, until: datetime) -> Any:
    """A ``Change`` for a page, of an earlier state put back."""
    return _answer(lambda: services.preview_return(number), until)


def offer(_about: None, until: datetime) -> Any:
    """``Offers`` for a page."""
    return _answer(services.read_offers, until)


def detect(_about: None, until: datetime) -> None:
    """For a page, which then reads what was found."""
    _answer(services.detect, until)


def _answer(find: Callable[[], Any], until: datetime) -> Any:
    """The answer; None when nobody waits any more."""
    return None if timezone.now() > until else find()


def write(pk: int) -> str:
    return _told(lambda: services.write_version(pk))


def send_mail(address: str) -> str:
    return _told(lambda: services.send_mail(address))


def restart() -> str:
    return _told(services.restart)


def check_page() -> str:
    return services.check_page().value


def _told(act: Callable[[], Any]) -> str:
    """What became of ``act``; the row tells people."""
    try:
        act()
    except OobError as error:
        return error.code
    return "done"
