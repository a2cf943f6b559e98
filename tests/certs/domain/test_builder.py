"""What the builder makes is what browsers, curl and openssl accept, for exactly the names on it."""

import datetime as dt
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
from cryptography import x509
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certs.domain.builder import KeyKind, LeafRequest, Subject, make_authority, make_leaf, make_self_signed
from certs.domain.errors import (
    AuthorityExpiredError,
    NameInvalidError,
    NameNotPermittedError,
    NamesMissingError,
    SubjectInvalidError,
)
from certs.domain.facts import names_of, read_facts
from certs.domain.names import ServiceName, parse_name, parse_names
from tests.tlsserver import serving

NOW = dt.datetime.now(dt.UTC)
PRACTICE = Subject("CH", "Zürich", "Winterthur", "Praxis Dr. Müller", "EDV")


def certificate_of(pair):
    return x509.load_pem_x509_certificate(pair.certificate)


def request_for(*names, **more):
    return LeafRequest(parse_names(names), PRACTICE, **more)


@pytest.fixture(scope="module")
def authority():
    return make_authority(PRACTICE, "Praxis Dr. Müller CA", NOW)


def test_a_leaf_is_for_servers_no_authority_and_lives_398_days(authority):
    leaf = certificate_of(make_leaf(request_for("webelexis.nuno", "10.0.0.5"), authority, NOW))
    extensions = leaf.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(False, None)
    assert next(iter(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)).dotted_string.endswith(".3.1")
    assert [name.text for name in names_of(leaf)] == ["webelexis.nuno", "10.0.0.5"]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < dt.timedelta(days=398)
    assert dt.timedelta(minutes=59) < NOW - leaf.not_valid_before_utc < dt.timedelta(minutes=61)
    assert leaf.public_key().curve.name == "secp256r1"


def test_the_six_fields_stand_on_it(authority):
    leaf = certificate_of(make_leaf(request_for("webelexis.nuno"), authority, NOW))
    assert leaf.subject.rfc4514_string() == ("CN=webelexis.nuno,OU=EDV,O=Praxis Dr. Müller,L=Winterthur,ST=Zürich,C=CH")


@pytest.mark.parametrize("kind", KeyKind)
def test_openssl_and_curl_accept_every_kind_of_key(authority, tmp_path, kind):
    pair = make_leaf(request_for("webelexis.nuno", key_kind=kind), authority, NOW)
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate)
    with serving(pair, tmp_path) as port:
        verified = ["openssl", "verify", "-purpose", "sslserver", "-verify_hostname", "webelexis.nuno"]
        subprocess.run([*verified, "-CAfile", root, tmp_path / "chain.pem"], check=True, capture_output=True)
        place = f"webelexis.nuno:{port}:127.0.0.1"
        asked = ["curl", "-sS", "--cacert", root, "--resolve", place, f"https://webelexis.nuno:{port}/"]
        assert "Praxis" in subprocess.run(asked, check=True, capture_output=True, text=True).stdout


def test_another_name_is_refused_by_a_client(authority, tmp_path):
    pair = make_leaf(request_for("webelexis.nuno"), authority, NOW)
    context = ssl.create_default_context(cadata=authority.certificate.decode())
    with serving(pair, tmp_path) as port, pytest.raises(urllib.error.URLError, match=r"Hostname mismatch|IP address"):
        urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=context)


def test_a_self_signed_one_is_accepted_where_it_is_trusted(tmp_path):
    pair = make_self_signed(request_for("127.0.0.1"), NOW)
    context = ssl.create_default_context(cadata=pair.certificate.decode())
    with serving(pair, tmp_path) as port:
        assert urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=context).status == 200
    assert read_facts(certificate_of(pair)).is_self_signed


def test_the_authority_signs_for_permitted_names_only(tmp_path):
    authority = make_authority(PRACTICE, "CA", NOW, permitted=["nuno"])
    pair = make_leaf(request_for("webelexis.nuno", "*.nuno.nuno"), authority, NOW)
    root = tmp_path / "root.pem"
    root.write_bytes(authority.certificate)
    (tmp_path / "leaf.pem").write_bytes(pair.certificate)
    subprocess.run(["openssl", "verify", "-CAfile", root, tmp_path / "leaf.pem"], check=True, capture_output=True)
    for name in ("webelexis.example", "10.0.0.5", "numo"):
        with pytest.raises(NameNotPermittedError):
            make_leaf(request_for(name), authority, NOW)


def test_a_leaf_ends_with_its_authority():
    old = make_authority(PRACTICE, "CA", NOW - dt.timedelta(days=3600))
    end = certificate_of(old).not_valid_after_utc
    assert certificate_of(make_leaf(request_for("a.nuno"), old, NOW)).not_valid_after_utc == end
    with pytest.raises(AuthorityExpiredError):
        make_leaf(request_for("a.nuno"), old, end + dt.timedelta(seconds=1))


def test_a_name_longer_than_a_common_name_stands_in_the_alternative_names_alone():
    name = ".".join(["a" * 30] * 3)
    leaf = certificate_of(make_self_signed(LeafRequest(parse_names([name])), NOW))
    assert not leaf.subject.rdns
    assert leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical


@pytest.mark.parametrize(
    ("subject", "field", "reason"),
    [
        (Subject(country="Schweiz"), "country", "country"),
        (Subject(country="ÖÜ"), "country", "country"),
        (Subject(organisation="x" * 65), "organisation", "length"),
        (Subject(place="a\0b"), "place", "letters"),
    ],
)
def test_a_subject_that_cannot_be_written_is_refused(subject, field, reason):
    with pytest.raises(SubjectInvalidError) as refused:
        make_self_signed(LeafRequest(parse_names(["a.nuno"]), subject), NOW)
    assert (refused.value.field, refused.value.reason) == (field, reason)


@pytest.mark.parametrize(("name", "reason"), [("", "empty"), ("x" * 65, "length"), ("a\1b", "letters")])
def test_a_ca_whose_name_no_device_could_show_is_refused(name, reason):
    with pytest.raises(SubjectInvalidError) as refused:
        make_authority(Subject(), name, NOW)
    assert (refused.value.field, refused.value.reason) == ("common_name", reason)


def test_a_certificate_without_a_name_is_refused():
    with pytest.raises(NamesMissingError):
        make_self_signed(LeafRequest(()), NOW)


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("Webelexis.NUNO.", "webelexis.nuno"),
        ("praxis-müller.ch", "xn--praxis-mller-klb.ch"),
        ("*.praxis.local", "*.praxis.local"),
        ("[::1]", "::1"),
        ("192.168.1.10", "192.168.1.10"),
        ("server", "server"),
    ],
)
def test_what_people_type_becomes_a_name(typed, text):
    assert parse_name(typed).text == text


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("  ", "empty"),
        ("https://webelexis.nuno", "address"),
        ("webelexis.nuno/termine", "address"),
        ("info@praxis.ch", "mail"),
        ("webelexis.nuno:443", "port"),
        ("*", "wildcard"),
        ("*.nuno", "whole-ending"),
        ("web*.praxis.ch", "wildcard"),
        ("*.*.praxis.ch", "wildcard"),
        ("web elexis.nuno", "letters"),
        ("web_elexis.nuno", "letters"),
        ("-web.nuno", "letters"),
        ("a..nuno", "letters"),
        ("xn--zzzzzzzz99999.ch", "letters"),
        ("a" * 64 + ".nuno", "letters"),
        ("1.2.3.400", "figures"),
        (".".join(["a" * 60] * 5), "length"),
        ("fe80::1%eth0", "scope"),
        ("web\0.nuno", "letters"),
        ("../../etc", "address"),
    ],
)
def test_what_is_no_name_is_refused_with_its_reason(typed, reason):
    with pytest.raises(NameInvalidError) as refused:
        parse_name(typed)
    assert refused.value.reason == reason


_labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True).filter(lambda text: "--" not in text)
_hosts = st.lists(_labels, min_size=2, max_size=4).map(".".join).filter(lambda host: not host.split(".")[-1].isdigit())
_long_hosts = st.integers(20, 62).map(lambda length: ".".join(["a" * length] * 4))
_international = st.text("abzäöüéàçñłß漢字", min_size=1, max_size=12).map(lambda label: f"{label}.praxis.ch")
_addresses = st.ip_addresses().filter(lambda address: not getattr(address, "scope_id", None)).map(str)
_names = st.one_of(_hosts, _long_hosts, _international, _addresses)
_wildcards = st.one_of(_hosts, _long_hosts.map(lambda host: host[2:]), _international).map(lambda host: f"*.{host}")


def askable(name):
    """What somebody may type who means ``name``, what a star stands for, and what lies beside it."""
    host = name.text.removeprefix("*.")
    return [host] if name.address else [host, f"w.{host}"[:253], f"a.b.{host}"[:253]]


@settings(max_examples=40, deadline=None)
@given(names=st.lists(st.one_of(_names, _wildcards), min_size=1, max_size=4), other=_names)
@example(names=["praxis.ch", "*.praxis.ch"], other="xpraxis.ch")
@example(names=["192.168.1.10"], other="192.168.1.1")
@example(names=["*.müller.ch"], other="müller.ch")
@example(names=["::ffff:1.2.3.4"], other="1.2.3.4")
def test_ssl_accepts_a_leaf_for_exactly_its_names(authority, tmp_path_factory, names, other):
    folder = tmp_path_factory.mktemp("pair")
    pair = make_leaf(request_for(*names), authority, NOW)
    (folder / "chain.pem").write_bytes(pair.full_chain)
    (folder / "key.pem").write_bytes(pair.key)
    (folder / "root.pem").write_bytes(authority.certificate)
    covered = names_of(certificate_of(pair))
    assert covered
    for asked in {text for name in parse_names([*names, other]) for text in askable(name)}:
        is_covered = any(item.covers(ServiceName(asked)) for item in covered)
        assert handshake_works(folder, asked) == is_covered, asked


def handshake_works(folder, name):
    """Both ends in memory: nothing waits for a network."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    client = ssl.create_default_context(cafile=folder / "root.pem")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)]
    for _round in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True
