"""Names and phrases of an invented practice in German-speaking Switzerland."""

from __future__ import annotations

# fmt: off
WOMEN = (
    "Anna", "Maria", "Ursula", "Ruth", "Heidi", "Vreni", "Käthi", "Rösli", "Esther", "Brigitte", "Monika",
    "Silvia", "Barbara", "Regula", "Zoë", "Noémie", "Lea", "Mia", "Laura", "Sarah", "Nadja", "Fatima",
    "Jelena", "Andrée", "Chloé", "Sophie", "Elisabeth", "Margrith",
)
MEN = (
    "Hans", "Peter", "Urs", "Beat", "Ueli", "Jürg", "Köbi", "Reto", "Thomas", "Daniel", "Markus",
    "Christian", "Stefan", "René", "André", "Björn", "Noah", "Luca", "Liam", "Matteo", "Gian", "Mehmet",
    "Goran", "Jérôme", "Kilian", "Ruedi", "Walter", "Fritz",
)
SURNAMES = (
    "Müller", "Meier", "Schmid", "Keller", "Weber", "Huber", "Schneider", "Meyer", "Steiner", "Fischer",
    "Gerber", "Brunner", "Baumann", "Frei", "Zimmermann", "Moser", "Widmer", "Wyss", "Graf", "Roth",
    "Suter", "Kälin", "Bühler", "Lüscher", "Käser", "Zürcher", "Schär", "Flückiger", "Hügli", "Rüegg",
    "Bärtschi", "Aeschlimann", "Büchi", "Grüter", "Stöckli", "Jäggi", "Hänni", "Lüthi", "Krähenbühl",
    "Schönenberger", "Petrović", "Özdemir", "Ferrari", "Nguyen",
)
STREETS = (
    "Bahnhofstrasse", "Hauptstrasse", "Dorfstrasse", "Seestrasse", "Kirchgasse", "Rütistrasse", "Mühleweg",
    "Bächlistrasse", "Schulhausstrasse", "Oberdorf", "Höhenweg", "Gässli", "Ringstrasse", "Züribergweg",
)
# fmt: on
TOWNS = (
    ("8001", "Zürich"),
    ("8400", "Winterthur"),
    ("8200", "Schaffhausen"),
    ("9000", "St. Gallen"),
    ("3011", "Bern"),
    ("3600", "Thun"),
    ("6003", "Luzern"),
    ("5000", "Aarau"),
    ("4500", "Solothurn"),
    ("8610", "Uster"),
    ("8708", "Männedorf"),
    ("8820", "Wädenswil"),
    ("6460", "Altdorf"),
    ("2502", "Biel/Bienne"),
)
INSURERS = ("CSS Versicherung", "Helsana", "SWICA", "Concordia", "Sanitas", "Visana", "ÖKK", "Suva")
CASES = (
    ("Allgemein", "KVG", "Krankheit"),
    ("Allgemein", "KVG", "Prävention"),
    ("Sturz beim Velofahren", "UVG", "Unfall"),
    ("Schnittverletzung", "UVG", "Unfall"),
    ("Reisemedizin", "privat", "Beratung"),
)
COMPLAINTS = (
    "Husten und Fieber seit drei Tagen",
    "Rückenschmerzen nach dem Zügeln, ausstrahlend ins rechte Bein",
    "Kontrolle Hypertonie, misst zuhause selber",
    "Schwindel beim Aufstehen, kein Sturz",
    "Müdigkeit und Schlafstörungen",
    "Knieschmerzen links beim Treppensteigen",
    "Kontrolle Diabetes mellitus Typ 2",
    "Kopfschmerzen, eher gegen Abend, Übelkeit verneint",
    "Ausschlag am Unterarm, juckt stark",
    "Zeckenbiss vor einer Woche, Rötung grösser geworden",
)
FINDINGS = (
    "Lunge frei, keine Rasselgeräusche, Rachen gerötet",
    "Lasègue rechts bei 60° positiv, keine Paresen",
    "Blutdruck {a}/{b} mmHg, Puls {c} regelmässig",
    "Abdomen weich, keine Druckdolenz, Darmgeräusche normal",
    "Herztöne rein, keine Ödeme, Gewicht {c} kg",
    "Gelenk reizlos, kein Erguss, Meniskuszeichen negativ",
    "Temperatur 38,{d} °C, Sättigung 9{d} %",
)
PLANS = (
    "Dafalgan 1 g bis 3× täglich, Kontrolle bei Verschlechterung",
    "Physiotherapie 9 Sitzungen, Arbeitsunfähigkeit 50 % für eine Woche",
    "Medikation unverändert, nächste Kontrolle in drei Monaten",
    "Labor abgenommen, Besprechung der Befunde am Telefon",
    "Überweisung an die Kollegin in der Kardiologie, Brief folgt",
    "Doxycyclin 100 mg 2× täglich während 10 Tagen",
)
DIAGNOSES = ("K86", "R74", "L03", "T90", "P06", "L15", "S06", "N01", "A04", "Z00")
SERVICES = (
    ("Konsultation, erste 5 Min. (Grundkonsultation)", "00.0010", 957),
    ("Konsultation, jede weiteren 5 Min.", "00.0020", 957),
    ("Konsultation, letzte 5 Min.", "00.0030", 479),
    ("Kleine Untersuchung durch den Facharzt für Grundversorgung", "00.0415", 1915),
    ("Punktion, venös, zwecks Blutentnahme", "00.0715", 650),
    ("Telefonische Konsultation, erste 5 Min.", "00.0110", 957),
    ("Elektrokardiogramm (EKG)", "17.0010", 2570),
)
LAB_ITEMS = (
    ("Hb", "Hämoglobin", "g/l", 120, 170),
    ("Lc", "Leukozyten", "G/l", 4, 10),
    ("CRP", "C-reaktives Protein", "mg/l", 0, 5),
    ("Glu", "Glukose nüchtern", "mmol/l", 4, 6),
    ("HbA1c", "Glykiertes Hämoglobin", "%", 4, 6),
    ("Krea", "Kreatinin", "µmol/l", 60, 110),
    ("Chol", "Cholesterin", "mmol/l", 3, 5),
    ("TSH", "Thyreotropin", "mU/l", 0, 4),
    ("ALAT", "Alanin-Aminotransferase", "U/l", 10, 50),
    ("INR", "Quick/INR", "", 1, 3),
)
VISIT_TYPES = ("Normal", "Kontrolle", "Notfall", "Labor", "Impfung", "Hausbesuch")
VISIT_STATES = ("geplant", "eingetroffen", "abgeschlossen", "verpasst")
ROOMS = ("Arzt", "Ärztin 2", "MPA")
DOCUMENTS = (
    "Überweisung",
    "Arztbericht",
    "Laborbefund",
    "Rezept",
    "Röntgenbericht",
    "Zeugnis",
    "Kostengutsprache",
)
