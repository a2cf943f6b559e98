"""A pair that somebody brings along: checked in full before anything is kept of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from django.db import transaction
from django.utils import timezone

from certs.domain.facts import names_of
from certs.domain.names import ServiceName
from certs.domain.pair import Checked, Upload, check_pair, find_name
from certs.models import Certificate, CertificateGeneration
from certs.services.generations import add_generation, hand_over
from oobsite.accounts.actors import Actor
from oobsite.audit.chain import JSON
from oobsite.audit.services import record


@dataclass(frozen=True)
class Delivery:
    """Files and the passphrase that opens them; ``name`` None: the first one that stands on the certificate."""

    uploads: Sequence[Upload]
    name: ServiceName | None = None
    passphrase: str = ""


def install_pair(actor: Actor, delivery: Delivery) -> CertificateGeneration:
    """Keep a pair for the worker to install. Raises ``NotAllowedError`` and as ``check_pair``: nothing is kept."""
    actor.require("certs.add_certificate")
    name = delivery.name or find_name(delivery.uploads, delivery.passphrase)
    checked = check_pair(delivery.uploads, name, timezone.now(), delivery.passphrase)
    with transaction.atomic():
        certificate, _is_new = Certificate.objects.update_or_create(name=name.text, defaults=_fields_of(checked, name))
        generation = add_generation(certificate, checked.pair, made_by=actor.name, notices=checked.notices)
        details: dict[str, JSON] = {"names": [one.shown for one in certificate.names], "generation": generation.number}
        record(actor, "certificate.installed", certificate, details)
        hand_over(generation)
    return generation


def _fields_of(checked: Checked, name: ServiceName) -> dict[str, object]:
    leaf = x509.load_pem_x509_certificate(checked.pair.certificate)
    others = [other.text for other in names_of(leaf) if other != name]
    return {"other_names": others, "way": Certificate.Way.INSTALLED}
