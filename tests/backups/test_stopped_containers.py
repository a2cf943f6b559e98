"""Who is started again and when: never on half of the data, and also when the list of names is damaged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from engine import engine

from backups.domain.restore.journal import Kind, Phase
from backups.domain.restore.recover import recover
from backups.domain.restore.stage import new_stage
from backups.services import containers


@pytest.fixture
def docker(practice, settings, tmp_path):
    """Both programs are stopped, one of them by us."""
    with engine({"elx_webelexis": False, "elx_pacs": False}) as server:
        settings.OOB_DATA_DIR = tmp_path
        settings.OOB_RESTORE_STOP = ["elx_webelexis", "elx_pacs"]
        settings.OOB_DOCKER_URL = server.url
        write_list('{"format": 1, "names": ["elx_pacs"]}', tmp_path)
        yield server


def write_list(text: str, folder: Path) -> None:
    (folder / "stopped-containers.json").write_text(text)


def start() -> list[str]:
    said: list[str] = []
    containers.start_stopped(lambda _level, notice: said.append(notice.code))
    return said


def test_nobody_is_started_on_half_of_the_data(practice, docker, tmp_path):
    target = practice / "mnt" / "pacsdata"
    with new_stage(target, "x1", Kind.FILES, datetime.now(UTC)) as stage:
        stage.write(phase=Phase.SWAPPING)
    assert start() == ["containers-wait"]
    assert docker.running() == set()
    recover(target)
    assert start() == ["containers-started"]
    assert docker.running() == {"elx_pacs"}


def test_a_damaged_list_leaves_nobody_stopped(docker, tmp_path):
    write_list("{", tmp_path)
    assert start() == ["containers-started"]
    assert docker.running() == {"elx_webelexis", "elx_pacs"}
    assert not (tmp_path / "stopped-containers.json").exists()


def test_one_that_was_removed_meanwhile_is_told_once(docker, tmp_path):
    del docker.containers["elx_pacs"]
    assert start() == ["container-not-started"]
    assert start() == []


def test_without_an_engine_the_list_stays(docker, settings, tmp_path, monkeypatch):
    monkeypatch.setattr("backups.domain.containers._PAUSE_SECONDS", 0)
    settings.OOB_DOCKER_URL = "tcp://127.0.0.1:1"
    assert start() == ["container-not-started"]
    assert json.loads((tmp_path / "stopped-containers.json").read_text())["names"] == ["elx_pacs"]


def test_nothing_is_asked_where_nothing_was_stopped(docker, tmp_path):
    write_list('{"format": 1, "names": []}', tmp_path)
    assert start() == []
    assert docker.asked == []
