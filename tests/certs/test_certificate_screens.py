"""The pages of certificates: what they show, what they take, and what they refuse."""

from __future__ import annotations

import datetime as dt
import plistlib
import time
from ipaddress import ip_network

import pytest
from certificates import NAME, made, order, page_of, self_signed, uploads_of
from cryptography import x509
from django.urls import reverse

from certs import facts, services
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from oobsite.accounts.actors import system_actor
from oobsite.accounts.signals import LOGIN_AT_KEY
from oobsite.audit.models import AuditEvent
from tests.answering import answering  # noqa: F401 - a fixture
from tests.people import logged_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "certs_site")]
LIST = "/certs/certificate/"
NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


def test_the_list_begins_with_the_ca(owner):
    assert reverse("certs:authority") in owner.get(LIST).content.decode()
    answer = owner.post(reverse("certs:authority"), {"common_name": "Praxis CA", "country": "ch", "permitted": "nuno"})
    assert answer.url == reverse("certs:devices")
    assert CertificateAuthority.active().permitted == ["nuno"]
    assert CertificateAuthority.active().subject["country"] == "CH"


@pytest.mark.parametrize("typed", ["", "praxis ca", "Another CA"])
def test_the_ca_is_replaced_only_when_its_name_is_typed(owner, authority, typed):
    made()
    page = owner.get(reverse("certs:authority")).content.decode()
    assert "every device warns" in page
    assert "One service has a certificate of the present CA" in page
    owner.post(reverse("certs:authority"), {"common_name": "Another CA", "country": "CH", "confirmation": typed})
    assert CertificateAuthority.active() == authority


def test_who_logged_in_long_ago_confirms_himself_before_the_ca_is_replaced(owner, authority):
    session = owner.session
    session[LOGIN_AT_KEY] = time.time() - 3600
    session.save()
    fields = {"common_name": "Another CA", "country": "CH", "confirmation": "Praxis CA"}
    assert reverse("account_reauthenticate") in owner.post(reverse("certs:authority"), fields).url
    assert CertificateAuthority.active() == authority


def test_who_replaces_the_ca_hears_that_the_certificates_must_follow(owner, authority):
    made()
    fields = {"common_name": "Another CA", "country": "CH", "confirmation": "Praxis CA"}
    page = owner.post(reverse("certs:authority"), fields, follow=True).content.decode()
    assert "renew what the one before has signed" in page
    assert reverse("certs:former-renew") in page
    assert CertificateAuthority.active().common_name == "Another CA"


@pytest.mark.parametrize(
    ("visitor", "is_told"), [("172.18.0.1", True), ("192.168.1.20", False), ("127.0.0.1", False), ("", False)]
)
def test_who_comes_with_an_address_of_the_proxys_network_is_told(owner, settings, visitor, is_told):
    """As all visitors do where Docker hides their own."""
    settings.OOB_TRUSTED_PROXIES = [ip_network("172.18.0.0/16"), ip_network("127.0.0.0/8")]
    headers = {"HTTP_X_FORWARDED_FOR": visitor} if visitor else {}
    page = owner.get(LIST, REMOTE_ADDR="172.18.0.7", **headers).content.decode()
    assert ("hidden-address" in page) is is_told
    assert ("The proxy sees you as 172.18.0.1" in page) is is_told


def test_the_list_tells_how_long_and_whether_it_is_served(owner, authority):
    made()
    page = owner.get(LIST).content.decode()
    assert "webelexis.nuno" in page
    assert "397 days left" in page
    assert "not checked yet" in page


def test_the_preview_names_the_end_of_a_ca_that_ends_sooner(owner, authority):
    CertificateAuthority.objects.update(ends_at=dt.datetime.now(dt.UTC) + 40 * DAY)
    answer = owner.post(reverse("certs:new"), {"name": NAME, "way": "ca", "key_kind": "ec-p256", "preview": ""})
    assert answer.context["preview"]["ends_at"] == CertificateAuthority.active().ends_at


def test_the_preview_makes_nothing(owner, authority):
    fields = {"name": "Webelexis.NUNO", "way": "ca", "key_kind": "ec-p256", "country": "CH"}
    page = owner.post(reverse("certs:new"), {**fields, "preview": ""}).content.decode()
    assert "data-preview" in page
    assert "Praxis CA" in page
    assert not Certificate.objects.exists()
    owner.post(reverse("certs:new"), {**fields, "make": ""})
    assert Certificate.objects.get().name == NAME


# --- a service that has one ---------------------------------------------------------------------------------
TWICE = {"name": NAME, "way": "ca", "key_kind": "ec-p256", "country": "CH"}


def test_a_certificate_in_use_is_not_replaced_without_a_word(owner, authority):
    certificate = made(NAME, "appserver.nuno")
    page = owner.post(reverse("certs:new"), {**TWICE, "make": ""}).content.decode()
    assert "“webelexis.nuno” has a certificate already" in page
    assert "no longer be good for: appserver.nuno" in page
    assert f'action="{reverse("certs:renew", args=[certificate.pk])}"' in page
    assert certificate.generations.count() == 1


@pytest.mark.parametrize(("confirmed", "count"), [(NAME, 2), ("pacs.nuno", 1), ("", 1)])
def test_it_is_replaced_by_who_confirms_just_that(owner, authority, confirmed, count):
    certificate = made(NAME, "appserver.nuno")
    owner.post(reverse("certs:new"), {**TWICE, "replace": confirmed})
    assert certificate.generations.count() == count


def test_a_service_that_never_got_one_is_not_asked_about(owner, authority):
    generation = order()
    CertificateGeneration.objects.update(state="failed")
    owner.post(reverse("certs:new"), {**TWICE, "make": ""})
    assert generation.certificate.generations.count() == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("https://webelexis.nuno", "without https://"),
        ("a b", "letters"),
        ("x" * 260, "too long"),
        ("", "required"),
        ("*.nuno", "all names of a whole ending"),
    ],
)
def test_what_is_no_name_is_refused_at_its_field(owner, authority, name, words):
    fields = {"name": name, "way": "ca", "key_kind": "ec-p256"}
    page = owner.post(reverse("certs:new"), fields).content.decode()
    assert words in page
    assert not Certificate.objects.exists()


def test_two_words_on_a_line_are_not_two_names(owner, authority):
    fields = {**TWICE, "other_names": "pacs.nuno, praxis muster"}
    assert "“praxis muster” cannot be" in owner.post(reverse("certs:new"), fields).content.decode()
    assert not Certificate.objects.exists()


def test_a_name_that_the_ca_may_not_sign_is_refused(owner):
    services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA", permitted=["nuno"]))
    fields = {"name": "webelexis.ch", "way": "ca", "key_kind": "ec-p256"}
    assert "only for names that end in: nuno" in owner.post(reverse("certs:new"), fields).content.decode()


def test_the_page_shows_it_as_a_browser_does(owner, authority):
    certificate = made(NAME, "192.168.1.10")
    page = owner.get(page_of(certificate)).content.decode()
    fingerprint = certificate.current.fingerprint.upper()
    assert f"{fingerprint[:2]} {fingerprint[2:4]} {fingerprint[4:6]}" in page
    assert "webelexis.nuno, 192.168.1.10" in page
    assert "EC 256, SHA256" in page


def test_another_target_is_stored_and_asked(owner, authority):
    certificate = made()
    owner.post(page_of(certificate), {"probe_host": "proxy", "probe_port": "8443", "is_default": "on"})
    certificate.refresh_from_db()
    assert (certificate.probe_host, certificate.probe_port, certificate.is_default) == ("proxy", 8443, True)
    page = owner.post(page_of(certificate), {"probe_host": "http://bla bla", "probe_port": "443"}).content.decode()
    assert "Nothing was changed" in page
    assert "at least one" not in owner.post(page_of(certificate), {"probe_port": "99999"}).content.decode()
    assert Certificate.objects.get().probe_port == 8443


# --- downloads ----------------------------------------------------------------------------------------------
def test_the_root_is_there_for_everybody_in_three_forms(client, authority):
    pem = client.get("/certs/root.crt").content
    der = client.get("/certs/root.der").content
    assert x509.load_pem_x509_certificate(pem) == x509.load_der_x509_certificate(der)
    answer = client.get("/certs/root.mobileconfig")
    assert answer["Content-Type"] == "application/x-apple-aspen-config"
    (payload,) = plistlib.loads(answer.content)["PayloadContent"]
    assert (payload["PayloadType"], payload["PayloadContent"]) == ("com.apple.security.root", der)
    assert client.get("/certs/root.key").status_code == 404


def test_the_public_part_and_lines_for_other_proxies(owner, authority):
    certificate = made()
    leaf = owner.get(reverse("certs:download", args=[certificate.pk, "crt"]))
    assert leaf["Content-Disposition"] == 'attachment; filename="webelexis.nuno.crt"'
    assert b"PRIVATE" not in leaf.content
    nginx = owner.get(reverse("certs:snippet", args=[certificate.pk, "nginx"])).content.decode()
    assert "ssl_certificate_key /mnt/certs/webelexis.nuno.key;" in nginx  # a generation goes some day
    assert owner.get(reverse("certs:download", args=[certificate.pk, "key"])).status_code == 404


@pytest.mark.usefixtures("answering")
def test_the_owner_gets_the_key_by_a_second_step(owner, authority, settings):
    certificate = made()
    address = reverse("certs:key", args=[certificate.pk])
    assert b"PRIVATE KEY" not in owner.get(address).content
    answer = owner.post(address)
    stored = settings.OOB_CERTS_DIR / NAME / "1" / "privkey.pem"
    assert answer.content == stored.read_bytes()
    assert "no-store" in answer["Cache-Control"]
    assert AuditEvent.objects.filter(action="certificate.key-downloaded").exists()


def test_a_calendar_for_who_knows_its_address(client, authority):
    made()
    services.renew_calendar(system_actor())
    text = client.get(f"/certs/expiries/{services.calendar_token()}.ics").content.decode()
    assert text.startswith("BEGIN:VCALENDAR\r\n")
    assert text.count("BEGIN:VEVENT") == 2
    assert "webelexis.nuno" in text
    assert client.get("/certs/expiries/another.ics").status_code == 404


def test_nobody_finds_a_calendar_that_nobody_wanted(owner):
    assert "/certs/expiries/new/" in owner.get(LIST).content.decode()
    assert services.calendar_token() == ""
    assert owner.get("/certs/expiries/.ics").status_code == owner.get("/certs/expiries/x.ics").status_code == 404


def test_a_new_address_of_the_calendar_ends_the_one_before(owner):
    owner.post(reverse("certs:calendar-new"))
    before = f"/certs/expiries/{services.calendar_token()}.ics"
    assert before in owner.get(LIST).content.decode()
    owner.post(reverse("certs:calendar-new"))
    assert owner.get(before).status_code == 404
    after = f"/certs/expiries/{services.calendar_token()}.ics"
    assert after in owner.get(LIST).content.decode()
    assert owner.get(after).status_code == 200
    assert AuditEvent.objects.filter(action="certificate.calendar-renewed").count() == 2


def test_the_menu_shows_where_one_is_on_every_page_of_certificates(owner, authority):
    certificate = made()
    pages = [
        LIST,
        page_of(certificate),
        *(reverse(f"certs:{name}") for name in ("devices", "authority", "new", "install")),
    ]
    pages += [reverse(f"certs:{name}", args=[certificate.pk]) for name in ("key", "remove")]
    for address in pages:
        assert f'href="{LIST}" aria-current="page"' in owner.get(address).content.decode(), address


def test_each_kind_of_device_has_its_steps_and_the_phones_a_picture(owner, authority):
    page = owner.get(reverse("certs:devices")).content.decode()
    assert all(f'id="{kind}"' in page for kind in ("windows", "macos", "ios", "android", "linux", "firefox"))
    assert page.count("<svg") >= 2
    assert "http://localhost:8000/certs/root/" in page
    assert "style=" not in page


def test_a_device_sees_its_steps_without_a_login_and_no_fingerprint(client, authority):
    page = client.get("/certs/root/").content.decode()
    assert all(f'id="{kind}"' in page for kind in ("windows", "ios", "firefox"))
    assert "/certs/root.crt" in page
    assert facts.read_root(authority).fingerprint not in page
    assert "aria-current" not in page


@pytest.mark.parametrize(
    ("site", "address"),
    [
        ("https://appserver.nuno", "http://appserver.nuno/certs/root.crt"),  # our proxy lets it through
        ("https://appserver.nuno:8443", "https://appserver.nuno:8443/certs/root.crt"),
        ("http://localhost:8000", "http://localhost:8000/certs/root.crt"),
    ],
)
def test_devices_fetch_the_root_by_http_where_they_can(settings, site, address):
    settings.OOB_URL = site
    assert facts.root_url("crt") == address


# --- acts ---------------------------------------------------------------------------------------------------
def test_one_click_back(owner, authority):
    certificate = made()
    services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    address = reverse("certs:generation-back", args=[certificate.pk, 1])
    assert address in owner.get(page_of(certificate)).content.decode()
    owner.post(address)
    assert certificate.generations.get(number=1).state == "pending"


def test_a_brought_pair_cannot_be_renewed(owner):
    delivery = services.Delivery(uploads_of(self_signed()))
    certificate = services.install_pair(system_actor(), delivery).certificate
    page = owner.post(reverse("certs:renew", args=[certificate.pk]), follow=True).content.decode()
    assert "was issued elsewhere" in page


def test_it_is_removed_when_its_name_is_typed(owner, authority):
    certificate = made()
    address = reverse("certs:remove", args=[certificate.pk])
    owner.post(address, {"confirmation": "webelexis"})
    assert Certificate.objects.exists()
    owner.post(address, {"confirmation": NAME})
    assert not Certificate.objects.exists()


def test_support_sees_no_way_to_the_key(client, authority):
    certificate = made()
    page = logged_in(client, "care").get(page_of(certificate)).content.decode()
    assert reverse("certs:renew", args=[certificate.pk]) in page
    assert reverse("certs:key", args=[certificate.pk]) not in page
    assert reverse("certs:remove", args=[certificate.pk]) not in page


def test_an_installation_that_died_can_be_tried_again(owner, authority):
    generation = order()
    address = reverse("certs:generation-again", args=[generation.certificate_id, 1])
    assert address not in owner.get(page_of(generation.certificate)).content.decode()
    CertificateGeneration.objects.update(made_at=NOW - DAY)
    assert address in owner.get(page_of(generation.certificate)).content.decode()
    owner.post(address)
    assert AuditEvent.objects.filter(action="certificate.again").count() == 1
