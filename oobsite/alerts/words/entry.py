"""What is said of one kind of alert."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise


@dataclass(frozen=True)
class Words:
    """A title of a few words, what happened, and what is untouched or to be done."""

    title: Promise
    text: Promise
    advice: Promise
