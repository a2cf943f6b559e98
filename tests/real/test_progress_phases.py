"""What a backup and a proof of a real database tell while they work, phase by phase."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest
from django.utils import timezone
from realsite import practice_server

from backups import services
from backups.models import BackupRun, Source
from backups.services import life
from backups.services.request import Request
from backups.services.runs import Recorder
from oobsite.accounts.actors import system_actor

pytestmark = pytest.mark.django_db(transaction=True)

# As slow as on a bad disk, and silent meanwhile; at the end there is time to look at what it has copied.
STALLING_TOOL = """
case "$*" in *--backup*) ;; *) exec mariadb-backup "$@";; esac
mariadb-backup "$@" 2>{folder}/log & tool=$!
for _ in 1 2 3 4 5; do sleep 0.2; kill -STOP $tool; sleep 1.2; kill -CONT $tool; done
wait $tool; status=$?; sleep 2; cat {folder}/log >&2; exit $status
"""


@pytest.fixture(scope="module")
def server():
    with practice_server(patients=20, megabytes=20) as server:
        yield server


@pytest.fixture
def stalling(fake_tool, settings, folder, monkeypatch):
    monkeypatch.setattr(life, "BEAT_SECONDS", 0.5)
    Source.objects.all().delete()
    Source.objects.create(name="elexisdb", title="Elexis", kind="mariadb", path="elexisdb")
    settings.OOB_MARIADB_BACKUP = str(fake_tool("stalling-backup", STALLING_TOOL.replace("{folder}", str(folder))))


def carry_out(action, request):
    """Do a run; returns what it reported, by stage, and the greatest age of its sign of life."""
    run, seen, ages = services.create_run(system_actor(), action, "command", request), defaultdict(list), []

    def look(progress):
        seen[progress.stage].append(progress)
        ages.append(timezone.now() - BackupRun.objects.get(pk=run.pk).heartbeat_at)

    services.carry_out(run, Recorder(run, on_progress=look))
    run.refresh_from_db()
    assert run.state in (BackupRun.State.DONE, BackupRun.State.WARNINGS), run.log
    return run, seen, max(ages)


def test_every_phase_of_a_backup_and_its_proof_tells_how_far_it_is(server, site, stalling):
    request = Request(sources=("elexisdb",), with_dump=True)
    carry_out("backup", request.to_json())
    run, seen, age = carry_out("backup", request.to_json())
    assert age < timedelta(seconds=5)
    assert set(seen) >= {"backup", "prepare", "pack", "verify", "dump"}
    copied = seen["backup"][-1]
    assert 20_000_000 < copied.done_bytes <= 1.2 * copied.total_bytes
    assert seen["pack"][0].total_bytes > 20_000_000
    assert seen["dump"][-1].total_bytes > 20_000_000

    names = list(run.archives.values_list("name", flat=True))
    _run, seen, age = carry_out("proof", {"archives": names})
    assert age < timedelta(seconds=5)
    assert set(seen) >= {"verify", "unpack", "start", "load", "check", "count"}
    assert seen["unpack"][0].total_bytes > 20_000_000
    assert seen["load"][0].total_bytes > 20_000_000
