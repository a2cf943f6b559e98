"""The screens of a restore: what they offer, what they demand before they order it, and what they tell meanwhile."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django_q.tasks import async_task
from engine import engine

from backups import services
from backups.models import BackupArchive, BackupRun, KeptData, Source
from backups.restore_facts import restore_progress
from backups.services import asking
from backups.services.runs import Recorder
from oobsite.audit.models import AuditEvent
from tests.answering import answering  # noqa: F401 - a fixture
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "answering")]
State = BackupRun.State
INLINE = re.compile(r"\sstyle=|<style|\son[a-z]+=\"|javascript:|<script(?![^>]*\ssrc=)[^>]*>\s*\S", re.IGNORECASE)
LIST = "/backups/restore/"


@pytest.fixture
def owner(client, settings):
    settings.OOB_PRACTICE_NAME = "Praxis Dr. Muster (Bern)"
    user = make_user(username="muster", language="en")
    client.force_login(user)
    return user


@pytest.fixture
def stamp(practice, run_command):
    """A backup of two folders, which have changed since."""
    code, answer = run_command("runbackup")
    assert code == 0
    for name in ("webelexisdata", "pacsdata"):
        (practice / "mnt" / name / "file").write_bytes(b"now")
    return answer["stamp"]


@pytest.fixture
def kept(db):
    now = timezone.now()
    return KeptData.objects.create(
        restore_id="abc123", phase="kept", sources=["pacsdata"], created_at=now, until=now + timedelta(hours=24)
    )


def confirm_url(stamp):
    return f"{LIST}moments/{stamp}/"


def text_of(answer):
    assert answer.status_code == 200
    html = answer.content.decode()
    assert not INLINE.search(html)
    return html


def make_restore(**values):
    names = list(BackupArchive.objects.values_list("name", flat=True))
    values = {"trigger": "screen", "state": State.RUNNING, "started_at": timezone.now(), **values}
    return BackupRun.objects.create(action="restore", request={"archives": names}, **values)


# --- the list -------------------------------------------------------------------------------------------------
def test_a_moment_is_one_row_with_its_sources(client, owner, stamp):
    html = text_of(client.get(LIST))
    assert html.count(confirm_url(stamp)) == 1
    assert BackupArchive.objects.count() == 2


def test_two_backups_of_one_minute_can_be_told_apart(client, owner, practice, run_command):
    with time_machine.travel("2026-11-24T02:15:00+00:00", tick=False):
        assert [run_command("runbackup", "--source", "pacsdata")[0] for _ in range(2)] == [0, 0]
    for url in (LIST, "/backups/backuparchive/"):
        html = text_of(client.get(url))
        assert 0 < html.count("3:15 a.m. (no. 2)") < html.count("3:15 a.m.")
    assert "3:15 a.m. (no. 2)" in text_of(client.get(confirm_url("2026-11-24-0315-2")))


def test_nothing_to_restore_is_said(client, owner):
    assert "There is no backup yet that could be restored." in text_of(client.get(LIST))


def test_a_moment_without_its_file_leads_nowhere(client, owner, stamp):
    BackupArchive.objects.first().path.unlink()
    html = text_of(client.get(LIST))
    assert confirm_url(stamp) not in html
    assert "file is missing" in html


def test_dumps_and_own_data_are_not_offered(client, owner):
    for series in ("elexisdb_sql", "oobsite"):
        name = f"{series}_2026-11-24-0315.tar.gz"
        BackupArchive.objects.create(name=name, series=series, size=1, taken_at=timezone.now())
    assert "2026-11-24-0315" not in text_of(client.get(LIST))


def test_what_an_earlier_restore_has_kept_stands_on_top(client, owner, kept):
    assert text_of(client.get(LIST)).index(f"{LIST}kept/abc123/") < text_of(client.get(LIST)).index("<table")
    KeptData.objects.update(phase="undone")
    assert f"{LIST}kept/abc123/" not in text_of(client.get(LIST))


def test_who_misses_one_file_is_led_to_the_archives(client, owner, stamp):
    assert 'Open the backup under <a href="/backups/backuparchive/">' in text_of(client.get(LIST))


def test_the_page_of_an_archive_leads_to_the_restore_of_it(client, owner, stamp):
    archive = BackupArchive.objects.get(series="pacsdata")
    html = text_of(client.get(f"/backups/backuparchive/{archive.pk}/change/"))
    assert f"{confirm_url(stamp)}?source=pacsdata" in html
    assert "data are replaced: PACS." in text_of(client.get(f"{confirm_url(stamp)}?source=pacsdata"))


@pytest.mark.parametrize("role", ["care", "reader"])
def test_only_an_owner_finds_it_in_the_menu(client, role):
    client.force_login(make_user(role))
    assert LIST not in client.get("/").content.decode()


def test_an_archive_that_turns_out_to_be_damaged_is_not_called_proved_any_more(client, owner, stamp, run_command):
    archive = BackupArchive.objects.get(series="pacsdata")
    assert run_command("provebackup", archive.name)[0] == 0
    with archive.path.open("r+b") as file:
        file.seek(archive.size // 2)
        file.write(b"XXXX")
    code, answer = run_command("restorebackup", stamp, "--source", "pacsdata", "--yes", "--folders-idle")
    assert (code, answer["error"]) == (1, "damaged-archive")
    archive.refresh_from_db()
    assert archive.proof == BackupArchive.Proof.FAILED


# --- the warning ----------------------------------------------------------------------------------------------
def test_the_right_name_orders_the_restore(client, owner, stamp):
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on"}
    answer = client.post(confirm_url(stamp), typed)
    run = BackupRun.objects.get(action="restore")
    assert answer.url == f"{LIST}runs/{run.pk}/"
    assert (run.state, run.requested_by, run.request["with_safety_backup"]) == (State.QUEUED, owner, True)
    assert sorted(run.request["archives"]) == sorted(BackupArchive.objects.values_list("name", flat=True))
    assert run.request["are_folders_idle"] is True


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"confirmation": "Praxis Dr. Muster (Bern)"},
        {"confirmation": "praxis", "folders": "on"},
        {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on", "waiver": "yes"},
    ],
)
def test_less_than_all_orders_nothing(client, owner, stamp, typed):
    assert "errorlist" in text_of(client.post(confirm_url(stamp), typed))
    assert not BackupRun.objects.filter(action="restore").exists()


def test_who_wants_no_safety_backup_types_so(client, owner, stamp):
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on", "waiver": "no backup"}
    client.post(confirm_url(stamp), typed)
    assert BackupRun.objects.get(action="restore").request["with_safety_backup"] is False
    assert AuditEvent.objects.get(action="restore.requested").changes["with_safety_backup"] is False


def test_one_source_can_be_chosen(client, owner, stamp):
    html = text_of(client.get(confirm_url(stamp), {"source": "pacsdata"}))
    assert '<input type="hidden" name="source" value="pacsdata">' in html
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on", "source": "pacsdata"}
    client.post(confirm_url(stamp), typed)
    assert BackupRun.objects.get(action="restore").request["archives"] == [f"pacsdata_{stamp}.tar.gz"]


def test_an_archive_that_failed_its_proof_is_not_put_in_place(client, owner, stamp):
    BackupArchive.objects.filter(series="pacsdata").update(proof="failed")
    html = text_of(client.get(confirm_url(stamp)))
    assert "did not pass its test restore" in html
    assert "restore-form" not in html


def test_a_box_that_is_not_ticked_says_what_to_do_first(client, owner, stamp):
    html = text_of(client.post(confirm_url(stamp), {"confirmation": ""}))
    assert "Stop the programs that use these folders, then tick this box." in html
    assert "This field is required" not in html


def test_a_moment_that_is_gone_leads_back(client, owner):
    assert client.get(confirm_url("2020-01-01-0000")).url == LIST


def test_nothing_begins_while_another_job_runs(client, owner, stamp):
    BackupRun.objects.create(trigger="schedule", state=State.RUNNING)
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on"}
    assert client.post(confirm_url(stamp), typed).url == LIST
    assert not BackupRun.objects.filter(action="restore").exists()


# --- the progress ---------------------------------------------------------------------------------------------
def now_step(run):
    return [str(item.step) for item in restore_progress(run).steps if item.state == "now"]


@pytest.mark.parametrize(
    ("stage", "step", "is_untouched"),
    [("verify", "check", True), ("pack", "safety", True), ("verify", "prove", True), ("swap", "swap", False)],
)
def test_the_page_shows_the_step_that_the_run_says_and_whether_the_data_are_untouched(
    client, owner, stamp, stage, step, is_untouched
):
    run = make_restore(progress={"stage": stage, "step": step})
    assert (now_step(run), restore_progress(run).is_untouched) == ([step], is_untouched)
    html = text_of(client.get(f"{LIST}runs/{run.pk}/"))
    assert 'http-equiv="refresh"' in html
    assert ("Your data are still untouched." in html) is is_untouched
    assert (f"/backups/runs/{run.pk}/cancel/" in html) is is_untouched


def test_a_cancelled_restore_comes_back_to_its_page(client, owner, stamp):
    run = make_restore(state=State.QUEUED)
    answer = client.post(f"/backups/runs/{run.pk}/cancel/")
    assert answer.url == f"{LIST}runs/{run.pk}/"
    assert "The restore was interrupted." in text_of(client.get(answer.url))


def test_another_run_has_no_such_page(client, owner):
    run = BackupRun.objects.create(trigger="schedule", state=State.DONE)
    assert client.get(f"{LIST}runs/{run.pk}/").status_code == 404


# --- the whole way, and back ----------------------------------------------------------------------------------
def carry_out(client, answer):
    run = BackupRun.objects.latest()
    services.carry_out(run, Recorder(run))
    run.refresh_from_db()
    assert run.state == State.DONE, run.log
    return text_of(client.get(answer.url))


def test_the_data_come_back_and_go_again(client, owner, stamp, practice):
    file = practice / "mnt" / "pacsdata" / "file"
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on", "source": "pacsdata"}
    html = carry_out(client, client.post(confirm_url(stamp), typed))
    assert "Your data are restored." in html
    assert 'http-equiv="refresh"' not in html
    assert file.stat().st_size == 20_000
    undo_url = re.search(rf"{LIST}kept/[0-9a-f]+/", html)[0]
    text_of(client.get(undo_url))
    assert "errorlist" in text_of(client.post(undo_url, {"confirmation": "yes"}))
    assert "errorlist" in text_of(client.post(undo_url, {"confirmation": "put back"}))
    html = carry_out(client, client.post(undo_url, {"confirmation": "put back", "folders": "on"}))
    assert "The old data are back." in html
    assert "What was entered between the restore and now" in html
    assert file.read_bytes() == b"now"
    assert client.get(undo_url).url == LIST
    assert "Nothing is kept of this restore any more" in text_of(client.get(LIST))


def test_after_a_restore_and_its_undoing_the_first_screen_urges_a_backup(client, owner, stamp, run_command):
    Source.objects.exclude(name="webelexisdata").update(is_required=False)
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on", "source": "pacsdata"}
    html = carry_out(client, client.post(confirm_url(stamp), typed))
    assert 'data-verdict="exchanged"' in text_of(client.get("/"))
    undo_url = re.search(rf"{LIST}kept/[0-9a-f]+/", html)[0]
    assert run_command("runbackup", "--source", "pacsdata")[0] == 0
    assert 'data-verdict="exchanged"' not in text_of(client.get("/"))
    html = carry_out(client, client.post(undo_url, {"confirmation": "put back", "folders": "on"}))
    assert "no earlier one holds the data that are in place now" in html
    assert 'data-verdict="exchanged"' in text_of(client.get("/"))


def test_the_old_data_can_be_removed_before_their_time(client, owner, stamp, practice):
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on", "source": "pacsdata"}
    html = carry_out(client, client.post(confirm_url(stamp), typed))
    url = re.search(rf"{LIST}kept/[0-9a-f]+/release/", html)[0]
    assert "looked_at" not in text_of(client.get(url))
    assert "errorlist" in text_of(client.post(url, {"confirmation": "yes"}))
    html = carry_out(client, client.post(url, {"confirmation": "remove"}))
    assert "The old data are removed." in html
    assert not list((practice / "mnt" / "pacsdata").glob("#sql-oob-*"))
    assert client.get(url).url == LIST


def test_untested_data_can_be_tested_again_or_looked_at(client, owner, kept):
    KeptData.objects.update(phase="placed")
    assert f"{LIST}kept/abc123/test/" in text_of(client.get(LIST))
    url = f"{LIST}kept/abc123/release/"
    assert "errorlist" in text_of(client.post(url, {"confirmation": "remove"}))
    client.post(url, {"confirmation": "remove", "looked_at": "on"})
    assert BackupRun.objects.get(action="release").request == {"restore": "abc123", "is_looked_at": True}


def test_the_test_again_is_ordered_by_one_click(client, owner, kept):
    KeptData.objects.update(phase="placed")
    answer = client.post(f"{LIST}kept/abc123/test/")
    run = BackupRun.objects.get(action="retest")
    assert answer.url == f"{LIST}runs/{run.pk}/"
    assert "The data in place are not touched." in text_of(client.get(answer.url))


def test_a_restore_that_broke_says_at_the_top_why_and_what_to_do(client, owner, stamp):
    line = {"at": "2026-11-24T03:15:00+00:00", "level": "error", "source": "", "code": "rolled-back"}
    line["params"] = {"path": "/mnt/pacsdata", "reason": "login-refused"}
    run = make_restore(
        state=State.FAILED, started_at=timezone.now(), log=[line], result={"in_place": {"pacsdata": "old"}}
    )
    top, _, rest = text_of(client.get(f"{LIST}runs/{run.pk}/")).partition("data-in-place")
    assert "did not pass the start-up test" in top.partition("</section>")[0]
    assert "go on working as before" in rest
    assert f'href="{LIST}"' in rest.partition("</section>")[0]


def test_a_restore_whose_process_was_ended_says_so(client, owner, stamp):
    run = make_restore(state=State.INTERRUPTED, started_at=timezone.now())
    assert "Nobody could write down why" in text_of(client.get(f"{LIST}runs/{run.pk}/"))


# --- what is in place after a restore that broke --------------------------------------------------------------
@pytest.mark.parametrize(
    ("states", "verdict", "words"),
    [
        ({"pacsdata": "old", "webelexisdata": "old"}, "old", "You can go on working as before."),
        ({"pacsdata": "new", "webelexisdata": "untested"}, "new", "Look at a few patients"),
        ({"pacsdata": "old", "webelexisdata": "new"}, "mixed", "it brings all to the old data"),
        ({"pacsdata": "old", "webelexisdata": "unfinished"}, "open", "Restart the worker"),
        ({}, "open", "Restart the worker"),
    ],
)
def test_a_restore_that_broke_says_which_data_are_in_place(client, owner, stamp, states, verdict, words):
    run = make_restore(state=State.FAILED, result={"in_place": states})
    html = text_of(client.get(f"{LIST}runs/{run.pk}/"))
    assert f'data-in-place="{verdict}"' in html
    assert words in html


def test_a_restore_that_went_well_needs_no_such_words(client, owner, stamp):
    run = make_restore(state=State.DONE, result={"in_place": {"pacsdata": "new"}})
    assert "data-in-place" not in text_of(client.get(f"{LIST}runs/{run.pk}/"))


# --- programs that we stop ------------------------------------------------------------------------------------
def test_where_we_stop_the_programs_they_are_named_and_no_agreement_is_asked(client, owner, stamp, settings):
    with engine({"elx_webelexis": True, "elx_pacs": False}) as docker:
        settings.OOB_RESTORE_STOP, settings.OOB_DOCKER_URL = ["elx_webelexis", "elx_pacs"], docker.url
        html = text_of(client.get(confirm_url(stamp)))
        assert "oobsite stops these programs for the exchange and starts them again afterwards: elx_webelexis." in html
        assert 'name="folders"' not in html
        client.post(confirm_url(stamp), {"confirmation": "Praxis Dr. Muster (Bern)"})
        assert BackupRun.objects.filter(action="restore").exists()


def test_a_wrong_name_is_told_before_anything_is_ordered(client, owner, stamp, settings):
    with engine({"elx_webelexis": True}) as docker:
        settings.OOB_RESTORE_STOP, settings.OOB_DOCKER_URL = ["elx_webelexsi"], docker.url
        html = text_of(client.get(confirm_url(stamp)))
    assert "There is no container “elx_webelexsi”." in html
    assert "restore-form" not in html


# --- a worker that does not answer ----------------------------------------------------------------------------
@pytest.fixture
def silent_worker(monkeypatch):
    """The task waits in the queue, and nobody takes it."""
    monkeypatch.setattr(asking, "async_task", async_task)
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0)


def test_without_an_answer_the_page_shows_the_archive_and_no_form(client, owner, stamp, silent_worker):
    html = text_of(client.get(confirm_url(stamp)))
    assert "The worker has not answered" in html
    assert "restore-form" not in html
    typed = {"confirmation": "Praxis Dr. Muster (Bern)", "folders": "on"}
    client.post(confirm_url(stamp), typed)
    assert not BackupRun.objects.filter(action="restore").exists()


def test_without_an_answer_nothing_is_put_back(client, owner, kept, silent_worker):
    assert client.get(f"{LIST}kept/abc123/").url == LIST
