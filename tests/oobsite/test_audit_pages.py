"""The list of events: who sees it, what it says, what leaves it as a file."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.management import get_commands, load_command_class
from django.urls import reverse
from people import make_user

from backups.models import Source
from oobsite.accounts.actors import Actor, system_actor
from oobsite.audit.export import safe_cell
from oobsite.audit.history import AuditedAdmin
from oobsite.audit.messages import ACTIONS, DETAILS, GROUPS, PROBLEMS, verdict_sentence
from oobsite.audit.models import AuditEvent
from oobsite.audit.services import record
from oobsite.audit.verifying import Verdict
from oobsite.commands import _DJANGO_OPTIONS

LIST = "/audit/auditevent/"


@pytest.fixture(autouse=True)
def data_dir(db, settings, tmp_path, pages):
    settings.OOB_DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tmp_path


@pytest.fixture
def owner(client):
    user = make_user("owner", language="en")
    client.force_login(user)
    return user


@pytest.fixture
def source():
    return Source.objects.get(name="elexisdb")


def newest() -> AuditEvent:
    return AuditEvent.objects.first()


# --- the list --------------------------------------------------------------------------------------------------
def test_the_list_speaks_in_words(client, owner, source, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        record(Actor("beat", ip="192.168.1.9"), "source.off", source, {"is_active": [True, False]})
    text = client.get(LIST).text
    assert "Source switched off" in text
    assert "192.168.1.9" in text
    assert "Chain intact" in text


def test_the_list_offers_no_way_to_add_change_or_delete(client, owner):
    event = record(system_actor(), "command.run")
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"{LIST}{event.pk}/change/", {"actor": "nobody"}).status_code == 403
    assert AuditEvent.objects.get(pk=event.pk).hash == event.hash


def test_a_broken_chain_is_said_above_the_list(client, owner, data_dir):
    record(system_actor(), "command.run")
    (data_dir / "audit.hashes").write_text(f"999 {'a' * 64} stored\n")
    text = client.get(LIST).text
    assert f"Broken at event {newest().number + 1}: it and all that followed were removed." in text
    assert "Chain intact" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=Login+failed", ["login.failed"]),
        ("q=192.168.1.9", ["login.failed"]),
        ("q=Elexis", ["source.off"]),
        ("q=nowhere", []),
        ("what=backups", ["backup.ended"]),
        ("what=settings", ["source.off"]),
        ("who=beat", ["source.off"]),
        ("what=backups&who=beat", []),
        ("what=nonsense&who=", ["backup.ended", "source.off", "login.failed"]),
    ],
)
def test_filters_and_search_find_events(client, owner, source, query, found):
    record(Actor("", ip="192.168.1.9"), "login.failed")
    record(Actor("beat"), "source.off", source)
    record(system_actor(), "backup.ended")
    listed = [event.action for event in client.get(f"{LIST}?{query}").context["cl"].result_list]
    assert [action for action in listed if not action.startswith(("user.", "login.done"))] == found


def test_the_page_of_an_event_shows_old_and_new_value(client, owner, source):
    event = record(Actor("beat"), "user.changed", owner, {"role": ["reader", "care"], "password": "x"})
    text = client.get(f"{LIST}{event.pk}/change/").text
    assert "Reader" in text
    assert "Support" in text
    assert "secrets are not recorded" in text
    assert event.previous_hash in text


@pytest.mark.parametrize(
    "change",
    [
        {"gone": [1, 2]},
        {"a": {"b": [1.5, None]}},
        {"a": []},
        {"a": None},
        {"role": 7},
        {"factor": "new"},
        {"problem": ""},
    ],
)
def test_details_of_any_shape_have_a_page(client, owner, change):
    record(system_actor(), "code.of.a.newer.version", owner, change)
    page = reverse("admin:audit_auditevent_change", args=[newest().pk])
    assert client.get(page).status_code == 200
    assert client.get(LIST).status_code == 200


def test_what_a_command_was_asked_for_is_said_in_words(client, owner):
    asked = {"command": "runbackup", "source": ["pacsdata", "gone"], "dry_run": True}
    record(system_actor(), "command.run", None, asked)
    text = client.get(LIST).text
    assert "Only shown, not done: Yes; Sources: PACS, gone" in text


def test_every_option_of_a_command_on_record_has_its_words():
    commands = {name: load_command_class(app, name) for name, app in get_commands().items()}
    recorded = {name: command for name, command in commands.items() if getattr(command, "is_recorded", False)}
    options = {
        action.dest
        for name, command in recorded.items()
        for action in command.create_parser("manage.py", name)._actions
        if action.dest not in {*_DJANGO_OPTIONS, "help", "version"}
    }
    assert len(recorded) > 10
    assert options - set(DETAILS) == set()


def test_an_event_of_a_model_that_is_gone_has_a_page(client, owner, source):
    record(system_actor(), "source.removed", Source(pk=77, title="Gone"), {"title": ["Gone", None]})
    text = client.get(reverse("admin:audit_auditevent_change", args=[newest().pk])).text
    assert "Gone" in text
    assert "/backups/source/77/" not in text


# --- check and export ------------------------------------------------------------------------------------------
def test_checking_all_events_says_and_records_the_result(client, owner):
    response = client.post(f"{LIST}verify/", follow=True)
    assert "Chain intact" in next(str(message) for message in response.context["messages"])
    assert (newest().action, newest().actor) == ("audit.verified", "owner")


@pytest.mark.parametrize("door", ["verify/", "export/"])
def test_check_and_export_are_posts_of_those_who_may_see_the_list(client, owner, door):
    assert client.get(LIST + door).status_code == 405
    owner.groups.clear()
    type(owner).objects.filter(pk=owner.pk).update(is_superuser=False)
    count = AuditEvent.objects.count()
    assert client.post(LIST + door).status_code == 403
    assert not AuditEvent.objects.filter(number__gt=count, action__startswith="audit.").exists()


def export(client, query: str = "") -> list[list[str]]:
    response = client.post(f"{LIST}export/{query}")
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content), delimiter=";"))


def test_the_export_holds_what_the_list_shows_and_is_an_event(client, owner, source):
    record(Actor("beat", ip="10.0.0.1"), "source.off", source, {"is_active": [True, False]})
    record(system_actor(), "command.run")
    header, line = export(client, "?who=beat")
    assert header[:4] == ["Number", "When", "Who", "What"]
    assert line[2:7] == ["beat", "Source switched off", "Elexis", "Is backed up: Yes → No", "10.0.0.1"]
    assert (newest().action, newest().changes) == ("audit.exported", {"count": 1, "filter": "who=beat"})


def test_the_export_begins_as_excel_wants_it(client, owner):
    response = client.post(f"{LIST}export/")
    assert next(iter(response.streaming_content)).startswith(b"\xef\xbb\xbf")
    assert response["Content-Disposition"].startswith("attachment; filename=")


def test_no_cell_is_a_formula_for_excel(client, owner):
    record(Actor('=HYPERLINK("http://x")'), "command.run", None, {"text": "a\n=1+1"})
    assert [line[2] for line in export(client, "?what=other")][1] == '\'=HYPERLINK("http://x")'
    assert [safe_cell(text) for text in ("+1", " @x", "\t=1", "a=1", "")] == ["'+1", "' @x", "'\t=1", "a=1", ""]


# --- history ---------------------------------------------------------------------------------------------------
def test_the_history_of_an_object_shows_its_events(client, owner, source):
    response = client.post(
        f"/backups/source/{source.pk}/change/",
        {"title": "Praxis", "name": "elexisdb", "kind": "mariadb", "path": "elexisdb", "order": 1, "is_active": "on"},
    )
    assert response.status_code == 302
    text = client.get(f"/backups/source/{source.pk}/history/").text
    assert "Source changed" in text
    assert "Elexis → Praxis" in text
    assert newest().actor == "owner"


def test_the_admin_keeps_no_log_of_its_own(client, owner):
    client.post("/backups/source/add/", {"title": "B", "name": "b", "kind": "files", "path": "b", "order": 1})
    added = Source.objects.get(name="b")
    client.post(f"/backups/source/{added.pk}/delete/", {"post": "yes"})
    assert list(AuditEvent.objects.values_list("action", flat=True)[:2]) == ["source.removed", "source.added"]
    assert not LogEntry.objects.exists()


def test_every_page_of_the_admin_is_audited():
    plain = [model for model, page in admin.site._registry.items() if not isinstance(page, AuditedAdmin)]
    assert plain == []


def test_the_history_of_nothing_is_not_found(client, owner):
    assert client.get("/backups/source/999999/history/").status_code == 404


# --- words -----------------------------------------------------------------------------------------------------
def test_every_action_stands_in_one_group_of_the_filter():
    nouns = [noun for _words, nouns in GROUPS.values() for noun in nouns]
    assert sorted({action.split(".")[0] for action in ACTIONS}) == sorted(nouns)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_problem_has_a_sentence_with_its_event(problem):
    sentence = verdict_sentence(Verdict(9, problem, 7))
    assert "%" not in sentence
    assert ("7" in sentence) != (problem == "witness-missing")
