"""A proxy that sees none of the practice's data: the pairs in use are copied to a folder of their own."""

from __future__ import annotations

import shutil

import pytest
from certificates import NAME, made, order, published, renewed, self_signed, uploads_of

from certs import services
from certs.domain import store
from certs.domain.names import parse_name
from certs.domain.store import Generation
from certs.models import Certificate, CertificateGeneration
from certs.services import serving
from oobsite.accounts.actors import system_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def served_dir(certs_site, settings):
    settings.OOB_SERVED_CERTS_DIR = str(certs_site / "served")
    services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA"))
    return certs_site / "served"


def numbers_in(folder, certificate: Certificate) -> list[int]:
    return store.list_generations(folder, certificate.service)


def test_the_proxy_gets_the_pair_in_use_and_no_copy_by_name(served_dir, settings):
    certificate = made()
    assert published(settings) == {f"{NAME}/1"}
    assert sorted(str(path.relative_to(served_dir)) for path in served_dir.rglob("*") if path.is_file()) == [
        f"{NAME}/1/fullchain.pem",
        f"{NAME}/1/privkey.pem",
    ]
    assert store.stored_fingerprint(served_dir, Generation(certificate.service, 1)) == certificate.current.fingerprint


def test_a_pair_that_was_replaced_goes_when_nobody_may_be_reading_it(served_dir, settings):
    certificate = made()
    renewed(certificate)
    assert numbers_in(served_dir, certificate) == [1, 2]
    CertificateGeneration.objects.update(replaced_at=None)
    services.reconcile()
    assert numbers_in(served_dir, certificate) == [2]
    assert numbers_in(settings.OOB_CERTS_DIR, certificate) == [1, 2]


def test_copies_that_are_gone_or_damaged_are_made_anew_at_the_next_start(served_dir, settings):
    """As on a new machine, or after an update from the time when the proxy read the certs folder itself."""
    certificate = made()
    for spoil in (lambda: shutil.rmtree(served_dir), lambda: (served_dir / NAME / "1" / "privkey.pem").write_text("")):
        spoil()
        report = services.reconcile()
        assert [notice.code for notice in report.done] == ["certificate-proxy-file"]
        assert store.stored_fingerprint(served_dir, certificate.current.stored) == certificate.current.fingerprint
        assert services.reconcile().done == []


def test_a_restore_of_the_certs_folder_takes_nothing_from_the_proxy(served_dir, settings):
    certificate = made()
    shutil.copytree(settings.OOB_CERTS_DIR, served_dir.parent / "then")
    second = renewed(certificate)
    shutil.rmtree(settings.OOB_CERTS_DIR)
    (served_dir.parent / "then").rename(settings.OOB_CERTS_DIR)
    assert store.stored_fingerprint(served_dir, second.stored) == second.fingerprint
    assert [notice.code for notice in services.reconcile().open] == ["certificate-pair-older"]
    assert [notice.code for notice in services.put_back(system_actor()).done] == ["certificate-put-back"]
    certificate.refresh_from_db()
    assert certificate.current.fingerprint == second.fingerprint


def test_a_number_of_a_forgotten_pair_is_not_used_again(served_dir, settings):
    """As after a restore of oobsite and of the certs folder to a day before: the proxy still has the later pair."""
    certificate = made()
    shutil.copytree(settings.OOB_CERTS_DIR, served_dir.parent / "then")
    renewed(certificate).delete()
    shutil.rmtree(settings.OOB_CERTS_DIR)
    (served_dir.parent / "then").rename(settings.OOB_CERTS_DIR)
    Certificate.objects.update(current=certificate.generations.get(number=1))
    assert renewed(Certificate.objects.get()).number == 3
    assert published(settings) == {f"{NAME}/3"}


def forgotten(served_dir, settings) -> None:
    """As after a restore of oobsite and of the certs folder to a day before there was anything."""
    Certificate.objects.all().delete()
    shutil.rmtree(settings.OOB_CERTS_DIR)


def test_a_service_that_the_proxy_alone_still_knows_goes_on_being_served(served_dir, settings):
    fingerprint = made(NAME, "appserver.nuno").current.fingerprint
    forgotten(served_dir, settings)
    report = services.reconcile()
    assert ([notice.code for notice in report.done][:1], report.open) == (["certificate-adopted"], [])
    certificate = Certificate.objects.get()
    assert (certificate.name, certificate.way, certificate.current.fingerprint) == (NAME, "ca", fingerprint)
    assert store.stored_fingerprint(settings.OOB_CERTS_DIR, certificate.current.stored) == fingerprint
    assert published(settings) == {f"{NAME}/1"}


def test_a_pair_that_the_proxy_alone_still_knows_stays_in_use(served_dir, settings):
    """As after a restore of both to a day before it was brought along: it lies nowhere else."""
    certificate = made()
    shutil.copytree(settings.OOB_CERTS_DIR, served_dir.parent / "then")
    second = renewed(certificate)
    Certificate.objects.update(current=certificate.generations.get(number=1))
    second.delete()
    certificate.generations.update(state="active", replaced_at=None)
    shutil.rmtree(settings.OOB_CERTS_DIR)
    (served_dir.parent / "then").rename(settings.OOB_CERTS_DIR)
    services.reconcile()
    certificate.refresh_from_db()
    assert (certificate.current.number, certificate.current.fingerprint) == (2, second.fingerprint)
    assert published(settings) == {f"{NAME}/2"}


def test_what_is_damaged_at_the_proxy_is_left_alone(served_dir, settings):
    made()
    forgotten(served_dir, settings)
    (served_dir / NAME / "1" / "privkey.pem").write_text("")
    services.reconcile()
    assert not Certificate.objects.exists()
    assert published(settings) == set()


def test_a_removed_service_is_not_fetched_from_the_proxy(served_dir, settings, tmpfs):
    certificate = made()
    tmpfs(served_dir / NAME / "held", "64k")
    services.remove_certificate(system_actor(), certificate)
    for _start in range(2):
        services.reconcile()
    assert not Certificate.objects.exists()
    assert not (settings.OOB_CERTS_DIR / NAME).exists()


def test_a_service_that_a_star_covers_is_found_again(served_dir, settings):
    pair = self_signed("*.praxis.ch")
    delivery = services.Delivery(uploads_of(pair), parse_name("termine.praxis.ch"))
    services.install_generation(services.install_pair(system_actor(), delivery).pk)
    forgotten(served_dir, settings)
    services.reconcile()
    assert Certificate.objects.get().name == "termine.praxis.ch"
    assert published(settings) == {"termine.praxis.ch/1"}


def test_a_removed_service_is_gone_from_both_folders(served_dir, settings):
    services.remove_certificate(system_actor(), made())
    serving.remove_files()
    assert list(served_dir.iterdir()) == list(settings.OOB_CERTS_DIR.iterdir()) == []


def test_a_key_leaves_the_proxy_also_when_the_certs_folder_cannot_let_go_of_it(served_dir, settings, tmpfs):
    certificate = made()
    tmpfs(settings.OOB_CERTS_DIR / NAME / "held", "64k")
    services.remove_certificate(system_actor(), certificate)
    assert [error.code for error in services.reconcile().errors] == ["store-remove"]
    assert list(served_dir.iterdir()) == []


def test_a_replaced_pair_leaves_the_proxy_also_when_the_certs_folder_cannot_let_go_of_it(served_dir, settings, tmpfs):
    certificate = made()
    for _number in range(3):
        renewed(certificate)
    tmpfs(settings.OOB_CERTS_DIR / NAME / "1", "64k")
    CertificateGeneration.objects.update(replaced_at=None)
    assert [error.code for error in services.reconcile().errors] == ["store-remove"]
    assert numbers_in(served_dir, certificate) == [4]


def test_where_the_copy_cannot_be_written_the_pair_before_it_is_served(served_dir, settings):
    certificate = made()
    (served_dir / NAME / "2.part").write_text("in the way")
    generation = order()
    with pytest.raises(store.StoreWriteError):
        services.install_generation(generation.pk)
    certificate.refresh_from_db()
    assert (certificate.current.number, published(settings)) == (1, {f"{NAME}/1"})
