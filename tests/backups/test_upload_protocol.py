"""Uploads by tus 1.0: what the door answers, what lies on the disk, and what it refuses."""

import base64
import os
import socket
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from backups import upload_views
from backups.domain import upload
from backups.domain.upload_errors import UploadConflictError
from backups.models import BackupRun, SqlFile
from backups.services import config, uploading
from backups.services.kept import housekeep
from oobsite.accounts.actors import system_actor
from oobsite.audit.models import AuditEvent
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("installation", "pages")]
UPLOADS = "/backups/restore/sql/uploads/"
TUS = {"Tus-Resumable": "1.0.0"}


def begin(client, size, name="Praxis Müller.sql", **headers):
    metadata = f"filename {base64.b64encode(name.encode()).decode()}"
    return client.post(UPLOADS, headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata, **headers})


def patch(client, url, offset, content, **environment):
    headers = {**TUS, "Upload-Offset": str(offset)}
    return client.patch(url, content, "application/offset+octet-stream", headers=headers, **environment)


def names_on_disk():
    return [path.name for path in Path(settings.OOB_SQL_DIR).iterdir()]


def head(client, url):
    return client.head(url, headers=TUS)


# --- the way through --------------------------------------------------------------------------------------------
def test_a_file_comes_in_pieces_and_is_complete_with_the_last(client, owner):
    url = begin(client, 10)["Location"]
    assert patch(client, url, 0, b"SELECT")["Upload-Offset"] == "6"
    file = SqlFile.objects.get()
    assert (file.is_complete, file.path.exists()) == (False, False)
    assert (head(client, url)["Upload-Offset"], head(client, url)["Upload-Length"]) == ("6", "10")
    assert patch(client, url, 6, b" 1;\n").status_code == 204
    file.refresh_from_db()
    assert (file.is_complete, file.title, file.requested_by) == (True, "Praxis Müller.sql", owner)
    assert file.path.read_bytes() == b"SELECT 1;\n"
    assert file.path.stat().st_mode & 0o777 == 0o640
    assert names_on_disk() == [file.path.name]
    assert AuditEvent.objects.filter(action="sqlfile.uploaded").count() == 1


def test_the_door_tells_what_it_can(client, owner):
    answer = client.options(UPLOADS)
    assert (answer.status_code, answer["Tus-Version"]) == (204, "1.0.0")
    assert answer["Tus-Extension"] == "creation,termination"
    assert 0 < int(answer["Tus-Max-Size"]) <= 50 * 10**9


def test_an_empty_file_is_complete_at_once(client, owner):
    begin(client, 0)
    assert SqlFile.objects.get().is_complete


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\dumps\\elexis.sql", "elexis.sql"),
        ("a\u202eb\n.sql", "ab.sql"),
        ("", "SQL"),
    ],
)
def test_the_name_is_shown_and_never_a_path(client, owner, name, title):
    begin(client, 1, name)
    file = SqlFile.objects.get()
    assert file.title.startswith(title)
    assert file.path.parent == Path(settings.OOB_SQL_DIR)
    assert [path.name for path in file.path.parent.iterdir()] == [f"{file.uid}.sql.part"]


# --- what goes wrong --------------------------------------------------------------------------------------------
def test_bytes_for_another_offset_are_refused_and_change_nothing(client, owner):
    url = begin(client, 10)["Location"]
    patch(client, url, 0, b"1234")
    for offset in (0, 3, 5, 10):
        assert patch(client, url, offset, b"xx").status_code == 409
    assert head(client, url)["Upload-Offset"] == "4"


def test_more_than_announced_is_refused(client, owner):
    url = begin(client, 4)["Location"]
    assert patch(client, url, 0, b"12345").status_code == 413
    assert not SqlFile.objects.get().is_complete


@pytest.mark.parametrize("value", ["", "-1", "1.5", "x", "9" * 30])
def test_nonsense_in_headers_is_refused(client, owner, value):
    url = begin(client, 4)["Location"]
    assert begin(client, 4, **{"Upload-Length": value}).status_code == 400
    assert patch(client, url, value, b"1").status_code == 400


def test_another_version_or_type_is_refused(client, owner):
    url = begin(client, 4)["Location"]
    assert client.head(url).status_code == 412
    assert client.head(url, headers={"Tus-Resumable": "0.2.2"})["Tus-Version"] == "1.0.0"
    assert (
        client.patch(url, b"1234", content_type="text/plain", headers={**TUS, "Upload-Offset": "0"}).status_code == 415
    )


def test_an_unknown_upload_is_not_there(client, owner):
    assert head(client, f"{UPLOADS}{'0' * 32}/").status_code == 404


def test_too_large_a_file_is_refused_with_the_limit(client, owner, settings):
    settings.OOB_UPLOAD_MAX_GB = 1
    answer = begin(client, 10**9 + 1)
    assert (answer.status_code, "1.0 GB" in answer.content.decode()) == (413, True)
    assert not SqlFile.objects.exists()


def test_a_disk_that_is_too_small_is_seen_beforehand(client, owner, settings):
    settings.OOB_UPLOAD_MAX_GB = 10_000
    answer = begin(client, 9_000 * 10**9)
    assert answer.status_code == 507
    assert "has no room for this file" in answer.content.decode()
    assert not SqlFile.objects.exists()


def test_what_other_uploads_will_need_is_not_free(settings, installation):
    settings.OOB_UPLOAD_MAX_GB = 10_000
    before = uploading.largest_upload()
    uploading.begin_upload(system_actor(), "big.sql", 2 * 10**9)
    assert uploading.largest_upload() == pytest.approx(before - 2 * 10**9, abs=5 * 10**8)


def test_a_full_disk_keeps_what_has_arrived(client, owner, tmpfs, settings, tmp_path):
    settings.OOB_SQL_DIR = tmpfs(tmp_path / "small", "1m")
    file = SqlFile.objects.create(title="a.sql", origin="upload", size=2_000_000)
    upload.begin(file.path)
    answer = patch(client, f"{UPLOADS}{file.uid}/", 0, bytes(2_000_000))
    assert (answer.status_code, "2.0 MB" in answer.content.decode()) == (507, True)
    assert 500_000 < int(head(client, f"{UPLOADS}{file.uid}/")["Upload-Offset"]) <= 1 << 20


# --- who dies, and who comes between ----------------------------------------------------------------------------
def test_a_death_behind_the_last_byte_is_made_good(client, owner):
    """The bytes are there, but neither name nor row say so."""
    url = begin(client, 4)["Location"]
    file = SqlFile.objects.get()
    upload.append(file.path, range(4), [b"1234"])
    assert head(client, url)["Upload-Offset"] == "4"
    file.refresh_from_db()
    assert (file.is_complete, file.path.read_bytes()) == (True, b"1234")


def test_a_death_between_name_and_row_is_made_good(client, owner):
    url = begin(client, 4)["Location"]
    file = SqlFile.objects.get()
    upload.append(file.path, range(4), [b"1234"])
    upload.finish(file.path)
    head(client, url)
    file.refresh_from_db()
    assert file.is_complete


def test_a_hanging_request_gives_way_to_the_one_that_goes_on(tmp_path):
    path, goes_on, refused = tmp_path / "a.sql", threading.Event(), []
    upload.begin(path)

    def hanging_blocks():
        yield b"12"
        goes_on.wait(60)
        yield b"late"

    def hang():
        try:
            upload.append(path, range(9), hanging_blocks())
        except UploadConflictError as error:
            refused.append(error.found)

    thread = threading.Thread(target=hang)
    thread.start()
    while upload.written_bytes(path) < 2:
        pass
    upload.append(path, range(2, 9), [b"345"])
    goes_on.set()
    thread.join()
    assert (refused, upload.part_of(path).read_bytes()) == ([5], b"12345")


def test_a_client_that_was_unplugged_does_not_keep_its_thread(client, owner, monkeypatch):
    monkeypatch.setattr(upload_views, "SILENCE_SECONDS", 0.2)
    url = begin(client, 10)["Location"]
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("rb", buffering=0) as body:
        theirs.sendall(b"1234")
        answer = patch(client, url, 0, bytes(10), **{"wsgi.input": body, "gunicorn.socket": ours})
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "4")


# --- who may, and the end ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["care", "reader"])
def test_only_who_may_restore_may_upload(client, role):
    client.force_login(make_user(role))
    assert begin(client, 4).status_code == 403
    assert not SqlFile.objects.exists()


def test_nobody_is_told_so_and_not_led_to_a_login_page(client):
    assert begin(client, 4).status_code == 403


def test_every_request_needs_the_csrf_token(owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    url = f"{UPLOADS}{uploading.begin_upload(system_actor(), 'a.sql', 4).uid}/"
    assert [begin(client, 4).status_code, patch(client, url, 0, b"1").status_code] == [403, 403]
    assert client.delete(url, headers=TUS).status_code == 403
    assert head(client, url)["Upload-Offset"] == "0"


def test_an_upload_can_be_given_up(client, owner):
    url = begin(client, 4)["Location"]
    patch(client, url, 0, b"12")
    assert client.delete(url, headers=TUS).status_code == 204
    assert (SqlFile.objects.count(), names_on_disk()) == (0, [])
    assert AuditEvent.objects.filter(action="sqlfile.deleted").count() == 1
    assert head(client, url).status_code == 404


def test_a_complete_file_is_not_deleted_by_the_protocol(client, owner):
    url = begin(client, 4)["Location"]
    patch(client, url, 0, b"1234")
    assert client.delete(url, headers=TUS).status_code == 403
    assert SqlFile.objects.get().path.exists()


def make_file(days, **values):
    file = SqlFile.objects.create(**{"title": "a.sql", "origin": "upload", "size": 4, **values})
    config.sql_dir()
    upload.begin(file.path)
    if file.is_complete:
        upload.finish(file.path)
    SqlFile.objects.filter(pk=file.pk).update(created_at=timezone.now() - timedelta(days=days))
    return file


def test_old_files_go_by_themselves():
    kept = [make_file(6), make_file(29, is_complete=True)]
    used = make_file(31, is_complete=True)
    run = BackupRun.objects.create(trigger="screen", action="sqlcheck", request={"file": f"sqlfile:{used.uid}"})
    make_file(8)
    make_file(31, is_complete=True)
    stray = Path(settings.OOB_SQL_DIR) / f"{'a' * 32}.sql.part"
    stray.write_bytes(b"x")
    os.utime(stray, (0, 0))
    housekeep()
    assert set(SqlFile.objects.all()) == {*kept, used}
    assert len(names_on_disk()) == 3
    BackupRun.objects.filter(pk=run.pk).update(state="done")
    housekeep()
    assert set(SqlFile.objects.all()) == set(kept)
