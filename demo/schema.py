"""Tables of a practice as Elexis keeps them, cut down to the columns that the demo fills.

Elexis keeps almost everything as text: dates as YYYYMMDD, flags as '0' and '1', money in Rappen, times of the
day as minutes since midnight. `lastupdate` is in milliseconds since 1970.
"""

from __future__ import annotations

ACCOUNTS = 100
"""Accounts in each of konto_a and konto_b."""

START_BALANCE = 10_000_000
"""Balance of every account before the first transfer, in Rappen."""

_HEAD = "id VARCHAR(25) NOT NULL PRIMARY KEY, lastupdate BIGINT, deleted CHAR(1) DEFAULT '0'"
_INNODB = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
_MYISAM = "ENGINE=MyISAM DEFAULT CHARSET=utf8mb4"
_ARIA = "ENGINE=Aria TRANSACTIONAL=1 DEFAULT CHARSET=utf8mb4"

TABLES = (
    f"""CREATE TABLE kontakt ({_HEAD}, istOrganisation CHAR(1) DEFAULT '0', istPerson CHAR(1) DEFAULT '0',
        istPatient CHAR(1) DEFAULT '0', istAnwender CHAR(1) DEFAULT '0', istMandant CHAR(1) DEFAULT '0',
        istLabor CHAR(1) DEFAULT '0', PatientNr VARCHAR(40), Bezeichnung1 VARCHAR(255),
        Bezeichnung2 VARCHAR(255),
        Bezeichnung3 VARCHAR(255), Titel VARCHAR(255), Geburtsdatum CHAR(8), Geschlecht CHAR(1),
        Strasse VARCHAR(255), Plz VARCHAR(6), Ort VARCHAR(255), Land CHAR(3), Telefon1 VARCHAR(30),
        NatelNr VARCHAR(30), EMail VARCHAR(255), Gruppe VARCHAR(10), Bemerkung TEXT, ExtInfo LONGBLOB,
        KEY name (Bezeichnung1, Bezeichnung2), KEY patientnr (PatientNr)) {_INNODB}""",
    f"""CREATE TABLE faelle ({_HEAD}, PatientID VARCHAR(25), GarantID VARCHAR(25), KostentrID VARCHAR(25),
        VersNummer VARCHAR(25), FallNummer VARCHAR(25), Bezeichnung VARCHAR(80), Grund VARCHAR(80),
        Gesetz VARCHAR(20), DatumVon CHAR(8), DatumBis CHAR(8), KEY patient (PatientID)) {_INNODB}""",
    f"""CREATE TABLE behandlungen ({_HEAD}, FallID VARCHAR(25), MandantID VARCHAR(25),
        RechnungsID VARCHAR(25),
        Datum CHAR(8), Zeit CHAR(6), Diagnosen VARCHAR(80), Eintrag LONGBLOB,
        KEY fall (FallID), KEY rechnung (RechnungsID), KEY datum (Datum)) {_INNODB}""",
    f"""CREATE TABLE leistungen ({_HEAD}, BEHANDLUNG VARCHAR(25), LEISTG_TXT VARCHAR(255),
        LEISTG_CODE VARCHAR(25),
        KLASSE VARCHAR(80), ZAHL CHAR(3), TP VARCHAR(8), VK_SCALE VARCHAR(8), VK_PREIS VARCHAR(8),
        KEY behandlung (BEHANDLUNG)) {_INNODB}""",
    f"""CREATE TABLE rechnungen ({_HEAD}, RnNummer VARCHAR(8), FallID VARCHAR(25), MandantID VARCHAR(25),
        RnDatum CHAR(8), RnStatus VARCHAR(20), RnDatumVon CHAR(8), RnDatumBis CHAR(8), Betrag VARCHAR(8),
        StatusDatum CHAR(8), KEY fall (FallID), KEY nummer (RnNummer)) {_INNODB}""",
    f"""CREATE TABLE agntermine ({_HEAD}, PatID VARCHAR(80), Bereich VARCHAR(25), Tag CHAR(8), Beginn CHAR(4),
        Dauer CHAR(4), Grund TEXT, TerminTyp VARCHAR(50), TerminStatus VARCHAR(50), ErstelltVon VARCHAR(25),
        KEY tag (Tag, Bereich), KEY patient (PatID)) {_INNODB}""",
    f"""CREATE TABLE laboritems ({_HEAD}, kuerzel VARCHAR(80), titel VARCHAR(80), Einheit VARCHAR(20),
        RefMann VARCHAR(256), RefFrauOrTx VARCHAR(256), Gruppe VARCHAR(25), prio CHAR(3)) {_INNODB}""",
    f"""CREATE TABLE laborwerte ({_HEAD}, PatientID VARCHAR(25), Datum CHAR(8), Zeit CHAR(6),
        ItemID VARCHAR(25),
        Resultat VARCHAR(255), Flags VARCHAR(10), Kommentar TEXT, KEY patient (PatientID,
        Datum)) {_INNODB}""",
    f"CREATE TABLE heap ({_HEAD}, datum CHAR(8), inhalt LONGBLOB) {_INNODB}",
    f"CREATE TABLE heap2 ({_HEAD}, datum CHAR(8), contents LONGBLOB) {_INNODB}",
    f"""CREATE TABLE user_ ({_HEAD}, kontakt_id VARCHAR(25), hashed_password VARCHAR(64), salt VARCHAR(64),
        is_active CHAR(1), is_administrator CHAR(1)) {_INNODB}""",
    f"""CREATE TABLE config (lastupdate BIGINT, param VARCHAR(80) NOT NULL PRIMARY KEY,
        wert LONGTEXT) {_INNODB}""",
    f"CREATE TABLE konto_a (nr INT NOT NULL PRIMARY KEY, saldo BIGINT NOT NULL) {_INNODB}",
    f"CREATE TABLE konto_b (nr INT NOT NULL PRIMARY KEY, saldo BIGINT NOT NULL) {_INNODB}",
    f"""CREATE TABLE transfer (n BIGINT NOT NULL PRIMARY KEY, von INT NOT NULL, nach INT NOT NULL,
        betrag BIGINT NOT NULL, zeit DATETIME(3) NOT NULL) {_INNODB}""",
    f"CREATE TABLE zaehler (nr INT NOT NULL PRIMARY KEY, n BIGINT NOT NULL) {_INNODB}",
    f"""CREATE TABLE logs ({_HEAD}, n BIGINT NOT NULL DEFAULT 0, datum CHAR(14), station VARCHAR(40),
        text TEXT,
        KEY n (n)) {_MYISAM}""",
    f"""CREATE TABLE traces (nr INT NOT NULL AUTO_INCREMENT PRIMARY KEY, logtime BIGINT, station VARCHAR(40),
        benutzer VARCHAR(30), aktion LONGTEXT, KEY zeit (logtime)) {_MYISAM}""",
    f"""CREATE TABLE etiketten ({_HEAD}, name VARCHAR(40), vordergrund CHAR(6), hintergrund CHAR(6),
        wert CHAR(5)) {_ARIA}""",
    f"""CREATE TABLE etiketten_objekt (obj VARCHAR(25) NOT NULL, etikette VARCHAR(25) NOT NULL,
        PRIMARY KEY (obj, etikette)) {_ARIA}""",
    f"""CREATE TABLE journal ({_HEAD}, n BIGINT NOT NULL DEFAULT 0, datum CHAR(14), eintrag TEXT,
        KEY n (n)) {_ARIA}""",
)

PROGRAMS = (
    """CREATE VIEW offene_posten AS
        SELECT r.RnNummer, r.RnDatum, r.RnStatus, CAST(r.Betrag AS SIGNED) AS Rappen, k.PatientNr,
            k.Bezeichnung1 AS Name, k.Bezeichnung2 AS Vorname
        FROM rechnungen r JOIN faelle f ON f.id = r.FallID JOIN kontakt k ON k.id = f.PatientID
        WHERE r.deleted = '0' AND CAST(r.RnStatus AS SIGNED) BETWEEN 4 AND 15""",
    """CREATE TRIGGER kontakt_lastupdate BEFORE UPDATE ON kontakt FOR EACH ROW
        SET NEW.lastupdate = CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)""",
    """CREATE TRIGGER rechnungen_status BEFORE UPDATE ON rechnungen FOR EACH ROW
        IF NEW.RnStatus <> OLD.RnStatus THEN SET NEW.StatusDatum = DATE_FORMAT(NOW(), '%Y%m%d'); END IF""",
    """CREATE FUNCTION alter_in_jahren(geburt CHAR(8), am DATE) RETURNS INT DETERMINISTIC
        RETURN TIMESTAMPDIFF(YEAR, STR_TO_DATE(geburt, '%Y%m%d'), am)""",
    """CREATE PROCEDURE mahnlauf_vorschau(IN bis CHAR(8)) READS SQL DATA
        SELECT COUNT(*) AS Anzahl, SUM(Rappen) AS Rappen FROM offene_posten WHERE RnDatum <= bis""",
    """CREATE EVENT traces_aufraeumen ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01 03:00:00'
        COMMENT 'Löscht alte Spuren' DO
        DELETE FROM traces WHERE logtime < CAST(UNIX_TIMESTAMP(NOW() - INTERVAL 10 YEAR) * 1000 AS SIGNED)""",
)
"""View, triggers, function, procedure and event, made after the rows are in."""
