"""Pairs on their way: from a row to the disk, to the proxy, and out of use again. Every step may be done twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from cryptography import x509
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django_q.tasks import async_task

from certs.domain import store, traefik
from certs.domain.builder import Pair
from certs.domain.errors import CertificateExpiredError, GenerationMissingError
from certs.domain.facts import read_facts
from certs.domain.names import ServiceName
from certs.domain.store import Generation
from certs.domain.traefik import Served
from certs.models import Certificate, CertificateGeneration, CertificateRemoval
from certs.services.places import certs_dir, seen_dir, traefik_dir, writing
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import Notice, OobError

State = CertificateGeneration.State
KEPT = 3
KEPT_FOR = timedelta(minutes=10)


def add_generation(
    certificate: Certificate, pair: Pair, *, made_by: str, notices: Iterable[Notice] = ()
) -> CertificateGeneration:
    """A row that waits for the worker; whatever waited before it is not installed any more."""
    facts = read_facts(x509.load_pem_x509_certificate(pair.certificate))
    _drop_waiting(certificate)
    return CertificateGeneration.objects.create(
        certificate=certificate,
        number=_next_number(certificate),
        chain=pair.full_chain.decode(),
        waiting_key=pair.key.decode(),
        fingerprint=facts.fingerprint,
        issuer=facts.issuer[:255],
        begins_at=facts.begins_at,
        ends_at=facts.ends_at,
        key=facts.key,
        notices=[{"code": notice.code, "params": dict(notice.params)} for notice in notices],
        made_by=made_by[:255],
        made_at=timezone.now(),
    )


def _next_number(certificate: Certificate, *others: int) -> int:
    """Numbers are never used twice: a proxy does not look again at a file that it knows."""
    highest = certificate.generations.aggregate(highest=Max("number"))["highest"] or 0
    return max((highest, *others)) + 1


def _drop_waiting(certificate: Certificate) -> None:
    waiting = certificate.generations.filter(state__in=(State.PENDING, State.FAILED))
    waiting.filter(is_stored=True).update(state=State.OLD)
    waiting.filter(is_stored=False).update(state=State.FAILED, waiting_key="")


def hand_over(generation: CertificateGeneration) -> None:
    """Let the worker install it; the task knows nothing but the row."""
    async_task("certs.jobs.install", generation.pk, cluster="quick")


def back_to_generation(actor: Actor, generation: CertificateGeneration) -> None:
    """Use an older pair again. Raises ``NotAllowedError``, ``CertificateExpiredError``, ``GenerationMissingError``."""
    actor.require("certs.change_certificate")
    certificate = generation.certificate
    if generation.ends_at <= timezone.now():
        raise CertificateExpiredError(str(certificate), timezone.localdate(generation.ends_at).isoformat())
    if not generation.is_stored:
        raise GenerationMissingError(str(generation.stored.relative))
    with transaction.atomic():
        _drop_waiting(certificate)
        CertificateGeneration.objects.filter(pk=generation.pk).update(state=State.PENDING)
        record(actor, "certificate.back", certificate, {"generation": generation.number})
        hand_over(generation)


def try_again(actor: Actor, generation: CertificateGeneration) -> None:
    """Install a pair whose installation has failed, or has died with its job. Raises ``NotAllowedError``."""
    actor.require("certs.change_certificate")
    with transaction.atomic():
        waiting = CertificateGeneration.objects.filter(pk=generation.pk, state__in=(State.FAILED, State.PENDING))
        if waiting.update(state=State.PENDING, error_code="", error_params={}):
            record(actor, "certificate.again", generation.certificate, {"generation": generation.number})
            hand_over(generation)


def install_generation(pk: int) -> CertificateGeneration:
    """Write a waiting pair, let the proxy serve it, then note that. A second call finds nothing to do.

    Raises ``StoreWriteError``, ``GenerationMissingError``, ``GenerationDamagedError``: the pair before it is served on.
    """
    with writing():
        generation = CertificateGeneration.objects.select_related("certificate").get(pk=pk)
        if generation.state == State.PENDING:
            install_waiting(generation)
    return generation


def install_waiting(generation: CertificateGeneration) -> None:
    """As ``install_generation``, for who holds the lock."""
    try:
        pair = _put_on_disk(generation)
        publish(generation)
        store.write_old_place(certs_dir(), generation.certificate.service, pair)
    except OobError as error:
        _save(generation, state=State.FAILED, error_code=error.code, error_params=dict(error.notice.params))
        raise
    _activate(generation)
    tidy(generation.certificate)


def _put_on_disk(generation: CertificateGeneration) -> Pair:
    """A killed job may have written it already; under its number may lie one that the database has forgotten."""
    certificate = generation.certificate
    numbers = store.list_generations(certs_dir(), certificate.service)
    if generation.waiting_key:
        if generation.number in numbers and not is_on_disk(generation):
            _save(generation, number=_next_number(certificate, *numbers))
            numbers = []
        if generation.number not in numbers:
            store.write_generation(certs_dir(), generation.stored, _waiting_pair(generation))
    pair = store.read_generation(certs_dir(), generation.stored)
    if not is_on_disk(generation):  # another one lies there
        raise GenerationMissingError(str(certs_dir() / generation.stored.relative))
    return pair


def _waiting_pair(generation: CertificateGeneration) -> Pair:
    pem = split_chain(generation.chain)
    return Pair(pem[0], generation.waiting_key.reveal().encode(), tuple(pem[1:]))


def split_chain(chain: str) -> list[bytes]:
    """The certificates of a PEM text, one by one."""
    end = "-----END CERTIFICATE-----\n"
    return [f"{part}{end}".encode() for part in chain.split(end) if part.strip()]


def is_on_disk(generation: CertificateGeneration) -> bool:
    """Whether the very pair of the row lies there, whole."""
    try:
        return store.stored_fingerprint(certs_dir(), generation.stored) == generation.fingerprint
    except OobError:
        return False


def _activate(generation: CertificateGeneration) -> None:
    now, certificate = timezone.now(), generation.certificate
    with transaction.atomic():
        others = certificate.generations.filter(state=State.ACTIVE).exclude(pk=generation.pk)
        others.update(state=State.OLD, replaced_at=now)
        _save(
            generation,
            state=State.ACTIVE,
            is_stored=True,
            waiting_key="",
            replaced_at=None,
            error_code="",
            error_params={},
        )
        Certificate.objects.filter(pk=certificate.pk).update(current=generation, served="")
    certificate.refresh_from_db()


def _save(generation: CertificateGeneration, **values: Any) -> None:
    for name, value in values.items():
        setattr(generation, name, value)
    generation.save(update_fields=list(values))


def publish(installing: CertificateGeneration | None = None) -> None:
    """Let the proxy serve the pair in use of each service, and ``installing`` instead of its own.

    Raises as ``traefik.publish``.
    """
    served = choose_served(installing)
    traefik.publish(certs_dir(), traefik_dir(), served, seen_dir())


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
    """Remove pairs that nothing uses: three stay, and each for ten minutes after it was replaced."""
    numbers = store.list_generations(certs_dir(), certificate.service)
    fresh = certificate.generations.filter(replaced_at__gt=timezone.now() - KEPT_FOR)
    used = certificate.generations.filter(state__in=(State.ACTIVE, State.PENDING))
    usable = find_usable(certificate)
    keep = {*numbers[-KEPT:], *(fresh | used).values_list("number", flat=True), *([usable.number] if usable else [])}
    gone = store.remove_generations(certs_dir(), certificate.service, keep)
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
    """Remove what is left of services that are none any more. Raises ``StoreWriteError``."""
    with writing():
        finish_removals()


def finish_removals() -> None:
    """As ``remove_files``, for who holds the lock. A service that has come back meanwhile keeps its files."""
    removals = list(CertificateRemoval.objects.all())
    if removals:
        publish()
    for removal in removals:
        if not Certificate.objects.filter(name=removal.name).exists():
            store.remove_service(certs_dir(), ServiceName(removal.name))
        removal.delete()
