"""Agenda areas and appointment types, from a real server of a practice."""

from __future__ import annotations

import pytest
from realsite import DATABASE, point_settings_at, run_sql, server  # noqa: F401 - a fixture

from selfservice.services.offering import read_offers

pytestmark = pytest.mark.django_db
AREAS = f"REPLACE INTO {DATABASE}.config (param, wert) VALUES ('agenda/bereiche', 'Arzt, Labor,,MPA')"
TYPES = f"REPLACE INTO {DATABASE}.config (param, wert) VALUES ('agenda/TerminTypen', 'Frei,Normal')"


def test_what_elexis_is_set_to_is_offered_else_what_stands_in_the_agenda(server, settings):  # noqa: F811
    point_settings_at(server, settings)
    run_sql(server, f"DELETE FROM {DATABASE}.config WHERE param LIKE 'agenda/%'")
    before = read_offers()
    assert before.areas
    assert before.types
    run_sql(server, AREAS, TYPES)
    after = read_offers()
    assert (after.areas, after.types) == (("Arzt", "Labor", "MPA"), ("Frei", "Normal"))
    assert after.unknown("Praxis", "Normal") == [("agenda_area", "Praxis")]


def test_a_database_without_an_agenda_offers_nothing(server, settings):  # noqa: F811
    point_settings_at(server, settings)
    settings.DBNAME = "nobody"
    offers = read_offers()
    assert (offers.areas, offers.types) == ((), ())
