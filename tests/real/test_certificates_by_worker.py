"""Certificates by the real worker: an order is installed through the queue, a key comes back through it, and at its
start it puts right what has happened to the files meanwhile.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3

import pytest
from foldersite import PATIENTLY, new_site
from waiting import wait_for_answer, wait_until

START = PATIENTLY + "from oobsite.accounts.actors import system_actor\n"
START += "from certs import services; from certs.models import *\n"
ORDER = START + "services.make_authority(system_actor(), services.AuthorityOrder('Praxis CA'))\n"
ORDER += "services.make_certificate(system_actor(), services.make_order(['webelexis.nuno']))\n"
ORDER += "Certificate.objects.update(probe_host='127.0.0.1', probe_port=1)"
KEY = START + "print(services.open_key(system_actor(), Certificate.objects.get()).decode())"
LOOK = "SELECT state, served FROM certs_certificate c JOIN certs_certificategeneration g ON g.id = c.current_id"


@pytest.fixture
def place(folder, prepared):
    site = new_site(folder, prepared)
    (folder / "mnt" / "webelexisdata").mkdir()
    return site


def found(place) -> list[tuple[str, str]]:
    """State of each pair in use, and whether it is served."""
    with contextlib.closing(sqlite3.connect(place.folder / "data" / "oobsite.sqlite3", timeout=10)) as database:
        return database.execute(LOOK).fetchall()


def test_an_order_goes_through_the_queue_and_the_key_comes_back(place):
    certs_dir = place.folder / "mnt" / "webelexisdata" / "certs"
    stored = certs_dir / "webelexis.nuno" / "1" / "privkey.pem"
    with place.working():
        place.shell(ORDER)
        wait_until((certs_dir / "webelexis.nuno.crt").exists)
        wait_for_answer(lambda: found(place), [("active", "unreachable")])
        assert place.shell(KEY).strip() == stored.read_text().strip()
    assert stored.stat().st_mode & 0o777 == 0o600


def test_at_its_start_the_worker_finishes_and_repairs(place):
    traefik_dir = place.folder / "mnt" / "webelexisdata" / "traefik"
    place.shell(ORDER)  # nobody is there to install it
    with place.working():
        wait_until((traefik_dir / "oobsite-certificates.yaml").exists)
    shutil.rmtree(traefik_dir)
    with place.working():
        wait_until((traefik_dir / "oobsite-certificates.yaml").exists)
    assert "webelexis.nuno/1/fullchain.pem" in (traefik_dir / "oobsite-certificates.yaml").read_text()
