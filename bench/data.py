"""Invented data, the same at every run: what lies in a practice's folders, as far as packing is concerned."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from demo import words

PAGE_BYTES = 16 * 1024
TEXT_FILES_PER_GB = 15_000
_POOL_BYTES = 4 << 20
_IMAGE_BYTES = 512 * 1024
_TABLESPACE_BYTES = 64 << 20
_FILES_PER_FOLDER = 250
_WORDS = (*words.WOMEN, *words.MEN, *words.SURNAMES, *words.STREETS, *words.COMPLAINTS, *words.INSURERS)


def build_mixture(folder: Path, total_bytes: int, seed: int = 1) -> None:
    """Half database pages, an eighth short texts, the rest images that do not shrink."""
    source = Source(seed)
    write_tablespaces(folder / "elexisdb", total_bytes // 2, source)
    texts = TEXT_FILES_PER_GB * total_bytes // 10**9
    write_texts(folder / "texts", texts, average_bytes=total_bytes // 8 // texts, source=source)
    write_images(folder / "images", total_bytes * 3 // 8, source)


def build_small_files(folder: Path, count: int, seed: int = 2) -> None:
    """Many files of a few hundred bytes."""
    write_texts(folder, count, average_bytes=600, source=Source(seed))


class Source:
    """A stream of bytes from a seed: text from a pool, noise from the generator."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._pool = self._make_pool()

    def _make_pool(self) -> bytes:
        """Lines as a database or a letter holds them: words that come again, and numbers that do not."""
        lines = []
        size = 0
        while size < _POOL_BYTES:
            lines.append(self._make_line())
            size += len(lines[-1])
        return b"".join(lines)[:_POOL_BYTES]

    def _make_line(self) -> bytes:
        text = " ".join(self.random.choices(_WORDS, k=8))
        return f"{self.random.getrandbits(40):x} {text} {self.random.randrange(10**6)}\n".encode()

    def text(self, size: int) -> bytes:
        start = self.random.randrange(_POOL_BYTES - size)
        return self._pool[start : start + size]

    def noise(self, size: int) -> bytes:
        return self.random.randbytes(size)

    def page(self) -> bytes:
        """A page as InnoDB writes it, one half of which shrinks."""
        return self.noise(PAGE_BYTES // 2) + self.text(PAGE_BYTES // 2)


def write_tablespaces(folder: Path, total_bytes: int, source: Source) -> None:
    folder.mkdir(parents=True)
    for number, size in enumerate(_portions(total_bytes, _TABLESPACE_BYTES)):
        with (folder / f"table{number}.ibd").open("wb") as file:
            for _ in range(size // PAGE_BYTES):
                file.write(source.page())


def write_texts(folder: Path, count: int, *, average_bytes: int, source: Source) -> None:
    for number in range(count):
        parent = folder / f"{number // _FILES_PER_FOLDER:04}"
        if number % _FILES_PER_FOLDER == 0:
            parent.mkdir(parents=True)
        size = source.random.randrange(average_bytes // 2, average_bytes * 3 // 2)
        (parent / f"document-{number:06}.txt").write_bytes(source.text(size))


def write_images(folder: Path, total_bytes: int, source: Source) -> None:
    folder.mkdir(parents=True)
    for number, size in enumerate(_portions(total_bytes, _IMAGE_BYTES)):
        (folder / f"image-{number:05}.dcm").write_bytes(source.noise(size))


def _portions(total_bytes: int, most: int) -> Iterator[int]:
    while total_bytes > 0:
        yield min(total_bytes, most)
        total_bytes -= most
