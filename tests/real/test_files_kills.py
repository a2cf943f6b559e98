"""SIGKILL in the middle of a restore of files: no half file has a final name, and recovery removes the rest."""

from __future__ import annotations

import pytest
from foldersite import new_site, random_bytes

NAMES = ("a.bin", "b.bin", "c.bin")


@pytest.fixture(scope="module")
def saved(prepared, tmp_path_factory):
    """An installation that has saved three files."""
    site = new_site(tmp_path_factory.mktemp("saved"), prepared)
    for name in NAMES:
        (site.pacs / name).write_bytes(random_bytes(2))
    code, answer = site.run("runbackup", "--source", "pacsdata")
    assert code == 0
    site.archive = answer["archives"][0]["name"]
    return site


def require_whole(site):
    """What has a final name is what was saved, or was there before."""
    restored = [path for path in site.pacs.iterdir() if not path.name.startswith("#") and path.name not in NAMES]
    for path in restored:
        assert path.read_bytes() == (site.pacs / f"{path.name[0]}.bin").read_bytes()
    return len(restored)


def kill_at(saved, folder, step):
    """Kill a restore of all files before ``step``; returns whether it came so far, and how many it has brought."""
    site = saved.copy_to(folder / str(step))
    was_killed = site.run_killed(step, "restorefiles", saved.archive, *NAMES)
    count = require_whole(site)
    assert site.run("recover")[0] == 0
    assert require_whole(site) == count
    assert [path.name for path in site.pacs.iterdir() if path.name.startswith("#")] == []
    return was_killed, count


@pytest.mark.parametrize(("step", "count"), [(1, 0), (2, 1), (4, 3)])
def test_killed_between_two_files(saved, folder, step, count):
    """Step 0 is the journal of the stage folder, then each file is placed."""
    assert kill_at(saved, folder, step) == (True, count)


@pytest.mark.chaos
def test_killed_at_every_step(saved, folder):
    step = 0
    while kill_at(saved, folder, step)[0]:
        step += 1
    assert step > len(NAMES)
