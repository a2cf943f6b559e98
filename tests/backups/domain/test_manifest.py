from __future__ import annotations

import json
import stat

import pytest

from backups.domain.errors import DamagedArchiveError
from backups.domain.manifest import (
    Content,
    Manifest,
    Skipped,
    manifest_path,
    read_manifest,
    read_proof,
    write_manifest,
    write_proof,
)
from oobsite.errors import Notice

NOW = "2026-11-24T02:15:00+00:00"
MANIFEST = Manifest(
    run_id="0123456789ab",
    source="elexisdb",
    series="elexisdb",
    kind="mariadb",
    method="hot",
    archive="elexisdb_2026-11-24-0315.tar.gz",
    started_at=NOW,
    ended_at=NOW,
    content=Content(10, "ab", 20, 3, 2, 1, "cd"),
    skipped=(Skipped("Übersicht\n", "socket"),),
    warnings=(Notice("files-skipped", {"count": 1, "names": ["x"]}),),
    server={"version": "10.3.39"},
    counts_after={"core": {"kontakt": 5}},
)


@pytest.fixture
def archive(folder):
    return folder / MANIFEST.archive


def test_a_manifest_comes_back_as_it_was_written(archive):
    write_manifest(archive, MANIFEST)
    assert read_manifest(archive) == MANIFEST


def test_a_manifest_is_plain_json_that_anybody_reads(archive):
    write_manifest(archive, MANIFEST)
    text = manifest_path(archive).read_bytes()
    assert text.isascii()
    assert json.loads(text)["content"]["sha256"] == "ab"
    assert stat.S_IMODE(manifest_path(archive).stat().st_mode) == 0o640


def test_no_manifest_is_none_and_no_error(archive):
    assert read_manifest(archive) is None


@pytest.mark.parametrize("cut", [1, 100, 400])
def test_a_cut_manifest_is_damage(archive, cut):
    write_manifest(archive, MANIFEST)
    text = manifest_path(archive).read_bytes()
    manifest_path(archive).write_bytes(text[:-cut])
    with pytest.raises(DamagedArchiveError) as caught:
        read_manifest(archive)
    assert caught.value.reason == "manifest"


def test_a_manifest_of_a_later_version_is_not_guessed_at(archive):
    manifest_path(archive).write_text(json.dumps(MANIFEST.to_json() | {"format": 2}))
    with pytest.raises(DamagedArchiveError):
        read_manifest(archive)


def test_a_time_that_is_not_utc_is_damage(archive):
    manifest_path(archive).write_text(json.dumps(MANIFEST.to_json() | {"started_at": "2026-11-24T02:15:00"}))
    with pytest.raises(DamagedArchiveError):
        read_manifest(archive)


def test_a_proof_stands_beside_the_archive(archive):
    write_proof(archive, {"is_good": True, "proved_at": NOW, "tables": 5})
    assert read_proof(archive) == {"is_good": True, "proved_at": NOW, "tables": 5}
