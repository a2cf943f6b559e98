"""Versions, interrupted jobs, restores, the page itself, what Elexis offers."""

from __future__ import annotations

import http.server
import os
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings as settings_of_project
from django.template.loader import render_to_string
from django.utils import translation
from selfservicesite import PASSWORD, SETTINGS

from backups.models import BackupRun, Source
from backups.restore_facts import InPlaceNow, RestoreProgress
from backups.signals import data_exchanged
from oobsite.accounts.actors import system_actor
from oobsite.alerts.domain.errors import MailNotSetError
from oobsite.alerts.sending import mail_server
from selfservice import jobs, services
from selfservice.differences import differences_of
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services import offering, restarting
from selfservice.services.offering import Offers
from selfservice.services.writing import request_write
from tests.engine import engine

pytestmark = pytest.mark.django_db


def set_name(name: str) -> None:
    SelfServiceSettings.objects.update(name=name)


def order() -> SettingsVersion:
    """As after the button, before the worker comes."""
    change = services.preview()
    return request_write(system_actor(), change.fingerprint, change.wanted)


def test_thirty_states_are_kept(saved):
    for number in range(32):
        set_name(f"Praxis {number}")
        services.write_now(system_actor())
    assert SettingsVersion.objects.count() == 30
    assert SettingsVersion.objects.first().number == 33
    assert b"Praxis 31" in SettingsVersion.objects.first().content


def test_what_is_found_comes_before_what_is_written(saved, webelexis):
    set_name("Praxis am Rhein")
    services.write_now(system_actor())
    webelexis.write_text(SETTINGS + "// von Hand\n")
    set_name("Praxis am Bodensee")
    services.write_now(system_actor())
    origins = list(SettingsVersion.objects.order_by("number").values_list("origin", flat=True))
    assert origins == ["found", "form", "found", "form"]
    times = list(SettingsVersion.objects.order_by("number").values_list("made_at", flat=True))
    assert times == sorted(times)
    assert SettingsVersion.objects.get(number=3).content == (SETTINGS + "// von Hand\n").encode()


def test_a_second_writing_changes_nothing(saved, webelexis):
    set_name("Praxis am Rhein")
    assert services.write_now(system_actor()) is not None
    before = webelexis.stat()
    assert services.write_now(system_actor()) is None
    assert webelexis.stat().st_ino == before.st_ino
    assert SettingsVersion.objects.count() == 2


def test_the_content_lies_encrypted_in_the_database(saved):
    set_name("Praxis am Rhein")
    version = services.write_now(system_actor())
    stored = SettingsVersion.objects.filter(pk=version.pk).values_list("stored_content", flat=True)[0]
    assert PASSWORD not in stored.token
    assert PASSWORD.encode() in version.content
    assert PASSWORD not in repr(version.__dict__)


def test_an_order_that_a_killed_worker_has_left_is_written_at_its_next_start(saved, webelexis):
    set_name("Praxis am Rhein")
    order()
    services.finish_waiting()
    assert "Praxis am Rhein" in webelexis.read_text()
    assert SettingsVersion.objects.first().state == "written"


def test_an_order_that_was_killed_behind_the_rename_counts_as_written(saved, webelexis):
    set_name("Praxis am Rhein")
    order()
    webelexis.write_text(SETTINGS.replace("Praxis Dr. Müller", "Praxis am Rhein"))
    services.finish_waiting()
    assert SettingsVersion.objects.get().state == "written"
    assert SelfServiceSettings.load().file_fingerprint == SettingsVersion.objects.get().fingerprint


def test_a_newer_order_takes_the_place_of_one_that_waits(saved, webelexis):
    set_name("Praxis am Rhein")
    first = order()
    set_name("Praxis am Bodensee")
    second = order()
    assert jobs.write(first.pk) == "done"
    assert webelexis.read_text() == SETTINGS
    assert jobs.write(second.pk) == "done"
    assert "Praxis am Bodensee" in webelexis.read_text()


def test_a_link_in_place_of_the_file_fails_the_order_and_stays(saved, webelexis):
    webelexis.unlink()
    webelexis.symlink_to("/etc/hostname")
    version = SettingsVersion.objects.create(
        number=1, origin="back", made_at="2026-11-28T00:00Z", base_fingerprint=services.look().fingerprint
    )
    version.content = SETTINGS.encode()
    version.save()
    assert jobs.write(version.pk) == "settings-file-is-link"
    assert SettingsVersion.objects.get().error_code == "settings-file-is-link"
    assert webelexis.is_symlink()


def test_a_restore_of_the_folder_tells_what_differs(saved, webelexis):
    webelexis.write_text(SETTINGS.replace("Dr. Müller", "von gestern").replace(PASSWORD, "old-secret"))
    sources = [Source.objects.get(name="webelexisdata")]
    answers = [found for _who, found in data_exchanged.send(sender=None, sources=sources) if "selfservice" in found]
    assert answers == [{"selfservice": {"fields": ["name", "password"]}}]
    assert len(differences_of(answers[0]).labels) == 2


def test_a_restore_is_not_blamed_for_what_is_saved_and_not_written(saved):
    SelfServiceSettings.objects.update(name="Praxis am Rhein")
    sources = [Source.objects.get(name="webelexisdata")]
    assert not [found for _who, found in data_exchanged.send(sender=None, sources=sources) if "selfservice" in found]


def test_a_restore_of_another_folder_tells_nothing(saved, webelexis):
    webelexis.write_text("kaputt {{{")
    sources = [Source.objects.get(name="pacsdata")]
    assert not [found for _who, found in data_exchanged.send(sender=None, sources=sources) if "selfservice" in found]
    sources = [Source.objects.get(name="webelexisdata")]
    found = next(found for _who, found in data_exchanged.send(sender=None, sources=sources) if "selfservice" in found)
    assert differences_of(found).problem


@contextmanager
def page_of_webelexis(headings: list[str]):
    """A server whose page has the first of ``headings``; each look takes one off, the last stays."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            heading = headings.pop(0) if len(headings) > 1 else headings[0]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"<h1 class='h1'>{heading}<div class='small'>Dorf 1</div></h1>".encode())

        def log_message(self, *_arguments):
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("heading", "verdict"), [("Praxis &lt;Dr.&gt;\n M&uuml;ller", "another"), ("Praxis  Dr. M&uuml;ller", "served")]
)
def test_the_page_is_asked_for_its_heading(saved, settings, heading, verdict):
    with page_of_webelexis([heading]) as url:
        settings.OOB_SELFSERVICE_URL = url
        assert jobs.check_page() == verdict
    assert SelfServiceSettings.load().page_result["code"] == f"selfservice-page-{verdict}"


def test_a_page_that_does_not_answer_is_told(saved, settings):
    settings.OOB_SELFSERVICE_URL = "http://127.0.0.1:1"
    assert jobs.check_page() == "unreachable"


def test_webelexis_is_restarted_and_its_page_looked_at(saved, settings, monkeypatch):
    monkeypatch.setattr(restarting, "PATIENCE_SECONDS", 10.0)
    settings.OOB_WEBELEXIS_CONTAINER = "elx_webelexis"
    with engine({"elx_webelexis": True}) as docker, page_of_webelexis(["Alt", "Alt", "Praxis Dr. Müller"]) as url:
        settings.OOB_DOCKER_URL, settings.OOB_SELFSERVICE_URL = docker.url, url
        assert jobs.restart() == "done"
        assert docker.asked == [("stop", "elx_webelexis"), ("start", "elx_webelexis")]
    assert SelfServiceSettings.load().page_result["code"] == "selfservice-page-served"


def test_a_container_that_is_not_there_is_told(saved, settings):
    settings.OOB_WEBELEXIS_CONTAINER = "nobody"
    with engine({}) as docker:
        settings.OOB_DOCKER_URL = docker.url
        assert jobs.restart() == "container-unknown"
    assert SelfServiceSettings.load().page_result["code"] == "container-unknown"


def test_a_database_that_does_not_answer_has_nothing_to_offer(saved, settings):
    settings.OOB_DBSOCKET = "/nowhere/mysqld.sock"
    assert offering.read_offers() == Offers()
    assert Offers().unknown("Arzt", "Normal") == []
    assert Offers(("Praxis",), ("Normal",)).unknown("Arzt", "Normal") == [("agenda_area", "Arzt")]


def test_another_owner_of_the_file_stays(saved, webelexis: Path):
    os.chown(webelexis, 1000, 1000)
    webelexis.chmod(0o640)
    set_name("Praxis am Rhein")
    services.write_now(system_actor())
    facts = webelexis.stat()
    assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (1000, 1000, 0o640)


def test_the_compose_file_mounts_the_file_that_is_there():
    text = (settings_of_project.BASE_DIR / "docker-compose.webelexis.yaml").read_text()
    source = text.partition("oobsite}/")[2].partition(":")[0]
    assert (settings_of_project.BASE_DIR / source).is_file()
    assert "/server/config/local.js:ro" in text


def test_the_end_of_a_restore_shows_the_difference(saved, webelexis):
    run = BackupRun(result={"selfservice": {"fields": ["name", "port"]}})
    progress = RestoreProgress(run, (), (), is_untouched=False, kept=None, in_place=InPlaceNow(()))
    with translation.override("en"):
        page = render_to_string("selfservice/differences.html", {"differences": progress.selfservice})
    assert "says something else than oobsite: name of the practice, port." in page


def test_alerts_go_through_the_server_of_the_confirmations_while_none_is_set_for_them(saved, settings):
    with pytest.raises(MailNotSetError):  # the user is an expression of which Webelexis alone knows the value
        mail_server()
    saved.user, saved.expressions = "praxis", {}
    saved.save()
    server = mail_server()
    assert (server.host, server.port, server.security, server.sender) == ("mail.example.ch", 465, "tls", saved.mail)
    settings.OOB_SMTP_HOST = "smtp.example.ch"
    assert mail_server().host == "smtp.example.ch"
