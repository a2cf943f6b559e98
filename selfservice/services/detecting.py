"""Which Webelexis is installed: the worker asks, and keeps the answer for pages, which reach neither Docker nor it."""

from __future__ import annotations

import logging
from dataclasses import asdict

from django.conf import settings
from django.utils import timezone

from backups.domain.containers import inspect_container
from backups.domain.restore.errors import WorkerSilentError
from backups.services.asking import ask
from oobsite.errors import OobError
from selfservice.domain.installed import Installed, ask_server, read_container
from selfservice.models import InstalledWebelexis

logger = logging.getLogger(__name__)


def ask_installed() -> None:
    """From a page: let the worker look now; when it does not answer, what was found last stays."""
    try:
        ask("selfservice.jobs.detect", None)
    except WorkerSilentError:
        logger.debug("the worker does not answer")


def detect() -> None:
    """In the worker. While neither container nor server answers, what was found last stays."""
    found = _in_container()
    if found is None or not found.generation:
        answered = ask_server(settings.OOB_WEBELEXIS_URL)
        found = found.completed_by(answered) if found else answered
    if found is not None:
        values = {**asdict(found), "found_at": timezone.now()}
        InstalledWebelexis.objects.update_or_create(pk=InstalledWebelexis.PK, defaults=values)


def _in_container() -> Installed | None:
    name = settings.OOB_WEBELEXIS_CONTAINER
    if not name:
        return None
    try:
        return read_container(name, inspect_container(settings.OOB_DOCKER_URL, name))
    except OobError as error:
        logger.info("%s: %s", name, error.code)
        return None
