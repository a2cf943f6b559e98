"""Files that go just when a page looks at them: the page goes on without them, or says so in a sentence."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from backups.domain import upload
from backups.domain.browse_errors import IndexMissingError
from backups.domain.catalog import scan
from backups.domain.errors import FileSystemError
from backups.domain.index import Index, is_index_good, read_lines
from backups.jobs import _answer
from backups.services.sqlrequest import list_sql_files
from backups.services.sqlrestoring import _naming_errors

LOOKS = 2000


@contextmanager
def flickering(path):
    """A file that comes and goes all the time, in a process of its own."""
    come_and_go = "os.close(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)); os.unlink(sys.argv[1])"
    code = f"import os, sys\nwhile True:\n    {come_and_go}"
    with subprocess.Popen([sys.executable, "-c", code, path]) as child:
        try:
            yield
        finally:
            child.kill()


def test_an_sql_file_that_goes_is_not_in_the_list(installation):
    with flickering(installation / "backup" / "flicker.sql"):
        found = [list_sql_files() for _look in range(LOOKS)]
    assert {listed.title for files in found for listed in files} <= {"flicker.sql"}


def test_an_archive_that_goes_is_not_in_the_list(installation):
    name = "docs_2026-11-24-0315.tar.gz"
    with flickering(installation / "backup" / name):
        found = [scan(installation / "backup", "Europe/Zurich") for _look in range(LOOKS)]
    assert {listed.name for files in found for listed in files} <= {name}


@pytest.mark.parametrize("number", range(5))
def test_a_file_may_be_finished_by_two_requests_at_once(tmp_path, number):
    """Whose answer was lost asks again while the first request still works."""
    path, errors = tmp_path / "a.sql", []
    upload.begin(path)
    start = threading.Barrier(4)

    def finish():
        start.wait()
        try:
            upload.finish(path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=finish) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (errors, path.exists()) == ([], True)


def test_an_sql_file_that_is_a_folder_is_not_offered(installation):
    (installation / "backup" / "folder.sql").mkdir()
    assert list_sql_files() == []


def test_an_index_that_cannot_be_read_is_told_with_the_reason(tmp_path):
    index = Index(tmp_path / "docs_2026-11-24-0315.tar.gz")
    with pytest.raises(IndexMissingError):
        list(read_lines(index))
    index.path.mkdir()
    with pytest.raises(FileSystemError):
        list(read_lines(index))
    assert not is_index_good(index)


def test_the_worker_answers_with_what_the_file_system_says(tmp_path):
    """Else the page that has asked would break."""
    answer = _answer(lambda: (tmp_path / "gone").stat(), datetime.now(UTC) + timedelta(minutes=1))
    assert (answer.code, answer.reason) == ("file-system", "No such file or directory")


def test_a_file_that_goes_under_a_check_is_named_as_people_know_it(tmp_path):
    path = tmp_path / "0123456789abcdef.sql"
    with pytest.raises(FileSystemError) as caught, _naming_errors(path, "Praxis.sql"):
        path.open()
    assert caught.value.path == "Praxis.sql"
