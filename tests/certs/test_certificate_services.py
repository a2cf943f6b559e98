"""From an order to a pair that the proxy serves: real files, rows, and what becomes of them afterwards."""

from __future__ import annotations

import datetime as dt
import shutil
import stat

import pytest
from certificates import NAME, made, order, published, self_signed, uploads_of
from cryptography import x509
from django.utils import timezone
from django_q.models import OrmQ

from certs import services
from certs.domain import traefik
from certs.domain.builder import Subject
from certs.domain.errors import (
    AuthorityExistsError,
    AuthorityMissingError,
    CertificateExpiredError,
    GenerationMissingError,
    KeyMismatchError,
    StoreWriteError,
)
from certs.domain.names import parse_name, parse_names
from certs.domain.reading import Upload
from certs.models import Certificate, CertificateAuthority, CertificateGeneration
from certs.services import making, serving
from oobsite.accounts.actors import system_actor, user_actor
from oobsite.accounts.errors import NotAllowedError
from tests.certs.domain.test_pair import key_pem, make, pem
from tests.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def authority(certs_site):
    return services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA", permitted=["nuno"]))


@pytest.fixture
def certs_dir(certs_site, settings):
    return settings.OOB_CERTS_DIR


def test_an_order_becomes_a_pair_that_the_proxy_serves(authority, certs_dir, settings):
    generation = order()
    assert (generation.state, generation.is_stored) == ("pending", False)
    certificate = services.install_generation(generation.pk).certificate
    assert certificate.current.state == "active"
    assert published(settings) == {f"{NAME}/1"}
    leaf = x509.load_pem_x509_certificate((certs_dir / NAME / "1" / "fullchain.pem").read_bytes())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate.encode()))
    assert stat.S_IMODE((certs_dir / f"{NAME}.key").stat().st_mode) == 0o600


def test_the_key_leaves_the_row_when_it_is_on_the_disk(authority):
    generation = order()
    assert "PRIVATE KEY" in generation.waiting_key.reveal()
    assert not services.install_generation(generation.pk).waiting_key
    assert not CertificateGeneration.objects.get().waiting_key


def test_the_task_knows_nothing_but_the_row(authority):
    generation = order()
    task = OrmQ.objects.get().task
    assert (task["func"], task["args"]) == ("certs.jobs.install", (generation.pk,))


def test_without_a_ca_nothing_is_signed(certs_site):
    with pytest.raises(AuthorityMissingError):
        order()
    assert not Certificate.objects.exists()


def test_a_second_ca_must_be_wanted(authority):
    wanted = services.AuthorityOrder("Another")
    with pytest.raises(AuthorityExistsError):
        services.make_authority(system_actor(), wanted)
    services.make_authority(system_actor(), services.AuthorityOrder("Another", is_replacing=True))
    assert CertificateAuthority.active().common_name == "Another"
    assert CertificateAuthority.objects.count() == 2


def test_a_renewed_certificate_takes_the_place_of_the_first_which_stays(authority, certs_dir, settings):
    certificate = made()
    services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    assert published(settings) == {f"{NAME}/2"}
    assert (certs_dir / NAME / "1" / "privkey.pem").exists()
    states = dict(certificate.generations.values_list("number", "state"))
    assert states == {1: "old", 2: "active"}


def test_one_step_back(authority, settings):
    certificate = made()
    services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    first = certificate.generations.get(number=1)
    services.back_to_generation(system_actor(), first)
    services.install_generation(first.pk)
    certificate.refresh_from_db()
    assert (certificate.current.number, published(settings)) == (1, {f"{NAME}/1"})


def test_back_to_an_expired_or_missing_pair_is_refused(authority):
    certificate = made()
    CertificateGeneration.objects.update(is_stored=False)
    with pytest.raises(GenerationMissingError):
        services.back_to_generation(system_actor(), certificate.generations.get())
    CertificateGeneration.objects.update(is_stored=True, ends_at=timezone.now())
    with pytest.raises(CertificateExpiredError):
        services.back_to_generation(system_actor(), certificate.generations.get())


def test_three_old_pairs_stay_and_each_for_ten_minutes(authority, certs_dir):
    certificate = made()
    for _number in range(4):
        services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    assert len(list((certs_dir / NAME).iterdir())) == 5
    CertificateGeneration.objects.exclude(replaced_at=None).update(
        replaced_at=timezone.now() - dt.timedelta(minutes=11)
    )
    certificate.refresh_from_db()
    serving.tidy(certificate)
    assert sorted(path.name for path in (certs_dir / NAME).iterdir()) == ["3", "4", "5"]
    assert sorted(certificate.generations.filter(is_stored=True).values_list("number", flat=True)) == [3, 4, 5]


def test_what_was_ordered_later_is_what_is_installed(authority):
    first, second = order(), order()
    services.install_generation(second.pk)
    services.install_generation(first.pk)
    assert Certificate.objects.get().current.number == 2
    assert not CertificateGeneration.objects.get(number=1).waiting_key


def test_a_key_that_lies_on_the_disk_does_not_wait_in_its_row_for_ever(authority, settings):
    settings.OOB_TRAEFIK_DIR.write_text("in the way")
    first = order()
    with pytest.raises(StoreWriteError):
        services.install_generation(first.pk)
    settings.OOB_TRAEFIK_DIR.unlink()
    services.reconcile()
    services.install_generation(order().pk)
    first.refresh_from_db()
    assert (first.state, first.is_stored, str(first.waiting_key)) == ("old", True, "")


def test_an_order_that_fails_leaves_the_row_as_it_was(authority, certs_dir):
    """Its names, its origin and who stands on it are those of what is served."""
    made()
    subject = Subject(place="Bern")
    way = Certificate.Way.SELF_SIGNED
    wanted = services.CertificateOrder(parse_names([NAME, "pacs.nuno"]), subject, way=way, is_replacing=True)
    generation = services.make_certificate(system_actor(), wanted)
    (certs_dir / NAME / "2.part").write_text("in the way")
    with pytest.raises(StoreWriteError):
        services.install_generation(generation.pk)
    certificate = Certificate.objects.get()
    assert (certificate.way, certificate.other_names, certificate.place) == ("ca", [], "")
    (certs_dir / NAME / "2.part").unlink()
    services.try_again(system_actor(), generation)
    certificate = services.install_generation(generation.pk).certificate
    assert (certificate.way, certificate.other_names, certificate.place) == ("self-signed", ["pacs.nuno"], "Bern")


def test_a_brought_pair_changes_the_row_when_it_is_served(authority):
    certificate = made(NAME, "old.nuno")
    generation = services.install_pair(system_actor(), services.Delivery(uploads_of(self_signed(NAME, "pacs.nuno"))))
    certificate.refresh_from_db()
    assert (certificate.way, certificate.other_names) == ("ca", ["old.nuno"])
    certificate = services.install_generation(generation.pk).certificate
    assert (certificate.way, certificate.other_names) == ("installed", ["pacs.nuno"])


def test_one_step_back_brings_names_and_origin_back_too(authority):
    made(NAME, "old.nuno")
    second = services.install_pair(system_actor(), services.Delivery(uploads_of(self_signed())))
    first = services.install_generation(second.pk).certificate.generations.get(number=1)
    services.back_to_generation(system_actor(), first)
    certificate = services.install_generation(first.pk).certificate
    assert (certificate.way, certificate.other_names) == ("ca", ["old.nuno"])


def test_copies_that_cannot_be_written_are_said_and_the_pair_is_in_use(authority, certs_dir, settings):
    certificate = made()
    (certs_dir / f"{NAME}.key").unlink()
    (certs_dir / f"{NAME}.key").mkdir()
    generation = services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    assert (generation.state, published(settings)) == ("active", {f"{NAME}/2"})
    assert [notice["code"] for notice in generation.notices] == ["certificate-copies-failed"]
    (certs_dir / f"{NAME}.key").rmdir()
    services.reconcile()
    assert (certs_dir / f"{NAME}.key").read_text().startswith("-----BEGIN PRIVATE KEY")


@pytest.fixture
def unremovable(authority, certs_dir, tmpfs):
    """Five pairs, the first of which nobody can remove: another disk is mounted there."""
    certificate = made()
    for _number in range(4):
        services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    long_ago = timezone.now() - dt.timedelta(minutes=11)
    CertificateGeneration.objects.exclude(replaced_at=None).update(replaced_at=long_ago)
    tmpfs(certs_dir / NAME / "1", "64k")
    return certificate


def test_an_old_pair_that_cannot_be_removed_is_said_and_stops_nothing(unremovable, settings):
    generation = services.install_generation(services.renew_certificate(system_actor(), unremovable).pk)
    assert (generation.state, published(settings)) == ("active", {f"{NAME}/6"})
    (notice,) = generation.notices
    assert notice["code"] == "store-remove"
    assert notice["params"]["path"].endswith(f"{NAME}/1")


def test_a_disk_that_takes_nothing_leaves_the_pair_before_it(authority, certs_dir, settings):
    certificate = made()
    generation = services.renew_certificate(system_actor(), certificate)
    (certs_dir / NAME / "2.part").write_text("in the way")
    with pytest.raises(StoreWriteError):
        services.install_generation(generation.pk)
    generation.refresh_from_db()
    assert (generation.state, generation.error_code) == ("failed", "store-write")
    assert published(settings) == {f"{NAME}/1"}
    (certs_dir / NAME / "2.part").unlink()
    services.try_again(system_actor(), generation)
    assert services.install_generation(generation.pk).state == "active"


def test_a_brought_pair_is_installed_under_our_names(certs_site, certs_dir):
    pair = self_signed("termine.praxis.ch", NAME)
    generation = services.install_pair(system_actor(), services.Delivery(uploads_of(pair)))
    services.install_generation(generation.pk)
    assert (certs_dir / "termine.praxis.ch.crt").read_bytes() == pair.full_chain
    certificate = Certificate.objects.get()
    assert (certificate.way, certificate.other_names) == ("installed", [NAME])


def test_a_brought_pair_may_bear_names_that_nobody_could_type(certs_site):
    leaf, key = make(NAME, names=[NAME, "my_server.local"], end=timezone.now() + dt.timedelta(days=9))
    delivery = services.Delivery([Upload("all.pem", pem(leaf) + key_pem(key))])
    certificate = services.install_generation(services.install_pair(system_actor(), delivery).pk).certificate
    assert [name.shown for name in certificate.names] == [NAME, "my_server.local"]


def test_a_pair_that_does_not_belong_together_leaves_nothing(certs_site, certs_dir):
    uploads = [uploads_of(self_signed())[0], uploads_of(self_signed())[1]]
    with pytest.raises(KeyMismatchError):
        services.install_pair(system_actor(), services.Delivery(uploads, parse_name(NAME)))
    assert not Certificate.objects.exists()
    assert not certs_dir.exists()


def test_a_removed_certificate_takes_its_files_along(authority, certs_dir, settings):
    certificate, _other = made(), made("pacs.nuno")
    services.remove_certificate(system_actor(), certificate)
    serving.remove_files()
    assert published(settings) == {"pacs.nuno/1"}
    assert sorted(path.name for path in certs_dir.iterdir()) == ["pacs.nuno", "pacs.nuno.crt", "pacs.nuno.key"]


def test_one_certificate_is_served_for_unknown_names(authority, settings):
    first, second = made(), made("pacs.nuno")
    services.choose_default(system_actor(), first, is_default=True)
    services.choose_default(system_actor(), second, is_default=True)
    services.publish_again()
    text = (settings.OOB_TRAEFIK_DIR / traefik.FILE_NAME).read_text()
    assert "/mnt/certs/pacs.nuno/1/fullchain.pem" in text.partition("stores:")[2]
    assert list(Certificate.objects.filter(is_default=True)) == [second]


def test_a_damaged_pair_of_another_service_stops_nobody(authority, certs_dir, settings):
    made()
    (certs_dir / NAME / "1" / "privkey.pem").write_text("")
    made("pacs.nuno")
    assert published(settings) == {"pacs.nuno/1"}


def test_leaves_are_renewed_a_month_before_their_end(authority):
    certificate = made()
    made("pacs.nuno", way="self-signed")
    ends_at = timezone.now() + dt.timedelta(days=29)
    CertificateGeneration.objects.update(ends_at=ends_at)
    renewal = services.renew_due(system_actor(), timezone.now())
    assert [generation.certificate for generation in renewal.made] == [certificate]
    assert making.list_due(timezone.now()) == []  # one is under way


def test_a_leaf_that_would_not_get_longer_is_left_alone(authority):
    certificate = made()
    CertificateAuthority.objects.update(ends_at=certificate.current.ends_at)
    assert making.list_due(timezone.now() + dt.timedelta(days=390)) == []


@pytest.mark.parametrize("act", ["make", "install", "renew", "remove", "key"])
def test_services_ask_who_it_is(authority, act):
    certificate, reader = made(), user_actor(make_user("reader"))
    acts = {
        "make": lambda: services.make_certificate(reader, services.make_order([NAME])),
        "install": lambda: services.install_pair(reader, services.Delivery(uploads_of(self_signed()))),
        "renew": lambda: services.renew_certificate(reader, certificate),
        "remove": lambda: services.remove_certificate(reader, certificate),
        "key": lambda: services.open_key(reader, certificate),
    }
    with pytest.raises(NotAllowedError):
        acts[act]()
    assert CertificateGeneration.objects.count() == 1


def test_support_makes_certificates_but_gets_no_key(authority):
    support = user_actor(make_user("care"))
    generation = services.make_certificate(support, services.make_order([NAME]))
    with pytest.raises(NotAllowedError):
        services.open_key(support, generation.certificate)


def test_files_of_a_foreign_generation_are_not_written_over(authority, certs_dir):
    """As after a restore of oobsite's own database to a day before the newest pair."""
    certificate = made()
    shutil.copytree(certs_dir / NAME / "1", certs_dir / NAME / "2")
    generation = services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    assert generation.number == 3
