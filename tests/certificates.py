"""Certificates for tests: an installation with folders of its own, rows, and files as somebody brings them along."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from cryptography import x509
from django.urls import reverse

from certs import services
from certs.domain import traefik
from certs.domain.builder import LeafRequest, Pair, make_self_signed
from certs.domain.facts import read_facts
from certs.domain.names import parse_name
from certs.domain.reading import Upload
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from oobsite.accounts.actors import system_actor
from oobsite.keys import create_field_keys

NAME = "webelexis.nuno"


def self_signed(*names: str, days: int = 398, now: dt.datetime | None = None) -> Pair:
    request = LeafRequest(tuple(parse_name(name) for name in names or (NAME,)), days=days)
    return make_self_signed(request, now or dt.datetime.now(dt.UTC))


def uploads_of(pair: Pair) -> list[Upload]:
    return [Upload("a.crt", pair.full_chain), Upload("a.key", pair.key)]


def make_stored_certificate(name: str = NAME) -> Certificate:
    """A row in use, whose files nobody has written."""
    pair = self_signed(name)
    facts = read_facts(x509.load_pem_x509_certificate(pair.certificate))
    certificate = Certificate.objects.create(name=name, way=Certificate.Way.SELF_SIGNED)
    certificate.current = CertificateGeneration.objects.create(
        certificate=certificate,
        number=1,
        state="active",
        chain=pair.full_chain.decode(),
        fingerprint=facts.fingerprint,
        issuer=facts.issuer,
        begins_at=facts.begins_at,
        ends_at=facts.ends_at,
        key=facts.key,
        made_at=facts.begins_at,
    )
    certificate.save()
    return certificate


@pytest.fixture
def certs_site(installation, settings):
    """Folders of a practice below ``installation``, and the keys of the fields."""
    settings.OOB_DATA_DIR = installation / "data"
    settings.OOB_CERTS_DIR = installation / "mnt" / "webelexisdata" / "certs"
    settings.OOB_TRAEFIK_DIR = installation / "mnt" / "webelexisdata" / "traefik"
    (installation / "mnt" / "webelexisdata").mkdir()
    create_field_keys(installation / "data")
    return installation


@pytest.fixture
def authority(certs_site) -> CertificateAuthority:
    return services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA"))


def order(*names: str, way: str = "ca") -> CertificateGeneration:
    """A certificate that waits for the worker, the first of its service or another."""
    wanted = services.make_order(names or (NAME,), Certificate.Way(way))
    return services.make_certificate(system_actor(), replace(wanted, is_replacing=True))


def made(*names: str, way: str = "ca") -> Certificate:
    """A certificate that is installed."""
    return services.install_generation(order(*names, way=way).pk).certificate


def page_of(certificate: Certificate) -> str:
    return reverse("admin:certs_certificate_change", args=[certificate.pk])


def renewed(certificate: Certificate) -> CertificateGeneration:
    return services.install_generation(services.renew_certificate(system_actor(), certificate).pk)


def published(settings) -> set[str]:
    """Which pairs the proxy is told to serve."""
    return {str(path) for path in traefik.list_published(settings.OOB_TRAEFIK_DIR, PurePosixPath("/mnt/certs"))}
