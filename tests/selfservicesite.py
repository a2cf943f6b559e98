"""An installation with a settings.js of Webelexis, as somebody has written it by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from oobsite.keys import create_field_keys
from selfservice import services
from selfservice.models import SelfServiceSettings
from selfservice.services.looking import look

PASSWORD = "oobMARK-smtp-93c1"
SETTINGS = f"""\
/* Einstellungen von Webelexis */
module.exports = {{
  schedule: {{
    minDuration: 20, // Minuten
    maxPerDay: 8,
    resource: 'Arzt',
    terminTyp: 'Normal',
    sitename: 'Praxis Dr. Müller',
    siteaddr: 'Bahnhofstrasse 12, 8200 Schaffhausen',
    sitephone: '052 555 12 34',
    sitemail: 'praxis@example.ch',
    confirm: 'Grüezi! Ihr Termin: {{*}}.',
  }},
  smtp: {{
    host: 'mail.example.ch',
    port: 465,
    user: process.env.SMTPUSER,
    pwd: '{PASSWORD}',
  }},
  docbase: '/home/node/webelexis/data/sites',
}}
"""


@pytest.fixture
def webelexis(installation, settings) -> Path:
    """The path of the file."""
    settings.OOB_DATA_DIR = installation / "data"
    settings.OOB_WEBELEXIS_DIR = installation / "mnt" / "webelexisdata"
    settings.OOB_WEBELEXIS_DIR.mkdir()
    create_field_keys(installation / "data")
    path = settings.OOB_WEBELEXIS_DIR / "settings.js"
    path.write_text(SETTINGS)
    return path


@pytest.fixture
def saved(webelexis) -> SelfServiceSettings:
    """The row as after the first use: it says what the file says."""
    row = SelfServiceSettings.load()
    services.fill(row, look())
    row.save()
    return row
