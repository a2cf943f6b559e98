"""The commands of certificates: what they print and how they end."""

from __future__ import annotations

import pytest
from calling import call_json
from certificates import NAME, made, self_signed, uploads_of
from cryptography import x509

from certs import services
from certs.models import Certificate
from oobsite.accounts.actors import system_actor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("certs_site")]


def test_makecert_makes_and_installs(authority, settings):
    code, answer = call_json("makecert", NAME, "192.168.1.10", "--key-kind", "rsa-2048")
    assert (code, answer["ok"]) == (0, True)
    assert answer["certificate"]["names"] == [NAME, "192.168.1.10"]
    assert answer["certificate"]["days_left"] == 397
    assert (settings.OOB_CERTS_DIR / f"{NAME}.crt").exists()
    assert Certificate.objects.get().current.key == "RSA 2048"


def test_makecert_replaces_only_when_it_is_told_to(authority):
    certificate = made(NAME, "appserver.nuno")
    assert call_json("makecert", NAME)[1]["error"] == "certificate-exists"
    assert certificate.generations.count() == 1
    assert call_json("makecert", NAME, "--replace")[1]["certificate"]["names"] == [NAME]


def test_makecert_writes_the_fields_of_the_manual_and_keeps_them(authority, settings):
    settings.OOB_PRACTICE_NAME = "Praxis Dr. Müller"
    call_json("makecert", NAME, "--place", "Winterthur", "--canton", "ZH", "--unit", "EDV")
    call_json("makecert", NAME, "pacs.nuno", "--replace", "--canton", "Zürich")
    leaf = x509.load_pem_x509_certificate(Certificate.objects.get().current.chain.encode())
    words = f"CN={NAME},OU=EDV,O=Praxis Dr. Müller,L=Winterthur,ST=Zürich,C=CH"
    assert leaf.subject.rfc4514_string() == words


def test_makecert_refuses_a_country_that_is_none(authority):
    code, answer = call_json("makecert", NAME, "--country", "XX")
    assert (code, answer["error"]) == (1, "subject-invalid")
    assert not Certificate.objects.exists()


def test_makecert_without_a_ca_says_what_to_do():
    assert call_json("makecert", NAME)[1]["error"] == "authority-missing"
    assert call_json("makecert", NAME, "--self-signed")[0] == 0
    assert call_json("makecert", "https://x")[1]["error"] == "name-invalid"


def test_installcert_takes_files_in_any_order(tmp_path):
    pair = self_signed()
    (tmp_path / "a.pem").write_bytes(pair.certificate)
    (tmp_path / "b.pem").write_bytes(pair.key)
    code, answer = call_json("installcert", str(tmp_path / "b.pem"), str(tmp_path / "a.pem"))
    assert (code, answer["certificate"]["name"]) == (0, NAME)


def test_installcert_refuses_and_leaves_nothing(tmp_path):
    (tmp_path / "a.pem").write_bytes(b"")
    code, answer = call_json("installcert", str(tmp_path / "a.pem"), "--name", NAME)
    assert (code, answer["error"]) == (1, "upload-empty")
    assert not Certificate.objects.exists()


def test_listcerts_lists(authority):
    assert call_json("listcerts")[1]["certificates"] == []
    made()
    (found,) = call_json("listcerts")[1]["certificates"]
    assert (found["name"], found["issuer"], found["number"]) == (NAME, "Praxis CA", 1)


def test_checkcerts_compares_and_asks(authority):
    certificate = made()
    Certificate.objects.update(probe_host="127.0.0.1", probe_port=1)
    code, answer = call_json("checkcerts")
    assert (code, answer["certificates"][0]["served"]) == (1, "unreachable")
    certificate.refresh_from_db()
    assert certificate.served_at is not None


def test_renewcerts_renews_what_ends_soon_or_is_named(authority):
    made()
    assert call_json("renewcerts")[1]["renewed"] == []
    assert call_json("renewcerts", NAME)[1]["renewed"][0]["number"] == 2
    assert call_json("renewcerts", "other.nuno")[1]["error"] == "certificate-unknown"


def test_a_named_certificate_that_cannot_be_renewed_does_not_stop_the_others(authority):
    made()
    pair = self_signed("pacs.nuno")
    services.install_pair(system_actor(), services.Delivery(uploads_of(pair)))
    code, told = call_json("renewcerts", "pacs.nuno", NAME)
    assert (code, [one["name"] for one in told["renewed"]]) == (6, [NAME])
    assert list(told["errors"]) == ["pacs.nuno"]


def test_an_unknown_name_renews_none_of_the_named(authority):
    certificate = made()
    assert call_json("renewcerts", NAME, "other.nuno")[1]["error"] == "certificate-unknown"
    assert certificate.generations.count() == 1
