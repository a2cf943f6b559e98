"""System checks: alerts that would reach nobody are said at the start, for then nobody is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from backups.messages import error_sentence
from oobsite.alerts.domain.mail import Letter, is_loopback, make_message
from oobsite.alerts.domain.push import check_address
from oobsite.alerts.models import AlertChannel
from oobsite.alerts.sending import mail_server
from oobsite.errors import OobError


@register()
def check_channels(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each channel that is used could send; whether it arrives only a test shows."""
    try:
        problems = [(channel, problem) for channel in used_channels() if (problem := find_problem(channel))]
    except DatabaseError:  # before the first migration
        return []
    text = _("Nobody is told by the recipient “%(channel)s”. %(problem)s")
    return [
        Warning(text % {"channel": channel, "problem": error_sentence(problem)}, id="alerts.W001")
        for channel, problem in problems
    ]


@register()
def check_encryption(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Mail that goes unencrypted over a network is said aloud."""
    try:
        is_plain = sends_plain_mail()
    except DatabaseError:
        return []
    text = _("Mail goes unencrypted to the mail server: everybody on the way can read it.")
    return [Warning(text, hint=_("Choose STARTTLS or TLS."), id="alerts.W002")] if is_plain else []


def used_channels() -> QuerySet[AlertChannel]:
    return AlertChannel.objects.filter(is_active=True)


def find_problem(channel: AlertChannel) -> OobError | None:
    """What would keep every message from being sent, found without sending one."""
    try:
        if channel.kind == AlertChannel.Kind.MAIL:
            make_message(mail_server().sender, Letter(channel.recipients, "", "", timezone.now()))
        else:
            check_address(channel.url.reveal())
    except OobError as error:
        return error
    return None


def sends_plain_mail() -> bool:
    """Whether mail is sent, and goes to its server without encryption over a network."""
    if not used_channels().filter(kind=AlertChannel.Kind.MAIL).exists():
        return False
    try:
        server = mail_server()
    except OobError:
        return False
    return server.security == "none" and not is_loopback(server.host)
