"""Files that the page refuses by their content, and such as it takes whatever they are called."""

from __future__ import annotations

import subprocess

import pytest
from certificates import NAME, made
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from certs.models import Certificate, CertificateGeneration
from tests.certs.domain.test_pair import KEY, LEAF, MIDDLE, ROOT, key_pem, make, pem

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "certs_site")]
OPENSSL = f"openssl req -x509 -nodes -keyout k -out c -subj /CN={NAME} -addext subjectAltName=DNS:{NAME}"
NO_CA = ["-addext", "basicConstraints=critical,CA:FALSE"]


@pytest.fixture
def upload(owner):
    def send(name: str, content: bytes, key: bytes = b"", passphrase: str = "", **fields: str) -> str:
        """The page that comes, if none the address to which it leads."""
        files = {"certificate": SimpleUploadedFile(name, content)}
        if key:
            files["key"] = SimpleUploadedFile("a.key", key)
        answer = owner.post(reverse("certs:install"), {**files, "name": NAME, "passphrase": passphrase, **fields})
        return answer.content.decode() or answer.url

    return send


def made_by_openssl(folder, *words: str) -> tuple[bytes, bytes]:
    subprocess.run([*OPENSSL.split(), *NO_CA, *words], cwd=folder, check=True, capture_output=True)
    return (folder / "c").read_bytes(), (folder / "k").read_bytes()


def key_der() -> bytes:
    return KEY.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def test_who_only_checks_sees_what_would_be_installed(upload):
    made(NAME, "appserver.nuno", way="self-signed")
    other = made("pacs.nuno", way="self-signed")
    leaf, key = make(NAME, names=[NAME, "pacs.nuno"])
    page = upload("all.pem", pem(leaf) + key_pem(key), preview="")
    for words in ("This would be installed", f"{NAME}, pacs.nuno", "EC 256", "nothing is installed yet"):
        assert words in page
    for remark in ("is not good for: appserver.nuno", f"“{other}” is good for pacs.nuno too", "one click brings that"):
        assert remark in page
    assert CertificateGeneration.objects.count() == 2
    assert upload("all.pem", pem(leaf) + key_pem(key)).startswith("/certs/certificate/")


def test_who_only_checks_what_is_wrong_hears_it(upload):
    page = upload("a.crt", pem(LEAF), key_pem(KEY), preview="")
    assert "certificate of “Middle”" in page
    assert "data-preview" not in page


@pytest.mark.parametrize(
    ("words", "refusal"),
    [(("-newkey", "rsa:2048", "-sha1"), "signed with SHA1"), (("-newkey", "ed25519"), "Ed25519, which browsers")],
)
def test_what_browsers_do_not_take_leaves_nothing(upload, settings, tmp_path, words, refusal):
    page = upload("a.crt", *made_by_openssl(tmp_path, *words))
    assert refusal in page
    assert "Nothing was installed." in page
    assert not Certificate.objects.exists()
    assert not settings.OOB_CERTS_DIR.exists()


@pytest.mark.parametrize(("passphrase", "refusal"), [("wrong7", "does not open"), ("", "is locked")])
def test_a_locked_pkcs12_leaves_nothing(upload, settings, passphrase, refusal):
    lock = serialization.BestAvailableEncryption(b"right7")
    content = pkcs12.serialize_key_and_certificates(b"x", KEY, LEAF, [MIDDLE[0]], lock)
    page = upload("pair.p12", content, passphrase=passphrase)
    assert refusal in page
    assert "right7" not in page
    assert not Certificate.objects.exists()
    assert upload("pair.p12", content, passphrase="right7").startswith("/certs/certificate/")


@pytest.mark.parametrize(
    "name", ["der.crt", "C:\\fakepath\\x.pem", "../../../etc/cron.d/x", "a\0b.crt", "Größe 😀.cer", "x" * 300]
)
def test_der_under_any_name_is_taken_and_the_name_is_not(upload, name):
    leaf, key = make(NAME)
    der = leaf.public_bytes(serialization.Encoding.DER)
    assert upload(name, der, key_pem(key)).startswith("/certs/certificate/")
    assert Certificate.objects.get().name == NAME


def test_a_reversed_chain_is_put_right_and_that_is_said(upload):
    upload("chain.pem", pem(ROOT[0], MIDDLE[0], LEAF), key_der())
    generation = CertificateGeneration.objects.get()
    assert generation.chain.encode() == pem(LEAF, MIDDLE[0])
    assert [notice["code"] for notice in generation.notices] == ["pair-chain-reordered"]
