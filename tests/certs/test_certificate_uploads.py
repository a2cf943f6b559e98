"""Pairs that somebody brings along, on their page: taken, or refused by a sentence that leaves nothing behind."""

from __future__ import annotations

import pytest
from certificates import NAME, made, page_of, self_signed
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from certs import services
from certs.models import Certificate, CertificateGeneration
from tests.certs.domain.test_pair import DAY, KEY, LEAF, MIDDLE, NOW, ROOT, key_pem, make, pem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "certs_site")]
LIST = "/certs/certificate/"


def upload(client, certificate: bytes, key: bytes = b"", name: str = NAME, **fields):
    files = {"certificate": SimpleUploadedFile("../../etc/a\0.crt", certificate)}
    if key:
        files["key"] = SimpleUploadedFile("a.key", key)
    return client.post(reverse("certs:install"), {**files, "name": name, **fields})


def test_a_good_pair_is_taken_and_its_name_comes_from_the_certificate(owner):
    pair = self_signed()
    assert upload(owner, pair.certificate, pair.key, name="").url == page_of(Certificate.objects.get())
    assert Certificate.objects.get().name == NAME


def test_a_locked_key_is_opened_and_the_passphrase_is_not_kept(owner):
    pair = self_signed()
    lock = serialization.BestAvailableEncryption(b"geheim7")
    key = serialization.load_pem_private_key(pair.key, None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    page = upload(owner, pair.certificate, key.private_bytes(*form, lock), passphrase="falsch8").content.decode()
    assert "does not open" in page
    assert "falsch8" not in page
    upload(owner, pair.certificate, key.private_bytes(*form, lock), passphrase="geheim7")
    assert CertificateGeneration.objects.get().notices[0]["code"] == "pair-passphrase-removed"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty. Nothing was installed."),
        (b"<html>no</html>", "a web page"),
        (b"x" * 10_000_000, "far too large"),
        (b"\0\1\2", "another kind of file"),
        (b"-----BEGIN CERTIFICATE REQUEST-----", "request for a certificate"),
    ],
)
def test_what_is_no_certificate_leaves_nothing(owner, settings, content, words):
    page = upload(owner, content, self_signed().key).content.decode()
    assert words in page
    assert not Certificate.objects.exists()
    assert not settings.OOB_CERTS_DIR.exists()


BROKEN = {
    "wrong key": (LEAF, make(NAME)[1], "does not belong to the certificate"),
    "no chain": (LEAF, KEY, "certificate of “Middle”"),
    "expired": (*make(NAME, start=NOW - 2 * DAY, end=NOW - DAY), "ended on"),
    "not yet": (*make(NAME, start=NOW + DAY, end=NOW + 2 * DAY), "is valid only from"),
    "a CA": (*make(NAME, ca=True), "that of a CA"),
    "short key": (*make(NAME, key=rsa.generate_private_key(65537, 1024)), "RSA, 1,024 bits"),  # noqa: S505 - on purpose
    "for mail": (*make(NAME, usage=ExtendedKeyUsageOID.EMAIL_PROTECTION), "not meant for servers"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_leaves_nothing(owner, settings, rule):
    certificate, key, words = BROKEN[rule]
    page = upload(owner, pem(certificate), key_pem(key)).content.decode()
    assert words in page
    assert not Certificate.objects.exists()
    assert not settings.OOB_CERTS_DIR.exists()


def test_a_chain_in_a_third_file_and_in_any_order_is_taken(owner):
    chain = SimpleUploadedFile("chain.pem", pem(ROOT[0], MIDDLE[0]))
    upload(owner, pem(LEAF), key_pem(KEY), chain=chain)
    assert CertificateGeneration.objects.get().chain.count("BEGIN CERTIFICATE") == 2


def test_of_a_large_file_no_more_than_a_megabyte_is_kept(rf):
    request = rf.post("/", {"certificate": SimpleUploadedFile("a.crt", b"x" * 5_000_000), "name": NAME})
    file = request.FILES["certificate"]
    assert (file.size, len(file.read())) == (1_048_577, 1_048_577)
    assert not hasattr(file, "temporary_file_path")
    assert request.POST["name"] == NAME


def test_a_certificate_for_another_name_says_for_which_it_is_good(owner):
    pair = self_signed("pacs.nuno")
    page = upload(owner, pair.certificate, pair.key).content.decode()
    assert "good for pacs.nuno, not for “webelexis.nuno”" in page
    assert not Certificate.objects.exists()


@pytest.mark.parametrize("days", [2, 29])
def test_a_pair_that_ends_soon_is_taken_with_a_warning(owner, days):
    pair = self_signed(days=days)
    page = owner.post(
        reverse("certs:install"),
        {"certificate": SimpleUploadedFile("a.crt", pair.certificate), "key": SimpleUploadedFile("a.key", pair.key)},
        follow=True,
    ).content.decode()
    assert '<li class="warning">' in page
    assert "Have it renewed now" in page
    assert CertificateGeneration.objects.get().notices[0]["code"] == "pair-ends-soon"


def test_a_pair_for_fewer_names_than_before_says_which_are_missing(owner, authority):
    certificate = made(NAME, "appserver.nuno", "x.praxis.ch")
    pair = self_signed(NAME, "*.praxis.ch")
    upload(owner, pair.certificate, pair.key)
    (notice,) = certificate.generations.get(number=2).notices
    assert (notice["code"], notice["params"]) == ("pair-names-lost", {"names": ["appserver.nuno"]})


def test_a_self_signed_pair_is_called_so_everywhere(owner):
    pair = self_signed()
    upload(owner, pair.certificate, pair.key)
    certificate = Certificate.objects.get()
    services.install_generation(certificate.generations.get().pk)
    assert "itself" in owner.get(LIST).content.decode()
    history = owner.get(page_of(certificate)).content.decode().partition('id="generations"')[2]
    assert "<td>itself</td>" in history
