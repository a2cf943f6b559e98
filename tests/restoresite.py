"""A practice's database and one folder, in the state ``then`` or ``now``, and nothing left of another test."""

from __future__ import annotations

import contextlib

import pytest
from realsite import DATABASE

from backups.domain.restore.stage import list_restores
from backups.domain.restore.undo import release


@pytest.fixture
def server(restarting):
    """Nothing of another test is left in the folders."""
    webelexis = begin(restarting)
    yield restarting
    for folder in (restarting.datadir, webelexis):
        for journal in list_restores(folder):
            release(folder, journal.id)


@pytest.fixture
def webelexis(server):
    return server.datadir.parent / "webelexisdata"


def sql(server, *statements):
    with contextlib.closing(server.connect()) as conn:
        for statement in statements:
            conn.query(statement)


def begin(server):
    """The state ``then``; returns the folder."""
    server.wait()
    sql(server, f"DELETE FROM {DATABASE}.innodb_rows")
    webelexis = server.datadir.parent / "webelexisdata"
    webelexis.mkdir(exist_ok=True)
    for path in webelexis.iterdir():
        assert path.is_file()
        path.unlink()
    (webelexis / "settings.js").write_text("then")
    (webelexis / "gone-later.txt").write_text("then")
    return webelexis


def change(server, webelexis):
    """What happens after the backup."""
    sql(server, f"INSERT INTO {DATABASE}.innodb_rows VALUES (7)")
    (webelexis / "settings.js").write_text("now")
    (webelexis / "gone-later.txt").unlink()
    (webelexis / "new.txt").write_text("now")


def state_of(server, webelexis):
    """``then``, ``now`` or a mix."""
    server.wait()
    files = {path.name: path.read_text() for path in webelexis.iterdir() if path.is_file()}
    is_then = files == {"settings.js": "then", "gone-later.txt": "then"}
    is_now = files == {"settings.js": "now", "new.txt": "now"}
    found = {7 in server.rows("InnoDB"), is_now, not is_then}
    return "mix" if len(found) > 1 else "now" if found.pop() else "then"
