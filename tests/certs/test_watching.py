"""What ends is told in time and is over when it is renewed; once a day all services are looked after."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from calling import call_json
from certificates import NAME, made, make_stored_certificate, self_signed, uploads_of
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django_q.models import OrmQ

from backups.jobs import tick as tick_job
from backups.models import Heartbeat
from certs import jobs, services
from certs.domain.builder import Pair
from certs.models import Certificate, CertificateAuthority
from certs.services import making, watching
from oobsite.accounts.actors import system_actor
from oobsite.alerts import messages
from oobsite.alerts.models import Alert, AlertChannel, Delivery, Occasion
from oobsite.alerts.planning import next_occasion
from oobsite.watchdog import report, watch
from tests.people import make_user
from tests.tlsserver import serving
from tests.weakpairs import weak_pair

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def look(now) -> dict[str, str]:
    """One look of the watchdog at certificates: codes of the open alerts by what they are about."""
    report(watching.find_certificates(now), watching.KINDS)
    return {alert.key: alert.code for alert in Alert.objects.filter(cleared_at=None)}


def tasks() -> list[str]:
    return [job.func() for job in OrmQ.objects.all()]


@pytest.mark.parametrize(
    ("way", "days", "code"),
    [
        ("self-signed", 30.5, None),
        ("self-signed", 29.5, "certificate-ends-self-signed"),
        ("installed", 29.5, "certificate-ends-installed"),
        ("ca", 28.5, None),
        ("ca", 27.5, "certificate-ends-renewed"),
        ("installed", -0.5, "certificate-ended"),
    ],
)
def test_the_end_is_told_with_what_is_to_be_done(certs_site, way, days, code):
    certificate = make_stored_certificate()
    Certificate.objects.update(way=way)
    assert look(certificate.current.ends_at - days * DAY).get(NAME) == code


def stored_badly(authority) -> Certificate:
    """One with a country that is none, as an earlier version let it pass, and 20 days left."""
    certificate = made()
    Certificate.objects.update(country="XX")
    certificate.refresh_from_db()
    certificate.generations.update(ends_at=timezone.now() + 20 * DAY)
    return certificate


def test_why_it_could_not_be_renewed_is_told(authority):
    stored_badly(authority)
    assert jobs.look_daily() == "0 renewed, 1 not"
    alert = Alert.objects.get(cleared_at=None)
    with translation.override("en"):
        assert "Cause: a field on the certificate, such as the country" in messages.text(alert)
        assert "“Change”" in messages.advice(alert)


@pytest.mark.usefixtures("pages")
def test_what_hinders_it_is_mended_by_what_the_alert_says(authority, client):
    certificate = stored_badly(authority)
    client.force_login(make_user("owner", language="en"))
    address = f"{reverse('certs:new')}?name={NAME}"
    assert address in client.get(reverse("admin:certs_certificate_change", args=[certificate.pk])).content.decode()
    fields = client.get(address).context["form"].initial
    assert fields["country"] == "XX"
    client.post(reverse("certs:new"), {**fields, "country": "ch", "replace": NAME})
    services.install_generation(certificate.generations.get(number=2).pk)
    certificate.refresh_from_db()
    assert (certificate.country, look(timezone.now())) == ("CH", {})


def test_every_cause_has_words():
    """Whatever keeps the practice CA from signing; see ``check_leaf``."""
    authority = {"authority-missing", "authority-expired", "authority-not-yet-valid"}
    assert {"subject-invalid", "name-not-permitted", *authority} <= set(messages.CAUSES)


def test_a_ca_that_is_gone_is_told_as_the_cause(authority):
    certificate = made()
    CertificateAuthority.objects.all().delete()
    assert making.find_hindrance(certificate, timezone.now()).code == "authority-missing"
    assert look(certificate.current.ends_at - 20 * DAY) == {NAME: "certificate-ends-renewed"}
    assert Alert.objects.get().params["causes"] == ["authority-missing"]


def test_it_is_over_when_another_pair_is_in_use(certs_site):
    certificate = made(way="self-signed")
    later = certificate.current.ends_at - 10 * DAY
    assert NAME in look(later)
    with time_machine.travel(later):
        services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
        assert look(later) == {}


def test_it_is_told_four_times_and_then_every_day(certs_site):
    """One look a day, and a recipient who is told each time that he is to be told."""
    ends_at = make_stored_certificate().current.ends_at
    channel, told = AlertChannel.objects.create(name="Praxis", addresses="a@praxis.ch"), []
    for left in range(40, -4, -1):
        now = ends_at - left * DAY + timedelta(minutes=1)
        look(now)
        for alert in Alert.objects.filter(cleared_at=None):
            past = list(alert.deliveries.order_by("turn"))
            if occasion := next_occasion(alert, channel, past, now):
                told.append(left)
                values = {"turn": len(past) + 1, "state": "sent", "created_at": now, "due_at": now}
                Delivery.objects.create(alert=alert, channel=channel, occasion=occasion, **values)
    assert told == [30, 14, 7, 1, 0, -1, -2, -3]


def test_the_end_of_the_ca_is_told_half_a_year_before(authority):
    assert look(authority.ends_at - 181 * DAY) == {}
    assert look(authority.ends_at - 179 * DAY) == {"Praxis CA": "authority-ends"}
    assert look(authority.ends_at + DAY) == {"Praxis CA": "authority-ended"}


def test_a_weak_key_is_told_once(certs_site):
    certificate = make_stored_certificate()
    certificate.generations.update(chain=weak_pair().full_chain.decode())
    assert look(timezone.now()) == {NAME: "certificate-weak"}
    alert = Alert.objects.get()
    channel = AlertChannel.objects.create(name="Praxis", addresses="a@praxis.ch")
    told = Delivery(alert=alert, channel=channel, occasion=Occasion.ALERT, state="sent", created_at=alert.first_at)
    assert next_occasion(alert, channel, [told], alert.first_at + 30 * DAY) is None
    with translation.override("en"):
        assert "(RSA 1024)" in messages.text(alert)


def test_every_alert_of_certificates_has_words():
    verdicts = [f"certificate-served-{verdict}" for verdict in watching.WRONG]
    codes = {*verdicts, *watching.WAYS.values(), "certificate-ended", "certificate-weak", "authority-ends"}
    assert codes <= messages.ALERTS.keys()


def test_what_the_proxy_serves_instead_is_told_until_it_is_right(certs_site, tmp_path):
    certificate = made(way="self-signed")
    own = Pair(certificate.current.chain.encode(), (certs_site / f"mnt/webelexisdata/certs/{NAME}.key").read_bytes())
    for pair, told in ((self_signed(), {NAME: "certificate-served-another"}), (own, {})):
        with serving(pair, tmp_path) as port:
            Certificate.objects.update(probe_host="127.0.0.1", probe_port=port)
            jobs.check(certificate.pk)
        assert look(timezone.now()) == told


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize(
    ("way", "words"),
    [("ca", "Devices that know the practice CA trust"), ("self-signed", "Neither the practice CA nor")],
)
def test_the_page_says_who_trusts_what_is_served(authority, client, tmp_path, way, words):
    certificate = made(NAME, way=way)
    key = settings.OOB_CERTS_DIR / f"{NAME}.key"
    client.force_login(make_user("owner", language="en"))
    address = reverse("admin:certs_certificate_change", args=[certificate.pk])
    assert words not in client.get(address).content.decode()
    with serving(Pair(certificate.current.chain.encode(), key.read_bytes()), tmp_path) as port:
        Certificate.objects.update(probe_host="127.0.0.1", probe_port=port)
        code, answer = call_json("checkcerts")
    assert (code, answer["certificates"][0]["is_trusted"]) == (0, way == "ca")
    assert words in client.get(address).content.decode()


def test_a_service_that_cannot_be_reached_from_here_is_no_alert(certs_site):
    certificate = made(way="self-signed")
    Certificate.objects.update(probe_host="no-such-host.invalid")
    assert jobs.check(certificate.pk) == "unknown-host"
    assert look(timezone.now()) == {}


def test_the_watchdog_looks_at_certificates_too(certs_site):
    certificate = make_stored_certificate()
    with time_machine.travel(certificate.current.ends_at - 5 * DAY):
        watch()
    alert = Alert.objects.get(kind=watching.END, cleared_at=None)
    assert (alert.code, alert.level) == ("certificate-ends-self-signed", "error")


def test_the_tick_queues_the_daily_look_once_a_day(certs_site):
    start = timezone.now()
    for hours, count in ((0, 1), (1, 1), (23, 1), (24.1, 2), (24.2, 2)):
        with time_machine.travel(start + timedelta(hours=hours)):
            tick_job()
        assert tasks().count("certs.jobs.look_daily") == count


def test_a_clock_that_was_ahead_does_not_silence_it(certs_site):
    Heartbeat.objects.create(name=watching.DAILY, at=timezone.now() + 400 * DAY)
    assert watching.take_day(timezone.now())
    assert not watching.take_day(timezone.now())


def test_the_daily_look_renews_what_the_ca_has_signed_and_asks_all(authority):
    certificate = made()
    services.install_pair(system_actor(), services.Delivery(uploads_of(self_signed("pacs.nuno", days=20))))
    OrmQ.objects.all().delete()
    with time_machine.travel(certificate.current.ends_at - 29 * DAY):
        assert jobs.look_daily() == "1 renewed, 0 not"
    assert tasks() == ["certs.jobs.install", "certs.jobs.check", "certs.jobs.check"]
    assert certificate.generations.filter(state="pending").get().number == 2
