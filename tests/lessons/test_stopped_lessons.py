"""What other tools stopped for their work, and left so."""

from __future__ import annotations

import pytest
from engine import engine


@pytest.fixture
def docker(settings, monkeypatch):
    monkeypatch.setattr("backups.domain.containers._PAUSE_SECONDS", 0)
    with engine({"elx_webelexis": True, "elx_pacs": True, "elx_lucinda": False}) as server:
        settings.OOB_RESTORE_STOP = list(server.containers)
        settings.OOB_DOCKER_URL = server.url
        yield server


@pytest.fixture
def restore(practice, run_command):
    """Restores a folder."""
    stamp = run_command("runbackup", "--source", "pacsdata")[1]["stamp"]
    return lambda: run_command("restorebackup", stamp, "--yes", "--no-safety-backup")


def test_one_that_does_not_start_is_told_with_the_command_and_tried_again(docker, restore, run_command):
    """Dokploy#4263: what was stopped for the job stayed stopped, and nobody knew."""
    docker.broken = {("start", "elx_pacs")}
    code, done = restore()
    assert code == 3
    warning = next(line for line in done["log"] if line["code"] == "container-not-started")
    assert "docker start elx_pacs" in warning["text"]
    code, told = run_command("recover")
    assert (code, "docker start elx_pacs" in told["warnings"][0]) == (3, True)
    docker.broken = set()
    assert run_command("recover")[0] == 0
    assert docker.running() == {"elx_webelexis", "elx_pacs"}


def test_all_run_again_when_one_could_not_be_stopped(docker, restore):
    """offen/docker-volume-backup#337: an error between stop and start left the containers stopped."""
    docker.broken = {("stop", "elx_pacs")}
    assert restore()[1]["error"] == "container-failed"
    assert docker.running() == {"elx_webelexis", "elx_pacs"}


def test_a_program_that_somebody_had_stopped_himself_stays_stopped(docker, restore):
    """The other way round: only those that ran before are started."""
    assert restore()[0] == 0
    assert docker.running() == {"elx_webelexis", "elx_pacs"}
    assert ("start", "elx_lucinda") not in docker.asked
