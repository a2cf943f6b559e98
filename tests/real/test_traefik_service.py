"""From the order on a screen to what the wire says: services, worker's jobs, and the real Traefik."""

from __future__ import annotations

import pytest
from certificates import NAME, certs_site, order, self_signed, uploads_of  # noqa: F401 - a fixture

from certs import jobs, services
from certs.domain.names import parse_name
from certs.models import Certificate
from oobsite.accounts.actors import system_actor
from tests.traefikproxy import copy_routes, proxying, seconds_until, served_fingerprint

pytestmark = pytest.mark.django_db


@pytest.fixture
def proxy(certs_site, settings):  # noqa: F811
    """Reads what the services write; every certificate is looked for there."""
    settings.OOB_PROXY_CERTS_DIR = settings.OOB_CERTS_DIR
    copy_routes(settings.OOB_TRAEFIK_DIR)
    services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA"))
    with proxying(settings.OOB_TRAEFIK_DIR, certs_site) as proxy:
        yield proxy


def install(generation, proxy) -> str:
    """What the worker finds out after it has installed a waiting pair."""
    Certificate.objects.update(probe_host="127.0.0.1", probe_port=proxy.https_port)
    return jobs.install(generation.pk)


def test_a_new_certificate_is_served_and_known_to_be(proxy):
    assert install(order(), proxy) == "served"
    certificate = Certificate.objects.get()
    assert (certificate.served, certificate.served_facts["is_trusted"]) == ("served", True)
    assert served_fingerprint(proxy.https_port, NAME) == certificate.current.fingerprint


def test_renewed_brought_along_and_back_again(proxy):
    first = order()
    assert install(first, proxy) == "served"
    assert install(services.renew_certificate(system_actor(), first.certificate), proxy) == "served"
    delivery = services.Delivery(uploads_of(self_signed()), parse_name(NAME))
    assert install(services.install_pair(system_actor(), delivery), proxy) == "served"
    first.refresh_from_db()
    services.back_to_generation(system_actor(), first)
    assert install(first, proxy) == "served"
    assert served_fingerprint(proxy.https_port, NAME) == first.fingerprint


def test_the_default_is_served_where_no_name_fits(proxy):
    generation = order()
    services.choose_default(system_actor(), generation.certificate, is_default=True)
    assert install(generation, proxy) == "served"
    assert served_fingerprint(proxy.https_port, "unknown.example") == generation.fingerprint


def test_a_certificate_that_is_removed_is_served_no_more(proxy):
    generation = order()
    assert install(generation, proxy) == "served"
    services.remove_certificate(system_actor(), generation.certificate)
    assert jobs.remove_files() == "done"
    seconds_until(lambda: served_fingerprint(proxy.https_port, NAME) != generation.fingerprint)


def test_a_proxy_that_sees_copies_alone_serves_through_a_restore_of_the_certs_folder(certs_site, settings):  # noqa: F811
    """The folder is exchanged by rename, as a restore does it; the copies are what docker-compose.yaml mounts."""
    settings.OOB_SERVED_CERTS_DIR = settings.OOB_PROXY_CERTS_DIR = str(certs_site / "served")
    copy_routes(settings.OOB_TRAEFIK_DIR)
    services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA"))
    with proxying(settings.OOB_TRAEFIK_DIR, certs_site) as proxy:
        first = order()
        assert install(first, proxy) == "served"
        settings.OOB_CERTS_DIR.rename(certs_site / "old")
        (settings.OOB_TRAEFIK_DIR / "routes.yaml").touch()  # it reads all anew
        assert served_fingerprint(proxy.https_port, NAME) == first.fingerprint
        (certs_site / "old").rename(settings.OOB_CERTS_DIR)
        assert install(services.renew_certificate(system_actor(), first.certificate), proxy) == "served"
        assert proxy.complaints == []
