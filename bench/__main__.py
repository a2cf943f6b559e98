"""`make bench`: speed, size and memory of backups, as ratios to the usual tools, measured in one run."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench.cases import GB, compare_packing, compare_small_files
from bench.hot import compare_hot
from bench.report import print_json, print_machine, print_table
from bench.restore import compare_staging, measure_downtime

_NEEDED_BYTES = 8 * GB


def main() -> int:
    options = read_options()
    needed = _NEEDED_BYTES * (2 if options.large else 1)
    if shutil.disk_usage(options.folder).free < needed:
        print(f"{options.folder}: {needed // GB} GB must be free. Name another folder with --folder.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="oobsite-bench-", dir=options.folder) as name:
        work = Path(name)
        print_machine(options.folder)
        rows = compare_packing(work, is_large=options.large)
        rows += compare_small_files(work)
        rows += compare_hot(work)
        rows += compare_staging(work)
        rows += measure_downtime(work)
    print_table(rows)
    print_json(rows)
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    large = os.environ.get("BENCH_LARGE") == "1"
    parser.add_argument("--large", action="store_true", default=large, help="memory with 4 GB (or BENCH_LARGE=1)")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the data are made")  # noqa: S108
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
