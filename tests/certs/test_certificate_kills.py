"""The worker's job is killed before each touch of the disk: the proxy is left with a whole pair, and the next start
of the worker brings the installation to its end. An installation of its own, since a killed process shares no memory.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from realsite import ROOT, installation_environment, prepared_data

SCRIPT = """
import json, os, sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
import django
django.setup()
from django.conf import settings
from django.db import connections
from certs import services
from certs.domain import store, traefik
from certs.domain.names import parse_name
from certs.domain.store import Generation
from certs.models import Certificate, CertificateGeneration
from oobsite.accounts.actors import system_actor
from tests.diskkills import run_killed

NAME, ACTOR = parse_name("webelexis.nuno"), system_actor()

def fields_of(certificate):
    return certificate.other_names, certificate.way

services.make_authority(ACTOR, services.AuthorityOrder("Praxis CA"))
first = services.make_certificate(ACTOR, services.make_order([NAME.text]))
services.install_generation(first.pk)
seen, step, was_killed = set(), 0, True
while was_killed:
    certificate = Certificate.objects.get()
    before, stood = certificate.current.number, fields_of(certificate)
    wanted = ([f"name{step}.nuno"], "self-signed" if step % 2 else "ca")
    order = replace(services.make_order([NAME.text, *wanted[0]], wanted[1]), is_replacing=True)
    generation = services.make_certificate(ACTOR, order)
    assert fields_of(Certificate.objects.get()) == stood  # nothing has changed yet
    connections.close_all()
    was_killed = run_killed(lambda: services.install_generation(generation.pk), step)
    (named,) = traefik.list_published(settings.OOB_TRAEFIK_DIR, PurePosixPath("/mnt/certs"))
    seen_by_proxy = Path(settings.OOB_SERVED_CERTS_DIR or settings.OOB_CERTS_DIR)
    store.read_generation(seen_by_proxy, Generation(NAME, int(named.name)))  # raises when it is not whole
    generation.refresh_from_db()
    seen.add((int(named.name) == generation.number, generation.state))
    assert int(named.name) in (before, generation.number), (named, before)
    assert fields_of(Certificate.objects.get()) == (wanted if generation.state == "active" else stood)
    services.reconcile()
    generation.refresh_from_db()
    assert generation.state == "active" and not generation.waiting_key, generation.state
    (named,) = traefik.list_published(settings.OOB_TRAEFIK_DIR, PurePosixPath("/mnt/certs"))
    assert int(named.name) == generation.number
    assert (settings.OOB_CERTS_DIR / f"{NAME.text}.crt").read_text() == generation.chain
    assert fields_of(Certificate.objects.get()) == wanted
    folders = (settings.OOB_CERTS_DIR, settings.OOB_TRAEFIK_DIR, seen_by_proxy)
    assert not [path for folder in folders for path in folder.rglob("*.part")]
    CertificateGeneration.objects.update(replaced_at=None)
    step += 1
print(json.dumps({"steps": step, "seen": sorted(seen)}))
"""


@pytest.mark.parametrize("served", ["", "served"])
def test_killed_at_every_step_of_the_job(folder, served):
    """The proxy reads the certs folder, or copies of the pairs in use."""
    prepared_data(folder)
    (folder / "mnt" / "webelexisdata").mkdir()
    environment = installation_environment(folder) | {"DJANGO_SETTINGS_MODULE": "oobsite.settings"}
    environment["OOB_SERVED_CERTS_DIR"] = str(folder / served) if served else ""
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    assert answer["steps"] > 15
    assert {tuple(one) for one in answer["seen"]} == {(False, "pending"), (True, "pending"), (True, "active")}
