"""Names as people type them and as browsers take them."""

import datetime as dt
import plistlib

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from certs.domain import store, traefik
from certs.domain.builder import LeafRequest, Subject, make_authority, make_leaf, make_self_signed
from certs.domain.errors import (
    AuthorityNotYetValidError,
    NameInvalidError,
    NameNotPermittedError,
    TooManyNamesError,
)
from certs.domain.names import ServiceName, parse_name, parse_names
from certs.domain.profile import make_profile, to_der
from certs.domain.store import Generation
from certs.domain.traefik import Served

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
LONGEST = ".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])


@pytest.mark.parametrize(
    ("typed", "text", "shown"),
    [
        ("Praxis-Müller.CH.", "xn--praxis-mller-klb.ch", "praxis-müller.ch"),
        ("XN--PRAXIS-MLLER-KLB.ch", "xn--praxis-mller-klb.ch", "praxis-müller.ch"),
        ("strasse。ch", "strasse.ch", "strasse.ch"),
        ("ｗebelexis.nuno", "webelexis.nuno", "webelexis.nuno"),
        ("\u0440raxis.ch", "xn--raxis-uye.ch", "xn--raxis-uye.ch"),  # its first letter is Cyrillic
        ("[FE80:0::1]", "fe80::1", "fe80::1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1", "2001:db8::1"),
        (LONGEST, LONGEST, LONGEST),
    ],
)
def test_what_is_typed_is_stored_in_one_form(typed, text, shown):
    name = parse_name(typed)
    assert (name.text, name.shown) == (text, shown)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("xn--a.ch", "letters"),  # decodes to nothing
        ("praxis..ch", "letters"),
        ("webelexis.0x1f", "figures"),
        ("１.２.３.４", "figures"),
        ("1.2.3", "figures"),
        (f"{LONGEST}d", "length"),
        (f"*.{LONGEST}", "length"),
        ("*.nuno", "whole-ending"),
        ("a.*.ch", "wildcard"),
    ],
)
def test_what_no_browser_opens_is_no_name(typed, reason):
    with pytest.raises(NameInvalidError) as refused:
        parse_name(typed)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("name", "other", "is_good"),
    [
        ("*.praxis.ch", "termine.praxis.ch", True),
        ("*.praxis.ch", "praxis.ch", False),
        ("*.praxis.ch", "a.b.praxis.ch", False),
        ("*.praxis.ch", "*.praxis.ch", True),
        ("*.nuno", "webelexis.nuno", False),  # browsers take no star for a whole top level
        ("*.168.1.10", "192.168.1.10", False),
    ],
)
def test_a_star_stands_for_one_label(name, other, is_good):
    assert ServiceName(name).covers(ServiceName(other)) is is_good


def test_a_certificate_takes_a_hundred_names():
    names = [f"n{number}.nuno" for number in range(101)]
    assert len(parse_names([*names[:100], names[0]])) == 100
    with pytest.raises(TooManyNamesError):
        parse_names(names)


@pytest.mark.parametrize("name", [LONGEST, "*." + LONGEST[2:]])
def test_the_longest_names_find_their_place_on_disk(tmp_path, name):
    service = parse_name(name)
    pair = make_self_signed(LeafRequest((service,)), NOW)
    store.write_generation(tmp_path, Generation(service, 1), pair)
    store.write_old_place(tmp_path, service, pair)
    traefik.publish(tmp_path, tmp_path / "traefik", Served((Generation(service, 1),)), tmp_path)
    assert store.list_generations(tmp_path, service) == [1]
    assert store.folder_name(service) != store.folder_name(parse_name(f"x{service.text.removeprefix('*.')[1:]}"))
    store.remove_service(tmp_path, service)
    assert [path.name for path in tmp_path.iterdir()] == ["traefik"]


def test_addresses_of_the_sixth_version_stand_in_brackets_for_other_proxies(tmp_path):
    name = parse_name("2001:db8::1")
    assert "\nserver_name [2001:db8::1];" in traefik.nginx_snippet(name, tmp_path)
    assert "\n[2001:db8::1] {" in traefik.caddy_snippet(name, tmp_path)


# --- the practice's CA -------------------------------------------------------------------------------------
def leaf_of(authority, *names, now=NOW):
    return make_leaf(LeafRequest(parse_names(names or ["webelexis.nuno"])), authority, now)


@pytest.mark.parametrize("name", ["praxis.ch", "xnuno", "*.praxis.ch", "192.168.1.10", "::1"])
def test_a_later_name_that_the_ca_may_not_sign_is_refused_and_makes_no_leaf(name):
    authority = make_authority(Subject(), "Praxis CA", NOW, ["nuno"])
    leaf_of(authority, "webelexis.nuno", "*.nuno.nuno")
    with pytest.raises(NameNotPermittedError):
        leaf_of(authority, "webelexis.nuno", name)


def test_a_leaf_never_lasts_longer_than_its_ca():
    authority = make_authority(Subject(), "Praxis CA", NOW - 3651 * DAY)
    leaf = x509.load_pem_x509_certificate(leaf_of(authority).certificate)
    ends_at = x509.load_pem_x509_certificate(authority.certificate).not_valid_after_utc
    assert leaf.not_valid_after_utc == ends_at
    assert leaf.not_valid_before_utc < NOW < ends_at


def test_a_clock_that_was_set_back_makes_no_certificate_that_has_ended():
    authority = make_authority(Subject(), "Praxis CA", NOW)
    with pytest.raises(AuthorityNotYetValidError):
        leaf_of(authority, now=NOW - 400 * DAY)


def test_a_leaf_of_the_first_minute_begins_no_sooner_than_its_ca():
    authority = make_authority(Subject(), "Praxis CA", NOW)
    leaf = x509.load_pem_x509_certificate(leaf_of(authority, now=NOW - dt.timedelta(minutes=30)).certificate)
    assert leaf.not_valid_before_utc == x509.load_pem_x509_certificate(authority.certificate).not_valid_before_utc


def test_the_profile_is_read_by_plistlib_and_holds_the_root_as_apple_wants_it():
    root = make_authority(Subject(), "Praxis <Müller> & Söhne", NOW).certificate
    profile = plistlib.loads(make_profile(root, "Praxis <Müller> & Söhne", "1 < 2 & 3"))
    (payload,) = profile["PayloadContent"]
    assert (profile["PayloadType"], payload["PayloadType"]) == ("Configuration", "com.apple.security.root")
    assert payload["PayloadContent"] == to_der(root)
    assert profile["PayloadDisplayName"] == "Praxis <Müller> & Söhne"
    assert {profile["PayloadVersion"], payload["PayloadVersion"]} == {1}
    assert len({part[key] for part in (profile, payload) for key in ("PayloadUUID", "PayloadIdentifier")}) == 4
    certificate = x509.load_der_x509_certificate(payload["PayloadContent"])
    assert certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "Praxis <Müller> & Söhne"
