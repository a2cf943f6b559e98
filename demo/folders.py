"""The folders of a practice beside its database: Webelexis, images, documents and their index."""

from __future__ import annotations

import os
import random
from pathlib import Path

from demo import words

SETTINGS_JS = """\
/* Einstellungen von Webelexis. Wird beim Start gelesen. */
module.exports = {
  // Selbständige Terminvergabe
  schedule: {
    minDuration: 20,
    maxPerDay: 8,
    resource: "Arzt",
    terminTyp: "Normal",
    sitename: "Praxis Dr. Müller",
    siteaddr: "Bahnhofstrasse 12, 8200 Schaffhausen",
    sitephone: "052 555 12 34",
    sitemail: "praxis@example.ch",
    confirm: "Grüezi! Ihr Termin: {*}. Bitte sagen Sie ihn ab, wenn Sie verhindert sind.",
  },
  smtp: {
    host: "mail.example.ch",
    port: 465,
    user: "praxis@example.ch",
    pwd: process.env.SMTPPASSWORD || "Geheim-im-Dörfli",
  },
  docbase: "/home/node/webelexis/data/sites",
}
"""

SPARSE_BYTES = 64 * 1024 * 1024
"""Apparent size of the sparse file; it takes a few blocks."""

ODD_NAME = b"R\xf6ntgenbild alt.txt"
"""A name in Latin-1, as an old Windows share leaves it: no valid UTF-8."""


def build_folders(root: Path, *, seed: int = 1, documents: int = 300, images: int = 40) -> None:
    """Make webelexisdata, pacsdata, lucindadata and lucindabase below `root`, the same for the same `seed`.

    lucindadata holds `documents` files and what makes a backup difficult besides: a hard link, a symbolic
    link, an empty folder, a sparse file and a name that is no UTF-8. pacsdata holds `images` images.
    """
    rng = random.Random(seed)
    _build_webelexis(root / "webelexisdata", rng)
    _build_pacs(root / "pacsdata", rng, images)
    names = _build_documents(root / "lucindadata", rng, documents)
    _add_difficult_files(root / "lucindadata", root / "lucindadata" / names[0])
    _build_index(root / "lucindabase", rng, names)


def _build_webelexis(folder: Path, rng: random.Random) -> None:
    """settings.js, templates of documents and a logo."""
    _write(folder / "settings.js", SETTINGS_JS.encode())
    for name in words.DOCUMENTS:
        text = f"<html lang='de'><h1>{name}</h1><p>Sehr geehrte Kollegin, sehr geehrter Kollege</p></html>\n"
        _write(folder / "sites" / "templates" / f"{name.lower()}.html", text.encode())
    _write(folder / "public" / "logo.png", b"\x89PNG\r\n\x1a\n" + rng.randbytes(6000))
    _write(folder / "roles.json", b'{"arzt": ["*"], "mpa": ["agenda", "patient"]}\n')


def _build_pacs(folder: Path, rng: random.Random, images: int) -> None:
    """Images as a PACS keeps them: one folder for each study, in it one for each series."""
    for number in range(images):
        study, series = f"1.2.756.{number // 8 + 1}", f"{number // 4 % 2 + 1}"
        _write(folder / "storage" / study / series / f"IM{number:05d}.dcm", _dicom(rng))
    _write(folder / "index.ini", f"[pacs]\nname=Röntgen Praxis\nbilder={images}\n".encode())


def _dicom(rng: random.Random) -> bytes:
    """Return a file that begins like DICOM: preamble, magic word, patient, pixels (a dark border, noise)."""
    patient = f"{rng.choice(words.SURNAMES)}^{rng.choice(words.WOMEN)}".encode("latin-1", "replace")
    element = b"\x10\x00\x10\x00PN" + len(patient).to_bytes(2, "little") + patient
    return bytes(128) + b"DICM" + element + bytes(20_000) + rng.randbytes(40_000) + bytes(20_000)


def _build_documents(folder: Path, rng: random.Random, documents: int) -> list[str]:
    """Write letters, one folder for each patient below its first letter; return their paths in `folder`."""
    patients = [_patient(rng) for _ in range(max(1, documents // 6))]
    names = []
    for number in range(max(1, documents)):
        patient = rng.choice(patients)
        kind, suffix = rng.choice(words.DOCUMENTS), rng.choice(("txt", "pdf"))
        name = f"{patient[0]}/{patient}/{kind} {2015 + number % 12}-{number:04d}.{suffix}"
        text = _letter(rng, patient, kind)
        _write(folder / name, text if suffix == "txt" else _pdf(text, rng))
        names.append(name)
    return names


def _patient(rng: random.Random) -> str:
    """Return the folder of a patient: name and date of birth."""
    first, last = rng.choice(words.WOMEN + words.MEN), rng.choice(words.SURNAMES)
    return f"{last}_{first}_{rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}.{rng.randint(1930, 2020)}"


def _letter(rng: random.Random, patient: str, kind: str) -> bytes:
    """Return a letter of one to four kilobytes."""
    lines = [
        f"{kind} betreffend {patient.replace('_', ' ')}",
        "",
        "Sehr geehrte Kollegin, sehr geehrter Kollege",
        "",
    ]
    lines += [f"{rng.choice(words.COMPLAINTS)}. {rng.choice(words.PLANS)}." for _ in range(rng.randint(8, 30))]
    return "\n".join([*lines, "", "Mit freundlichen Grüssen", "Praxis Dr. Müller", ""]).encode()


def _pdf(text: bytes, rng: random.Random) -> bytes:
    """Return something that looks like a PDF with a compressed image in it."""
    image = rng.randbytes(rng.randint(2000, 30_000))
    return b"%PDF-1.4\n1 0 obj\n<<>>\nstream\n" + text + image + b"\nendstream\nendobj\n%%EOF\n"


def _add_difficult_files(folder: Path, document: Path) -> None:
    """Add a hard link, a symbolic link, an empty folder, a sparse file and a name that is no UTF-8."""
    special = folder / "Übriges"
    (special / "leer").mkdir(parents=True)
    os.link(document, special / "gleiche Datei.txt")
    (special / "Verknüpfung.txt").symlink_to(os.path.relpath(document, special))
    with (special / "Diktat.wav").open("wb") as sparse:
        sparse.write(b"RIFF")
        sparse.seek(SPARSE_BYTES // 2)
        sparse.write(b"Mitte")
        sparse.truncate(SPARSE_BYTES)
    (special / os.fsdecode(ODD_NAME)).write_bytes(b"Name in Latin-1")


def _build_index(folder: Path, rng: random.Random, names: list[str]) -> None:
    """Files as Lucene leaves them: segments with the names of the documents, and noise."""
    for number in range(3):
        _write(folder / f"_{number}.cfs", "\n".join(names[number::3]).encode() + rng.randbytes(20_000))
        _write(folder / f"_{number}.si", f"Segment {number}\n".encode())
    _write(folder / "segments_1", b"\x3f\xd7\x6c\x17" + rng.randbytes(200))
    _write(folder / "write.lock", b"")


def _write(path: Path, data: bytes) -> None:
    """Write a file and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
