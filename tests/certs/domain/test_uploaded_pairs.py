"""Files as programs and people really leave them: mixed, wrapped, locked in every way, with strangers in between."""

from __future__ import annotations

import contextlib
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from pyasn1.codec.der import decoder, encoder
from pyasn1.type.univ import OctetString
from pyasn1_alt_modules import rfc7292

from certs.domain import errors
from certs.domain.pair import check_pair
from certs.domain.reading import Upload
from certs.services import Delivery
from oobsite.errors import OobError
from tests.certs.domain.test_pair import DAY, KEY, LEAF, MIDDLE, NAME, ROOT, check, key_pem, make, pem

CHAIN = pem(LEAF, MIDDLE[0])
RSA_KEY = rsa.generate_private_key(65537, 2048)
RSA_CHAIN = pem(make("webelexis.nuno", MIDDLE, key=RSA_KEY)[0], MIDDLE[0])
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
DAMAGED = b"-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n"
FOREIGN = {
    "DH PARAMETERS": b"-----BEGIN DH PARAMETERS-----\nMIIBCAKCAQEA\n-----END DH PARAMETERS-----\n",
    "CERTIFICATE REQUEST": b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n",
    "X509 CRL": b"-----BEGIN X509 CRL-----\n!!!\n-----END X509 CRL-----\n",
    "PUBLIC KEY": b"-----BEGIN PUBLIC KEY-----\nMIIB\n",
}


def openssl(*words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=stdin, capture_output=True, check=True).stdout


def codes(checked) -> list[str]:
    return [notice.code for notice in checked.notices]


@pytest.mark.parametrize("label", FOREIGN)
def test_a_block_of_another_kind_is_left_out_and_named(label):
    for contents in ((CHAIN + FOREIGN[label], key_pem(KEY)), (FOREIGN[label] + key_pem(KEY) + CHAIN,)):
        checked = check(*contents)
        assert checked.pair.full_chain == CHAIN
        assert [(one.code, one.params) for one in checked.notices] == [("pair-blocks-left-out", {"names": [label]})]


def test_a_certificate_that_nobody_can_read_and_nobody_needs_is_left_out():
    checked = check(DAMAGED + CHAIN, key_pem(KEY))
    assert checked.pair.full_chain == CHAIN
    assert [(one.code, one.params) for one in checked.notices] == [("pair-unreadable-left-out", {"names": ["file0"]})]


@pytest.mark.parametrize("contents", [(DAMAGED + pem(LEAF),), (pem(LEAF), DAMAGED), (pem(MIDDLE[0]), DAMAGED)])
def test_where_one_is_missing_the_damaged_one_is_what_is_said(contents):
    with pytest.raises(errors.NoCertificateError) as refused:
        check(*contents, key_pem(KEY))
    assert refused.value.looks_like == "damaged"


def test_what_lies_between_the_blocks_does_no_harm():
    text = b"Bag Attributes\n  friendlyName: x\nsubject=CN = x\n\xff\xfe\0"
    assert check(text + pem(LEAF) + text + pem(MIDDLE[0]) + text, text + key_pem(KEY)).pair.full_chain == CHAIN


@pytest.mark.parametrize(
    "wrap",
    [
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: b"\xef\xbb\xbf" + content,
        lambda content: content.decode().encode("utf-16"),
        lambda content: content.rstrip(),
    ],
    ids=["Windows", "byte order mark", "PowerShell", "no last line end"],
)
def test_text_as_windows_writes_it(wrap):
    assert check(wrap(CHAIN), wrap(key_pem(KEY))).pair.full_chain == CHAIN


def test_openssl_writes_the_parameters_of_the_curve_before_the_key():
    text = openssl("ecparam", "-name", "prime256v1") + key_pem(KEY)
    assert codes(check(CHAIN, text)) == []


@pytest.mark.parametrize("encoding", [PEM, DER])
def test_a_chain_as_a_windows_ca_exports_it(encoding):
    chain = pkcs7.serialize_certificates([ROOT[0], MIDDLE[0]], encoding)
    assert check(pem(LEAF), key_pem(KEY), chain).pair.full_chain == CHAIN


def test_of_several_keys_the_one_that_belongs_to_it():
    stranger = key_pem(ed25519.Ed25519PrivateKey.generate()) + key_pem(ROOT[1]) + key_pem(RSA_KEY, b"locked")
    checked = check(CHAIN, stranger + key_pem(KEY))
    assert checked.pair.key == key_pem(KEY)
    assert codes(checked) == ["pair-unreadable-left-out"]


def key_store(*pairs) -> bytes:
    """One PKCS #12 with several keys, as `keytool -importkeystore` makes it; openssl and the library write one each."""
    safes = rfc7292.AuthenticatedSafe()
    for certificate, key in pairs:
        lock = serialization.BestAvailableEncryption(b"geheim")
        content = pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, lock)
        store, _rest = decoder.decode(content, asn1Spec=rfc7292.PFX())
        octets, _rest = decoder.decode(store["authSafe"]["content"])
        safes.extend(decoder.decode(octets, asn1Spec=rfc7292.AuthenticatedSafe())[0])
    store["authSafe"]["content"] = encoder.encode(OctetString(encoder.encode(safes)))
    whole = rfc7292.PFX()
    whole["version"], whole["authSafe"] = 3, store["authSafe"]
    return encoder.encode(whole)


OTHER = make("pacs.nuno", names=["pacs.nuno"])


@pytest.mark.parametrize("pairs", [(OTHER, (LEAF, KEY)), ((LEAF, KEY), OTHER)])
def test_out_of_a_key_store_comes_the_pair_of_the_service_and_that_is_said(pairs):
    checked = check(key_store(*pairs), pem(MIDDLE[0]), passphrase="geheim")
    assert (checked.pair.full_chain, checked.pair.key) == (CHAIN, key_pem(KEY))
    (notice,) = [one for one in checked.notices if one.code == "pair-of-several"]
    assert notice.params == {"subject": "webelexis.nuno", "names": ["pacs.nuno"]}
    assert "pair-strangers-left-out" not in codes(checked)


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
def test_what_follows_a_key_store_does_no_harm():
    bag = bytes.fromhex("060b2a864886f70d010c0a0102a0")
    for rest in (bag, bag * 60_000, bag + b"\x84\xff\xff\xff\xff"):
        with contextlib.suppress(OobError):
            check(key_store((LEAF, KEY)) + rest, passphrase="geheim")


def test_where_the_locked_key_may_be_the_one_its_passphrase_is_asked_for():
    with pytest.raises(errors.KeyPassphraseNeededError):
        check(CHAIN, key_pem(ROOT[1]) + key_pem(KEY, b"geheim"))


LOCKS = {
    "PKCS1 3DES": ("rsa", "-traditional", "-des3"),
    "PKCS1 AES": ("rsa", "-traditional", "-aes256"),
    "PBES1 3DES": ("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES"),
    "PBES2 AES": ("pkcs8", "-topk8", "-v2", "aes-256-cbc"),
    "scrypt": ("pkcs8", "-topk8", "-scrypt"),
}


@pytest.mark.parametrize("lock", LOCKS)
def test_keys_locked_in_every_usual_way_are_opened(lock):
    locked = openssl(*LOCKS[lock], "-passout", "pass:geheim", stdin=key_pem(RSA_KEY))
    assert check(RSA_CHAIN, locked, passphrase="geheim").pair.key == key_pem(RSA_KEY)
    with pytest.raises(errors.KeyPassphraseNeededError):
        check(RSA_CHAIN, locked)
    with pytest.raises(errors.KeyPassphraseWrongError):
        check(RSA_CHAIN, locked, passphrase="falsch")


def test_a_wrong_passphrase_of_a_der_key_is_called_so():
    locked = openssl("pkcs8", "-topk8", "-outform", "DER", "-passout", "pass:geheim", stdin=key_pem(RSA_KEY))
    with pytest.raises(errors.KeyPassphraseWrongError):
        check(RSA_CHAIN, locked, passphrase="falsch")


@pytest.mark.parametrize("words", [("rsa", "-traditional"), ("pkcs8", "-topk8", "-v2")])
def test_a_lock_that_nothing_here_opens_is_no_wrong_passphrase(words):
    cipher = "-camellia256" if words[0] == "rsa" else "camellia-256-cbc"
    locked = openssl(*words, cipher, "-passout", "pass:geheim", stdin=key_pem(RSA_KEY))
    with pytest.raises(errors.KeyLockUnknownError):
        check(RSA_CHAIN, locked, passphrase="geheim")


@pytest.mark.parametrize("passphrase", ["\udcfc", "x" * 5000, "\0"])
def test_no_passphrase_is_too_strange_to_be_wrong(passphrase):
    with pytest.raises(errors.KeyPassphraseWrongError):
        check(CHAIN, key_pem(KEY, b"geheim"), passphrase=passphrase)


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP521R1())])
def test_keys_that_no_browser_takes(key):
    leaf, _key = make("webelexis.nuno", MIDDLE, key=key)
    with pytest.raises(errors.KeyWeakError):
        check(pem(leaf, MIDDLE[0]), key_pem(key))


def test_a_key_for_pss_alone_is_refused_since_no_proxy_serves_it():
    key = openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")
    words = "req -x509 -new -key /dev/stdin -subj /CN=x -days 9000 -addext subjectAltName=DNS:webelexis.nuno"
    certificate = openssl(*words.split(), "-addext", "basicConstraints=critical,CA:FALSE", stdin=key)
    begun = x509.load_pem_x509_certificate(certificate).not_valid_before_utc + DAY
    with pytest.raises(errors.KeyKindRefusedError) as refused:
        check_pair([Upload("all.pem", certificate + key)], NAME, begun)
    assert refused.value.kind == "RSASSA-PSS"


def test_a_signature_that_no_browser_takes():
    authority = make("Ed Root", ca=True, key=ed25519.Ed25519PrivateKey.generate(), signature=None)
    leaf, key = make("webelexis.nuno", authority, signature=None)
    with pytest.raises(errors.SignatureWeakError):
        check(pem(leaf, authority[0]), key_pem(key))


def test_a_negative_serial_number_is_refused_since_traefik_reads_no_such_certificate():
    der = bytearray(LEAF.public_bytes(DER))
    serial = LEAF.serial_number.to_bytes((LEAF.serial_number.bit_length() + 8) // 8, "big")
    der[der.index(serial)] |= 0x80
    with pytest.warns(match="serial number"), pytest.raises(errors.NoCertificateError):
        check(bytes(der), key_pem(KEY), pem(MIDDLE[0]))


def test_a_certificate_with_nothing_but_a_common_name_is_refused():
    leaf, key = make("webelexis.nuno", MIDDLE, names=[])
    assert leaf.subject.rfc4514_string() == "CN=webelexis.nuno"
    with pytest.raises(errors.AlternativeNamesMissingError):
        check(pem(leaf, MIDDLE[0]), key_pem(key))


def test_neither_keys_nor_passphrases_are_in_what_a_traceback_shows():
    checked = check(CHAIN, key_pem(KEY, b"geheim7"), passphrase="geheim7")
    shown = repr((checked, Delivery([Upload("a.key", key_pem(KEY))], passphrase="geheim7")))
    assert "webelexis" not in shown
    assert "PRIVATE KEY" not in shown
    assert "geheim7" not in shown


def test_the_certificate_of_a_key_is_found_among_those_before_it():
    """As after a renewal with the same key, all in one file."""
    old, _key = make("webelexis.nuno", MIDDLE, key=KEY, end=x509.load_pem_x509_certificate(CHAIN).not_valid_before_utc)
    assert check(pem(old) + CHAIN, key_pem(KEY)).pair.certificate == pem(LEAF)
