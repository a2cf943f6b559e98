"""Files of a large archive come down from a real gunicorn: equal, and without much memory."""

import functools
import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile

import pytest
import requests
from realsite import ROOT, installation_environment
from served import served_site

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Pages that know one archive of 300 MB, most of it one file."""
    with served_site(tmp_path_factory.mktemp("served")) as site:
        folder = site.folder / "mnt" / "pacsdata"
        folder.mkdir()
        (folder / "large.bin").write_bytes(os.urandom(260 * MEGABYTE))
        (folder / "series").mkdir()
        for number in range(40):
            (folder / "series" / f"{number:03}.dcm").write_bytes(os.urandom(MEGABYTE))
        command = [sys.executable, "manage.py", "runbackup", "--source", "pacsdata"]
        subprocess.run(command, cwd=ROOT, env=installation_environment(site.folder), check=True, capture_output=True)
        yield site


@pytest.fixture
def fetch(site, tmp_path):
    """Ask for what is below the archive's content; returns the path of what came."""

    def fetch(place, **form):
        url = f"{site.url}/backups/archives/1/content/{place}"
        ask = functools.partial(requests.post, data=form) if form else requests.get
        with ask(url, headers=site.headers, stream=True) as answer, (tmp_path / "got").open("wb") as file:
            answer.raise_for_status()
            for block in answer.iter_content(MEGABYTE):
                file.write(block)
        return tmp_path / "got"

    return fetch


def hash_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_a_large_file_comes_down_equal(site, fetch):
    assert hash_of(fetch("file/?path=large.bin")) == hash_of(site.folder / "mnt" / "pacsdata" / "large.bin")


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_a_folder_comes_down_whole(site, fetch, form):
    got = fetch("files/", path="series", format=form)
    series = site.folder / "mnt" / "pacsdata" / "series"
    with zipfile.ZipFile(got) if form == "zip" else tarfile.open(got) as sent:
        read = sent.open if form == "zip" else sent.extractfile
        found = {path.name: read(f"series/{path.name}").read() == path.read_bytes() for path in series.iterdir()}
    assert (len(found), all(found.values())) == (40, True)


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_the_pages_have_not_taken_much_memory(site, fetch, form):
    """As a zip, of what does not get smaller, too."""
    fetch("files/", path=["series", "large.bin"], format=form)
    assert site.peak_megabytes() < 150
