"""A proxy that sees none of the practice's data: the pairs in use are copied to a folder of their own."""

from __future__ import annotations

import shutil
from pathlib import PurePosixPath

import pytest
from certificates import NAME, made, order

from certs import services
from certs.domain import store, traefik
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


def published(settings) -> set[str]:
    return {str(path) for path in traefik.list_published(settings.OOB_TRAEFIK_DIR, PurePosixPath("/mnt/certs"))}


def renewed(certificate: Certificate) -> CertificateGeneration:
    return services.install_generation(services.renew_certificate(system_actor(), certificate).pk)


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
