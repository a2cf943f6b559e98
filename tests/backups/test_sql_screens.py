"""The screens of SQL files: what they offer, what a check tells and asks, what must be typed, what is deleted."""

import os
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.utils import timezone

from backups.domain import upload
from backups.models import BackupRun, SqlFile
from backups.services import config
from tests.answering import answering  # noqa: F401 - a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation", "pages", "answering")]
LIST = "/backups/restore/"
SQL = f"{LIST}sql/"
RESULT = {
    "tables": [{"name": f"table{number}", "rows": number} for number in range(40)],
    "counts": {"core": {"behandlungen": 30}, "figures": {"patients": 12, "last_consultation": "20261120"}},
    "charset": "utf8mb4",
    "definers": 0,
    "views": 1,
    "routines": 0,
    "triggers": 2,
    "events": 0,
    "is_finished": True,
    "size": 1_234_567,
    "remarks": [],
    "version": "7-4-1700000000",
}


@pytest.fixture
def file():
    """An uploaded file."""
    file = SqlFile.objects.create(title="elexis <b>.sql", origin="upload", size=4, is_complete=True)
    config.sql_dir()
    upload.begin(file.path)
    upload.append(file.path, range(4), [b"1234"])
    upload.finish(file.path)
    return file


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def make_check(file, **values):
    values = {"state": "done", "result": RESULT, "ended_at": timezone.now(), **values}
    request = {"file": f"sqlfile:{file.uid}", "charset": values.pop("charset", "")}
    return BackupRun.objects.create(action="sqlcheck", trigger="screen", request=request, **values)


def failed_with(code, **params):
    line = {"at": timezone.now().isoformat(), "level": "error", "code": code, "params": params}
    return {"state": "failed", "result": {}, "log": [line]}


def check_url(run):
    return f"{SQL}checks/{run.pk}/"


# --- the list ---------------------------------------------------------------------------------------------------
def test_files_of_both_places_are_offered_and_only_ours_can_be_deleted(client, owner, file):
    (settings.OOB_BACKUP_DIR / "from-elsewhere.sql.gz").write_bytes(b"x")
    html = text_of(client.get(LIST))
    assert 'value="backup:from-elsewhere.sql.gz"' in html
    assert f'value="sqlfile:{file.uid}"' in html
    assert "elexis &lt;b&gt;.sql" in html
    assert html.count("/delete/") == 1


def test_a_file_of_ours_says_when_it_goes(client, owner, file):
    SqlFile.objects.update(created_at=datetime(2026, 11, 24, 12, tzinfo=UTC))
    (settings.OOB_BACKUP_DIR / "from-elsewhere.sql.gz").write_bytes(b"x")
    html = text_of(client.get(LIST))
    assert html.count("is deleted by itself on") == 1
    assert "is deleted by itself on 12/24/2026" in html


def test_of_a_file_that_was_uploaded_twice_the_older_one_says_so(client, owner, file):
    again = SqlFile.objects.create(title=file.title, origin="upload", size=4, is_complete=True)
    again.path.write_bytes(b"1234")
    os.utime(file.path, (1, 1))
    html = text_of(client.get(LIST))
    assert html.count("the same name and size as a newer one") == 1
    assert html.index(again.uid) < html.index("the same name and size") < html.index(file.uid)


def test_older_files_are_folded_away(client, owner):
    for number in range(8):
        (settings.OOB_BACKUP_DIR / f"dump{number}.sql").write_bytes(b"x")
    html = text_of(client.get(LIST))
    assert "5 older files" in html
    assert html.count('value="backup:dump') == 8


def test_a_half_upload_says_how_to_go_on(client, owner):
    file = SqlFile.objects.create(title="half.sql", origin="upload", size=3_000_000)
    config.sql_dir()
    upload.begin(file.path)
    upload.append(file.path, range(3_000_000), [bytes(1_500_000)])
    html = text_of(client.get(LIST))
    assert "1.5 MB of 3.0 MB are here" in html
    assert f'value="sqlfile:{file.uid}"' not in html


def test_without_javascript_the_page_tells_another_way(client, owner):
    html = text_of(client.get(LIST))
    assert "copy the file into the backup folder" in html[html.index("<noscript>") : html.index("</noscript>")]


def test_a_file_is_deleted_and_that_is_on_record(client, owner, file):
    answer = client.post(f"{SQL}files/{file.uid}/delete/", follow=True)
    assert "is deleted" in text_of(answer)
    assert (SqlFile.objects.exists(), file.path.exists()) == (False, False)


def test_a_file_in_use_is_not_deleted(client, owner, file):
    make_check(file, state="running")
    answer = client.post(f"{SQL}files/{file.uid}/delete/", follow=True)
    assert "is being used by a job" in text_of(answer)
    assert file.path.exists()


# --- the check --------------------------------------------------------------------------------------------------
def test_a_check_is_ordered_with_its_answers(client, owner, file):
    answers = {"file": f"sqlfile:{file.uid}", "charset": "cp1252"}
    answer = client.post(f"{SQL}check/", answers)
    run = BackupRun.objects.get(action="sqlcheck")
    assert answer.url == check_url(run)
    assert {name: run.request[name] for name in answers} == answers
    html = text_of(client.get(answer.url))
    assert 'http-equiv="refresh"' in html
    assert "Your data are untouched" in html


def test_a_cancelled_check_comes_back_to_its_page(client, owner, file):
    run = make_check(file, state="queued", result={})
    answer = client.post(f"/backups/runs/{run.pk}/cancel/")
    assert answer.url == check_url(run)
    assert "The check was interrupted." in text_of(client.get(answer.url))


@pytest.mark.parametrize("name", ["", "sqlfile:0", "backup:../etc/passwd", "backup:missing.sql", "path:/etc/passwd"])
def test_what_is_no_sql_file_of_ours_is_not_checked(client, owner, name):
    answer = client.post(f"{SQL}check/", {"file": name})
    assert answer.url == LIST
    assert not BackupRun.objects.exists()


def test_a_good_check_shows_tables_and_numbers_and_leads_on(client, owner, file):
    run = make_check(file)
    html = text_of(client.get(check_url(run)))
    assert f"{check_url(run)}confirm/" in html
    assert "32 more tables" in html
    assert html.index("table39") < html.index("table1<")
    assert "20.11.2026" in html or "2026" in html
    assert 'http-equiv="refresh"' not in html


def test_remarks_are_read_first(client, owner, file):
    run = make_check(file, state="warnings", result=RESULT | {"remarks": ["sql-not-elexis"]})
    html = text_of(client.get(check_url(run)))
    assert "Read the remarks first" in html
    assert "none of the tables of Elexis" in html


def test_an_unknown_character_set_is_asked_for(client, owner, file):
    run = make_check(file, **failed_with("charset-unknown", name="a.sql", choices=["latin1"]))
    html = text_of(client.get(check_url(run)))
    assert 'name="charset"' in html
    assert "The check needs an answer from you." in html
    assert "confirm/" not in html


def test_an_answer_is_kept_when_the_check_is_done_again(client, owner, file):
    run = make_check(file, charset="cp850", **failed_with("sql-damaged", name="a.sql"))
    assert '<input type="hidden" name="charset" value="cp850">' in text_of(client.get(check_url(run)))


def test_a_check_that_failed_leads_to_no_restore(client, owner, file):
    run = make_check(file, **failed_with("sql-file-missing", name="a.sql"))
    assert "This file cannot be restored." in text_of(client.get(check_url(run)))
    assert client.get(f"{check_url(run)}confirm/").url == check_url(run)


def test_another_run_has_no_such_page(client, owner):
    run = BackupRun.objects.create(trigger="schedule", state="done")
    assert client.get(check_url(run)).status_code == 404
    assert client.get(f"{check_url(run)}confirm/").status_code == 404


# --- the warning ------------------------------------------------------------------------------------------------
def test_the_right_name_orders_the_restore_of_what_was_checked(client, owner, file):
    run = make_check(file, charset="cp1252")
    html = text_of(client.get(f"{check_url(run)}confirm/"))
    assert f"type “{settings.DBNAME}”" in html
    answer = client.post(f"{check_url(run)}confirm/", {"confirmation": settings.DBNAME})
    ordered = BackupRun.objects.get(action="sql")
    assert answer.url == f"{LIST}runs/{ordered.pk}/"
    assert ordered.request == {
        "file": f"sqlfile:{file.uid}",
        "charset": "cp1252",
        "is_unfinished_accepted": False,
        "with_safety_backup": True,
        "are_clients_accepted": False,
        "version": RESULT["version"],
    }
    assert text_of(client.get(answer.url))


@pytest.mark.parametrize("typed", [{}, {"confirmation": "elexis"}, {"confirmation": "elexisoob", "waiver": "yes"}])
def test_less_than_all_orders_nothing(client, owner, file, typed):
    run = make_check(file)
    assert "errorlist" in text_of(client.post(f"{check_url(run)}confirm/", typed))
    assert not BackupRun.objects.filter(action="sql").exists()


def test_who_wants_no_safety_backup_types_so(client, owner, file):
    run = make_check(file)
    client.post(f"{check_url(run)}confirm/", {"confirmation": settings.DBNAME, "waiver": "no backup"})
    assert BackupRun.objects.get(action="sql").request["with_safety_backup"] is False


def test_a_missing_end_must_be_known(client, owner, file):
    run = make_check(file, state="warnings", result=RESULT | {"is_finished": False})
    assert 'name="unfinished"' in text_of(client.get(f"{check_url(run)}confirm/"))
    typed = {"confirmation": settings.DBNAME}
    assert "errorlist" in text_of(client.post(f"{check_url(run)}confirm/", typed))
    client.post(f"{check_url(run)}confirm/", typed | {"unfinished": "on"})
    assert BackupRun.objects.get(action="sql").request["is_unfinished_accepted"] is True


def test_programs_that_will_be_stopped_are_named(client, owner, file):
    run = make_check(file, result={**RESULT, "stops": ["elx_webelexis", "elx_pacs"]})
    html = text_of(client.get(f"{check_url(run)}confirm/"))
    assert "starts them again afterwards: elx_webelexis, elx_pacs." in html


def test_no_restore_begins_while_another_job_runs(client, owner, file):
    run = make_check(file)
    BackupRun.objects.create(trigger="schedule", state="running")
    assert client.post(f"{check_url(run)}confirm/", {"confirmation": settings.DBNAME}).url == LIST
    assert BackupRun.objects.count() == 2


def test_a_check_waits_until_another_job_has_ended(client, owner, file):
    BackupRun.objects.create(trigger="schedule", state="running")
    answer = client.post(f"{SQL}check/", {"file": f"sqlfile:{file.uid}"})
    run = BackupRun.objects.get(action="sqlcheck")
    assert (answer.url, run.state) == (check_url(run), "queued")
    assert "waits for its turn" in text_of(client.get(answer.url))


def test_a_box_that_is_not_ticked_says_what_to_do_first(client, owner, file):
    run = make_check(file, result={**RESULT, "is_finished": False})
    html = text_of(client.post(f"{check_url(run)}confirm/", {"confirmation": ""}))
    assert "Compare the numbers with what you expect, then tick this box" in html
    assert f"Type “{settings.DBNAME}”, exactly as it stands here." in html
    assert "This field is required" not in html
