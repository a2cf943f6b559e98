"""Whether a service really serves its certificate."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django_q.tasks import async_task

from backups.domain.attempts import attempts
from certs.domain.probe import Answer, Question, Verdict, probe
from certs.models import Certificate, CertificateAuthority
from oobsite.accounts.actors import Actor

#: A proxy needs about two seconds to notice a new file.
_PATIENCE_SECONDS = 8.0
_PAUSE_SECONDS = 1.0
_MAY_CHANGE = (Verdict.ANOTHER, Verdict.WRONG_NAME, Verdict.EXPIRED)


def request_check(actor: Actor, certificate: Certificate) -> None:
    """Let the worker ask the service. Raises ``NotAllowedError``."""
    actor.require("certs.change_certificate")
    async_task("certs.jobs.check", certificate.pk, cluster="quick")


def check_soon(certificate: Certificate) -> Answer | None:
    """After an installation: ask again while the proxy may still be about to notice."""
    return check(certificate, patience_seconds=_PATIENCE_SECONDS)


def check(certificate: Certificate, *, patience_seconds: float = 0.0) -> Answer | None:
    """Ask the service which certificate it serves, and note the last answer; None when none is in use."""
    if certificate.current is None:
        return None
    for _look in attempts(patience_seconds, _PAUSE_SECONDS):
        answer = _ask(certificate, certificate.current.fingerprint)
        if answer.verdict not in _MAY_CHANGE:
            break
    Certificate.objects.filter(pk=certificate.pk).update(
        served=answer.verdict.value, served_at=timezone.now(), served_facts=_facts_of(answer)
    )
    return answer


def _ask(certificate: Certificate, expected: str) -> Answer:
    return probe(question_of(certificate), expected, timezone.now())


def question_of(certificate: Certificate) -> Question:
    """A wildcard is no name that one could ask for: its target must be named."""
    authority = CertificateAuthority.active()
    host = certificate.probe_host or certificate.name
    root = authority.certificate.encode() if authority else None
    return Question(host, certificate.probe_port, certificate.service, root)


def _facts_of(answer: Answer) -> dict[str, Any]:
    """As JSON: who issued what is served, until when, and who trusts it."""
    facts: dict[str, Any] = {"is_trusted": answer.is_trusted, "is_public": answer.is_public, "detail": answer.detail}
    if answer.served is not None:
        facts |= {
            "subject": answer.served.subject,
            "issuer": answer.served.issuer,
            "names": list(answer.served.names),
            "ends_at": answer.served.ends_at.isoformat(),
            "fingerprint": answer.served.fingerprint,
            "chain": [part.subject for part in answer.chain],
        }
    return facts
