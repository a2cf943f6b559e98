"""A file that says “export default” can be changed, and Webelexis does not load it: that is said everywhere."""

from __future__ import annotations

import json
import subprocess

import pytest
from django.urls import reverse
from nodejs import read_as_new, read_as_old
from selfservicesite import PAGE, PASSWORD, SETTINGS, order_back, run

from oobsite.accounts.actors import system_actor
from selfservice import services
from selfservice.models import SelfServiceSettings, SettingsVersion
from tests.people import make_user

MODULE = SETTINGS.replace("module.exports =", "export default")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("webelexis", "pages", "answering")]


@pytest.fixture
def module(webelexis, saved):
    """Settings that are saved and not written, and the file as it must not be."""
    webelexis.write_text(MODULE)
    SelfServiceSettings.objects.update(name="Praxis am Rhein")
    services.keep_ours(system_actor())
    return webelexis


def test_the_old_generation_sees_nothing_of_it(webelexis):
    webelexis.write_text(MODULE)
    try:
        found = read_as_old(webelexis.parent)
    except subprocess.CalledProcessError:  # node before 20.19 does not load it at all
        found = {}
    assert not {"schedule", "smtp"} & set(found)


def test_the_new_generation_goes_on_without_it(webelexis, tmp_path):
    webelexis.write_text(MODULE)
    found = read_as_new(webelexis.parent, tmp_path / "app", **node_of_the_images())
    assert (found["smtp"]["host"], found["schedule"]) == ("default", {"minDuration": 7})


def node_of_the_images() -> dict[str, str]:
    """The environment in which node requires no modules, as before 20.19 and 22.12."""
    known = "process.allowedNodeEnvironmentFlags.has('--experimental-require-module')"
    done = subprocess.run(["node", "-p", known], capture_output=True, text=True, check=True)
    return {"NODE_OPTIONS": "--no-experimental-require-module"} if done.stdout.strip() == "true" else {}


def test_the_form_and_the_change_say_so(module, client):
    client.force_login(make_user("owner", language="en"))
    for url in (PAGE, reverse("selfservice:change")):
        page = client.get(url).content.decode()
        assert "data-notice" in page
        assert "writes “module.exports =” in place of “export default”" in page
        assert PASSWORD not in page


def test_the_way_back_to_such_a_state_says_so(saved, webelexis, client):
    version = order_back(MODULE.encode())
    SettingsVersion.objects.update(state="written")
    client.force_login(make_user("owner", language="en"))
    page = client.get(reverse("selfservice:version", args=[version.number])).text
    assert "data-notice" in page
    assert "Write it" in page
    assert PASSWORD not in page


def test_who_is_asked_which_counts_reads_it_too(saved, webelexis, client):
    webelexis.write_text(MODULE.replace("Praxis Dr. Müller", "Praxis am Rhein"))
    client.force_login(make_user("owner", language="en"))
    page = client.get(PAGE).text
    assert 'id="foreign"' in page
    assert "data-notice" in page


def test_rendersettings_says_so(module):
    code, text = run("rendersettings", "--check", "--json")
    assert (code, json.loads(text)["ok"]) == (1, False)
    assert json.loads(text)["notice"] == json.loads(run("showsettings", "--json")[1])["notice"] != ""
    assert "! " in run("rendersettings", "--diff")[1]
    assert json.loads(run("rendersettings", "--json")[1])["notice"]
    assert module.read_text() == MODULE.replace("Praxis Dr. Müller", "Praxis am Rhein")


def test_nothing_is_said_of_a_file_that_loads(saved, client):
    client.force_login(make_user("owner"))
    assert "data-notice" not in client.get(PAGE).content.decode()
    assert "data-notice" not in client.get(reverse("selfservice:change")).content.decode()
    assert json.loads(run("rendersettings", "--check", "--json")[1])["notice"] == ""
