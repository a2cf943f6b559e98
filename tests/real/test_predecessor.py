"""Archives as the predecessor really wrote them, by Node's tar-fs and by its shell script, are proved and restored."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from realsite import DATABASE, leftovers, point_settings_at
from restarting import stages

from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release
from backups.models import BackupArchive, Source

STAMP = "2020-01-02-0304"
TAR_FS = "tar-fs@2.1.6"
PACK = """
const fs = require('fs'), zlib = require('zlib'), tar = require('tar-fs');
tar.pack(process.argv[1]).pipe(zlib.createGzip()).pipe(fs.createWriteStream(process.argv[2]));
"""
SCRIPT = """
mount -t tmpfs none /mnt
for name in elexisdb webelexisdata; do mkdir /mnt/$name; mount --bind "$1/$name" /mnt/$name; done
for name in elexisdb webelexisdata; do tar czf "$2/$name.tgz" /mnt/$name; done
"""


@pytest.fixture(scope="session")
def modules(tmp_path_factory) -> Path:
    """What npm installs for tar-fs."""
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", TAR_FS]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "node_modules"


@pytest.fixture
def webelexis(restarting):
    folder = restarting.datadir.parent / "webelexisdata"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    (folder / "settings.js").write_text("then")
    (folder / "settings.js").chmod(0o640)
    os.chown(folder / "settings.js", 1000, 1000)
    (folder / "link").symlink_to("settings.js")
    (folder / f"{'long' * 40}.txt").write_text("then")
    yield folder
    for target in (restarting.datadir, folder):
        for journal in list_restores(target):
            release(target, journal.id)


@pytest.fixture
def site(restarting, webelexis, installation, settings):
    point_settings_at(restarting.practice, settings)
    settings.DBNAME = DATABASE
    Source.objects.exclude(name__in=("elexisdb", "webelexisdata")).update(is_active=False)
    yield installation
    assert leftovers(installation) == []


@pytest.fixture
def node_archives(restarting, webelexis, site, modules):
    """The server is at rest while Node packs, so that the archive is whole."""
    restarting.stop()
    for name in ("elexisdb", "webelexisdata"):
        archive = site / "backup" / f"{name}_{STAMP}.tar.gz"
        command = ["node", "-e", PACK, restarting.datadir.parent / name, archive]
        subprocess.run(command, env=os.environ | {"NODE_PATH": str(modules)}, check=True)
    change(restarting, webelexis)


@pytest.fixture
def script_archives(restarting, webelexis, site):
    """The folders are at /mnt, as in the container, for the script alone."""
    restarting.stop()
    folder = site / "backup" / f"elexisbackup_{STAMP}"
    folder.mkdir()
    command = ["unshare", "--mount", "sh", "-ec", SCRIPT, "sh", restarting.datadir.parent, folder]
    subprocess.run(command, check=True, capture_output=True)
    change(restarting, webelexis)


def change(server, webelexis):
    """What happens after the backup."""
    server.start()
    server.wait()
    with contextlib.closing(server.connect()) as conn:
        conn.query(f"INSERT INTO {DATABASE}.innodb_rows VALUES (7)")
    (webelexis / "settings.js").write_text("now")
    (webelexis / "new.txt").write_text("now")


def require_then(server, webelexis):
    server.wait()
    assert server.label() == "first"
    assert 7 not in server.rows("InnoDB")
    settings = webelexis / "settings.js"
    assert (settings.read_text(), (webelexis / "link").read_text()) == ("then", "then")
    status = settings.stat()
    assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == (0o640, 1000, 1000)
    names = {path.name for path in webelexis.iterdir() if not path.name.startswith("#sql")}
    assert names == {"settings.js", "link", f"{'long' * 40}.txt"}


def restore_all(run_command):
    """Take in, prove, restore; what the commands said."""
    code, taken = run_command("scanbackups")
    assert (code, taken["added"]) == (0, 2)
    assert {archive.origin for archive in BackupArchive.objects.all()} == {"legacy"}
    names = list(BackupArchive.objects.values_list("name", flat=True))
    code, proved = run_command("provebackup", *names)
    assert (code, sorted(proved["proved"])) == (0, sorted(names)), proved["log"]
    code, done = run_command("restorebackup", STAMP, "--yes", "--folders-idle")
    assert code == 0, done["log"]


def test_archives_of_node_are_taken_in_proved_and_restored(node_archives, restarting, webelexis, run_command):
    restore_all(run_command)
    require_then(restarting, webelexis)


def test_archives_of_the_script_are_taken_in_proved_and_restored(script_archives, restarting, webelexis, run_command):
    restore_all(run_command)
    require_then(restarting, webelexis)


def test_an_archive_of_the_script_under_another_name_is_refused(script_archives, site, webelexis, run_command):
    folder = site / "backup" / f"elexisbackup_{STAMP}"
    (folder / "elexisdb.tgz").rename(folder / "webelexisdata.tgz")
    code, content = run_command("restorebackup", STAMP, "--yes", "--folders-idle")
    assert (code, content["error"]) == (1, "archive-unfit")
    assert (webelexis / "settings.js").read_text() == "now"
    assert stages(webelexis) == []
    assert run_command("provebackup", f"elexisbackup_{STAMP}/webelexisdata.tgz")[0] == 1
