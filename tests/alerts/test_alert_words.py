"""Every alert has its words, in the language of the practice, and no word of it is secret."""

from __future__ import annotations

import dataclasses
import pickle
import re
from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from django.utils import timezone, translation
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from backups.messages import SENTENCES, error_sentence
from oobsite.alerts import messages
from oobsite.alerts.composing import compose
from oobsite.alerts.domain import errors
from oobsite.alerts.models import Alert, AlertChannel, MailSettings, Occasion
from oobsite.alerts.secrecy import clean_params, hide_known
from oobsite.alerts.words import ALERTS, CAUSES

pytestmark = pytest.mark.django_db
SECRETS = {
    "SECRET_KEY": "oobMARK-signing-5e1d",
    "DBPWD": "oobMARK-dbpwd-7c1f",
    "OOB_BACKUP_DBPWD": "oobMARK-backup-91be",
    "OOB_SMTP_PASSWORD": "oobMARK-smtp-2f7a",
}
STORED = ("oobMARK-stored-c3c3", "ntfys://me:oobMARK%2Dtopic@ntfy.sh/oobMARK-path", "oobMARK-topic")
ALL = (*SECRETS.values(), *STORED)
AT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


@pytest.fixture
def planted(settings, secrets_folder):
    for name, value in SECRETS.items():
        setattr(settings, name, value)
    MailSettings.objects.create(pk=MailSettings.PK, host="smtp.example.ch", password=STORED[0])
    AlertChannel.objects.create(name="Handy", kind="apprise", url=STORED[1])


def alert_of(code: str, **values) -> Alert:
    values = {"level": "error", "first_at": AT, "last_at": AT, "cleared_at": AT, **values}
    return Alert(code=code, **values)


PARAMS = {
    "action": "backup",
    "started_at": AT.isoformat(),
    "slot_at": AT.isoformat(),
    "first_at": AT.isoformat(),
    "newest_at": AT.isoformat(),
    "ends_at": AT.isoformat(),
    "last_at": AT.isoformat(),
    "secured_at": None,
    "proved_at": None,
    "free_bytes": 4_600_000_000,
    "total_bytes": 92_000_000_000,
    "count": 3,
    "days": 12,
    "done": 6,
    "remarks": 1,
    "failed": 0,
    "open": 0,
    "schedule": "Nacht",
    "channel": "Praxis",
    "name": "praxis.local",
    "weakness": "RSA 1024",
    "archive": "elexisdb_2026-11-24-0315.tar.gz",
    "archives": "elexisdb_2026-11-24-0315.tar.gz",
    "causes": ["no-space", "of-a-later-version"],
    "sources": ["pacsdata"],
}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("code", ALERTS)
def test_every_alert_can_be_said(code, language, settings, secrets_folder):
    settings.LANGUAGE_CODE = language
    for occasion in Occasion:
        message = compose(alert_of(code, params=PARAMS), occasion)
        assert message.subject.startswith("Praxis am See: ")
        assert len(message.subject) < 100
        assert "…" not in message.text, message.text
        assert "%(" not in message.text


def test_a_whole_message(settings, secrets_folder):
    settings.LANGUAGE_CODE = "en"
    message = compose(alert_of("run-failed", params=PARAMS), Occasion.ALERT)
    assert message.text.splitlines()[0] == (
        "Backup of Nov. 24, 2026, 4:15 a.m. failed. Affected: PACS. Cause: not enough room on the disk, see the log."
    )
    assert "http://localhost:8000/alerts/alert/" in message.text
    assert message.level == "error"


def test_words_are_those_of_the_practice_whoever_looks(settings, secrets_folder):
    settings.LANGUAGE_CODE = "en"
    with translation.override("de"):
        assert "Backup failed" in compose(alert_of("run-failed", params=PARAMS), Occasion.ALERT).subject


def test_a_line_break_in_the_name_of_the_practice_stays_in_the_subject(settings, secrets_folder):
    settings.OOB_PRACTICE_NAME = "Praxis\r\nBcc: x@evil.ch"
    assert compose(alert_of("test"), Occasion.ALERT).subject.count("\n") == 0


def test_causes_are_codes_that_exist():
    assert set(CAUSES) <= set(SENTENCES)


def test_sentences_name_parameters_that_become_words():
    """No free text: neither of an exception nor of a log."""
    used = {name for words in ALERTS.values() for part in vars(words).values() for name in placeholders(part)}
    assert not used & {"text", "line", "reason", "names", "path", "error", "detail", "password", "user"}
    assert used <= set(PARAMS)


def placeholders(part) -> list[str]:
    with translation.override("en"):
        return re.findall(r"%\((\w+)\)s", str(part))


@pytest.mark.parametrize("error", [*errors.DeliveryError.__subclasses__(), errors.ChannelUnknownError])
def test_every_way_to_fail_has_a_sentence(error):
    made = error(*[f"value{number}" for number in range(len(dataclasses.fields(error)))])
    with translation.override("en"):
        text = error_sentence(made)
    assert "%(" not in text
    assert not text.startswith(made.code)
    assert str(pickle.loads(pickle.dumps(made))) == str(made)  # noqa: S301 - made here


# --- secrets ------------------------------------------------------------------------------------------------
values = st.recursive(
    st.none()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(ALL)
    | st.builds("{}{}{}".format, st.text(), st.sampled_from(ALL), st.text()),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)
names = st.sampled_from(sorted(PARAMS)) | st.text(max_size=20)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    code=st.sampled_from([*ALERTS, "unknown"]),
    params=st.dictionaries(names, values, max_size=6),
    source=st.sampled_from(ALL),
)
def test_no_secret_of_the_settings_appears_in_any_alert(code, params, source, planted):
    alert = alert_of(code, params=clean_params(params), source=source)
    texts = [repr(alert.params)]
    for occasion in Occasion:
        message = compose(alert, occasion)
        texts += [message.subject, message.text]
    assert [secret for secret in ALL for text in texts if secret in text] == []


def test_what_is_called_like_a_secret_is_hidden_whatever_it_is(planted):
    assert clean_params({"password": "x", "session_key": 3, "archive": "a"}) == {
        "password": "●●●",
        "session_key": "●●●",
        "archive": "a",
    }


def test_short_settings_hide_no_ordinary_words(settings, planted):
    settings.DBPWD = "am"
    assert hide_known("Praxis am See") == "Praxis am See"


def test_a_lost_key_does_not_silence_alerts(planted, secrets_folder):
    (secrets_folder / "field.keys").unlink()
    assert "●●●" in hide_known(f"x {SECRETS['DBPWD']}")
    assert compose(alert_of("run-failed"), Occasion.ALERT).text


def test_moments_are_those_of_the_practice(settings, secrets_folder):
    settings.LANGUAGE_CODE = "de"
    assert django_settings.TIME_ZONE == "Europe/Zurich"
    with translation.override("de"):
        assert messages.moment(AT) == "24.11.2026, 04:15"
    assert timezone.is_aware(AT)
