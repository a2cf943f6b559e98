"""Archives of a database that do not fit the server, or are none: refused by name before anything is exchanged."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from realsite import DATABASE, leftovers, point_settings_at, practice_server
from restarting import stages

from backups.domain.manifest import manifest_path

STAMP = "2020-01-02-0304"
NAME = f"elexisdb_{STAMP}.tar.gz"


@pytest.fixture
def site(restarting, installation, settings):
    point_settings_at(restarting.practice, settings)
    settings.DBNAME = DATABASE
    restarting.wait()
    yield installation
    assert restarting.label() == "first"
    assert stages(restarting.datadir) == []
    assert leftovers(installation) == []


@pytest.fixture
def data(restarting, tmp_path):
    """A sound data folder of this server."""
    return shutil.copytree(restarting.templates["second"], tmp_path / "data")


@pytest.fixture
def refused(site, run_command):
    """Pack a folder as the predecessor did, and restore it: the refusal."""

    def refused(data):
        subprocess.run(["tar", "-czf", site / "backup" / NAME, "-C", data, "."], check=True)
        code, content = run_command("restorebackup", STAMP, "--yes", "--no-safety-backup")
        assert code == 1, content
        return content["error"], content["text"]

    return refused


def test_files_are_no_database(data, refused):
    (data / "ibdata1").rename(data / "letter.doc")
    assert refused(data)[0] == "staged-incomplete"


def test_a_link_in_a_database_is_refused(data, refused, tmp_path):
    (data / DATABASE / "innodb_rows.ibd").unlink()
    (data / DATABASE / "innodb_rows.ibd").symlink_to(tmp_path)
    assert refused(data)[0] == "unsafe-archive"


def test_a_link_of_innodb_is_refused(data, refused):
    (data / DATABASE / "innodb_rows.isl").write_text("/etc/passwd")
    assert refused(data)[0] == "unsafe-archive"


def test_the_files_of_another_series_are_refused(data, refused):
    (data / "mysql_upgrade_info").write_text("10.3.39-MariaDB")
    code, text = refused(data)
    assert code == "server-differs"
    assert "10.3.39" in text


def test_files_that_tell_capitals_apart_are_refused(data, refused):
    shutil.copy(data / DATABASE / "myisam_rows.frm", data / DATABASE / "Capital.frm")
    code, text = refused(data)
    assert code == "server-differs"
    assert "lower_case_table_names" in text


def test_pages_of_another_size_are_refused(refused):
    with practice_server(patients=1, options=("--innodb-page-size=32k",)) as other:
        other.stop()
        code, text = refused(other.datadir)
    assert code == "server-differs"
    assert "innodb_page_size" in text


@pytest.mark.parametrize(
    ("name", "value"),
    [("version", "10.5.23-MariaDB"), ("lower_case_table_names", 0), ("innodb_page_size", 8192)],
)
def test_what_the_manifest_says_of_the_server_must_fit(site, run_command, name, value):
    _, made = run_command("runbackup", "--source", "elexisdb")
    path = manifest_path(site / "backup" / made["archives"][0]["name"])
    content = json.loads(path.read_text())
    content["server"][name] = value
    path.write_text(json.dumps(content))
    code, content = run_command("restorebackup", made["stamp"], "--yes", "--no-safety-backup")
    assert (code, content["error"]) == (1, "server-differs")
    assert name in content["text"] or str(value) in content["text"]
