"""Which archive a restore of oobsite itself takes."""

from types import SimpleNamespace

import pytest

from backups.messages import error_sentence
from oobsite import selfrestore


@pytest.fixture(autouse=True)
def listed(monkeypatch):
    names = ("elexisdb_2026-11-24-0315.tar.gz", "oobsite_2026-11-23-0315.tar.gz", "oobsite_2026-11-24-0315.tar.gz")
    items = [SimpleNamespace(name=name, series=name.partition("_")[0], is_ours=True) for name in names]
    monkeypatch.setattr(selfrestore.catalogue, "list_folder", lambda: items)


def test_an_archive_of_the_practice_is_called_what_it_is():
    with pytest.raises(selfrestore.NotOfOobsiteError) as caught:
        selfrestore._choose_archive("/backup/elexisdb_2026-11-24-0315.tar.gz")
    assert "elexisdb_2026-11-24-0315.tar.gz" in error_sentence(caught.value)


def test_the_newest_or_the_named_one_is_taken():
    assert selfrestore._choose_archive(None).name == "oobsite_2026-11-24-0315.tar.gz"
    assert selfrestore._choose_archive("oobsite_2026-11-23-0315.tar.gz").name == "oobsite_2026-11-23-0315.tar.gz"


def test_an_unknown_name_is_said():
    with pytest.raises(selfrestore.ArchiveMissingError):
        selfrestore._choose_archive("oobsite_1999-01-01-0000.tar.gz")
