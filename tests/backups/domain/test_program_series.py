"""What a private server says of files that only programs of another series can open."""

from __future__ import annotations

import pytest

from backups.domain.errors import OtherSeriesError, ThrowawayServerError
from backups.domain.mariadb.throwaway import _explain, read_program_version
from backups.domain.sql.staged import is_same_series

LINES = {
    "10.5.23": "Upgrade after a crash is not supported. The redo log was created with MariaDB 10.5.23. "
    "You must start up and shut down MariaDB 10.7 or earlier.",
    "10.11.19": "Unsupported redo log format. The redo log was created with MariaDB 10.11.19.",
    "10.2.2": "Upgrade after a crash is not supported. This redo log was created before MariaDB 10.2.2.",
}


@pytest.mark.parametrize("version", LINES)
def test_files_of_another_series_are_no_damage(folder, version):
    lines = ["0 [Note] Starting MariaDB", f"0 [ERROR] InnoDB: {LINES[version]}", "0 [ERROR] Plugin 'InnoDB' failed"]
    (folder / "error.log").write_text("\n".join(lines))
    error = _explain(folder)
    assert isinstance(error, OtherSeriesError)
    assert error.version == version


def test_damage_stays_damage(folder):
    (folder / "error.log").write_text("0 [ERROR] InnoDB: Missing FILE_CHECKPOINT\n")
    assert isinstance(_explain(folder), ThrowawayServerError)


def test_our_own_series_is_that_of_the_program_that_we_start():
    version = read_program_version()
    assert is_same_series(version)
    assert not is_same_series("9.1.0-MariaDB")
    assert not is_same_series("")
