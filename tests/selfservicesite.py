"""An installation with a settings.js of Webelexis, as somebody has written it by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from calling import call
from foldersite import FolderSite, new_site

from oobsite.keys import create_field_keys
from selfservice import services
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services.looking import look
from selfservice.services.versions import add_version
from tests.people import logged_in

PAGE = "/selfservice/selfservicesettings/1/change/"
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
    settings.OOB_WEBELEXIS_URL = settings.OOB_SELFSERVICE_URL = "http://127.0.0.1:1"  # nobody answers there
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


def new_booking_site(folder: Path, prepared: Path) -> FolderSite:
    """An installation of its own in ``folder`` whose Webelexis has the file."""
    site = new_site(folder, prepared)
    (folder / "mnt" / "webelexisdata").mkdir()
    (folder / "mnt" / "webelexisdata" / "settings.js").write_text(SETTINGS)
    return site


@pytest.fixture
def owner(client):
    return logged_in(client, "owner")


def order_back(content: bytes) -> SettingsVersion:
    """As after the button that puts an earlier state back, before the worker comes."""
    return add_version("back", made_by="x", base_fingerprint=look().fingerprint, content=content)


def run(*arguments: str) -> tuple[int, str]:
    """Exit code of a command and what it prints."""
    code, out, err = call(*arguments)
    return code, out + err
