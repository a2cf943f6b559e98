"""The words of one message, in the language of the practice."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, ngettext

from oobsite.alerts import messages
from oobsite.alerts.models import Alert, Occasion
from oobsite.alerts.secrecy import hide_known

_RULE = "-- "


@dataclass(frozen=True)
class Message:
    """``level``: error, warning, info or success."""

    subject: str
    text: str
    level: str


def compose(alert: Alert, occasion: str) -> Message:
    """What is told about ``alert``: plain text, the name of the practice first."""
    with translation.override(settings.LANGUAGE_CODE):
        subject = f"{settings.OOB_PRACTICE_NAME or 'oobsite'}: {_subject(alert, occasion)}"
        paragraphs = _all_clear(alert) if occasion == Occasion.ALL_CLEAR else _alarm(alert, occasion)
        text = "\n\n".join([*paragraphs, _signature()]) + "\n"
    level = "success" if occasion == Occasion.ALL_CLEAR or alert.code == "run-succeeded" else alert.level
    return Message(" ".join(hide_known(subject).split()), hide_known(text), level)


def _subject(alert: Alert, occasion: str) -> str:
    title = messages.title(alert)
    if occasion == Occasion.ALL_CLEAR:
        return gettext("All right again: %(title)s") % {"title": title}
    if occasion == Occasion.REMINDER:
        return gettext("Still so: %(title)s") % {"title": title}
    return title


def _alarm(alert: Alert, occasion: str) -> list[str]:
    paragraphs = [messages.text(alert), messages.advice(alert)]
    if occasion == Occasion.REMINDER:
        text = ngettext(
            "It has been so since %(since)s and has happened once.",
            "It has been so since %(since)s and has happened %(count)d times.",
            alert.count,
        )
        paragraphs.append(text % {"since": messages.moment(alert.first_at), "count": alert.count})
    return paragraphs


def _all_clear(alert: Alert) -> list[str]:
    assert alert.cleared_at is not None  # noqa: S101 - an all-clear is for what is over
    since, until = messages.moment(alert.first_at), messages.moment(alert.cleared_at)
    period = gettext("This is over. It lasted from %(since)s to %(until)s.") % {"since": since, "until": until}
    return [period, gettext("It was: %(text)s") % {"text": messages.text(alert)}]


def _signature() -> str:
    link = settings.OOB_URL + reverse("admin:alerts_alert_changelist")
    name = gettext("oobsite on the server %(host)s") % {"host": socket.gethostname()}
    return f"{link}\n\n{_RULE}\n{name}"
