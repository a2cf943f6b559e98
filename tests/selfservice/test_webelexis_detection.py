"""The worker finds out which Webelexis there is; page and command say it, and warn where something does not fit."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from django.utils import translation
from selfservicesite import PAGE, run
from webelexisserver import AUTOLOGIN_PASSWORD, NEW, OLD, OTHER, webelexis_server

from selfservice import jobs, services
from selfservice.models import InstalledWebelexis, SelfServiceSettings
from selfservice.webelexis_facts import is_asked, webelexis_facts
from tests.engine import engine
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("webelexis")]
NAME = "elx_webelexis"


@pytest.fixture
def docker(settings):
    """An engine with a container of Webelexis."""
    with engine({NAME: True}) as server:
        settings.OOB_DOCKER_URL, settings.OOB_WEBELEXIS_CONTAINER = server.url, NAME
        server.facts[NAME] = image("rgwch/webelexis:3.9.2")
        yield server


def image(name: str, *mounted: str) -> dict[str, object]:
    return {"Config": {"Image": name}, "Mounts": [{"Destination": path} for path in mounted]}


def found() -> InstalledWebelexis:
    services.detect()
    return InstalledWebelexis.load()


def facts():
    with translation.override("en"):
        return webelexis_facts(SelfServiceSettings.load())


def test_the_container_comes_first(docker, settings):
    with webelexis_server(OLD) as settings.OOB_WEBELEXIS_URL:
        assert (found().version, found().generation, found().place) == ("3.9.2", "3.7", NAME)
    assert "Found in the container elx_webelexis: Webelexis 3.9.2." in facts().found
    assert "3.7 and newer reads only" in facts().reads


@pytest.mark.parametrize(("pages", "generation"), [(OLD, "3.5"), (NEW, "3.7"), (OTHER, "")])
def test_without_a_container_the_server_is_asked(pages, generation, settings):
    with webelexis_server(pages) as settings.OOB_WEBELEXIS_URL:
        assert (found().generation, found().version) == (generation, "")
        assert settings.OOB_WEBELEXIS_URL in facts().found
    assert ("can choose" in facts().reads) == (not generation)


@pytest.mark.parametrize("trouble", ["unknown", "forbidden", "unreachable"])
def test_a_container_that_cannot_be_asked_leaves_the_server(trouble, docker, settings):
    if trouble == "unknown":
        docker.containers.clear()
    elif trouble == "forbidden":
        docker.forbidden = {"json"}
    else:
        settings.OOB_DOCKER_URL = "tcp://127.0.0.1:1"
    with webelexis_server(NEW) as settings.OOB_WEBELEXIS_URL:
        assert (found().generation, found().origin) == ("3.7", "server")


def test_a_tag_without_version_is_completed_by_the_server(docker, settings):
    docker.facts[NAME] = image("rgwch/webelexis:latest", "/home/node/webelexis/server/config/local.js")
    with webelexis_server(NEW) as settings.OOB_WEBELEXIS_URL:
        assert (found().generation, found().has_shim) == ("3.7", True)
    settings.OOB_WEBELEXIS_URL = "http://127.0.0.1:1"
    assert (found().generation, found().place) == ("", NAME)
    assert "does not tell which Webelexis" in facts().found


def test_while_nobody_answers_the_last_answer_stays(settings):
    services.detect()
    assert facts().found == ""
    with webelexis_server(OLD) as settings.OOB_WEBELEXIS_URL:
        before = found()
    assert (found().generation, found().found_at) == ("3.5", before.found_at)


@pytest.mark.parametrize(
    ("said", "known", "counts", "is_open"),
    [("", "", "", True), ("3.5", "", "3.5", True), ("", "3.7", "3.7", False), ("3.7", "3.7", "3.7", False)],
)
def test_what_was_found_counts_and_else_somebody_is_asked(said, known, counts, is_open, saved):
    remember(known)
    SelfServiceSettings.objects.update(generation=said)
    row = SelfServiceSettings.load()
    assert (facts().generation, is_asked(row), facts().warnings) == (counts, is_open, [])


def remember(generation: str, **values) -> None:
    values = {"origin": "container", "place": NAME, "found_at": "2026-11-28T03:00Z", "has_shim": True, **values}
    InstalledWebelexis.objects.create(pk=1, generation=generation, **values)


def test_a_wrong_choice_is_told_and_can_be_corrected(saved):
    remember("3.7", version="3.9.0")
    SelfServiceSettings.objects.update(generation="3.5")
    assert facts().generation == "3.7"
    assert is_asked(SelfServiceSettings.load())
    assert facts().warnings == [
        "Somebody has chosen 3.1 to 3.5, but 3.7 and newer was found, and that counts. Correct the choice on the page "
        "“Online booking”."
    ]


def test_a_wrong_environment_counts_and_is_told(saved, settings):
    remember("3.5")
    settings.OOB_WEBELEXIS_VERSION = "3.7"
    assert (facts().generation, is_asked(SelfServiceSettings.load())) == ("3.7", False)
    assert facts().warnings[0].startswith("OOB_WEBELEXIS_VERSION says 3.7 and newer and counts")


@pytest.mark.parametrize(
    ("generation", "values", "words"),
    [
        ("3.7", {"has_shim": False}, "local.js is not mounted"),
        ("3.5", {"other_file": "/home/node/x.js"}, "to read /home/node/x.js"),
    ],
)
def test_what_keeps_the_settings_from_webelexis_is_told(generation, values, words, saved):
    remember(generation, **values)
    assert [words in text for text in facts().warnings] == [True]


@pytest.mark.parametrize(("generation", "has_shim"), [("3.7", True), ("3.7", None), ("3.5", False)])
def test_nothing_is_told_where_all_fits_or_nobody_knows(generation, has_shim, saved):
    remember(generation, has_shim=has_shim)
    assert facts().warnings == []
    assert ("By the file local.js of oobsite, which is mounted," in facts().reads) == (has_shim is True)


@pytest.mark.usefixtures("pages", "answering")
def test_the_page_shows_what_was_found_last_and_then_asks(client, docker):
    client.force_login(make_user("owner", language="en"))
    page = client.get(PAGE).content.decode()
    assert f'hx-get="{reverse("selfservice:offers")}"' in page
    assert 'name="generation"' in page
    part = client.get(reverse("selfservice:offers")).content.decode()
    assert 'id="installed" class="above" hx-swap-oob="true"' in part
    assert "Webelexis 3.9.2" in part
    assert "local.js is not mounted" in part
    page = client.get(PAGE).content.decode()
    assert "Webelexis 3.9.2" in page
    assert 'name="generation"' not in page


@pytest.mark.usefixtures("pages")
def test_a_silent_worker_leaves_what_was_found(client, monkeypatch):
    monkeypatch.setattr("backups.services.asking.ANSWER_SECONDS", 0)
    remember("3.7", version="3.9.0")
    client.force_login(make_user("reader", language="en"))
    assert "Webelexis 3.9.0" in client.get(reverse("selfservice:offers")).content.decode()


def test_a_look_at_the_page_looks_at_the_version_too(saved, docker):
    assert jobs.check_page() == "unreachable"
    assert InstalledWebelexis.load().version == "3.9.2"


def test_showsettings_tells_it(saved, docker, settings):
    told = json.loads(run("showsettings", "--json")[1])["webelexis"]
    assert (told["generation"], told["version"], told["origin"], told["place"]) == ("3.7", "3.9.2", "container", NAME)
    assert len(told["warnings"]) == 1
    assert run("showsettings")[1].count("3.9.2") == 1


def test_the_password_that_webelexis_tells_everybody_is_kept_nowhere(saved, settings, caplog):
    caplog.set_level("DEBUG")
    with webelexis_server(NEW) as settings.OOB_WEBELEXIS_URL:
        row = found()
    assert AUTOLOGIN_PASSWORD not in f"{vars(row)} {facts()} {caplog.text}"
