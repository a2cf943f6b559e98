"""Private keys and passphrases: on the worker's disk and nowhere else in clear."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

import pytest
from certificates import NAME, order, self_signed, uploads_of
from cryptography.hazmat.primitives import serialization
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from certs import jobs, services
from certs.domain.names import parse_name
from certs.models import CertificateAuthority
from oobsite import crypto
from oobsite.accounts.actors import system_actor
from oobsite.accounts.signals import LOGIN_AT_KEY
from oobsite.keys import make_field_key
from oobsite.rotation import encrypt_anew, encrypted_slots
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]


def forms_of(key: str) -> list[str]:
    """What would betray a key: a line of its PEM, its number in hex and as a decimal."""
    private = serialization.load_pem_private_key(key.encode(), None).private_numbers().private_value
    return [key.splitlines()[1], f"{private:x}", str(private)]


def dump() -> str:
    """The whole database as text."""
    return "\n".join(connection.connection.iterdump())


def test_neither_database_nor_log_holds_a_key_in_clear(authority, caplog, certs_site):
    caplog.set_level(logging.DEBUG)
    generation = order()
    secrets = [*forms_of(authority.key.reveal()), *forms_of(generation.waiting_key.reveal())]
    services.install_generation(generation.pk)
    jobs.read_key(generation.certificate_id, timezone.now())
    found = dump() + caplog.text + (certs_site / "data" / "audit.hashes").read_text()
    assert "webelexis.nuno" in found
    assert [secret for secret in secrets if secret in found] == []


def test_an_audit_event_holds_no_passphrase(certs_site, caplog):
    pair = self_signed()
    lock = serialization.BestAvailableEncryption(b"geheim-sieben")
    key = serialization.load_pem_private_key(pair.key, None)
    locked = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    uploads = [*uploads_of(pair)[:1], uploads_of(pair)[1].__class__("a.key", locked)]
    services.install_pair(system_actor(), services.Delivery(uploads, parse_name(NAME), "geheim-sieben"))
    assert "geheim-sieben" not in dump() + caplog.text


def test_no_page_shows_a_key(client, authority):
    generation = order()
    secrets = [*forms_of(authority.key.reveal()), *forms_of(generation.waiting_key.reveal())]
    certificate = services.install_generation(generation.pk).certificate
    client.force_login(make_user("owner"))
    session = client.session
    session[LOGIN_AT_KEY] = time.time()
    session.save()
    addresses = [reverse(f"certs:{name}", args=[certificate.pk]) for name in ("key", "remove")]
    addresses += [reverse(f"certs:{name}") for name in ("devices", "authority", "new", "install")]
    addresses += ["/certs/certificate/", f"/certs/certificate/{certificate.pk}/change/", "/audit/auditevent/"]
    addresses += [f"/certs/certificate/{certificate.pk}/history/", "/certs/root.crt", "/certs/root.mobileconfig"]
    pages = "".join(client.get(address).content.decode() for address in addresses)
    assert [secret for secret in secrets if secret in pages] == []


def test_the_answer_of_the_worker_is_a_token(authority):
    generation = order()
    key = generation.waiting_key.reveal()
    services.install_generation(generation.pk)
    token = jobs.read_key(generation.certificate_id, timezone.now() + timedelta(seconds=5))
    assert token.startswith(crypto.TOKEN_PREFIX)
    assert crypto.decrypt(token) == key


def test_the_keys_get_a_new_field_key_with_all_others(authority, certs_site):
    order()
    columns = {(slot.model.__name__, slot.column) for slot in encrypted_slots() if slot.value}
    assert {("CertificateAuthority", "key"), ("CertificateGeneration", "waiting_key")} <= columns
    assert encrypt_anew(make_field_key()).done == 2
    assert CertificateAuthority.objects.get().key.token != authority.key.token
