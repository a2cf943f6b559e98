"""A linter of the field (pkilint, RFC 5280) finds nothing wrong with what the builder makes.

Its rules of the CA/Browser Forum are not asked: they bind CAs that every system trusts by itself, forbid names such as
webelexis.nuno, and want addresses from which revocations are fetched.
"""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import pytest

from certs.domain.builder import KeyKind, LeafRequest, Subject, make_authority, make_leaf, make_self_signed
from certs.domain.names import parse_names

LINT = Path(sys.executable).with_name("lint_pkix_cert")
CHAIN_LINT = Path(sys.executable).with_name("lint_pkix_signer_signee_cert_chain")
NOW = dt.datetime.now(dt.UTC)
PRACTICE = Subject("CH", "Zürich", "Winterthur", "Praxis Dr. Müller", "EDV")
AUTHORITY = make_authority(PRACTICE, "Praxis Dr. Müller CA", NOW)


LIMITED = make_authority(PRACTICE, "CA", NOW, ["meine-praxis.ch"])


def leaf(*names, subject=PRACTICE, kind=KeyKind.EC_P256, by=AUTHORITY):
    return make_leaf(LeafRequest(parse_names(names), subject, kind), by, NOW)


def own(*names, kind=KeyKind.EC_P256):
    """Signed by itself."""
    return make_self_signed(LeafRequest(parse_names(names), PRACTICE, kind), NOW)


PAIRS = {
    "root": AUTHORITY,
    "root-limited": LIMITED,
    "root-without-subject": make_authority(Subject(), "CA", NOW),
    "leaf": leaf("webelexis.nuno", "termine.meine-praxis.ch", "10.0.0.5", "fd00::5"),
    "leaf-rsa": leaf("webelexis.nuno", kind=KeyKind.RSA_2048),
    "leaf-rsa-3072": leaf("webelexis.nuno", kind=KeyKind.RSA_3072),
    "leaf-international": leaf("müller.praxis.ch"),
    "leaf-address": leaf("192.168.1.10"),
    "leaf-of-limited": leaf("termine.meine-praxis.ch", by=LIMITED),
    "leaf-without-subject": leaf("a" * 60 + ".meine-praxis.ch", subject=Subject()),
    "leaf-of-a-hundred-names": leaf(*(f"d{number}.nuno" for number in range(100))),
    "self-signed": own("pacs.local"),
    "self-signed-rsa": own("pacs.local", kind=KeyKind.RSA_2048),
    "self-signed-international": own("müller.praxis.ch"),
    "self-signed-address": own("2001:db8::1", "10.0.0.5"),
}
#: pkilint knows host names only. RFC 5280 leaves stars to others (4.2.1.6), and RFC 6125, 6.4.3 allows them.
WILDCARD = {"pkix.invalid_domain_name_syntax"}
#: A top domain of the practice's own ("nuno") is a whole name (RFC 1034, 3.1), and so a subtree (RFC 5280, 4.2.1.10).
ONE_LABEL = {"pkix.invalid_domain_name_syntax"}


def findings(tool, *paths):
    """Codes of all that is not mere information."""
    answer = subprocess.run([tool, "lint", "-s", "NOTICE", "-f", "JSON", *paths], capture_output=True, text=True)
    found = json.loads(answer.stdout)
    return {item["code"] for result in found["results"] for item in result["finding_descriptions"]}


@pytest.mark.parametrize("name", PAIRS)
def test_the_linter_finds_nothing(tmp_path, name):
    (tmp_path / "it.pem").write_bytes(PAIRS[name].certificate)
    assert findings(LINT, tmp_path / "it.pem") == set()


@pytest.mark.parametrize(
    ("pair", "allowed"),
    [
        (leaf("*.meine-praxis.ch"), WILDCARD),
        (own("*.meine-praxis.ch"), WILDCARD),
        (make_authority(PRACTICE, "CA", NOW, ["nuno"]), ONE_LABEL),
    ],
    ids=["wildcard", "self-signed-wildcard", "one-label"],
)
def test_what_the_linter_does_not_know_is_all_that_it_finds(tmp_path, pair, allowed):
    (tmp_path / "it.pem").write_bytes(pair.certificate)
    assert findings(LINT, tmp_path / "it.pem") == allowed


@pytest.mark.parametrize(
    ("root", "leaf"), [("root", "leaf"), ("root", "leaf-rsa"), ("root-limited", "leaf-of-limited")]
)
def test_root_and_leaf_fit_together(tmp_path, root, leaf):
    for name in (root, leaf):
        (tmp_path / name).write_bytes(PAIRS[name].certificate)
    assert findings(CHAIN_LINT, tmp_path / root, tmp_path / leaf) == set()


def test_the_linter_would_find_something(tmp_path):
    (tmp_path / "root").write_bytes(make_authority(PRACTICE, "CA of another", NOW).certificate)
    (tmp_path / "leaf").write_bytes(PAIRS["leaf"].certificate)
    assert "pkix.signature_verification_failed" in findings(CHAIN_LINT, tmp_path / "root", tmp_path / "leaf")
