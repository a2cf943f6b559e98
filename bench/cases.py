"""What is compared with what."""

from __future__ import annotations

from pathlib import Path

from bench.data import build_mixture, build_small_files
from bench.engine import facts_path, index_path, part_path
from bench.measure import Sample, Side, compare, engine, say, shell, warm
from bench.report import Row

GB = 10**9
SMALL_FILES = 100_000
_SMALL_BY_HAND = 'tar cf - {} -C "$1" . | igzip -o "$2"; sync "$2"'


def compare_packing(work: Path, *, is_large: bool) -> list[Row]:
    """One gigabyte against tar and its compressors, the reading of the result, and the memory of both."""
    folder, archive = work / "mixture", work / "mixture.tar.gz"
    say("Making 1 GB of data")
    build_mixture(folder, GB)
    warm(folder)
    packed = compare(
        {
            "oobsite": pack_side(folder, archive),
            "tar czf": pipeline_side('tar czf "$2" -C "$1" .; sync "$2"', folder, work / "czf.tar.gz"),
            "tar | pigz": pipeline_side('tar cf - -C "$1" . | pigz > "$2"; sync "$2"', folder, work / "pigz.tar.gz"),
            "tar cf": pipeline_side('tar cf "$2" -C "$1" .; sync "$2"', folder, work / "plain.tar"),
        }
    )
    reading = compare_reading(archive, work / "czf.tar.gz")
    peak = max(packed["oobsite"].peak_mb, reading["oobsite"].peak_mb)
    rows = packing_rows(packed)
    rows.append(wall_row("verify_wall_vs_gzip_t", "reading back, wall, against gzip -t", reading, "gzip -t"))
    rows.append(Row("peak_mb", "peak memory, packing and reading 1 GB", peak, None, 120, "MB"))
    rows.append(growth_row(work, packed["oobsite"].peak_mb, is_large=is_large))
    return rows


def packing_rows(packed: dict[str, Sample]) -> list[Row]:
    ours, czf = packed["oobsite"], packed["tar czf"]
    size = Row("size_vs_tar_czf", "packing, size, against tar czf", ours.size / 1e6, czf.size / 1e6, 1.10, "MB")
    return [
        Row("cpu_vs_tar_czf", "packing, user CPU, against tar czf", ours.user, czf.user, 0.08, "s"),
        wall_row("wall_vs_pigz", "packing, wall, against tar | pigz", packed, "tar | pigz"),
        wall_row("wall_vs_tar_cf", "packing, wall, against tar cf (no compression)", packed, "tar cf"),
        size,
    ]


TARGETS = {
    "wall_vs_pigz": 0.35,
    "wall_vs_tar_cf": 1.5,
    "verify_wall_vs_gzip_t": 0.6,
    "small_files_wall_vs_tar_igzip": 1.2,
    "small_files_wall_vs_whole_tar_igzip": 1.2,
    "hot_wall_vs_pipeline": 1.4,
    "restore_wall_vs_tar_igzip": 1.3,
}


def wall_row(key: str, title: str, samples: dict[str, Sample], theirs: str) -> Row:
    return Row(key, title, samples["oobsite"].wall, samples[theirs].wall, TARGETS[key], "s")


def pack_side(folder: Path, archive: Path) -> Side:
    return Side(engine("pack", folder, archive), part_path(archive), [facts_path(archive)])


def pipeline_side(script: str, folder: Path, output: Path) -> Side:
    return Side(shell(script, folder, output), output)


def compare_reading(archive: Path, theirs: Path) -> dict[str, Sample]:
    """Both read the archive that they would read in life: we ours, gzip its own."""
    ours = Side(engine("verify", archive), leftovers=[index_path(archive)])
    return compare({"oobsite": ours, "gzip -t": Side(["gzip", "--test", str(theirs)])})


def growth_row(work: Path, peak_mb: float, *, is_large: bool) -> Row:
    """Memory must not grow with the data: four times as much (or a quarter) is packed."""
    size, title = (4 * GB, "from 1 GB to 4 GB") if is_large else (GB // 4, "from 256 MB to 1 GB")
    folder, archive = work / "other-size", work / "other-size.tar.gz"
    say(f"Making {size / GB:g} GB of data")
    build_mixture(folder, size)
    other = compare({"oobsite": pack_side(folder, archive)})["oobsite"].peak_mb
    growth = other - peak_mb if is_large else peak_mb - other
    return Row("peak_growth_mb", f"growth of memory {title}", growth, None, 16, "MB")


def compare_small_files(work: Path) -> list[Row]:
    """Many small files against the fastest pipeline that Debian has."""
    folder, archive = work / "small", work / "small.tar.gz"
    say(f"Making {SMALL_FILES:,} small files")
    build_small_files(folder, SMALL_FILES)
    warm(folder)
    output = work / "igzip.tar.gz"
    whole = "--format=posix --xattrs --acls --sparse"
    samples = compare(
        {
            "oobsite": pack_side(folder, archive),
            "tar | igzip": pipeline_side(_SMALL_BY_HAND.format(""), folder, output),
            "whole tar | igzip": pipeline_side(_SMALL_BY_HAND.format(whole), folder, output),
        }
    )
    title = f"{SMALL_FILES:,} small files, wall, against tar | igzip"
    return [
        wall_row("small_files_wall_vs_tar_igzip", title, samples, "tar | igzip"),
        wall_row(
            "small_files_wall_vs_whole_tar_igzip",
            "the same, with xattrs and ACLs as ours",
            samples,
            "whole tar | igzip",
        ),
    ]
