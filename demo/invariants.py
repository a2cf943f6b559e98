"""What is true of the practice at every moment, however busy it is; it must be true of every copy, too."""

from __future__ import annotations

from typing import Any

from MySQLdb.connections import Connection

from demo.schema import ACCOUNTS, START_BALANCE

STEP = 3
"""Every STEP-th transaction is followed by one row in logs (MyISAM) and one in journal (Aria)."""

TOTAL = 2 * ACCOUNTS * START_BALANCE
"""Sum of all accounts, at every moment: 2,000,000,000 Rappen."""


def check_invariants(connection: Connection, database: str) -> list[str]:
    """Return what is wrong in `database`, in German; an empty list means that all is well.

    Holds for a running practice (seen through one InnoDB snapshot), for a copy and for a restored server:

    - zaehler.n = max(transfer.n) = count(transfer), no gap;
    - the sum of all accounts is `TOTAL`, and each account agrees with its transfers;
    - logs (MyISAM) and journal (Aria) follow InnoDB. With n = zaehler.n and m = n rounded down to a multiple
      of `STEP`: m - `STEP` <= their last n <= m. It is m - `STEP` only when the copy was taken, or the writer
      killed, between the commit of m and the rows that follow it. They are written at once after that commit
      and before the next one, and a starting writer adds the rows that a killed one owes. So the bound holds
      in every copy whose engines agree, as under BACKUP STAGE BLOCK_COMMIT, which holds back both kinds.

    While a writer runs, logs and journal are read before the snapshot for the upper bound and after it for
    the lower; on a resting server both are the full check.
    """
    with connection.cursor() as cursor:
        before = _last_rows(cursor, database)
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        number, wrong = _check_innodb(cursor, database)
        cursor.execute("COMMIT")
        after = _last_rows(cursor, database)
    return wrong + _check_followers(number, before, after)


def _check_innodb(cursor: Any, database: str) -> tuple[int, list[str]]:
    """Return zaehler.n and what is wrong in the tables with transactions."""
    wrong = []
    number = read_number(cursor, f"SELECT n FROM `{database}`.zaehler WHERE nr = 1")
    last = read_number(cursor, f"SELECT MAX(n) FROM `{database}`.transfer")
    count = read_number(cursor, f"SELECT COUNT(*) FROM `{database}`.transfer")
    if not number == last == count:
        wrong.append(f"Zähler {number}, letzter Transfer {last}, Anzahl Transfers {count}")
    total = sum(read_number(cursor, f"SELECT SUM(saldo) FROM `{database}`.{table}") for table in ("konto_a", "konto_b"))
    if total != TOTAL:
        wrong.append(f"Summe aller Konten {total} statt {TOTAL}")
    for table, column, sign in (("konto_a", "von", "-"), ("konto_b", "nach", "+")):
        accounts = read_number(cursor, _ledger(database, table, column, sign))
        if accounts:
            wrong.append(f"{accounts} Konten in {table} stimmen nicht mit ihren Transfers überein")
    return number, wrong


def _ledger(database: str, table: str, column: str, sign: str) -> str:
    """Return a query that counts the accounts whose balance is not that of their transfers."""
    return f"""SELECT COUNT(*) FROM `{database}`.{table} LEFT JOIN
        (SELECT {column} AS konto, SUM(betrag) AS summe FROM `{database}`.transfer GROUP BY {column}) AS t
        ON t.konto = nr WHERE saldo <> {START_BALANCE} {sign} COALESCE(summe, 0)"""


def _last_rows(cursor: Any, database: str) -> dict[str, int]:
    """Return the last n in each table without transactions."""
    return {table: read_number(cursor, f"SELECT MAX(n) FROM `{database}`.{table}") for table in ("logs", "journal")}


def _check_followers(number: int, before: dict[str, int], after: dict[str, int]) -> list[str]:
    """Compare the tables without transactions with the counter."""
    rounded = number - number % STEP
    wrong = [f"{table} ist mit {n} weiter als der Zähler {number}" for table, n in before.items() if n > number]
    late = {table: n for table, n in after.items() if n < rounded - STEP}
    return wrong + [f"{table} endet mit {n}, der Zähler steht auf {number}" for table, n in late.items()]


def read_number(cursor: Any, query: str) -> int:
    """Return the only value of `query`, 0 for NULL or no row."""
    cursor.execute(query)
    row = cursor.fetchone()
    return int(row[0] or 0) if row else 0
