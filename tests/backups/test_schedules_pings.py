"""Signs of life of a schedule's runs arrive at a real server, and its absence stops nothing."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.utils import timezone

from backups.models import BackupRun, BackupSchedule, Source
from backups.services import carry_out, scheduling
from backups.services.runs import Recorder, mark_dead
from backups.services.ticking import tick
from oobsite.alerts.models import Alert
from oobsite.audit.models import AuditEvent
from tests.people import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def calls():
    """What arrives at a server on loopback, as path and body; ``url`` is its address."""
    found: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            found.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found, f"http://127.0.0.1:{server.server_port}/abc"
        server.shutdown()
        thread.join()


def queue_run(url: str) -> BackupRun:
    schedule = BackupSchedule.objects.create(name="Nightly", heartbeat_url=url, is_proved=False)
    schedule.sources.set(Source.objects.filter(name="pacsdata"))
    return scheduling.queue_backup(schedule)


def test_begin_and_success_arrive(practice, calls):
    found, url = calls
    run = queue_run(url)
    carry_out(run, Recorder(run))
    assert [path for path, _body in found] == ["/abc/start", "/abc"]
    assert "archive-written" in found[1][1]


def test_a_failure_arrives_without_names_of_files(practice, calls):
    found, url = calls
    run = queue_run(url)
    (practice / "mnt" / "pacsdata" / "file").unlink()
    carry_out(run, Recorder(run))
    assert [path for path, _body in found] == ["/abc/start", "/abc/fail"]
    assert "source-missing" in found[1][1]
    assert str(practice) not in found[1][1]


def test_a_dead_run_is_a_failure(practice, calls):
    found, url = calls
    run = queue_run(url)
    BackupRun.objects.update(state="running", heartbeat_at=timezone.now())
    mark_dead(run, Recorder(run))
    assert [path for path, _body in found] == ["/abc/fail"]


def test_a_service_that_is_not_there_stops_nothing(practice):
    run = queue_run("http://127.0.0.1:9/abc")
    carry_out(run, Recorder(run))
    assert run.state == "done"


def test_a_service_that_is_not_there_is_said_until_it_is(practice, calls):
    run = queue_run("http://127.0.0.1:9/oobMARK-ping")
    carry_out(run, Recorder(run))
    alert = Alert.objects.get(kind="heartbeat")
    assert (alert.code, alert.level, alert.params) == ("heartbeat-failing", "warning", {"schedule": "Nightly"})
    schedule = run.schedule
    schedule.heartbeat_url = calls[1]
    schedule.save()
    again = scheduling.queue_backup(schedule)
    carry_out(again, Recorder(again))
    assert not Alert.objects.get(kind="heartbeat").is_open


@pytest.mark.parametrize("change", [{"heartbeat_url": ""}, {"is_active": False}])
def test_where_no_sign_of_life_is_wanted_none_is_missing(practice, change):
    run = queue_run("http://127.0.0.1:9/abc")
    carry_out(run, Recorder(run))
    for name, value in change.items():
        setattr(run.schedule, name, value)
    run.schedule.save()
    tick(timezone.now())
    assert not Alert.objects.get(kind="heartbeat").is_open


# --- the button ---------------------------------------------------------------------------------------------
def press(client, url: str) -> str:
    """What the page says after the button was pressed."""
    schedule = BackupSchedule.objects.create(name="Nightly", heartbeat_url=url)
    client.force_login(make_user(language="en"))
    page = f"/backups/backupschedule/{schedule.pk}/change/"
    assert "Test the signs of life" in client.get(page).text
    return client.post(f"/backups/schedules/{schedule.pk}/ping/", follow=True).text


@pytest.mark.usefixtures("pages")
def test_the_button_sends_a_sign_of_life(client, calls):
    found, url = calls
    assert "has taken a sign of life" in press(client, url)
    assert [path for path, _body in found] == ["/abc"]
    assert AuditEvent.objects.filter(action="schedule.tested").count() == 1


@pytest.mark.usefixtures("pages")
def test_the_button_says_what_is_wrong_and_not_the_address(client):
    text = press(client, "http://127.0.0.1:9/oobMARK-ping")
    assert "127.0.0.1" in text
    assert "oobMARK-ping" not in text
    assert not Alert.objects.exists()


@pytest.mark.usefixtures("pages")
def test_without_an_address_there_is_no_button_and_nothing_to_send(client):
    schedule = BackupSchedule.objects.create(name="Nightly")
    client.force_login(make_user(language="en"))
    assert "Test the signs of life" not in client.get(f"/backups/backupschedule/{schedule.pk}/change/").text
    assert 'class="error"' in client.post(f"/backups/schedules/{schedule.pk}/ping/", follow=True).text
