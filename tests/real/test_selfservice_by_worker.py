"""The settings of the appointments by the real worker: a page asks it for the file, an order is written through it."""

from __future__ import annotations

import subprocess

import pytest
from foldersite import PATIENTLY
from selfservicesite import PAGE, PASSWORD, SETTINGS, new_booking_site
from waiting import wait_for_answer, wait_until

from demo.folders import SETTINGS_JS

START = PATIENTLY + "from oobsite.accounts.actors import system_actor; from selfservice import services\n"
START += "from selfservice.models import *\n"
TAKE_OVER = START + "services.take_over(system_actor()); print(SelfServiceSettings.load().name)"
ORDER = START + "SelfServiceSettings.objects.update(name='Praxis am Rhein'); change = services.ask_change()\n"
ORDER += "services.request_write(system_actor(), change.fingerprint, change.wanted); print(change.diff)"
LATE = START + "from selfservice.services.versions import *\nSelfServiceSettings.objects.update(name='Praxis 2')\n"
LATE += "request = services.preview(); services.request_write(system_actor(), request.fingerprint, request.wanted)"


LOOK = START + "print(services.ask_look().is_there)"
SAVE = (
    PATIENTLY
    + """
from django.test import Client
from selfservice import services
from selfservice.models import SelfServiceSettings
from tests.people import make_user
client = Client(SERVER_NAME="localhost")
client.force_login(make_user())
answer = client.post({page!r}, {values})
print(answer.status_code, answer.get("Location"), SelfServiceSettings.load().expressions)
print(services.ask_change().diff)
"""
)
#: The form as it comes from the file of the demo, where the password is an expression.
FORM = {
    "name": "Praxis Dr. Müller",
    "mail": "praxis@example.ch",
    "address": "Bahnhofstrasse 12, 8200 Schaffhausen",
    "phone": "052 555 00 00",
    "appointment_type": "Normal",
    "duration_minutes": 20,
    "daily_maximum": 8,
    "agenda_area": "Arzt",
    "confirmation": "Grüezi! Ihr Termin: {*}. Bitte sagen Sie ihn ab, wenn Sie verhindert sind.",
    "host": "mail.example.ch",
    "port": 465,
    "user": "praxis@example.ch",
    "password": "",
}


@pytest.fixture
def place(folder, prepared):
    return new_booking_site(folder, prepared)


def says(place, code: str) -> str:
    """What it prints; empty while the queue is about to start and nobody answers."""
    try:
        return place.shell(code).strip()
    except subprocess.CalledProcessError:
        return ""


def test_a_page_asks_and_an_order_is_written_through_the_queue(place):
    path = place.folder / "mnt" / "webelexisdata" / "settings.js"
    with place.working():
        wait_for_answer(lambda: says(place, TAKE_OVER), "Praxis Dr. Müller")
        diff = place.shell(ORDER)
        wait_until(lambda: "Praxis am Rhein" in path.read_text())
    assert "+    sitename: 'Praxis am Rhein'," in diff
    assert PASSWORD not in diff
    assert path.read_text() == SETTINGS.replace("Praxis Dr. Müller", "Praxis am Rhein")
    assert PASSWORD.encode() not in (place.folder / "data" / "oobsite.sqlite3").read_bytes()
    place.shell(LATE)  # nobody is there to write it
    with place.working():
        wait_until(lambda: "Praxis 2" in path.read_text())


def test_the_first_save_of_the_page_gets_its_answer_from_the_worker(place):
    path = place.folder / "mnt" / "webelexisdata" / "settings.js"
    path.write_text(SETTINGS_JS)
    with place.working():
        wait_for_answer(lambda: says(place, LOOK), "True")
        status, diff = place.shell(SAVE.format(page=PAGE, values=FORM)).split("\n", 1)
    assert status.startswith("302 /selfservice/change/ {'password': 'process.env.SMTPPASSWORD")
    lines = [line for line in diff.split("\n") if line.startswith(("-  ", "+  "))]
    assert lines == ['-    sitephone: "052 555 12 34",', '+    sitephone: "052 555 00 00",']
