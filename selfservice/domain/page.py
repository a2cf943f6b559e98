"""The page that patients see: whether Webelexis serves it under the name that was set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser

import requests
from urllib3.exceptions import HTTPError

from backups.domain.attempts import attempts

_ANSWER_SECONDS = 10
_PAUSE_SECONDS = 2.0
_MOST_BYTES = 1_000_000
#: The list of free dates; some versions lead there from the root, others do not.
_PATHS = ("/", "/termin/list")


@dataclass(frozen=True)
class Answer:
    is_good: bool
    text: str


class PageVerdict(StrEnum):
    """``ANOTHER``: a page comes, with another heading. ``BROKEN``: its server says that something went wrong."""

    SERVED = "served"
    ANOTHER = "another"
    BROKEN = "broken"
    UNREACHABLE = "unreachable"


def check_heading(url: str, name: str, *, patience_seconds: float = 0.0) -> PageVerdict:
    """Whether the page at ``url`` is headed by ``name``; ask again while Webelexis may still be about to start."""
    for _look in attempts(patience_seconds, _PAUSE_SECONDS):
        verdict = _check(url, name)
        if verdict == PageVerdict.SERVED:
            break
    return verdict


def _check(url: str, name: str) -> PageVerdict:
    verdict = PageVerdict.UNREACHABLE
    for path in _PATHS:
        verdict = _look_at(url + path, name)
        if verdict in (PageVerdict.SERVED, PageVerdict.UNREACHABLE):
            break
    return verdict


def _look_at(url: str, name: str) -> PageVerdict:
    answer = get(url, seconds=_ANSWER_SECONDS)
    if answer is None:
        return PageVerdict.UNREACHABLE
    if not answer.is_good:
        return PageVerdict.BROKEN
    return PageVerdict.SERVED if " ".join(name.split()) in find_headings(answer.text) else PageVerdict.ANOTHER


def get(url: str, *, seconds: float) -> Answer | None:
    """What a server of Webelexis answers; None when it does not. A page without end is cut."""
    try:
        with requests.get(url, timeout=seconds, stream=True) as answer:
            content = answer.raw.read(_MOST_BYTES, decode_content=True)
    except (requests.RequestException, HTTPError):
        return None
    return Answer(answer.ok, content.decode("utf-8", "replace"))


def find_headings(page: str) -> list[str]:
    """The text that stands directly in each ``h1``: below it, in the same element, come address and phone."""
    parser = _Headings()
    parser.feed(page)
    parser.close()
    return [" ".join(text.split()) for text in parser.found]


class _Headings(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "h1":
            self._open = ["h1"]
            self.found.append("")
        elif self._open:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[self._open.index(tag) :]

    def handle_data(self, data: str) -> None:
        if self._open == ["h1"]:
            self.found[-1] += data
