"""Disk, proxy file and database compared: at every start of the worker, and when a restore has exchanged the folder.

What can only be meant in one way is put right at once; what somebody must decide on is listed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography import x509
from django_q.tasks import async_task

from backups.models import Source
from backups.services.kept import restorable_sources
from certs.domain import hidden, store, traefik
from certs.domain.builder import Pair
from certs.domain.errors import PairLostError, StoreRemoveError, StoreWriteError
from certs.domain.facts import fingerprint
from certs.domain.store import folder_name
from certs.models import Certificate, CertificateGeneration
from certs.services.adopting import adopt_generations, adopt_services, fetch_forgotten
from certs.services.generations import NewPair, add_generation, install_generation, install_waiting
from certs.services.making import renew_certificate
from certs.services.places import certs_dir, seen_dir, served_dir, traefik_dir, writing
from certs.services.report import Reconciliation
from certs.services.serving import choose_served, find_usable, finish_removals, is_on_disk, publish, tidy
from oobsite.accounts.actors import Actor
from oobsite.errors import Notice, OobError, Params

logger = logging.getLogger(__name__)
State = CertificateGeneration.State


def reconcile() -> Reconciliation:
    """Compare, put right what is plain, and list the rest. Raises ``StoreWriteError`` when the disk takes nothing."""
    report = Reconciliation()
    with writing():
        report.errors += finish_removals()
        fetch_forgotten()
        adopt_services()
        for certificate in Certificate.objects.select_related("current__certificate"):
            adopt_generations(certificate, report)
        _install_waiting(report)
        certificates = list(Certificate.objects.select_related("current__certificate"))
        for certificate in certificates:
            _look_at(certificate, report)
        _settle_proxy(report)
        _settle_hidden(report)
        for certificate in certificates:
            _tidy(certificate, report)
    return report


def reconcile_quietly() -> None:
    """As ``reconcile``, at the start of the worker and once a day, which go on whatever comes of it."""
    try:
        report = reconcile()
    except Exception:  # or no backup would be made
        logger.exception("Certificates could not be compared")
        return
    for notice in [*report.open, *(error.notice for error in report.errors)]:
        logger.warning("%s %s", notice.code, dict(notice.params))


def _install_waiting(report: Reconciliation) -> None:
    """What a killed job has left."""
    for generation in CertificateGeneration.objects.filter(state=State.PENDING).select_related("certificate"):
        try:
            install_waiting(generation)
        except OobError as error:
            report.errors.append(error)
        else:
            params: Params = {"name": generation.certificate.service.shown, "number": generation.number}
            report.done.append(Notice("certificate-installed-late", params))


def _look_at(certificate: Certificate, report: Reconciliation) -> None:
    current = certificate.current
    if current is None:
        return
    name = certificate.service.shown
    if is_on_disk(current):
        _settle_old_place(certificate, current, report)
        return
    usable = find_usable(certificate)
    if usable is None:
        report.open.append(Notice("certificate-pair-missing", {"name": name, "number": current.number}))
    else:
        params: Params = {"name": name, "number": current.number, "older": usable.number}
        report.open.append(Notice("certificate-pair-older", params))


def _settle_old_place(certificate: Certificate, current: CertificateGeneration, report: Reconciliation) -> None:
    pair = store.read_generation(certs_dir(), current.stored)
    path = certs_dir() / folder_name(certificate.service)
    if not _holds(path.with_name(f"{path.name}.crt"), pair.full_chain) or not _holds(
        path.with_name(f"{path.name}.key"), pair.key
    ):
        _write_old_place(certificate, pair, report)


def _write_old_place(certificate: Certificate, pair: Pair, report: Reconciliation) -> None:
    """What does not work stops nothing else: the proxy needs no copies."""
    name = certificate.service.shown
    try:
        store.write_old_place(certs_dir(), certificate.service, pair)
    except StoreWriteError as error:
        report.open.append(Notice("certificate-copies-failed", {"name": name, "reason": error.reason}))
    else:
        report.done.append(Notice("certificate-old-place", {"name": name}))


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _settle_proxy(report: Reconciliation) -> None:
    """The proxy's file, when it says anything else than it should, or names pairs that the proxy does not have."""
    served = choose_served()
    are_there = all(
        store.holds(served_dir(), generation, store.read_generation(certs_dir(), generation))
        for generation in served.generations
    )
    if not are_there or not traefik.is_published(traefik_dir(), served, seen_dir()):
        publish()
        report.done.append(Notice("certificate-proxy-file", {"path": str(traefik_dir() / traefik.FILE_NAME)}))


def _settle_hidden(report: Reconciliation) -> None:
    try:
        hidden.publish(traefik_dir(), hidden.read_gateways())
    except StoreWriteError as error:
        report.errors.append(error)


def _tidy(certificate: Certificate, report: Reconciliation) -> None:
    try:
        tidy(certificate)
    except StoreRemoveError as error:
        report.errors.append(error)


def lies_in(source: Source) -> bool:
    """Whether the folder of the certificates belongs to ``source``."""
    return certs_dir().is_relative_to(source.folder)


def request_put_back(actor: Actor) -> None:
    """Let the worker do that. Raises ``NotAllowedError``."""
    actor.require("certs.change_certificate")
    async_task("certs.jobs.put_back", actor.user.pk if actor.user else None, cluster="quick")


def put_back(actor: Actor) -> Reconciliation:
    """Bring back each pair in use that is not on the disk: from the data that a restore has kept, else a new one.

    Raises ``NotAllowedError``.
    """
    actor.require("certs.change_certificate")
    report = Reconciliation()
    for certificate in Certificate.objects.select_related("current__certificate"):
        if certificate.current is not None and not is_on_disk(certificate.current):
            try:
                report.done.append(_bring_back(actor, certificate, certificate.current))
            except OobError as error:
                report.errors.append(error)
    return report


def _bring_back(actor: Actor, certificate: Certificate, current: CertificateGeneration) -> Notice:
    params: Params = {"name": certificate.service.shown}
    pair = _find_kept(current)
    if pair is not None:
        with writing():
            install_waiting(add_generation(certificate, NewPair(pair, actor.name, current.order)))
        return Notice("certificate-put-back", params)
    if not certificate.is_ours:
        raise PairLostError(certificate.service.shown)
    install_generation(renew_certificate(actor, certificate).pk)
    return Notice("certificate-made-anew", params)


def _find_kept(generation: CertificateGeneration) -> Pair | None:
    for folder in _kept_dirs():
        try:
            pair = store.read_generation(folder, generation.stored)
        except OobError:
            continue
        if fingerprint(x509.load_pem_x509_certificate(pair.certificate)) == generation.fingerprint:
            return pair
    return None


def _kept_dirs() -> Iterator[Path]:
    """What the proxy has, then the certs folder in what restores have kept beside the live data."""
    yield served_dir()
    for source in restorable_sources():
        if lies_in(source):
            below = certs_dir().relative_to(source.folder)
            yield from (stage / below for stage in sorted(source.folder.glob("#sql-oob-*/old"), reverse=True))


def tell_differences(sources: Iterable[Source], **_signal: object) -> dict[str, object]:
    """What an exchange of ``sources`` has made of the certificates, for the last page of the restore."""
    if not any(lies_in(source) for source in sources):
        return {}
    report = reconcile().to_json()
    return {"certificates": report} if any(report.values()) else {}
