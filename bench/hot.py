"""A hot backup of a running server, from the first byte to the archive, against the same steps by hand."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from backups.domain.mariadb.server import Access, write_defaults_file
from bench.cases import wall_row
from bench.data import Source
from bench.engine import part_path
from bench.measure import Side, compare, engine, say, shell, warm
from bench.report import Row
from demo.server import PracticeServer, short_folder

DATABASE_BYTES = 400 * 10**6
_ROW_BYTES = 12_000
_ROWS_AT_ONCE = 500
_BY_HAND = """
mariadb-backup --defaults-file="$1" --backup --datadir="$2" --target-dir="$3" --skip-ssl
mariadb-backup --no-defaults --prepare --target-dir="$3"
tar cf - -C "$3" . | pigz -1 > "$4"
sync "$4"
"""


def compare_hot(work: Path) -> list[Row]:
    """Both copy, prepare, pack and sync."""
    with short_folder("oobsite-bench-") as folder, PracticeServer(folder) as server:
        say("Making a database of 400 MB")
        version = fill(server)
        warm(server.datadir)
        archive, output = work / "hot.tar.gz", work / "by-hand.tar.gz"
        ours = engine("hot", server.datadir, server.socket, version, archive)
        access = Access("", 0, server.backup_user, server.backup_password, "", socket=str(server.socket))
        theirs = shell(_BY_HAND, write_defaults_file(folder, access), server.datadir, work / "by-hand", output)
        samples = compare(
            {
                "oobsite": Side(ours, part_path(archive), [work / "hot"]),
                "by hand": Side(theirs, output, [work / "by-hand"]),
            }
        )
    title = "hot backup, wall, against mariadb-backup, tar | pigz -1"
    return [wall_row("hot_wall_vs_pipeline", title, samples, "by hand")]


def fill(server: PracticeServer, total_bytes: int = DATABASE_BYTES) -> str:
    """Load documents, half of which shrink, and return the version of the server."""
    source = Source(seed=3)
    server.create_accounts("elexisoob")
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE elexisoob")
        cursor.execute("CREATE TABLE elexisoob.heap (id INT PRIMARY KEY, inhalt LONGBLOB) ENGINE=InnoDB")
        for first in range(0, total_bytes // _ROW_BYTES, _ROWS_AT_ONCE):
            rows = [(number, source.page()[:_ROW_BYTES]) for number in range(first, first + _ROWS_AT_ONCE)]
            cursor.executemany("INSERT INTO elexisoob.heap VALUES (%s, _binary %s)", rows)
        cursor.execute("SELECT VERSION()")
        return str(cursor.fetchone()[0])
