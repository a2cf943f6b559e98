"""From nothing to a practice CA, a certificate and an installed pair: a real browser, and the worker's jobs."""

import datetime as dt

import pytest
from django.conf import settings
from playwright.sync_api import expect

from certs import jobs, services
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from oobsite.accounts.actors import system_actor
from tests.certificates import NAME, certs_site, self_signed  # noqa: F401 - a fixture
from tests.e2e.conftest import log_in
from tests.people import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("certs_site"),
    pytest.mark.filterwarnings("ignore::pytest.PytestRemovedIn10Warning"),  # pytest-base-url's fixture
]
LIST = "/certs/certificate/"


@pytest.fixture
def screen(page, live_server, transactional_db, certs_site):  # noqa: F811
    """The list of certificates, after the login."""
    log_in(page, live_server, make_user(username="muster"))
    page.goto(f"{live_server.url}{LIST}")
    return page


def work() -> None:
    """What the worker does with the orders; nobody listens at the target."""
    Certificate.objects.update(probe_host="127.0.0.1", probe_port=1)
    for pk in CertificateGeneration.objects.filter(state="pending").values_list("pk", flat=True):
        jobs.install(pk)


def test_from_nothing_to_a_ca_and_a_certificate(screen, live_server, complaints):
    screen.click("#authority .primary")
    screen.fill("[name=permitted]", "nuno")
    screen.click("#authority-form .primary")
    expect(screen.locator("#ios .qr svg")).to_be_visible()
    screen.goto(f"{live_server.url}{LIST}")
    screen.click(".tools .primary")
    screen.fill("[name=name]", "Webelexis.nuno")
    screen.click("[name=preview]")
    expect(screen.locator("[data-preview]")).to_contain_text(NAME)
    screen.click("[name=make]")
    work()
    screen.reload()
    expect(screen.locator("#details")).to_contain_text(CertificateAuthority.active().common_name)
    expect(screen.locator("#generations .tag.good")).to_be_visible()
    expect(screen.locator("[data-served=unreachable]")).to_be_visible()
    assert (settings.OOB_CERTS_DIR / f"{NAME}.key").exists()
    assert complaints == []


def choose(screen, certificate: bytes, key: bytes) -> None:
    for field, content in (("certificate", certificate), ("key", key)):
        file = {"name": f"upload.{field}", "mimeType": "application/octet-stream", "buffer": content}
        screen.set_input_files(f"[name={field}]", file)
    screen.click("#install-form .primary")


def test_a_pair_is_refused_then_installed_then_back_again(screen, live_server, complaints):
    first, second = self_signed(), self_signed(now=dt.datetime.now(dt.UTC) - dt.timedelta(days=3))
    screen.goto(f"{live_server.url}/certs/install/")
    choose(screen, first.certificate, second.key)
    expect(screen.locator("main .alert.bad")).to_be_visible()
    assert not Certificate.objects.exists()
    for pair in (first, second):
        screen.goto(f"{live_server.url}/certs/install/")
        choose(screen, pair.certificate, pair.key)
        work()
    screen.reload()
    screen.click("#generations td.end button")
    work()
    assert Certificate.objects.get().current.number == 1
    assert (settings.OOB_CERTS_DIR / f"{NAME}.crt").read_bytes() == first.certificate
    assert complaints == []


def test_a_certificate_is_removed_when_its_name_is_typed(screen, live_server):
    screen.goto(f"{live_server.url}/certs/install/")
    pair = self_signed()
    choose(screen, pair.certificate, pair.key)
    work()
    certificate = Certificate.objects.get()
    screen.goto(f"{live_server.url}/certs/{certificate.pk}/remove/")
    screen.fill("[name=confirmation]", NAME)
    screen.click("#remove-form .danger")
    expect(screen.locator(".messagelist .success")).to_be_visible()
    assert not Certificate.objects.exists()
    jobs.remove_files()
    assert not (settings.OOB_CERTS_DIR / NAME).exists()


def test_the_ca_is_replaced_by_who_types_its_name(screen, live_server, complaints):
    services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA"))
    screen.goto(f"{live_server.url}/certs/authority/")
    screen.fill("[name=common_name]", "Praxis CA 2")
    screen.fill("[name=confirmation]", "praxis ca")
    screen.click("#authority-form .danger")
    assert screen.locator("[name=confirmation]:invalid").count() == 1
    assert CertificateAuthority.active().common_name == "Praxis CA"
    screen.fill("[name=confirmation]", "Praxis CA")
    screen.click("#authority-form .danger")
    expect(screen.locator("#ios .qr svg")).to_be_visible()
    assert CertificateAuthority.active().common_name == "Praxis CA 2"
    assert complaints == []


def test_after_the_ca_was_replaced_one_button_renews_what_the_former_has_signed(screen, live_server, complaints):
    services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA"))
    services.make_certificate(system_actor(), services.make_order([NAME]))
    work()
    screen.goto(f"{live_server.url}/certs/authority/")
    screen.fill("[name=confirmation]", "Praxis CA")
    screen.click("#authority-form .danger")
    expect(screen.locator("#root h2")).not_to_have_text("Praxis CA")
    screen.click("[id^=former-] button")
    work()
    assert services.list_former() == []
    screen.goto(f"{live_server.url}/certs/devices/")
    expect(screen.locator("[id^=former-]")).to_have_count(0)
    assert complaints == []


def test_a_certificate_in_use_is_renewed_from_where_another_was_ordered(screen, live_server, complaints):
    services.make_certificate(system_actor(), services.make_order([NAME, "pacs.nuno"], Certificate.Way.SELF_SIGNED))
    work()
    screen.goto(f"{live_server.url}/certs/new/")
    screen.fill("[name=name]", NAME)
    screen.click("[name=make]")
    expect(screen.locator("[data-preview] strong")).to_contain_text("pacs.nuno")
    screen.press("[name=name]", "Enter")
    expect(screen.locator("[data-preview] form")).to_be_visible()
    assert CertificateGeneration.objects.count() == 1
    screen.click("[data-preview] button")
    work()
    assert Certificate.objects.get().current.number == 2
    assert Certificate.objects.get().other_names == ["pacs.nuno"]
    assert complaints == []
