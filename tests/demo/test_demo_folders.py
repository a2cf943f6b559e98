from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from demo.folders import ODD_NAME, SPARSE_BYTES, build_folders


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    path = tmp_path_factory.mktemp("ordner")
    build_folders(path, documents=60, images=10)
    return path


def test_four_folders_are_made(root):
    assert sorted(path.name for path in root.iterdir()) == [
        "lucindabase",
        "lucindadata",
        "pacsdata",
        "webelexisdata",
    ]
    assert "Praxis Dr. Müller" in (root / "webelexisdata" / "settings.js").read_text()
    assert len(list((root / "lucindadata").glob("*/*_*/*"))) == 60


def test_images_begin_like_dicom(root):
    images = list((root / "pacsdata").rglob("*.dcm"))
    assert len(images) == 10
    assert all(path.read_bytes()[128:132] == b"DICM" for path in images)


def test_difficult_files_are_there(root):
    special = root / "lucindadata" / "Übriges"
    assert (special / "gleiche Datei.txt").stat().st_nlink == 2
    assert (special / "Verknüpfung.txt").is_symlink()
    assert (special / "Verknüpfung.txt").samefile(special / "gleiche Datei.txt")
    assert list((special / "leer").iterdir()) == []
    assert ODD_NAME in [os.fsencode(path.name) for path in special.iterdir()]


def test_sparse_file_takes_little_space(root):
    found = (root / "lucindadata" / "Übriges" / "Diktat.wav").stat()
    assert found.st_size == SPARSE_BYTES
    assert found.st_blocks * 512 < SPARSE_BYTES // 10


def test_same_seed_same_bytes(root, tmp_path):
    build_folders(tmp_path, documents=60, images=10)
    assert digests(tmp_path) == digests(root)


def digests(root: Path) -> dict[str, str]:
    files = [path for path in root.rglob("*") if path.is_file() and path.name != "Diktat.wav"]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
