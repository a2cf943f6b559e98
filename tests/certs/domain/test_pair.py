"""Every rule for a pair that somebody brings along, each with one upload that breaks it."""

import contextlib
import datetime as dt
import subprocess
import tempfile
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.domain import errors
from certs.domain.names import parse_name
from certs.domain.pair import check_pair, find_name
from certs.domain.reading import MOST_BYTES, Upload
from oobsite.errors import OobError

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
NAME = parse_name("webelexis.nuno")
DAY = dt.timedelta(days=1)
SHA256 = hashes.SHA256()


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def make(
    subject,
    issuer=None,
    *,
    ca=False,
    start=NOW - DAY,
    end=NOW + 90 * DAY,
    key=None,
    usage=None,
    names=("webelexis.nuno",),
    signature=SHA256,
):
    """(certificate, key), signed by ``issuer`` or by itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    signer, signer_name = (issuer[1], issuer[0].subject) if issuer else (key, named(subject))
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not ca and names:
        hosts = [x509.DNSName(host) for host in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage or ExtendedKeyUsageOID.SERVER_AUTH]), False)
    return builder.sign(signer, signature), key


def pem(*certificates):
    return b"".join(item.public_bytes(serialization.Encoding.PEM) for item in certificates)


def key_pem(key, passphrase=None):
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def check(*contents, passphrase="", name=NAME):
    uploads = [Upload(f"file{number}", content) for number, content in enumerate(contents)]
    return check_pair(uploads, name, NOW, passphrase)


ROOT = make("Root", ca=True, end=NOW + 3650 * DAY)
MIDDLE = make("Middle", ROOT, ca=True, end=NOW + 900 * DAY)
LEAF, KEY = make("webelexis.nuno", MIDDLE)


def test_what_certbot_leaves_is_taken_as_it_is():
    checked = check(pem(LEAF, MIDDLE[0]), key_pem(KEY))
    assert checked.pair.full_chain == pem(LEAF, MIDDLE[0])
    assert not checked.notices


def test_a_reversed_chain_is_put_in_order_and_the_root_left_out():
    checked = check(pem(ROOT[0], MIDDLE[0], LEAF), key_pem(KEY))
    assert checked.pair.full_chain == pem(LEAF, MIDDLE[0])
    assert [notice.code for notice in checked.notices] == ["pair-chain-reordered"]


def test_what_does_not_belong_to_the_chain_is_left_out_and_named():
    stranger = make("Stranger", ca=True)[0]
    checked = check(pem(LEAF, stranger, MIDDLE[0]), key_pem(KEY))
    assert checked.pair.full_chain == pem(LEAF, MIDDLE[0])
    assert checked.notices[-1].params == {"names": ["Stranger"]}


def test_one_file_with_everything_is_enough():
    assert check(key_pem(KEY) + pem(LEAF, MIDDLE[0])).pair.full_chain == pem(LEAF, MIDDLE[0])


def test_der_under_any_name_is_taken():
    der = serialization.Encoding.DER
    key = KEY.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert check(LEAF.public_bytes(der), MIDDLE[0].public_bytes(der), key).pair.chain == (pem(MIDDLE[0]),)


@pytest.mark.parametrize("passphrase", [b"", b"geheim"])
def test_pkcs12_is_taken_with_and_without_passphrase(passphrase):
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    content = pkcs12.serialize_key_and_certificates(b"x", KEY, LEAF, [MIDDLE[0]], lock)
    assert check(content, passphrase=passphrase.decode()).pair.full_chain == pem(LEAF, MIDDLE[0])


def test_the_passphrase_of_a_key_is_removed():
    checked = check(pem(LEAF, MIDDLE[0]), key_pem(KEY, b"geheim"), passphrase="geheim")
    assert checked.pair.key == key_pem(KEY)
    assert [notice.code for notice in checked.notices] == ["pair-passphrase-removed"]


def test_a_wildcard_covers_the_service():
    leaf, key = make("x", MIDDLE, names=["*.praxis.ch"])
    name = parse_name("termine.praxis.ch")
    assert check(pem(leaf, MIDDLE[0]), key_pem(key), name=name).pair.certificate == pem(leaf)


def sha1_signed():
    """As old software made them; cryptography itself does not sign so any more."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = Path(folder, "k"), Path(folder, "c")
        command = f"req -x509 -newkey rsa:2048 -nodes -sha1 -keyout {key} -out {certificate} -days 9000 -subj /CN=old"
        more = "-addext subjectAltName=DNS:webelexis.nuno -addext basicConstraints=CA:FALSE"
        subprocess.run(["openssl", *command.split(), *more.split()], check=True, capture_output=True)
        content = certificate.read_bytes() + key.read_bytes()
    begins = x509.load_pem_x509_certificate(content).not_valid_before_utc
    return check_pair([Upload("old.pem", content)], NAME, begins + DAY)


def leaf_with(**more):
    leaf, key = make("webelexis.nuno", MIDDLE, **more)
    return check(pem(leaf, MIDDLE[0]), key_pem(key))


def pkcs12_with(passphrase):
    lock = serialization.BestAvailableEncryption(b"right")
    content = pkcs12.serialize_key_and_certificates(b"x", KEY, LEAF, [MIDDLE[0]], lock)
    return check(content, passphrase=passphrase)


def ed25519_pair():
    return check(pem(LEAF), key_pem(ed25519.Ed25519PrivateKey.generate()))


BAD = {
    "wrong key": (lambda: check(pem(LEAF, MIDDLE[0]), key_pem(ROOT[1])), errors.KeyMismatchError),
    "no key": (lambda: check(pem(LEAF, MIDDLE[0])), errors.NoKeyError),
    "certificate twice": (lambda: check(pem(LEAF), pem(LEAF)), errors.NoKeyError),
    "key alone": (lambda: check(key_pem(KEY)), errors.NoCertificateError),
    "expired": (lambda: leaf_with(start=NOW - 9 * DAY, end=NOW - DAY), errors.CertificateExpiredError),
    "not yet": (lambda: leaf_with(start=NOW + DAY), errors.CertificateNotYetValidError),
    "CA as leaf": (lambda: check(pem(MIDDLE[0], ROOT[0]), key_pem(MIDDLE[1])), errors.CertificateIsAuthorityError),
    "for mail": (lambda: leaf_with(usage=ExtendedKeyUsageOID.EMAIL_PROTECTION), errors.CertificateNotForServersError),
    "other name": (lambda: leaf_with(names=["praxis.ch"]), errors.NameNotCoveredError),
    "missing intermediate": (lambda: check(pem(LEAF), key_pem(KEY)), errors.ChainIncompleteError),
    "only the root": (lambda: check(pem(LEAF, ROOT[0]), key_pem(KEY)), errors.ChainIncompleteError),
    "1024 bit": (lambda: leaf_with(key=rsa.generate_private_key(65537, 1024)), errors.KeyWeakError),  # noqa: S505
    "odd curve": (lambda: leaf_with(key=ec.generate_private_key(ec.SECP256K1())), errors.KeyWeakError),
    "ed25519": (ed25519_pair, errors.KeyWeakError),
    "SHA-1": (sha1_signed, errors.SignatureWeakError),
    "locked key": (lambda: check(pem(LEAF, MIDDLE[0]), key_pem(KEY, b"x")), errors.KeyPassphraseNeededError),
    "wrong passphrase": (
        lambda: check(pem(LEAF, MIDDLE[0]), key_pem(KEY, b"right"), passphrase="wrong"),
        errors.KeyPassphraseWrongError,
    ),
    "PKCS12 locked": (lambda: pkcs12_with(""), errors.KeyPassphraseNeededError),
    "PKCS12 wrong": (lambda: pkcs12_with("wrong"), errors.KeyPassphraseWrongError),
    "10 MB": (lambda: check(b"x" * (MOST_BYTES + 1), key_pem(KEY)), errors.CertificateFileTooLargeError),
    "HTML": (lambda: check(b"<!DOCTYPE html><p>404", key_pem(KEY)), errors.NoCertificateError),
    "empty": (lambda: check(b" \n", key_pem(KEY)), errors.UploadEmptyError),
    "NUL": (lambda: check(b"\0" * 64, key_pem(KEY)), errors.NoCertificateError),
    "cut": (lambda: check(pem(LEAF)[:200], key_pem(KEY)), errors.NoCertificateError),
    "damaged base64": (
        lambda: check(pem(LEAF).replace(b"\nMII", b"\n!!!"), key_pem(KEY)),
        errors.NoCertificateError,
    ),
    "damaged key": (lambda: check(pem(LEAF), key_pem(KEY)[:90] + key_pem(KEY)[130:]), errors.NoKeyError),
    "too many": (
        lambda: check(pem(*(make(str(number))[0] for number in range(21))), key_pem(KEY)),
        errors.TooManyCertificatesError,
    ),
}


@pytest.mark.parametrize("upload", BAD)
def test_a_bad_upload_is_refused_by_its_rule(upload):
    act, expected = BAD[upload]
    with pytest.raises(expected):
        act()


def test_a_page_that_was_saved_instead_of_a_certificate_is_called_by_its_name():
    with pytest.raises(errors.NoCertificateError) as refused:
        check(b"<html>Anmelden", key_pem(KEY))
    assert refused.value.looks_like == "html"


def test_what_is_no_name_never_becomes_a_folder():
    hostile = ["../../etc", "{{evil}}", ".", "a\nb"]
    leaf, key = make("x", names=[*hostile, "webelexis.nuno"])
    assert find_name([Upload("all.pem", pem(leaf) + key_pem(key))]) == NAME
    leaf, key = make("x", names=hostile)
    with pytest.raises(errors.NamesMissingError):
        find_name([Upload("all.pem", pem(leaf) + key_pem(key))])


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 1 << 16), value=st.integers(0, 255), which=st.sampled_from((LEAF, MIDDLE[0], ROOT[0])))
def test_a_damaged_certificate_is_refused_with_a_sentence(at, value, which):
    damaged = bytearray(which.public_bytes(serialization.Encoding.DER))
    damaged[at % len(damaged)] = value
    for contents in ((bytes(damaged), key_pem(KEY)), (pem(LEAF), bytes(damaged), key_pem(KEY))):
        with contextlib.suppress(OobError):
            check(*contents)


RECIPE = "openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=webelexis.nuno -addext"


def delivered(tmp_path, *further):
    """What the usual recipe of the web makes."""
    command = [*RECIPE.split(), "subjectAltName=DNS:webelexis.nuno", *further]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    return [Upload(name, (tmp_path / name).read_bytes()) for name in ("c", "k")]


def test_the_usual_recipe_makes_a_ca_and_the_way_out_makes_none(tmp_path):
    tomorrow = dt.datetime.now(dt.UTC) + DAY
    with pytest.raises(errors.SelfSignedAuthorityError):
        check_pair(delivered(tmp_path), NAME, tomorrow)
    uploads = delivered(tmp_path, "-addext", "basicConstraints=critical,CA:FALSE")
    assert check_pair(uploads, NAME, tomorrow).pair.certificate


@pytest.mark.parametrize(("days", "codes"), [(2, ["pair-ends-soon"]), (29, ["pair-ends-soon"]), (40, [])])
def test_a_pair_that_ends_soon_is_good_with_a_remark(days, codes):
    leaf, key = make("webelexis.nuno", end=NOW + days * DAY)
    checked = check_pair([Upload("all.pem", pem(leaf) + key_pem(key))], NAME, NOW)
    assert [notice.code for notice in checked.notices] == codes
