"""Fill a server with an invented practice: the same rows for the same seed and day."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from MySQLdb.connections import Connection

from demo import words
from demo.schema import ACCOUNTS, PROGRAMS, START_BALANCE, TABLES

Row: TypeAlias = Sequence[str | bytes | int | None]

HEAD = "id, lastupdate, deleted"
"""Columns with which almost every table begins."""

DEFAULT_DAY = date(2026, 11, 2)

INVOICE_STATES = (
    ("4", 6),
    ("5", 14),
    ("6", 3),
    ("7", 2),
    ("8", 2),
    ("9", 1),
    ("10", 1),
    ("11", 1),
    ("12", 1),
)
"""Codes of Elexis with weights: open, open and printed, reminders 1 to 3 with prints, debt collection."""

CLOSED_STATES = (("15", 2), ("16", 60), ("18", 2))
"""Part paid, paid, cancelled."""


def build_database(
    connection: Connection,
    *,
    patients: int = 3000,
    seed: int = 1,
    database: str = "elexisoob",
    today: date = DEFAULT_DAY,
) -> None:
    """Make `database` and fill it: per 1000 patients about 7000 consultations and 14,000 laboratory values.

    The connection needs the rights of an administrator and stays on `database`. The rows depend on
    `patients`, `seed` and `today` alone; the appointments lie within four weeks around `today`.
    """
    connection.query(f"CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4")
    connection.select_db(database)
    for statement in TABLES:
        connection.query(statement)
    loader = _Loader(connection)
    connection.begin()
    Practice(loader, patients, random.Random(seed), today).build()
    connection.commit()
    for statement in PROGRAMS:
        connection.query(statement)


class _Loader:
    """Insert rows in long statements over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def insert(self, table: str, columns: str, rows: Iterable[Row]) -> None:
        """Insert `rows`, whose values stand in the order of the comma-separated `columns`."""
        places = ", ".join(["%s"] * (columns.count(",") + 1))
        with self.connection.cursor() as cursor:
            cursor.max_stmt_length = 512 * 1024
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)


class Practice:
    """The rows of one practice; the methods run in the order of `build`."""

    def __init__(self, loader: _Loader, patients: int, rng: random.Random, today: date) -> None:
        """Take where to write to, how many patients, the source of chance and the present day."""
        self.insert = loader.insert
        self.rng = rng
        self.today = today
        self.now_ms = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp()) * 1000
        self.patients = [self._id() for _ in range(patients)]
        self.doctors = [self._id() for _ in range(3)]
        self.insurers = [self._id() for _ in words.INSURERS]
        self.cases: list[tuple[str, str]] = []
        self.visits: list[tuple[str, str, str]] = []

    def build(self) -> None:
        """Insert everything."""
        self._contacts()
        self._cases()
        self._visits()
        self._services()
        self._appointments()
        self._laboratory()
        self._documents()
        self._settings()
        self._bank()
        self._logs()

    def _id(self) -> str:
        """Return a new identifier as Elexis makes them: 25 characters."""
        return f"{self.rng.getrandbits(100):025x}"

    def _head(self, deleted: float = 0.02) -> tuple[str, int, str]:
        """Return id, lastupdate and deleted of a new row; `deleted` is the share of deleted rows."""
        return self._id(), self.now_ms - self._below(10**10), "1" if self.rng.random() < deleted else "0"

    def _below(self, end: int) -> int:
        """Return a number from 0 to `end` - 1, faster than randrange."""
        return int(self.rng.random() * end)

    def _day(self, back: int) -> str:
        """Return a day within the last `back` days as YYYYMMDD."""
        return _ymd(self.today - timedelta(days=self._below(back)))

    def _contacts(self) -> None:
        """Patients, doctors, insurers and a laboratory."""
        columns = (
            f"{HEAD}, istOrganisation, istPerson, istPatient, istAnwender, istMandant, istLabor, PatientNr, "
            "Bezeichnung1, Bezeichnung2, Titel, Geburtsdatum, Geschlecht, Strasse, Plz, Ort, Land, Telefon1, "
            "EMail, Bemerkung, ExtInfo"
        )
        # Flags as the columns: organisation, person, patient, user, doctor who bills, laboratory.
        rows = [self._person(key, "011000", number, "") for number, key in enumerate(self.patients, 1)]
        rows += [self._person(key, "010110", None, "Dr. med.") for key in self.doctors]
        for key, name in [*zip(self.insurers, words.INSURERS, strict=True), (self._id(), "Labor Zürisee AG")]:
            flags = "100001" if name.startswith("Labor") else "100000"
            rows.append((key, self.now_ms, "0", *flags, None, name, *[None] * 12))
        self.insert("kontakt", columns, rows)

    def _person(self, key: str, flags: str, number: int | None, title: str) -> Row:
        """Return the row of one person."""
        rng = self.rng
        sex = rng.choice("mw")
        first, last = rng.choice(words.MEN if sex == "m" else words.WOMEN), rng.choice(words.SURNAMES)
        zip_code, town = rng.choice(words.TOWNS)
        born = _ymd(date(1930, 1, 1) + timedelta(days=self._below(34_000)))
        phone = f"0{rng.choice((43, 44, 52, 31))} 555 {self._below(90) + 10} {self._below(90) + 10}"
        mail = f"patient{number}@example.ch" if number and number % 3 else None
        note = "Penicillin-Allergie" if number and number % 17 == 0 else None
        street = f"{rng.choice(words.STREETS)} {self._below(120) + 1}"
        label = str(number) if number else None
        return (
            *(key, *self._head(0.02 if number else 0)[1:], *flags, label, last, first, title, born, sex),
            *(street, zip_code, town, "CH", phone, mail, note, rng.randbytes(60)),
        )

    def _cases(self) -> None:
        """One or two cases for each patient."""
        rows: list[Row] = []
        for patient in self.patients:
            for number in range(1 + (self.rng.random() < 0.3)):
                head, insurer = self._head(), self.rng.choice(self.insurers)
                name, law, reason = self.rng.choice(words.CASES[2:] if number else words.CASES[:2])
                rows.append((*head, patient, patient, insurer, str(len(rows) + 1), name, reason, law, self._day(2500)))
                self.cases.append((head[0], patient))
        columns = f"{HEAD}, PatientID, GarantID, KostentrID, FallNummer, Bezeichnung, Grund, Gesetz, DatumVon"
        self.insert("faelle", columns, rows)

    def _visits(self) -> None:
        """Consultations, and an invoice for about half of them."""
        visits: list[Row] = []
        invoices: list[Row] = []
        for _ in range(len(self.patients) * 7):
            case, _patient = self.rng.choice(self.cases)
            head, doctor, day = self._head(0.01), self.rng.choice(self.doctors), self._day(2000)
            invoice = self._invoice(len(invoices), case, doctor, day) if self.rng.random() < 0.5 else None
            if invoice:
                invoices.append(invoice)
            paid_by = invoice[0] if invoice else None
            code = self.rng.choice(words.DIAGNOSES)
            visits.append((*head, case, doctor, paid_by, day, self._time(), code, self._note()))
            self.visits.append((head[0], case, day))
        columns = f"{HEAD}, FallID, MandantID, RechnungsID, Datum, Zeit, Diagnosen, Eintrag"
        self.insert("behandlungen", columns, visits)
        columns = f"{HEAD}, RnNummer, FallID, MandantID, RnDatum, RnStatus, RnDatumVon, RnDatumBis, Betrag"
        self.insert("rechnungen", columns, invoices)

    def _invoice(self, number: int, case: str, doctor: str, day: str) -> Row:
        """Return an invoice; old ones are mostly closed."""
        states = INVOICE_STATES if day >= _ymd(self.today - timedelta(days=90)) else INVOICE_STATES + CLOSED_STATES
        state = self.rng.choices([code for code, _ in states], [weight for _, weight in states])[0]
        amount = str(3000 + self._below(40_000))
        return (*self._head(0.005), str(10_001 + number), case, doctor, day, state, day, day, amount)

    def _time(self) -> str:
        """Return a time within office hours as HHMMSS."""
        return f"{8 + self._below(10):02d}{5 * self._below(12):02d}00"

    def _note(self) -> bytes:
        """Return what the doctor wrote."""
        rng = self.rng
        numbers = {
            "a": 110 + self._below(60),
            "b": 65 + self._below(30),
            "c": 58 + self._below(40),
            "d": self._below(9),
        }
        lines = [
            "S: " + rng.choice(words.COMPLAINTS) + ".",
            "O: "
            + rng.choice(words.FINDINGS).format(**numbers)
            + ". "
            + rng.choice(words.FINDINGS).format(**numbers)
            + ".",
            "P: " + rng.choice(words.PLANS) + ".",
        ]
        return "\n".join(lines).encode()

    def _services(self) -> None:
        """Between one and two billed services for each consultation."""
        rows: list[Row] = []
        for visit, _case, _day in self.visits:
            for text, code, points in self.rng.sample(words.SERVICES, 1 + (self.rng.random() < 0.45)):
                price = str(points * 89 // 100)
                rows.append(
                    (
                        *self._head(0.005),
                        visit,
                        text,
                        code,
                        "ch.elexis.data.TarmedLeistung",
                        "1",
                        str(points),
                        "100",
                        price,
                    )
                )
        columns = f"{HEAD}, BEHANDLUNG, LEISTG_TXT, LEISTG_CODE, KLASSE, ZAHL, TP, VK_SCALE, VK_PREIS"
        self.insert("leistungen", columns, rows)

    def _appointments(self) -> None:
        """Appointments of the two weeks before and after today; those before are over."""
        rows: list[Row] = []
        for offset in range(-14, 15):
            day = self.today + timedelta(days=offset)
            for room in words.ROOMS if day.weekday() < 5 else ():
                rows += [
                    self._appointment(day, room, start) for start in range(480, 1020, 20) if self.rng.random() < 0.8
                ]
        columns = f"{HEAD}, PatID, Bereich, Tag, Beginn, Dauer, Grund, TerminTyp, TerminStatus, ErstelltVon"
        self.insert("agntermine", columns, rows)

    def _appointment(self, day: date, room: str, start: int) -> Row:
        """Return an appointment of 20 minutes that begins `start` minutes after midnight."""
        state = self.rng.choice(words.VISIT_STATES[2:]) if day < self.today else words.VISIT_STATES[0]
        kind, reason = self.rng.choice(words.VISIT_TYPES), self.rng.choice(words.COMPLAINTS)
        patient = self.rng.choice(self.patients)
        return (*self._head(0.03), patient, room, _ymd(day), str(start), "20", reason, kind, state, "mpa")

    def _laboratory(self) -> None:
        """Laboratory values, two thirds of them within their limits."""
        items = [(self._id(), *item) for item in words.LAB_ITEMS]
        columns = f"{HEAD}, kuerzel, titel, Einheit, RefMann, RefFrauOrTx, Gruppe, prio"
        rows = [
            (
                key,
                self.now_ms,
                "0",
                short,
                title,
                unit,
                f"{low}-{high}",
                f"{low}-{high}",
                "Z Zürisee",
                str(place),
            )
            for place, (key, short, title, unit, low, high) in enumerate(items)
        ]
        self.insert("laboritems", columns, rows)
        columns = f"{HEAD}, PatientID, Datum, Zeit, ItemID, Resultat, Flags"
        values = (self._value(self.rng.choice(items)) for _ in range(len(self.patients) * 14))
        self.insert("laborwerte", columns, list(values))

    def _value(self, item: tuple[str, str, str, str, int, int]) -> Row:
        """Return one measured value of a random patient."""
        key, _short, _title, _unit, low, high = item
        value = low + self.rng.random() * (high - low) * 1.5
        patient = self.patients[self._below(len(self.patients))]
        return (
            *self._head(0.01),
            patient,
            self._day(2000),
            "073000",
            key,
            f"{value:.1f}",
            "1" if value > high else "0",
        )

    def _documents(self) -> None:
        """Blobs: heap holds data that cannot be compressed (images), heap2 text."""
        count = max(4, len(self.patients) // 60)
        images = [
            (*self._head(), self._day(2000), self.rng.randbytes(16_000 + self._below(60_000))) for _ in range(count)
        ]
        self.insert("heap", f"{HEAD}, datum, inhalt", images)
        letters = [(*self._head(), self._day(2000), self._note() * (20 + self._below(200))) for _ in range(count)]
        self.insert("heap2", f"{HEAD}, datum, contents", letters)

    def _settings(self) -> None:
        """Users and configuration."""
        users = []
        for number, doctor in enumerate(self.doctors):
            salt = self.rng.randbytes(8).hex()
            hashed = hashlib.sha256(salt.encode()).hexdigest()
            users.append((f"arzt{number + 1}", self.now_ms, "0", doctor, hashed, salt, "1", "0" if number else "1"))
        columns = f"{HEAD}, kontakt_id, hashed_password, salt, is_active, is_administrator"
        self.insert("user_", columns, users)
        config = {
            "dbversion": "3.9.0",
            "ElexisVersion": "3.9.0",
            "created": _ymd(self.today),
            "agenda/bereiche": ",".join(words.ROOMS),
        }
        config |= {f"praxis/einstellung{number}": self.rng.choice(words.PLANS) for number in range(40)}
        self.insert("config", "lastupdate, param, wert", [(self.now_ms, *pair) for pair in config.items()])

    def _bank(self) -> None:
        """Accounts whose sum never changes, and the counter of transfers."""
        accounts = [(number, START_BALANCE) for number in range(1, ACCOUNTS + 1)]
        self.insert("konto_a", "nr, saldo", accounts)
        self.insert("konto_b", "nr, saldo", accounts)
        self.insert("zaehler", "nr, n", [(1, 0)])

    def _logs(self) -> None:
        """Tables of the engines without transactions."""
        logs = [(*self._head(0), 0, self._day(100) + self._time(), "empfang", "Anmeldung") for _ in range(500)]
        self.insert("logs", f"{HEAD}, n, datum, station, text", logs)
        traces = [
            (self.now_ms - self._below(10**9), "praxis1", "arzt1", self.rng.choice(words.COMPLAINTS))
            for _ in range(1500)
        ]
        self.insert("traces", "logtime, station, benutzer, aktion", traces)
        journal = [(*self._head(0), 0, self._day(100) + self._time(), self.rng.choice(words.PLANS)) for _ in range(500)]
        self.insert("journal", f"{HEAD}, n, datum, eintrag", journal)
        labels = [
            (self._id(), self.now_ms, "0", name, "000000", "ffcc00", "1") for name in ("Privé", "Säumig", "Allergie!")
        ]
        self.insert("etiketten", f"{HEAD}, name, vordergrund, hintergrund, wert", labels)
        marked = [(patient, self.rng.choice(labels)[0]) for patient in self.patients[::10]]
        self.insert("etiketten_objekt", "obj, etikette", marked)


def _ymd(day: date) -> str:
    """Write a day as Elexis does."""
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"
