"""Disk, proxy file and database compared, as after a restore of the folder or of oobsite itself."""

from __future__ import annotations

import shutil
from ipaddress import ip_address

import pytest
from calling import call, call_json
from certificates import NAME, made, order, published, renewed, self_signed, uploads_of
from django.urls import reverse

from backups.models import BackupRun, Source
from backups.signals import data_exchanged
from certs import services
from certs.differences import differences_of
from certs.domain import hidden, store, traefik
from certs.domain.builder import Pair
from certs.domain.names import ServiceName
from certs.domain.store import Generation
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from certs.services.reconciling import tell_differences
from oobsite.accounts.actors import system_actor
from tests.certs.domain.test_pair import key_pem, make, pem
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("authority")]


@pytest.fixture
def certs_dir(settings, certs_site):
    return settings.OOB_CERTS_DIR


def codes(notices) -> list[str]:
    return [notice.code for notice in notices]


def restored(certs_site, kept: str = ""):
    """The folder as it was after the first pair; what it was since lies in the kept data of restore ``kept``."""
    data = certs_site / "mnt" / "webelexisdata"
    certificate = made()
    shutil.copytree(data, certs_site / "then")
    renewed(certificate)
    if kept:
        (certs_site / "now" / f"#sql-oob-{kept}").mkdir(parents=True)
        data.rename(certs_site / "now" / f"#sql-oob-{kept}" / "old")
        (certs_site / "then").rename(data)
        (certs_site / "now" / f"#sql-oob-{kept}").rename(data / f"#sql-oob-{kept}")
    else:
        shutil.rmtree(data)
        (certs_site / "then").rename(data)
    certificate.refresh_from_db()
    return certificate


def test_where_all_agrees_nothing_is_done(settings):
    made()
    report = services.reconcile()
    assert (report.done, report.open, report.errors) == ([], [], [])


def test_an_installation_without_certificates_writes_nothing(certs_dir, settings):
    services.reconcile()
    assert not certs_dir.exists()
    assert not settings.OOB_TRAEFIK_DIR.exists()


def test_the_proxy_refuses_whom_the_network_hides(settings, monkeypatch):
    settings.OOB_TRAEFIK_DIR.mkdir()
    (settings.OOB_TRAEFIK_DIR / hidden.ROUTES_NAME).touch()
    monkeypatch.setattr(hidden, "read_gateways", lambda: [ip_address("192.168.16.1")])
    assert services.reconcile().errors == []
    assert "192.168.16.1" in (settings.OOB_TRAEFIK_DIR / hidden.FILE_NAME).read_text()


def test_a_lost_proxy_file_and_the_old_place_are_written_anew(certs_dir, settings):
    made()
    shutil.rmtree(settings.OOB_TRAEFIK_DIR)
    (certs_dir / f"{NAME}.crt").unlink()
    report = services.reconcile()
    assert codes(report.done) == ["certificate-old-place", "certificate-proxy-file"]
    assert published(settings) == {f"{NAME}/1"}
    assert (certs_dir / f"{NAME}.crt").exists()


def test_a_choice_for_unknown_names_of_which_the_proxy_was_not_told_is_told(settings):
    """The job that should tell it has failed: the pairs are the same, the file is not."""
    services.choose_default(system_actor(), made(), is_default=True)
    assert codes(services.reconcile().done) == ["certificate-proxy-file"]
    assert "defaultCertificate" in (settings.OOB_TRAEFIK_DIR / traefik.FILE_NAME).read_text()
    assert services.reconcile().done == []


def test_copies_that_cannot_be_written_are_said_and_stop_nothing(certs_dir, settings):
    made()
    shutil.rmtree(settings.OOB_TRAEFIK_DIR)
    (certs_dir / f"{NAME}.key").unlink()
    (certs_dir / f"{NAME}.key").mkdir()
    report = services.reconcile()
    assert codes(report.open) == ["certificate-copies-failed"]
    assert published(settings) == {f"{NAME}/1"}


def test_an_interrupted_installation_is_finished():
    order()
    assert codes(services.reconcile().done) == ["certificate-installed-late"]
    assert Certificate.objects.get().current.state == "active"


def test_after_a_restore_the_older_pair_is_served_and_that_is_said(certs_site, settings):
    restored(certs_site)
    report = services.reconcile()
    assert codes(report.open) == ["certificate-pair-older"]
    assert published(settings) == {f"{NAME}/1"}
    assert not CertificateGeneration.objects.get(number=2).is_stored


def test_the_newer_pair_comes_back_from_what_the_restore_has_kept(certs_site, settings):
    certificate = restored(certs_site, kept="abc")
    fingerprint = certificate.current.fingerprint
    report = services.put_back(system_actor())
    assert codes(report.done) == ["certificate-put-back"]
    certificate.refresh_from_db()
    assert certificate.current.fingerprint == fingerprint
    assert published(settings) == {f"{NAME}/3"}  # a number is never used twice


def test_where_nothing_was_kept_a_new_one_is_made(certs_site, settings):
    certificate = restored(certs_site)
    assert codes(services.put_back(system_actor()).done) == ["certificate-made-anew"]
    certificate.refresh_from_db()
    assert certificate.current.state == "active"
    assert codes(services.reconcile().open) == []


def test_a_brought_pair_that_is_lost_must_be_brought_again(certs_dir):
    generation = services.install_pair(system_actor(), services.Delivery(uploads_of(self_signed())))
    services.install_generation(generation.pk)
    shutil.rmtree(certs_dir)
    assert codes(services.reconcile().open) == ["certificate-pair-missing"]
    assert [error.code for error in services.put_back(system_actor()).errors] == ["pair-lost"]


def test_the_command_brings_the_newer_pair_back(certs_site, settings):
    certificate = restored(certs_site, kept="5d41402abc4b")
    assert "checkcerts --put-back" in call("checkcerts")[1]
    assert call_json("checkcerts", "--put-back")[1]["open"] == []
    certificate.refresh_from_db()
    assert certificate.current.number == 3
    assert published(settings) == {f"{NAME}/3"}


def test_the_last_page_of_the_restore_says_it(certs_site):
    restored(certs_site)
    source = Source.objects.get(name="webelexisdata")
    answers = data_exchanged.send(sender=None, sources=[source])
    (found,) = [answer for _receiver, answer in answers if answer]
    differences = differences_of(found)
    assert differences.can_put_back
    assert NAME in differences.open[0]


def test_a_restore_of_other_data_asks_nothing(certs_site):
    restored(certs_site)
    answers = data_exchanged.send(sender=None, sources=[Source.objects.get(name="pacsdata")])
    assert [answer for _receiver, answer in answers if answer] == []


def test_an_older_database_learns_from_the_disk(settings):
    """As after a restore of oobsite itself: the CA is known, the services of later days are not."""
    made(NAME, "192.168.1.10")
    Certificate.objects.all().delete()
    report = services.reconcile()
    assert "certificate-adopted" in codes(report.done)
    certificate = Certificate.objects.get()
    assert (certificate.name, certificate.other_names, certificate.way) == (NAME, ["192.168.1.10"], "ca")
    assert published(settings) == {f"{NAME}/1"}


def test_a_folder_whose_name_is_none_is_left_alone(certs_dir, settings):
    leaf, key = make("x", names=["{{evil}}"])
    store.write_generation(certs_dir, Generation(ServiceName("{{evil}}"), 1), Pair(pem(leaf), key_pem(key)))
    services.reconcile()
    assert not Certificate.objects.exists()
    assert (certs_dir / "{{evil}}" / "1").is_dir()


def test_a_removed_service_is_not_taken_over_again(certs_dir, settings):
    """The worker was not there to remove its files."""
    services.remove_certificate(system_actor(), made())
    services.reconcile()
    assert not Certificate.objects.exists()
    assert not (certs_dir / NAME).exists()
    assert published(settings) == set()


def test_files_that_cannot_be_removed_are_said_and_stop_nothing(certs_dir, settings, tmpfs):
    services.remove_certificate(system_actor(), made())
    tmpfs(certs_dir / NAME / "held", "64k")
    generation = order("pacs.nuno")
    report = services.reconcile()
    assert [error.code for error in report.errors] == ["store-remove"]
    assert list(Certificate.objects.values_list("name", flat=True)) == ["pacs.nuno"]
    generation.refresh_from_db()
    assert (generation.state, published(settings)) == ("active", {"pacs.nuno/1"})


def test_a_newer_pair_on_disk_is_offered(certs_dir):
    certificate = made()
    store.write_generation(certs_dir, Generation(certificate.service, 2), self_signed())
    report = services.reconcile()
    assert codes(report.open) == ["certificate-newer-on-disk"]
    newer = certificate.generations.get(number=2)
    services.back_to_generation(system_actor(), newer)
    assert services.install_generation(newer.pk).state == "active"


def test_a_newer_pair_that_the_proxy_serves_already_stays(certs_dir, settings):
    """As after a restore of oobsite itself to a day before the renewal."""
    certificate = made()
    second = renewed(certificate)
    certificate.refresh_from_db()
    certificate.current = certificate.generations.get(number=1)
    certificate.save()
    second.delete()
    report = services.reconcile()
    assert (codes(report.done), report.open) == (["certificate-adopted"], [])
    certificate.refresh_from_db()
    assert (certificate.current.number, published(settings)) == (2, {f"{NAME}/2"})


def test_a_ca_that_is_gone_does_no_harm():
    made()
    CertificateAuthority.objects.all().delete()
    Certificate.objects.all().delete()
    services.reconcile()
    assert Certificate.objects.get().way == "installed"


@pytest.mark.usefixtures("pages")
def test_the_last_page_offers_to_put_the_newer_pair_back(certs_site, client):
    restored(certs_site)
    client.force_login(make_user("owner", language="en"))
    result = tell_differences([Source.objects.get(name="webelexisdata")])
    run = BackupRun.objects.create(action="restore", trigger="screen", state="done", result=result)
    page = client.get(reverse("backups:restore-run", args=[run.pk])).content.decode()
    assert "an older certificate is served" in page
    assert reverse("certs:put-back") in page
