"""The private key of a pair, for who must carry it elsewhere. It lies with the worker alone and comes encrypted."""

from __future__ import annotations

from backups.services.asking import ask
from certs.domain import store
from certs.domain.errors import CertificateUnknownError
from certs.models import Certificate
from certs.services.places import certs_dir
from oobsite import crypto
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record


def open_key(actor: Actor, certificate: Certificate) -> bytes:
    """The key in use, PEM. Raises ``NotAllowedError``, ``WorkerSilentError``, ``GenerationMissingError``."""
    actor.require("certs.download_key")
    token: str = ask("certs.jobs.read_key", certificate.pk)
    record(actor, "certificate.key-downloaded", certificate, {"generation": _number(certificate)})
    return crypto.decrypt(token).encode()


def read_key(pk: int) -> str:
    """The key in use as a token: results of jobs are stored. Raises as ``store.read_generation``."""
    certificate = Certificate.objects.select_related("current__certificate").get(pk=pk)
    if certificate.current is None:
        raise CertificateUnknownError(certificate.service.shown)
    pair = store.read_generation(certs_dir(), certificate.current.stored)
    return crypto.encrypt(pair.key.decode())


def _number(certificate: Certificate) -> int | None:
    return certificate.current.number if certificate.current else None
