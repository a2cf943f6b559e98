"""A folder that a restore has left in the middle is no source for a backup, nor is one that only keeps old data."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.management import call_command

from backups.domain.restore.journal import Journal, Kind, Phase, write_journal
from backups.models import Source


@pytest.fixture
def webelexis(practice):
    return practice / "mnt" / "webelexisdata"


def leave_stage(folder, phase):
    stage = folder / "#sql-oob-x1"
    (stage / "old").mkdir(parents=True)
    (stage / "old" / "settings.js").write_text("old")
    write_journal(stage, Journal("x1", Kind.FILES, datetime.now(UTC).isoformat(), phase=phase))


def log_of(run_command):
    code, content = run_command("runbackup", "--source", "webelexisdata")
    return code, [line["code"] for line in content["log"] if line["level"] == "error"]


def test_a_folder_in_the_middle_of_an_exchange_is_not_backed_up(webelexis, run_command):
    leave_stage(webelexis, Phase.SWAPPING)
    assert log_of(run_command) == (1, ["restore-unfinished"])


def test_a_folder_beside_whose_data_old_ones_are_kept_is(webelexis, run_command):
    leave_stage(webelexis, Phase.KEPT)
    assert log_of(run_command) == (0, [])


def test_a_folder_with_nothing_but_kept_data_is_missing(webelexis, run_command):
    leave_stage(webelexis, Phase.KEPT)
    for path in webelexis.iterdir():
        if path.is_file():
            path.unlink()
    assert log_of(run_command) == (1, ["source-missing"])


def test_recovery_by_command_ends_it(webelexis, run_command):
    leave_stage(webelexis, Phase.STAGING)
    code, content = run_command("recover")
    assert (code, len(content["done"])) == (0, 1)
    assert not (webelexis / "#sql-oob-x1").exists()
    assert Source.objects.filter(name="webelexisdata").exists()
    call_command("recover")
