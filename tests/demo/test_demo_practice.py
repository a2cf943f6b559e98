from __future__ import annotations

import pytest

from demo.practice import DEFAULT_DAY, build_database

PATIENTS = 200


def one(cursor, query):
    cursor.execute(query)
    return cursor.fetchone()[0]


def test_tables_hold_the_practice(cursor):
    assert one(cursor, "SELECT COUNT(*) FROM kontakt WHERE istPatient = '1'") == PATIENTS
    assert one(cursor, "SELECT COUNT(*) FROM behandlungen b JOIN faelle f ON f.id = b.FallID") == PATIENTS * 7
    assert one(cursor, "SELECT COUNT(*) FROM laborwerte w JOIN laboritems i ON i.id = w.ItemID") >= PATIENTS * 14
    assert one(cursor, "SELECT COUNT(*) FROM leistungen l JOIN behandlungen b ON b.id = BEHANDLUNG") > PATIENTS * 8
    assert one(cursor, "SELECT COUNT(*) FROM kontakt WHERE deleted = '1'") > 0


def test_text_has_umlauts(cursor):
    assert one(cursor, "SELECT COUNT(*) FROM kontakt WHERE Bezeichnung1 COLLATE utf8mb4_bin LIKE 'M%üller'") > 0
    assert "Ü" in one(cursor, "SELECT CONVERT(Eintrag USING utf8mb4) FROM behandlungen WHERE Eintrag LIKE '%Ü%'")


def test_every_engine_is_used(cursor):
    cursor.execute("SELECT engine, COUNT(*) FROM information_schema.tables WHERE table_schema = 'elexisoob' GROUP BY 1")
    engines = dict(cursor.fetchall())
    assert engines["InnoDB"] == 16
    assert engines["MyISAM"] == 2
    assert engines["Aria"] == 3


def test_view_routines_triggers_and_event_exist(cursor):
    assert one(cursor, "SELECT COUNT(*) FROM offene_posten") > 0
    assert one(cursor, "SELECT alter_in_jahren('19600101', '2026-11-02')") == 66
    cursor.execute("CALL mahnlauf_vorschau('20991231')")
    assert cursor.fetchone()[0] > 0
    cursor.nextset()
    for kind in ("trigger", "event"):
        where = "event_schema" if kind == "event" else "trigger_schema"
        count = one(cursor, f"SELECT COUNT(*) FROM information_schema.{kind}s WHERE {where} = 'elexisoob'")
        assert count == (1 if kind == "event" else 2)


def test_appointments_lie_around_today(cursor):
    day = f"{DEFAULT_DAY:%Y%m%d}"
    for comparison in ("<", "=", ">"):
        assert one(cursor, f"SELECT COUNT(*) FROM agntermine WHERE Tag {comparison} '{day}'") > 0


@pytest.mark.parametrize("table", ["kontakt", "behandlungen", "leistungen", "heap", "journal"])
def test_same_seed_same_rows(practice, cursor, table):
    if not one(cursor, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'nochmals'"):
        build_database(practice.connect(), patients=PATIENTS, database="nochmals")
    cursor.execute(f"CHECKSUM TABLE elexisoob.{table}, nochmals.{table}")
    first, second = (row[1] for row in cursor.fetchall())
    assert first == second is not None
