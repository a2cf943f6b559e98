"""What lies on the disk and the database does not know, as after a restore of oobsite itself, gets its rows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath

from cryptography import x509

from certs.domain import store, traefik
from certs.domain.errors import GenerationDamagedError, GenerationMissingError
from certs.domain.facts import UNREADABLE, has_signed, names_of, read_facts
from certs.domain.names import ServiceName, is_name
from certs.domain.store import Generation, folder_name
from certs.models import Certificate, CertificateAuthority, CertificateGeneration, CertificateRemoval
from certs.services.places import certs_dir, seen_dir, served_dir, traefik_dir
from certs.services.report import Reconciliation
from oobsite.errors import Notice, OobError

State = CertificateGeneration.State


def fetch_forgotten() -> None:
    """Copy back the pairs that the proxy alone still has, as after a restore of oobsite and of the certs folder to a
    day before them: what was served goes on being served. Raises ``StoreWriteError``.
    """
    removed = _removed_folders()
    for folder in store.list_services(served_dir()):
        name = None if folder in removed else _name_of(served_dir() / folder)
        if name is not None:
            for number in store.list_generations(served_dir(), name):
                _fetch(Generation(name, number))


def _fetch(generation: Generation) -> None:
    """A pair that has a row, or another one in its place, is not forgotten."""
    rows = CertificateGeneration.objects.filter(certificate__name=generation.name.text, number=generation.number)
    if not rows.exists() and not (certs_dir() / generation.relative).exists():
        with suppress(GenerationMissingError, GenerationDamagedError):
            store.share_generation(served_dir(), certs_dir(), generation)


def adopt_services() -> None:
    """Folders that the database does not know, as after a restore of oobsite itself."""
    known = {folder_name(certificate.service) for certificate in Certificate.objects.all()} | _removed_folders()
    for folder in store.list_services(certs_dir()):
        name = None if folder in known else _name_of(certs_dir() / folder)
        if name is not None:
            Certificate.objects.create(name=name.text, way=Certificate.Way.INSTALLED)


def _removed_folders() -> set[str]:
    return {folder_name(ServiceName(removal.name)) for removal in CertificateRemoval.objects.all()}


def _name_of(folder: Path) -> ServiceName | None:
    """The service whose pairs lie in ``folder``: the name on one of them, or for which a star there stands, that makes
    this folder, and that is one.
    """
    for path in sorted(folder.glob(f"*/{store.CHAIN_NAME}")):
        try:
            leaf = x509.load_pem_x509_certificates(path.read_bytes())[0]
        except (OSError, *UNREADABLE):
            continue
        names, own = names_of(leaf), ServiceName(folder.name)
        starred = [own] if any(name.covers(own) for name in names) else []
        name = next((name for name in (*names, *starred) if folder_name(name) == folder.name), None)
        return name if name is not None and is_name(name) else None
    return None


def adopt_generations(certificate: Certificate, report: Reconciliation) -> None:
    rows = {generation.number: generation for generation in certificate.generations.all()}
    numbers = store.list_generations(certs_dir(), certificate.service)
    _note_stored(certificate, numbers)
    found = [adopted for number in numbers if number not in rows and (adopted := _adopt(certificate, number))]
    if found and (certificate.current is None or _is_published(found[-1])):
        _use(certificate, found[-1])
        report.done.append(Notice("certificate-adopted", {"name": certificate.service.shown}))
    elif found and certificate.current and found[-1].number > certificate.current.number:
        report.open.append(
            Notice("certificate-newer-on-disk", {"name": certificate.service.shown, "number": found[-1].number})
        )


def _note_stored(certificate: Certificate, numbers: list[int]) -> None:
    certificate.generations.filter(number__in=numbers).update(is_stored=True)
    certificate.generations.exclude(number__in=numbers).update(is_stored=False)


def _adopt(certificate: Certificate, number: int) -> CertificateGeneration | None:
    """A row for a pair on disk; None when it is damaged."""
    try:
        pair = store.read_generation(certs_dir(), Generation(certificate.service, number))
    except OobError:
        return None
    leaf = x509.load_pem_x509_certificate(pair.certificate)
    facts = read_facts(leaf)
    return CertificateGeneration.objects.create(
        certificate=certificate,
        number=number,
        state=State.OLD,
        chain=pair.full_chain.decode(),
        is_stored=True,
        fingerprint=facts.fingerprint,
        issuer=facts.issuer[:255],
        begins_at=facts.begins_at,
        ends_at=facts.ends_at,
        key=facts.key,
        made_at=facts.begins_at,
        order=_order_of(certificate, leaf),
    )


def _order_of(certificate: Certificate, leaf: x509.Certificate) -> dict[str, object]:
    others = [name.text for name in names_of(leaf) if name != certificate.service]
    return {"other_names": others, "way": _way_of(leaf)}


def _is_published(generation: CertificateGeneration) -> bool:
    """Whether the proxy serves it already."""
    return PurePosixPath(generation.stored.relative) in traefik.list_published(traefik_dir(), seen_dir())


def _use(certificate: Certificate, generation: CertificateGeneration) -> None:
    """What a service has on disk was in use, as far as anybody knows."""
    certificate.generations.filter(state=State.ACTIVE).update(state=State.OLD)
    CertificateGeneration.objects.filter(pk=generation.pk).update(state=State.ACTIVE)
    Certificate.objects.filter(pk=certificate.pk).update(**generation.order, current=generation)
    certificate.refresh_from_db()


def _way_of(leaf: x509.Certificate) -> Certificate.Way:
    """A former CA of ours is one too: what it has signed, the present one can sign anew."""
    roots = CertificateAuthority.objects.values_list("certificate", flat=True)
    is_ours = any(has_signed(x509.load_pem_x509_certificate(root.encode()), leaf) for root in roots)
    return Certificate.Way.AUTHORITY if is_ours else Certificate.Way.INSTALLED
