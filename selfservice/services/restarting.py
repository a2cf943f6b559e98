"""Webelexis reads its settings when it starts: it is started anew, and its page tells whether they have arrived."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

from backups.domain.containers import start_container, stop_container
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import Notice, OobError
from selfservice.domain.page import PageVerdict, check_heading
from selfservice.errors import WebelexisContainerUnsetError
from selfservice.models import SelfServiceSettings
from selfservice.services.detecting import detect
from selfservice.services.results import note

#: Webelexis takes half a minute to start on a small server.
PATIENCE_SECONDS = 90.0


def can_restart() -> bool:
    return bool(settings.OOB_WEBELEXIS_CONTAINER)


def request_restart(actor: Actor) -> None:
    """Let the worker restart Webelexis, then look at its page.

    Raises ``NotAllowedError``, ``WebelexisContainerUnsetError``.
    """
    actor.require("selfservice.change_selfservicesettings")
    if not can_restart():
        raise WebelexisContainerUnsetError
    _order(actor, "selfservice.restarted", "selfservice.jobs.restart")


def request_check(actor: Actor) -> None:
    """Let the worker look at the page. Raises ``NotAllowedError``."""
    actor.require("selfservice.change_selfservicesettings")
    _order(actor, "selfservice.checked", "selfservice.jobs.check_page")


def _order(actor: Actor, act: str, job: str) -> None:
    row = SelfServiceSettings.load()
    with transaction.atomic():
        record(actor, act, row)
        note(row.pk, "page_result", Notice("", {}), is_open=True)
        async_task(job, cluster="quick")


def restart() -> None:
    """In the worker. Raises as ``start_container``; the row keeps what came of it."""
    row = SelfServiceSettings.load()
    try:
        stop_container(settings.OOB_DOCKER_URL, settings.OOB_WEBELEXIS_CONTAINER)
        start_container(settings.OOB_DOCKER_URL, settings.OOB_WEBELEXIS_CONTAINER)
    except OobError as error:
        note(row.pk, "page_result", error.notice)
        raise
    check_page(patience_seconds=PATIENCE_SECONDS)


def check_page(*, patience_seconds: float = 0.0) -> PageVerdict:
    """Whether the page has the heading that is wanted; the row keeps the answer."""
    row = SelfServiceSettings.load()
    url = settings.OOB_SELFSERVICE_URL
    verdict = check_heading(url, row.name, patience_seconds=patience_seconds)
    detect()  # with a restart may have come another version
    note(row.pk, "page_result", Notice(f"selfservice-page-{verdict}", {"url": url, "name": row.name}))
    return verdict
