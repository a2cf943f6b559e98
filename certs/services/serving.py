"""What the proxy serves: the pairs in use, which one for unknown names, and how a pair goes out of use again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from certs.domain import store, traefik
from certs.domain.errors import StoreRemoveError
from certs.domain.names import ServiceName
from certs.domain.store import Generation
from certs.domain.traefik import Served
from certs.models import Certificate, CertificateGeneration, CertificateRemoval
from certs.services.places import certs_dir, seen_dir, served_dir, traefik_dir, writing
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import OobError

State = CertificateGeneration.State
KEPT = 3
KEPT_FOR = timedelta(minutes=10)


def is_on_disk(generation: CertificateGeneration, folder: Path | None = None) -> bool:
    """Whether the very pair of the row lies in ``folder``, else in the certs folder, whole."""
    try:
        return store.stored_fingerprint(folder or certs_dir(), generation.stored) == generation.fingerprint
    except OobError:
        return False


def publish(installing: CertificateGeneration | None = None) -> None:
    """Let the proxy serve the pair in use of each service, and ``installing`` instead of its own.

    Raises as ``store.share_generation`` and ``traefik.publish``.
    """
    served = choose_served(installing)
    for generation in served.generations:
        store.share_generation(certs_dir(), served_dir(), generation)
    traefik.publish(served_dir(), traefik_dir(), served, seen_dir())


def publish_again() -> None:
    """As ``publish``, under the lock."""
    with writing():
        publish()


def choose_served(installing: CertificateGeneration | None = None) -> Served:
    """A service whose pair in use is damaged or gone gets its newest one that is whole, or none."""
    chosen: dict[int, Generation] = {}
    certificates = list(Certificate.objects.select_related("current__certificate"))
    for certificate in certificates:
        if installing is not None and installing.certificate_id == certificate.pk:
            chosen[certificate.pk] = installing.stored
        elif (usable := find_usable(certificate)) is not None:
            chosen[certificate.pk] = usable
    default = next((chosen[one.pk] for one in certificates if one.is_default and one.pk in chosen), None)
    return Served(tuple(chosen.values()), default)


def find_usable(certificate: Certificate) -> Generation | None:
    """The pair in use when it is whole, else the newest one on disk that is."""
    if certificate.current is None:
        return None
    if is_on_disk(certificate.current):
        return certificate.current.stored
    for number in reversed(store.list_generations(certs_dir(), certificate.service)):
        generation = Generation(certificate.service, number)
        try:
            store.read_generation(certs_dir(), generation)
        except OobError:
            continue
        return generation
    return None


def tidy(certificate: Certificate) -> None:
    """Remove pairs that nothing uses: three stay, and each for ten minutes after it was replaced.

    Raises ``StoreRemoveError``.
    """
    numbers = store.list_generations(certs_dir(), certificate.service)
    fresh = certificate.generations.filter(replaced_at__gt=timezone.now() - KEPT_FOR)
    used = certificate.generations.filter(state__in=(State.ACTIVE, State.PENDING))
    usable = find_usable(certificate)
    needed = {*(fresh | used).values_list("number", flat=True), *([usable.number] if usable else [])}
    if served_dir() != certs_dir():
        store.remove_generations(served_dir(), certificate.service, needed)
    gone = store.remove_generations(certs_dir(), certificate.service, {*numbers[-KEPT:], *needed})
    certificate.generations.filter(number__in=gone).update(is_stored=False)


def choose_default(actor: Actor, certificate: Certificate, *, is_default: bool) -> None:
    """Serve it for unknown names too, and no other. Raises ``NotAllowedError``."""
    actor.require("certs.change_certificate")
    with transaction.atomic():
        if is_default:
            Certificate.objects.exclude(pk=certificate.pk).update(is_default=False)
        certificate.is_default = is_default
        certificate.save(update_fields=["is_default"])
        async_task("certs.jobs.publish", cluster="quick")


def remove_certificate(actor: Actor, certificate: Certificate) -> None:
    """Forget a service; the worker removes its files once the proxy names them no more. Raises ``NotAllowedError``."""
    actor.require("certs.delete_certificate")
    with transaction.atomic():
        record(actor, "certificate.removed", certificate, {"names": [name.shown for name in certificate.names]})
        CertificateRemoval.objects.get_or_create(name=certificate.name)
        certificate.delete()
        async_task("certs.jobs.remove_files", cluster="quick")


def remove_files() -> None:
    """Remove what is left of services that are none any more. Raises ``StoreWriteError``, ``StoreRemoveError``."""
    with writing():
        for error in finish_removals():
            raise error


def finish_removals() -> list[StoreRemoveError]:
    """As ``remove_files``, for who holds the lock, and what does not work stops nothing else.

    A service that has come back meanwhile keeps its files.
    """
    removals, errors = list(CertificateRemoval.objects.all()), []
    if removals:
        publish()
    for removal in removals:
        failed = [] if Certificate.objects.filter(name=removal.name).exists() else _remove(ServiceName(removal.name))
        if not failed:
            removal.delete()
        errors += failed
    return errors


def _remove(service: ServiceName) -> list[StoreRemoveError]:
    """The files of ``service``, from the proxy's folder whatever becomes of the other."""
    errors = []
    for folder in {certs_dir(), served_dir()}:
        try:
            store.remove_service(folder, service)
        except StoreRemoveError as error:
            errors.append(error)
    return errors
