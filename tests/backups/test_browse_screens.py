"""The screens of an archive's content: names are inert, what is sent is what was saved and is put on record."""

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from html import unescape

import pytest
from django.utils import timezone

from backups.domain.browse_errors import PlaceBlockedError
from backups.domain.lock import is_pinned
from backups.models import BackupArchive, BackupRun
from backups.services import carry_out
from backups.services.runs import Recorder
from oobsite.audit.models import AuditEvent
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages")]
INLINE = re.compile(r"\sstyle=|<style|<[^>]*\son[a-z]+=\"|javascript:|<script(?![^>]*\ssrc=)[^>]*>\s*\S", re.IGNORECASE)
HOSTILE = [b"<img src=x onerror=alert(1)>", b"\xe2\x80\xaefdp.exe", b"two\nlines", b"M\xfcller.pdf", b'"quoted" & <b>']


@pytest.fixture
def pacs(practice):
    folder = practice / "mnt" / "pacsdata"
    (folder / "Briefe").mkdir()
    (folder / "Briefe" / "gross.bin").write_bytes(os.urandom(2_500_000))
    for name in HOSTILE:
        (folder / "Briefe" / os.fsdecode(name)).write_bytes(name)
    return folder


@pytest.fixture
def archive(pacs, run_command):
    assert run_command("runbackup", "--source", "pacsdata")[0] == 0
    return BackupArchive.objects.get()


@pytest.fixture
def url(archive):
    return f"/backups/archives/{archive.pk}/content/"


def text_of(answer):
    assert answer.status_code == 200
    html = answer.content.decode()
    assert not INLINE.search(html)
    return html


def body(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def digest(data):
    return hashlib.sha256(data).hexdigest()


# --- looking --------------------------------------------------------------------------------------------------
def test_the_page_of_an_archive_leads_to_its_content(client, owner, archive, url):
    assert f'href="{url}"' in text_of(client.get(f"/backups/backuparchive/{archive.pk}/change/"))
    html = text_of(client.get(url))
    assert 'value="Briefe"' in html
    assert "2.5 MB" in html


def test_hostile_names_are_inert_and_lead_to_their_files(client, owner, url):
    html = text_of(client.get(url, {"folder": "Briefe"}))
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert "two\\x0alines" in html
    links = re.findall(r'href="(/backups/archives/\d+/content/file/[^"]*)"', html)
    sent = [body(client.get(unescape(link))) for link in links if "gross" not in link]
    assert sorted(sent) == sorted(HOSTILE)


def test_a_part_of_a_name_is_found(client, owner, url):
    html = text_of(client.get(url, {"q": "GROSS"}))
    assert "gross.bin" in html
    assert "Nothing here has this in its name." in text_of(client.get(url, {"q": "none"}))


@pytest.mark.parametrize("query", [{"folder": "none"}, {"folder": "../.."}, {"folder": "Briefe/gross.bin"}])
def test_what_is_not_there_is_said(client, owner, url, query):
    assert "This is not in the archive" in text_of(client.get(url, query))


def test_without_a_list_of_contents_the_proof_is_offered(client, owner, pacs, practice, run_command):
    name = practice / "backup" / "pacsdata_2024-05-01-0230.tar.gz"
    subprocess.run(["tar", "czf", name, "-C", pacs, "."], check=True)
    run_command("scanbackups")
    pk = BackupArchive.objects.get().pk
    html = text_of(client.get(f"/backups/archives/{pk}/content/"))
    assert "Nobody has read the contents" in html
    assert f"/backups/archives/{pk}/prove/" in html


# --- downloading ----------------------------------------------------------------------------------------------
def test_a_file_is_sent_as_it_was_saved(client, owner, url, pacs):
    answer = client.get(f"{url}file/", {"path": "Briefe/gross.bin"})
    assert answer["Content-Disposition"] == 'attachment; filename="gross.bin"'
    assert answer["Content-Length"] == "2500000"
    assert digest(body(answer)) == digest((pacs / "Briefe" / "gross.bin").read_bytes())


def test_a_folder_is_sent_as_zip_and_as_tar(client, owner, url, pacs, archive):
    answer = client.post(f"{url}files/", {"path": "Briefe", "format": "zip"})
    assert f"pacsdata_{archive.name[9:24]} Briefe.zip" in answer["Content-Disposition"]
    content = (pacs / "Briefe" / "gross.bin").read_bytes()
    assert zipfile.ZipFile(io.BytesIO(body(answer))).read("Briefe/gross.bin") == content
    sent = body(client.post(f"{url}files/", {"path": ["Briefe", "file"], "format": "tar"}))
    with tarfile.open(fileobj=io.BytesIO(sent)) as tar:
        assert tar.extractfile("Briefe/gross.bin").read() == content
        assert tar.extractfile("file").read() == (pacs / "file").read_bytes()


def test_a_download_is_put_on_record(client, owner, url):
    body(client.post(f"{url}files/", {"path": ["Briefe"], "format": "zip"}))
    event = AuditEvent.objects.filter(action="archive.files-downloaded").latest("number")
    assert event.actor == "muster"
    assert event.changes == {"members": 7, "format": "zip"}


def test_while_it_is_sent_the_archive_is_not_deleted(client, owner, url, archive):
    answer = client.get(f"{url}file/", {"path": "Briefe/gross.bin"})
    assert is_pinned(archive.path)
    answer.close()
    assert not is_pinned(archive.path)


def test_a_folder_that_is_asked_for_as_a_file_comes_as_zip(client, owner, url):
    answer = client.get(f"{url}file/", {"path": "Briefe"})
    assert answer["Content-Disposition"].endswith('Briefe.zip"')
    assert len(zipfile.ZipFile(io.BytesIO(body(answer))).namelist()) == 7


NOT_THERE = "This is not in the archive"


@pytest.mark.parametrize(
    ("paths", "words"),
    [([], "No file and no folder was chosen."), (["none"], NOT_THERE), (["../../etc/passwd"], NOT_THERE)],
)
def test_what_cannot_be_sent_is_said(client, owner, url, paths, words):
    answer = client.post(f"{url}files/", {"path": paths, "format": "tar"}, follow=True)
    assert answer.redirect_chain[0][0] == url
    assert words in text_of(answer)


# --- restoring beside -----------------------------------------------------------------------------------------
def test_a_restore_is_ordered_after_its_page(client, owner, url, pacs):
    html = text_of(client.post(f"{url}restore/", {"path": ["file", "Briefe"]}))
    assert f"file (restored {timezone.localdate():%Y-%m-%d})" in html
    assert not BackupRun.objects.filter(action="files").exists()
    answer = client.post(f"{url}restore/", {"path": ["file", "Briefe"], "confirmed": "yes"})
    run = BackupRun.objects.get(action="files")
    assert answer.url == f"/backups/backuprun/{run.pk}/change/"
    carry_out(run, Recorder(run))
    assert len(list(pacs.glob("*(restored*"))) == 2
    assert "file (restored" in text_of(client.get(answer.url))


def test_readers_do_not_see_names_of_documents(client, url, owner, pacs):
    client.post(f"{url}restore/", {"path": ["file"], "confirmed": "yes"})
    run = BackupRun.objects.get(action="files")
    carry_out(run, Recorder(run))
    client.force_login(make_user("reader", language="en"))
    assert "file (restored" not in text_of(client.get(f"/backups/backuprun/{run.pk}/change/"))
    assert client.get(url).status_code == 403


def test_the_record_of_an_order_counts_documents_and_names_none(client, owner, url, archive):
    client.post(f"{url}restore/", {"path": ["file", "Briefe/gross.bin"], "confirmed": "yes"})
    event = AuditEvent.objects.get(action="files.requested")
    assert event.changes == {"archive": archive.name, "members": 2}
    assert BackupRun.objects.get(action="files").request["paths"] == ["file", "Briefe/gross.bin"]


def test_readers_do_not_see_which_document_was_in_the_way(client, url, owner, pacs):
    client.post(f"{url}restore/", {"path": ["Briefe/gross.bin"], "confirmed": "yes"})
    run = BackupRun.objects.get(action="files")
    shutil.rmtree(pacs / "Briefe")
    (pacs / "Briefe").write_text("no folder")
    with pytest.raises(PlaceBlockedError):
        carry_out(run, Recorder(run))
    page = f"/backups/backuprun/{run.pk}/change/"
    assert "Briefe" in text_of(client.get(page))
    client.force_login(make_user("reader", language="en"))
    html = text_of(client.get(page))
    assert "Briefe" not in html
    assert "Only an owner sees" in html
