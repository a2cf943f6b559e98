"""The settings of the appointments by the real worker: a page asks it for the file, an order is written through it."""

from __future__ import annotations

import subprocess

import pytest
from foldersite import new_site
from realsite import wait_until
from selfservicesite import PASSWORD, SETTINGS

START = "from oobsite.accounts.actors import system_actor; from selfservice import services\n"
START += "from selfservice.models import *\n"
TAKE_OVER = START + "services.take_over(system_actor()); print(SelfServiceSettings.load().name)"
ORDER = START + "SelfServiceSettings.objects.update(name='Praxis am Rhein'); change = services.ask_change()\n"
ORDER += "services.request_write(system_actor(), change.fingerprint, change.wanted); print(change.diff)"
LATE = START + "from selfservice.services.versions import *\nSelfServiceSettings.objects.update(name='Praxis 2')\n"
LATE += "request = services.preview(); services.request_write(system_actor(), request.fingerprint, request.wanted)"


@pytest.fixture
def place(folder, prepared):
    site = new_site(folder, prepared)
    (folder / "mnt" / "webelexisdata").mkdir()
    (folder / "mnt" / "webelexisdata" / "settings.js").write_text(SETTINGS)
    return site


def says(place, code: str) -> str:
    """What it prints; empty while the queue is about to start and nobody answers."""
    try:
        return place.shell(code).strip()
    except subprocess.CalledProcessError:
        return ""


def test_a_page_asks_and_an_order_is_written_through_the_queue(place):
    path = place.folder / "mnt" / "webelexisdata" / "settings.js"
    with place.working():
        wait_until(lambda: says(place, TAKE_OVER) == "Praxis Dr. Müller")
        diff = place.shell(ORDER)
        wait_until(lambda: "Praxis am Rhein" in path.read_text())
    assert "+    sitename: 'Praxis am Rhein'," in diff
    assert PASSWORD not in diff
    assert path.read_text() == SETTINGS.replace("Praxis Dr. Müller", "Praxis am Rhein")
    assert PASSWORD.encode() not in (place.folder / "data" / "oobsite.sqlite3").read_bytes()
    place.shell(LATE)  # nobody is there to write it
    with place.working():
        wait_until(lambda: "Praxis 2" in path.read_text())
