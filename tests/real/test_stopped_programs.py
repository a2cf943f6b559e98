"""Programs that use the data are stopped for the exchange and run again on every path, also after SIGKILL."""

from __future__ import annotations

import json

import pytest
from engine import engine
from foldersite import new_site

RUNNING = {"elx_webelexis", "elx_pacs"}
NAMES = "elx_webelexis, elx_lucinda, elx_pacs"


@pytest.fixture
def docker():
    """Two programs run, one does not."""
    with engine({"elx_webelexis": True, "elx_lucinda": False, "elx_pacs": True, "elx_appserver": True}) as server:
        yield server


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory, prepared):
    """An installation with one backup, to be copied; its stamp."""
    site = new_site(tmp_path_factory.mktemp("backed-up"), prepared)
    site.fill(b"then")
    return site, site.run("runbackup")[1]["stamp"]


@pytest.fixture
def site(folder, backed_up, docker):
    """A backup of a folder that has changed since."""
    original, stamp = backed_up
    site = original.copy_to(folder)
    site.environment |= {"OOB_RESTORE_STOP": NAMES, "OOB_DOCKER_URL": docker.url}
    site.stamp = stamp
    site.fill(b"now")
    return site


def restore(site, **variables):
    return site.run("restorebackup", site.stamp, "--yes", "--no-safety-backup", **variables)


def running(docker):
    return docker.running() - {"elx_appserver"}


def journal(site):
    path = site.folder / "data" / "stopped-containers.json"
    return json.loads(path.read_text())["names"] if path.exists() else []


def codes(answer):
    return [line["code"] for line in answer["log"]]


def test_those_that_ran_are_stopped_for_the_exchange_and_no_consent_is_needed(site, docker):
    code, done = restore(site)
    assert (code, site.content()) == (0, b"then"), done
    assert docker.asked == [
        ("stop", "elx_webelexis"),
        ("stop", "elx_pacs"),
        ("start", "elx_webelexis"),
        ("start", "elx_pacs"),
    ]
    told = codes(done)
    assert told.index("containers-stopped") < told.index("restore-swapped-folder") < told.index("containers-started")
    assert journal(site) == []


def test_putting_back_stops_them_too(site, docker):
    restore(site)
    docker.asked.clear()
    assert site.run("undorestore")[0] == 0
    assert site.content() == b"now"
    assert [act for act, _name in docker.asked] == ["stop", "stop", "start", "start"]
    assert running(docker) == RUNNING


# --- found before anything is touched -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({"OOB_RESTORE_STOP": "elx_webelexis,typo"}, "container-unknown"),
        ({"OOB_DOCKER_URL": "tcp://127.0.0.1:1"}, "engine-unreachable"),
    ],
)
def test_what_cannot_be_stopped_is_found_before(site, docker, variables, error):
    code, shown = site.run("restorebackup", site.stamp, "--dry-run", **variables)
    assert (code, [problem["error"] for problem in shown["problems"]]) == (1, [error])
    code, refused = restore(site, **variables)
    assert (code, refused["error"]) == (1, error)
    assert (docker.asked, site.content()) == ([], b"now")


def test_a_proxy_that_allows_no_stop_is_found_before(site, docker):
    docker.forbidden = {"stop"}
    assert restore(site)[1]["error"] == "engine-refuses"
    assert (docker.asked, site.content()) == ([], b"now")


# --- on every path --------------------------------------------------------------------------------------------
def test_a_cancelled_restore_starts_them_again(site, docker):
    child = site.start("restorebackup", site.stamp, "--yes", "--no-safety-backup")
    docker.on_act = lambda act, _name: act == "stop" and child.terminate()
    child.communicate()
    assert child.returncode == 5
    assert (running(docker), site.content(), journal(site)) == (RUNNING, b"now", [])


@pytest.mark.parametrize("number", [1, 2])
def test_killed_while_it_stops_them_the_recovery_starts_them(site, docker, number):
    child = site.start("restorebackup", site.stamp, "--yes", "--no-safety-backup")
    docker.on_act = lambda act, _name: act == "stop" and len(docker.asked) == number and child.kill()
    child.communicate()
    assert sorted(journal(site)) == sorted(RUNNING)
    assert running(docker) != RUNNING
    assert site.run("recover")[0] == 0
    assert (running(docker), site.content(), journal(site)) == (RUNNING, b"now", [])


SOME_STEPS = (4, 8, 11)
OTHER_STEPS = tuple(step for step in range(3, 13) if step not in SOME_STEPS)


@pytest.mark.parametrize("step", [*SOME_STEPS, *(pytest.param(step, marks=pytest.mark.chaos) for step in OTHER_STEPS)])
def test_killed_in_the_exchange_the_recovery_starts_them_on_whole_data(site, docker, step):
    was_killed = site.run_killed(step, "restorebackup", site.stamp, "--yes", "--no-safety-backup")
    docker.on_act = lambda act, _name: starts.append(site.content()) if act == "start" else None
    starts = []
    assert site.run("recover")[0] == 0
    assert running(docker) == RUNNING
    assert site.content() in (b"now", b"then")
    assert was_killed == (starts == [site.content()] * 2)
    in_place = {b"now": "old", b"then": "new"}[site.content()]
    assert json.loads(site.last_run("result", "restore"))["in_place"] == {"pacsdata": in_place}
    assert journal(site) == []


def test_killed_while_it_starts_them_the_recovery_starts_the_rest(site, docker):
    child = site.start("restorebackup", site.stamp, "--yes", "--no-safety-backup")
    docker.on_act = lambda act, _name: act == "start" and child.kill()
    child.communicate()
    assert site.run("recover")[0] == 0
    assert (running(docker), site.content()) == (RUNNING, b"then")
