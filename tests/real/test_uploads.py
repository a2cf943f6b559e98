"""Large uploads to a real gunicorn: interrupted, resumed, equal, and without much memory."""

import contextlib
import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest
from realsite import kill_hard
from served import served_site
from tusclient.client import TusClient
from waiting import wait_until

MEGABYTE = 1 << 20
CHUNK_BYTES = 32 * MEGABYTE
#: Sends so many megabytes and then stands still (SIGSTOP) in the middle of a chunk.
CLIENT = """
import json, os, signal, socket, sys
from tusclient.client import TusClient
url, headers, path, chunk, megabytes = json.loads(sys.argv[1])
send_all = socket.socket.sendall
def send_some(connection, content):
    global megabytes
    for begin in range(0, len(content), 1 << 20):
        send_all(connection, content[begin:begin + (1 << 20)])
        megabytes -= len(content) >= 1 << 20
        if megabytes == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
socket.socket.sendall = send_some
uploader = TusClient(url, headers=headers).uploader(path, chunk_size=chunk, metadata={"filename": "elexis.sql"})
uploader.set_url(uploader.create_url())
print(uploader.url, flush=True)
uploader.upload()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served_site(tmp_path_factory.mktemp("served")) as site:
        yield site


def make_dump(folder, megabytes):
    """A file of which no two megabytes are equal; returns its path and its hash."""
    path, block, digest = folder / "elexis.sql", os.urandom(MEGABYTE - 4), hashlib.sha256()
    with path.open("wb") as file:
        for number in range(megabytes):
            content = number.to_bytes(4, "big") + block
            file.write(content)
            digest.update(content)
    return path, digest.hexdigest()


def hash_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def uploads_url(site):
    return f"{site.url}/backups/restore/sql/uploads/"


def stored(site, url):
    return site.folder / "data" / "sql" / f"{url.rstrip('/').rsplit('/', 1)[-1]}.sql"


def part_of(site, url):
    return stored(site, url).with_suffix(".sql.part")


def start_client(site, path, megabytes):
    words = json.dumps([uploads_url(site), site.headers, str(path), CHUNK_BYTES, megabytes])
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def is_complete(site, url):
    uid = stored(site, url).stem
    with contextlib.closing(sqlite3.connect(site.folder / "data" / "oobsite.sqlite3")) as conn:
        return conn.execute("SELECT is_complete FROM backups_sqlfile WHERE uid = ?", [uid]).fetchone()[0] == 1


def go_on(site, path, url):
    """Resume an upload at what the server has; returns that offset."""
    with path.open("rb") as file:
        client = TusClient(uploads_url(site), headers=site.headers)
        again = {"retries": 60, "retry_delay": 1}  # bytes of the dead client may still be on their way
        uploader = client.uploader(file_stream=file, url=url, chunk_size=CHUNK_BYTES, **again)
        offset = uploader.offset
        uploader.upload()
    return offset


def begin(site, path, megabytes):
    """Start a client that stands still when so much has arrived, and a little more; returns it and the address."""
    child = start_client(site, path, megabytes + 8)
    url = child.stdout.readline().strip()
    wait_until(lambda: part_of(site, url).stat().st_size > megabytes * MEGABYTE)
    return child, url


def test_half_a_gigabyte_survives_the_death_of_its_client(site, tmp_path):
    path, expected = make_dump(tmp_path, 512)
    child, url = begin(site, path, 150)
    kill_hard(child)
    interrupted_at = part_of(site, url).stat().st_size
    assert interrupted_at < path.stat().st_size
    assert go_on(site, path, url) >= interrupted_at
    assert hash_of(stored(site, url)) == expected
    assert (part_of(site, url).exists(), is_complete(site, url)) == (False, True)
    assert site.peak_megabytes() <= 120


def test_an_upload_survives_the_death_of_the_web_process(site, tmp_path):
    path, expected = make_dump(tmp_path, 256)
    child, url = begin(site, path, 40)
    for pid in site.workers():
        os.kill(pid, signal.SIGKILL)
    child.send_signal(signal.SIGCONT)
    assert child.wait() != 0
    child.stdout.close()
    wait_until(lambda: len(site.workers()) == 2)
    assert go_on(site, path, url) >= 40 * MEGABYTE
    assert (hash_of(stored(site, url)), is_complete(site, url)) == (expected, True)
