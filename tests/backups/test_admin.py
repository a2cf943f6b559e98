"""The doors of the screens: who may do what, and that each page keeps to the Content-Security-Policy."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from backups.models import BackupArchive, BackupRun, Source
from oobsite.accounts.models import User
from tests.people import make_user

pytestmark = pytest.mark.django_db
State = BackupRun.State
INLINE = re.compile(r"\sstyle=|<style|\son[a-z]+=\"|javascript:|<script(?![^>]*\ssrc=)[^>]*>\s*\S", re.IGNORECASE)


@pytest.fixture(autouse=True)
def folders(settings, tmp_path, pages):
    (tmp_path / "backup").mkdir()
    settings.OOB_BACKUP_DIR = tmp_path / "backup"
    settings.OOB_SOURCES_DIR = tmp_path / "mnt"
    return tmp_path


@pytest.fixture
def reader(client):
    """May see everything of backups and do nothing."""
    user = User.objects.create_user("leser", password="x")
    client.force_login(user)
    return user


@pytest.fixture
def run():
    now = timezone.now()
    at = {"at": now.isoformat(), "source": "elexisdb"}
    lines = [
        {**at, "level": "error", "code": "source-missing", "params": {"source": "elexisdb", "path": "/mnt/<b>"}},
        {**at, "level": "info", "code": "code-of-a-newer-version", "params": {}},
        {**at, "level": "warning", "code": "files-skipped", "params": {}},
    ]
    return BackupRun.objects.create(
        trigger="schedule", state=State.FAILED, started_at=now - timedelta(seconds=200), ended_at=now, log=lines
    )


@pytest.fixture
def archive(run):
    manifest = {
        "content": {"sha256": "ab" * 32, "files": 1234},
        "server": {"version": "10.11.6-MariaDB"},
        "skipped": [{"name": "a/Müller.pdf", "reason": "unreadable"}],
        "skipped_total": 3,
        "warnings": [{"code": "saved-cold", "params": {}}],
        "counts_before": {"core": {"kontakt": 12842}},
        "counts_after": {"core": {"kontakt": 12843}, "figures": {"patients": 8421, "last_consultation": "20261123"}},
    }
    return BackupArchive.objects.create(
        name="elexisdb_2026-11-24-0315.tar.gz",
        series="elexisdb",
        run=run,
        method="hot",
        taken_at=timezone.now(),
        size=4_600_000_000,
        manifest=manifest,
        proof="failed",
        proof_report={"counts": {"kontakt": 120}, "seconds": 94.2, "problems": [{"code": "proof-load-failed"}]},
    )


def posts(archive, run):
    return [
        ("/backups/now/", "backups.add_backuprun"),
        (f"/backups/archives/{archive.pk}/prove/", "backups.prove_backuparchive"),
        (f"/backups/runs/{run.pk}/cancel/", "backups.change_backuprun"),
    ]


# --- who may do what ----------------------------------------------------------------------------------------
def test_without_login_nothing_opens(client, archive, run):
    for path, _permission in posts(archive, run):
        answer = client.post(path)
        assert (answer.status_code, answer.url) == (302, "/login/")
    assert client.get(f"/backups/archives/{archive.pk}/download/").url == "/login/"
    assert BackupRun.objects.count() == 1


def test_a_reader_may_do_nothing(client, reader, archive, run):
    for path, _permission in posts(archive, run):
        answer = client.post(path)
        assert answer.status_code == 403
        assert "oobsite.css" in answer.text
    assert BackupRun.objects.count() == 1


def test_a_reader_sees_no_buttons(client, reader, archive, run):
    page = client.get(f"/backups/backuparchive/{archive.pk}/change/")
    assert page.status_code == 200
    assert "/prove/" not in page.text
    assert 'name="_save"' not in page.text
    assert "/cancel/" not in client.get(f"/backups/backuprun/{run.pk}/change/").text


def test_only_owners_download(client, archive):
    client.force_login(make_user("care"))
    assert client.get(f"/backups/archives/{archive.pk}/download/").status_code == 403
    assert "/download/" not in client.get("/backups/backuparchive/").text


def test_acts_are_posts(client, owner, archive, run):
    for path, _permission in posts(archive, run):
        assert client.get(path).status_code == 405
    assert client.post(f"/backups/archives/{archive.pk}/download/").status_code == 405


def test_acts_ask_for_the_csrf_token(owner, archive, run):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    for path, _permission in posts(archive, run):
        assert client.post(path).status_code == 403


# --- the acts -----------------------------------------------------------------------------------------------
def test_back_up_now(client, owner):
    answer = client.post("/backups/now/", follow=True)
    (run,) = BackupRun.objects.all()
    assert (run.state, run.action, run.trigger, run.requested_by) == (State.QUEUED, "backup", "screen", owner)
    assert "messagelist" in answer.text


def test_prove(client, owner, archive):
    answer = client.post(f"/backups/archives/{archive.pk}/prove/")
    run = BackupRun.objects.get(action="proof")
    assert run.request == {"archives": [archive.name]}
    assert answer.url == f"/backups/backuparchive/{archive.pk}/change/"


def test_cancel_what_waits(client, owner):
    run = BackupRun.objects.create(trigger="screen")
    client.post(f"/backups/runs/{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.state == State.INTERRUPTED


def test_cancel_what_runs(client, owner):
    run = BackupRun.objects.create(trigger="screen", state=State.RUNNING, started_at=timezone.now())
    client.post(f"/backups/runs/{run.pk}/cancel/")
    run.refresh_from_db()
    assert (run.state, run.is_cancel_requested) == (State.RUNNING, True)


def test_cancel_what_has_ended_changes_nothing(client, owner, run):
    client.post(f"/backups/runs/{run.pk}/cancel/")
    run.refresh_from_db()
    assert (run.state, run.is_cancel_requested) == (State.FAILED, False)


def test_download_streams_the_bytes(client, owner, archive):
    content = bytes(range(256)) * 4096
    archive.path.write_bytes(content)
    answer = client.get(f"/backups/archives/{archive.pk}/download/")
    assert answer.streaming
    assert b"".join(answer.streaming_content) == content
    assert archive.name in answer["Content-Disposition"]
    assert answer["Content-Length"] == str(len(content))


def test_download_of_a_file_that_is_gone(client, owner, archive):
    answer = client.get(f"/backups/archives/{archive.pk}/download/")
    assert answer.status_code == 404
    assert str(archive.path) in answer.text


# --- pages --------------------------------------------------------------------------------------------------
def test_a_run_shows_its_log_in_words(client, owner, run, archive):
    page = client.get(f"/backups/backuprun/{run.pk}/change/").text
    assert "/mnt/&lt;b&gt;" in page
    assert "code-of-a-newer-version" in page
    assert "files-skipped" in page  # its params do not fit the sentence, so the code is shown
    assert archive.name in page


def test_an_archive_shows_manifest_and_proof_in_words(client, owner, archive):
    User.objects.update(language="de")
    page = client.get(f"/backups/backuparchive/{archive.pk}/change/").text
    for words in ("ab" * 32, "4,6", "10.11.6-MariaDB", "a/Müller.pdf", "12’842", "12’843", "8’421", "23.11.2026"):
        assert words in page
    assert "proof-load-failed" in page


def test_an_archive_of_the_predecessor_has_no_manifest(client, owner):
    archive = BackupArchive.objects.create(
        name="elexisdb_2019-03-13-2044.tar.gz", series="elexisdb", origin="legacy", taken_at=timezone.now(), size=1
    )
    assert client.get(f"/backups/backuparchive/{archive.pk}/change/").status_code == 200


def test_an_archive_can_be_kept_for_good_and_nothing_else(client, owner, archive):
    client.post(f"/backups/backuparchive/{archive.pk}/change/", {"is_pinned": "on", "size": "1", "proof": "proved"})
    archive.refresh_from_db()
    assert (archive.is_pinned, archive.size, archive.proof) == (True, 4_600_000_000, "failed")


def test_runs_and_archives_are_not_made_or_deleted_by_hand(client, owner, run, archive):
    for model, pk in (("backuprun", run.pk), ("backuparchive", archive.pk)):
        assert client.get(f"/backups/{model}/add/").status_code == 403
        assert client.post(f"/backups/{model}/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/backups/backuprun/{run.pk}/change/", {"state": "done"}).status_code == 403


def test_filters(client, owner, run, archive):
    assert archive.name not in client.get("/backups/backuparchive/?series=pacsdata").text
    assert str(archive.pk) in client.get("/backups/backuparchive/?series=elexisdb&proof__exact=failed").text
    assert f"/backuprun/{run.pk}/" in client.get("/backups/backuprun/?result=problem").text
    assert f"/backuprun/{run.pk}/" not in client.get("/backups/backuprun/?result=open").text


# --- sources ------------------------------------------------------------------------------------------------
def values(**changes):
    return {
        "title": "Scans",
        "name": "scans",
        "kind": "files",
        "path": "scans",
        "is_active": "on",
        "is_required": "on",
        "order": "60",
        **changes,
    }


def test_a_source_is_added(client, owner):
    assert client.post("/backups/source/add/", values()).status_code == 302
    assert Source.objects.get(name="scans").folder.name == "scans"


@pytest.mark.parametrize("path", ["elexisdb", "elexisdb/data", "", "../secret"])
def test_a_folder_that_cannot_be_is_refused_at_its_field(client, owner, path):
    page = client.post("/backups/source/add/", values(path=path))
    assert page.status_code == 200
    assert page.context["errors"]
    assert list(page.context["adminform"].form.errors) == ["path"]


def test_the_backup_folder_is_no_source(client, owner, folders):
    page = client.post("/backups/source/add/", values(path=str(folders)))
    (error, *_others) = page.context["adminform"].form.errors["path"]
    assert error


def test_an_overlap_names_the_other_source(client, owner):
    page = client.post("/backups/source/add/", values(path="elexisdb"))
    assert "Elexis" in page.context["adminform"].form.errors["path"][0]


def test_a_source_that_is_switched_off_may_overlap(client, owner):
    off = values(path="elexisdb")
    del off["is_active"]
    assert client.post("/backups/source/add/", off).status_code == 302


def test_a_source_is_saved_again_unchanged(client, owner):
    source = Source.objects.get(name="elexisdb")
    same = values(title="Elexis", name="elexisdb", kind="mariadb", path="elexisdb", order="10")
    assert client.post(f"/backups/source/{source.pk}/change/", same).status_code == 302


def test_the_kind_oobsite_cannot_be_added(client, owner):
    page = client.post("/backups/source/add/", values(kind="oobsite"))
    assert "kind" in page.context["adminform"].form.errors


def test_oobsite_itself_stays(client, owner):
    own = Source.objects.get(kind="oobsite")
    path = f"/backups/source/{own.pk}/"
    client.post(f"{path}change/", values(title="Eigene Daten", name="other", kind="files", path="scans"))
    own.refresh_from_db()
    assert (own.title, own.name, own.kind, own.path) == ("Eigene Daten", "oobsite", "oobsite", "")
    assert client.post(f"{path}delete/", {"post": "yes"}).status_code == 403


def test_the_question_of_a_small_archive_can_be_answered(client, owner):
    Source.objects.filter(name="pacsdata").update(is_pruning_stopped=True)
    source = Source.objects.get(name="pacsdata")
    path = f"/backups/source/{source.pk}/change/"
    assert 'name="is_pruning_stopped"' in client.get(path).text
    client.post(path, values(title="PACS", name="pacsdata", path="pacsdata"))
    source.refresh_from_db()
    assert not source.is_pruning_stopped
    assert 'name="is_pruning_stopped"' not in client.get(path).text


# --- every page ---------------------------------------------------------------------------------------------
def every_page(run, archive, user):
    source = Source.objects.get(name="elexisdb")
    changes = {"backups/backuprun": run, "backups/backuparchive": archive, "backups/source": source}
    changes["accounts/user"] = user
    for model, row in changes.items():
        yield from (f"/{model}/", f"/{model}/{row.pk}/change/", f"/{model}/{row.pk}/history/")
    yield from ("/", "/backups/source/add/", "/accounts/user/add/", "/no/such/page/")
    yield from (
        f"/accounts/{page}" for page in ("", "password/", "sessions/", "second-factor/anew/", "recovery-codes/")
    )
    yield from ("/accounts/recovery-codes/new/", "/accounts/confirm/", "/accounts/confirm/code/")
    yield from (f"/backups/source/{source.pk}/delete/", f"/accounts/user/{user.pk}/password/")


def test_no_page_has_inline_style_or_script(client, owner, run, archive):
    for path in every_page(run, archive, owner):
        page = client.get(path)
        assert page.status_code in (200, 404), path
        assert "default-src 'none'" in page["Content-Security-Policy"], path
        assert not INLINE.search(page.text), (path, INLINE.search(page.text))


def test_the_pages_before_the_login_keep_the_policy_too(client):
    for path in ("/accounts/login/", "/setup/wrong/"):
        page = client.get(path)
        assert "default-src 'none'" in page["Content-Security-Policy"]
        assert not INLINE.search(page.text)


def test_an_app_has_no_page_of_its_own(client, owner):
    assert client.get("/backups/").url == "/"
