"""What the commands of certificates print and return alike."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from backups.messages import sentence
from certs import services
from certs.facts import issuer_words
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from oobsite.commands import OobCommand


def describe(certificate: Certificate) -> dict[str, Any]:
    """What ``--json`` tells of a service and its certificate in use."""
    current = certificate.current
    return {
        "name": certificate.name,
        "names": [name.text for name in certificate.names],
        "way": certificate.way,
        "number": current.number if current else None,
        "issuer": current.issuer if current else None,
        "ends_at": current.ends_at if current else None,
        "days_left": current.days_left(timezone.now()) if current else None,
        "fingerprint": current.fingerprint if current else None,
        "is_default": certificate.is_default,
        "is_former": services.is_former(certificate, CertificateAuthority.active()),
        "served": certificate.served,
        "served_at": certificate.served_at,
        "is_trusted": certificate.served_facts.get("is_trusted"),
        "is_public": certificate.served_facts.get("is_public"),
    }


def say_installed(command: OobCommand, options: dict[str, Any], generation: CertificateGeneration) -> list[str]:
    """Returns the remarks."""
    remarks = [sentence(notice["code"], notice["params"]) for notice in generation.notices]
    for remark in remarks:
        command.say(options, f"! {remark}")
    day = timezone.localtime(generation.ends_at).strftime("%d.%m.%Y")
    text = _("%(name)s: installed, issued by %(issuer)s, valid until %(day)s")
    name = generation.certificate.service.shown
    command.say(options, text % {"name": name, "issuer": issuer_words(generation), "day": day})
    return remarks
