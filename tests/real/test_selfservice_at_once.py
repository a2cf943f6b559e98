"""The command by several processes at once: the file is written once, and none of them stumbles over another."""

from __future__ import annotations

import json

import pytest
from selfservicesite import SETTINGS, new_booking_site

START = """
from oobsite.accounts.actors import system_actor
from selfservice import services
from selfservice.models import *
"""
FILL = START + "row = SelfServiceSettings(pk=1); services.fill(row, services.look()); row.name = 'Praxis am Rhein'\n"
FILL += "row.save()"
STATES = (
    START + "print(*SettingsVersion.objects.order_by('number').values_list('number', 'state', 'origin'), sep='\\n')"
)


@pytest.fixture
def place(folder, prepared):
    return new_booking_site(folder, prepared)


def test_four_commands_at_once(place):
    place.shell(FILL)
    children = [place.start("rendersettings") for _number in range(4)]
    answers = [json.loads(child.communicate()[0]) for child in children]
    assert [answer["ok"] for answer in answers] == [True] * 4, answers
    path = place.folder / "mnt" / "webelexisdata" / "settings.js"
    assert path.read_text() == SETTINGS.replace("Praxis Dr. Müller", "Praxis am Rhein")
    assert [one.name for one in path.parent.iterdir()] == ["settings.js"]
    states = place.shell(STATES).strip().split("\n")
    assert sum("'found'" in state for state in states) == 1
    assert not [state for state in states if "'written'" not in state]
