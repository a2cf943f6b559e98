"""Containers are checked, stopped and started through the engine's API, and each failure has its own error."""

from __future__ import annotations

import pytest
from engine import engine

from backups.domain import containers
from backups.domain.containers import check_engine, start_container, stop_container
from backups.domain.restore.errors import (
    ContainerFailedError,
    ContainerUnknownError,
    EngineRefusesError,
    EngineUnreachableError,
)

NAMES = ["elx_webelexis", "elx_pacs"]


@pytest.fixture
def docker():
    with engine({"elx_webelexis": True, "elx_pacs": False}) as server:
        yield server


@pytest.fixture(autouse=True)
def short_pause(monkeypatch):
    monkeypatch.setattr(containers, "_PAUSE_SECONDS", 0.01)


def test_the_check_tells_who_runs_and_stops_nobody(docker):
    assert check_engine(docker.url, NAMES) == ["elx_webelexis"]
    assert docker.asked == []


def test_a_container_is_stopped_and_started(docker):
    stop_container(docker.url, "elx_webelexis")
    assert docker.running() == set()
    start_container(docker.url, "elx_webelexis")
    start_container(docker.url, "elx_webelexis")
    assert docker.running() == {"elx_webelexis"}


def test_the_engine_may_be_a_socket_file(folder):
    with engine({"elx_pacs": True}, folder / "docker.sock") as server:
        stop_container(server.url, "elx_pacs")
        assert server.running() == set()


def test_an_unknown_name_is_found_by_the_check(docker):
    with pytest.raises(ContainerUnknownError) as caught:
        check_engine(docker.url, [*NAMES, "elx_lucinda"])
    assert caught.value.name == "elx_lucinda"


@pytest.mark.parametrize(("act", "named"), [("stop", "stop"), ("start", "start"), ("json", "inspect")])
def test_what_the_proxy_forbids_is_found_by_the_check(docker, act, named):
    docker.forbidden = {act}
    with pytest.raises(EngineRefusesError) as caught:
        check_engine(docker.url, NAMES)
    assert caught.value.act == named
    assert docker.running() == {"elx_webelexis"}


def test_nobody_at_the_address_is_told_in_few_words(docker):
    with engine({}) as other:
        url = other.url
    with pytest.raises(EngineUnreachableError) as caught:
        check_engine(url, NAMES)
    assert caught.value.reason == "Connection refused"


def test_a_host_that_nobody_knows_is_told(docker):
    with pytest.raises(EngineUnreachableError) as caught:
        check_engine("tcp://no-such-host.invalid:2375", NAMES)
    assert "urllib3" not in caught.value.reason


def test_a_container_that_does_not_start_is_tried_again_and_told(docker):
    docker.broken = {("start", "elx_pacs")}
    with pytest.raises(ContainerFailedError) as caught:
        start_container(docker.url, "elx_pacs")
    assert (caught.value.act, caught.value.reason) == ("start", "driver failed programming external connectivity")
