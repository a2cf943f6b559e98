"""What the quick queue runs. A task carries nothing but the key of our own row."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django_q.tasks import async_task

from certs.models import Certificate, CertificateGeneration
from certs.services import generations, keys, making, probing, reconciling, serving, watching
from oobsite.accounts.actors import system_actor, user_actor
from oobsite.accounts.models import User
from oobsite.errors import OobError
from oobsite.watchdog import report


def install(pk: int) -> str:
    """Install a waiting pair, then see whether it is served."""
    generation = CertificateGeneration.objects.filter(pk=pk).first()
    if generation is None:
        return "gone"
    try:
        generations.install_generation(pk)
    except OobError as error:
        return error.code  # the row tells it
    return _check(generation.certificate_id, is_patient=True)


def check(pk: int) -> str:
    return _check(pk, is_patient=False)


def _check(pk: int, *, is_patient: bool) -> str:
    certificate = Certificate.objects.select_related("current").filter(pk=pk).first()
    if certificate is None:
        return "gone"
    answer = probing.check_soon(certificate) if is_patient else probing.check(certificate)
    return answer.verdict if answer else "none"


def look_daily() -> str:
    """Compare with the disk, renew what ends soon, tell what is wrong, and ask every service what it serves."""
    now = timezone.now()
    reconciling.reconcile_quietly()
    renewal = making.renew_due(system_actor(), now)
    report(watching.find_certificates(now), watching.KINDS)
    for pk in Certificate.objects.values_list("pk", flat=True):
        async_task("certs.jobs.check", pk, cluster="quick")
    return f"{len(renewal.made)} renewed, {len(renewal.errors)} not"


def publish() -> str:
    try:
        serving.publish_again()
    except OobError as error:
        return error.code
    return "done"


def remove_files() -> str:
    try:
        serving.remove_files()
    except OobError as error:
        return error.code
    return "done"


def read_key(pk: int, until: datetime) -> str | OobError | None:
    """A key, encrypted, for a page; None when nobody waits any more."""
    if timezone.now() > until:
        return None
    try:
        return keys.read_key(pk)
    except OobError as error:
        return error


def put_back(user_pk: int | None) -> str:
    """Without a user the command line has asked; one who is gone meanwhile may do nothing any more."""
    user = None if user_pk is None else User.objects.filter(pk=user_pk).first()
    if user is None and user_pk is not None:
        return "gone"
    report = reconciling.put_back(user_actor(user) if user else system_actor())
    return ", ".join(notice.code for notice in [*report.done, *(error.notice for error in report.errors)])
