"""Pairs on their way: from a row to the disk, and into use. Every step may be done twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django_q.tasks import async_task

from certs.domain import store
from certs.domain.builder import Pair
from certs.domain.errors import CertificateExpiredError, GenerationMissingError, StoreRemoveError, StoreWriteError
from certs.domain.facts import read_facts
from certs.domain.names import ServiceName
from certs.models import Certificate, CertificateGeneration
from certs.services.places import certs_dir, served_dir, writing
from certs.services.serving import is_on_disk, publish, tidy
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import Notice, OobError

State = CertificateGeneration.State


@dataclass(frozen=True)
class NewPair:
    """``order``: columns of ``Certificate`` that this pair changes, from the moment when it is in use."""

    pair: Pair
    made_by: str
    order: Mapping[str, Any]
    notices: Iterable[Notice] = field(default=())


def find_certificate(name: ServiceName, order: Mapping[str, Any]) -> Certificate:
    """The row of a service. One that has a pair already stays as it is until the new one is in use."""
    certificate, _is_new = Certificate.objects.get_or_create(name=name.text, defaults=dict(order))
    return certificate


def add_generation(certificate: Certificate, new: NewPair) -> CertificateGeneration:
    """A row that waits for the worker; whatever waited before it is not installed any more."""
    pair = new.pair
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
        notices=[to_json(notice) for notice in new.notices],
        order=dict(new.order),
        made_by=new.made_by[:255],
        made_at=timezone.now(),
    )


def _next_number(certificate: Certificate, *others: int) -> int:
    """Numbers are never used twice: a proxy does not look again at a file that it knows."""
    highest = certificate.generations.aggregate(highest=Max("number"))["highest"] or 0
    return max((highest, *others)) + 1


def _drop_waiting(certificate: Certificate) -> None:
    waiting = certificate.generations.filter(state__in=(State.PENDING, State.FAILED))
    waiting.filter(is_stored=True).update(state=State.OLD, waiting_key="")
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
    """As ``install_generation``, for who holds the lock.

    Once the proxy's file names the pair it is the one in use, whatever becomes of its copies and of the older ones.
    """
    try:
        pair = _put_on_disk(generation)
        publish(generation)
    except OobError as error:
        _save(generation, state=State.FAILED, error_code=error.code, error_params=dict(error.notice.params))
        raise
    _activate(generation)
    _finish(generation, pair)


def _finish(generation: CertificateGeneration, pair: Pair) -> None:
    """What does not work here is said beside the pair, and done at the next comparison."""
    failures = []
    service = generation.certificate.service
    try:
        store.write_old_place(certs_dir(), service, pair)
    except StoreWriteError as error:
        failures.append(Notice("certificate-copies-failed", {"name": service.shown, "reason": error.reason}))
    try:
        tidy(generation.certificate)
    except StoreRemoveError as error:
        failures.append(error.notice)
    if failures:
        _save(generation, notices=[*generation.notices, *(to_json(notice) for notice in failures)])


def _put_on_disk(generation: CertificateGeneration) -> Pair:
    """A killed job may have written it already."""
    if generation.waiting_key:
        _settle_number(generation)
        if not is_on_disk(generation):
            store.write_generation(certs_dir(), generation.stored, _waiting_pair(generation))
    pair = store.read_generation(certs_dir(), generation.stored)
    if not is_on_disk(generation):  # another one lies there
        raise GenerationMissingError(str(certs_dir() / generation.stored.relative))
    return pair


def _settle_number(generation: CertificateGeneration) -> None:
    """Under its number may lie a pair that the database has forgotten."""
    certificate, used = generation.certificate, set[int]()
    is_taken = False
    for folder in (certs_dir(), served_dir()):
        numbers = store.list_generations(folder, certificate.service)
        is_taken |= generation.number in numbers and not is_on_disk(generation, folder)
        used.update(numbers)
    if is_taken:
        _save(generation, number=_next_number(certificate, *used))


def _waiting_pair(generation: CertificateGeneration) -> Pair:
    pem = split_chain(generation.chain)
    return Pair(pem[0], generation.waiting_key.reveal().encode(), tuple(pem[1:]))


def split_chain(chain: str) -> list[bytes]:
    """The certificates of a PEM text, one by one."""
    end = "-----END CERTIFICATE-----\n"
    return [f"{part}{end}".encode() for part in chain.split(end) if part.strip()]


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
        Certificate.objects.filter(pk=certificate.pk).update(**generation.order, current=generation, served="")
    certificate.refresh_from_db()


def to_json(notice: Notice) -> dict[str, Any]:
    """As it stands in a row."""
    return {"code": notice.code, "params": dict(notice.params)}


def _save(generation: CertificateGeneration, **values: Any) -> None:
    for name, value in values.items():
        setattr(generation, name, value)
    generation.save(update_fields=list(values))
