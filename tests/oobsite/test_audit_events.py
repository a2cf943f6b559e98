"""What becomes an event, whose act it is, and what never stands in one."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_used
from allauth.usersessions.models import UserSession
from auditlog.models import LogEntry
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone, translation
from people import PASSWORD, log_in, make_user, recovery_codes

from backups.models import BackupArchive, BackupSchedule, Source
from oobsite.accounts.actors import Actor, system_actor, user_actor
from oobsite.accounts.models import User
from oobsite.audit.acting import acting
from oobsite.audit.models import AppendOnlyError, AuditEvent
from oobsite.audit.secrecy import is_secret
from oobsite.audit.services import record
from oobsite.audit.sessions import SessionsAdapter
from oobsite.audit.showing import shown_changes
from oobsite.audit.verifying import accept_chain, check_chain
from oobsite.fields import EncryptedTextField

SECRET = "Kennwort-7519-Zebra"


@pytest.fixture(autouse=True)
def data_dir(db, settings, tmp_path):
    settings.OOB_DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return tmp_path


@pytest.fixture
def anna():
    return User.objects.create_user("anna", password=SECRET, role=User.Role.CARE)


@pytest.fixture
def request_from(rf, anna):
    request = rf.post("/", REMOTE_ADDR="192.168.1.7")
    request.user, request.session = anna, SessionStore()
    return request


def newest() -> AuditEvent:
    return AuditEvent.objects.first()


def acts() -> list[str]:
    return list(AuditEvent.objects.order_by("number").values_list("action", flat=True))


# --- record ---------------------------------------------------------------------------------------------------
def test_an_event_says_who_what_on_what_and_from_where(anna):
    source = Source.objects.get(name="elexisdb")
    event = record(Actor("anna", anna, "192.168.1.7"), "source.changed", source, {"order": [1, 2]})
    event.refresh_from_db()
    assert (event.actor, event.actor_pk, event.ip) == ("anna", anna.pk, "192.168.1.7")
    assert (event.object_type, event.object_pk, event.object_label) == ("backups.source", str(source.pk), str(source))
    assert event.changes == {"order": [1, 2]}
    assert event.compute_hash() == event.hash


def test_numbers_have_no_gap_and_hashes_follow_each_other():
    first, second = (record(system_actor(), "command.run") for _ in range(2))
    assert second.number == first.number + 1
    assert second.previous_hash == first.hash


def test_an_act_that_is_rolled_back_leaves_no_event():
    with transaction.atomic():
        record(system_actor(), "command.run")
        transaction.set_rollback(True)
    event = record(system_actor(), "backup.ended")
    assert acts() == ["backup.ended"]
    assert event.number == 1
    assert check_chain().is_intact


@pytest.mark.parametrize("name", ["x" * 999, "half \ud83e character", "nul \0 and more", "", "🧪 Zürich"])
def test_any_text_is_kept_as_one_that_can_be_checked_again(name):
    record(Actor(name, ip=name), "command.run", None, {"text": name, name[:20]: [1.5, timezone.now()]})
    assert check_chain().is_intact


def test_events_are_neither_changed_nor_deleted_by_django():
    event = record(system_actor(), "command.run")
    for deed in (event.save, event.delete, AuditEvent.objects.all().delete):
        with pytest.raises(AppendOnlyError):
            deed()
    with pytest.raises(AppendOnlyError):
        AuditEvent.objects.update(actor="nobody")
    with pytest.raises(AppendOnlyError):
        AuditEvent.objects.bulk_create([event])


# --- the second record -----------------------------------------------------------------------------------------
def test_the_second_record_is_private_and_has_two_lines_per_event(data_dir, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        event = record(system_actor(), "command.run")
    path = data_dir / "audit.hashes"
    assert path.read_text() == f"1 {event.hash} announced\n1 {event.hash} stored\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_lost_second_record_is_doubtful_until_it_is_accepted(data_dir, capsys):
    record(system_actor(), "command.run")
    (data_dir / "audit.hashes").unlink()
    with pytest.raises(SystemExit) as ended:
        call_command("verifyaudit")
    assert ended.value.code == 3
    assert "audit.hashes" in capsys.readouterr().err
    call_command("verifyaudit", "--accept")
    assert acts()[-2:] == ["audit.accepted", "audit.verified"]


def test_the_web_service_can_go_on_writing_when_root_has_accepted_the_chain(data_dir):
    record(system_actor(), "command.run")
    if os.geteuid() == 0:
        os.chown(data_dir, 64_991, 64_991)
    accept_chain(system_actor())
    status = (data_dir / "audit.hashes").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (data_dir.stat().st_uid, 0o600)


def test_the_command_says_in_json_where_the_chain_is_whole(capsys):
    record(system_actor(), "command.run")
    call_command("verifyaudit", "--json")
    assert json.loads(capsys.readouterr().out) == {"ok": True, "count": 1, "problem": "", "number": 0}


# --- changes of rows -------------------------------------------------------------------------------------------
def test_a_changed_row_is_an_event_with_old_and_new_value(anna):
    source = Source.objects.get(name="elexisdb")
    source.title = "Praxis"
    with acting(user_actor(anna)):
        source.save()
    assert (newest().action, newest().actor) == ("source.changed", "anna")
    assert newest().changes == {"title": ["Elexis", "Praxis"]}


def test_only_the_saved_fields_count():
    source = Source.objects.get(name="elexisdb")
    source.title, source.is_active = "not saved", False
    source.save(update_fields=["is_active"])
    assert newest().action == "source.off"
    assert newest().changes == {"is_active": [True, False]}


def test_saving_without_a_change_is_no_event():
    Source.objects.get(name="elexisdb").save()
    assert acts() == []


def test_added_and_removed_rows_are_events():
    source = Source.objects.create(name="bilder", title="Bilder", path="bilder")
    source.delete()
    assert acts() == ["source.added", "source.removed"]
    assert newest().object_label == "Bilder"
    assert newest().object_pk.isdigit()


def test_of_a_new_row_only_what_stands_in_it_is_told():
    BackupSchedule.objects.create(name="Nightly")
    told = newest().changes
    assert told["name"] == [None, "Nightly"]
    assert not {"id", "runs", "slots", "heartbeat_url", "paused_until"} & set(told)


def test_dates_are_shown_by_the_clock_of_the_practice():
    schedule = BackupSchedule.objects.create(name="Nightly")
    schedule.skip_slot = datetime(2026, 11, 28, 2, 15, tzinfo=UTC)
    schedule.paused_until = date(2026, 12, 24)
    schedule.save()
    with translation.override("de"):
        shown = {change.new for change in shown_changes(newest())}
    assert shown == {"28.11.2026, 03:15", "24.12.2026"}


def test_of_an_archive_only_the_wish_of_the_user_is_an_event():
    archive = BackupArchive.objects.create(name="a.tar.gz", series="elexisdb", taken_at=timezone.now(), size=1)
    archive.proof = BackupArchive.Proof.PROVED
    archive.save()
    archive.is_pinned = True
    archive.save()
    archive.delete()
    assert acts() == ["archive.pinned"]


def test_auditlog_writes_nothing_into_its_own_table():
    Source.objects.create(name="bilder", title="Bilder", path="bilder")
    assert acts() == ["source.added"]
    assert not LogEntry.objects.exists()


# --- secrets ---------------------------------------------------------------------------------------------------
def everything() -> str:
    return json.dumps([list(row) for row in AuditEvent.objects.values_list()], default=str)


def test_a_chosen_password_is_an_event_without_it(anna):
    before = anna.password
    anna.set_password("Anderes-7519")
    anna.save()
    assert newest().action == "password.changed"
    assert all(value not in everything() for value in (SECRET, "Anderes-7519", before, anna.password))


def test_a_hash_that_a_login_makes_stronger_is_no_event(anna, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
    count = AuditEvent.objects.count()
    assert authenticate(username="anna", password=SECRET) == anna
    anna.refresh_from_db()
    assert anna.password.startswith("scrypt$")
    assert AuditEvent.objects.count() == count


@pytest.mark.parametrize("name", ["password", "backup_password", "api_token", "passphrase", "session_key"])
def test_what_is_called_like_a_secret_is_hidden(name):
    record(system_actor(), "setting.changed", None, {name: [SECRET, SECRET[::-1]], "deep": [{"a": {name: SECRET}}]})
    assert SECRET not in everything()
    assert SECRET[::-1] not in everything()


def test_an_encrypted_field_is_secret_whatever_its_name():
    assert is_secret(EncryptedTextField(name="note"))


# --- logins ----------------------------------------------------------------------------------------------------
def test_login_and_logout_are_events_of_the_user(request_from, anna):
    user_logged_in.send(User, request=request_from, user=anna)
    user_logged_out.send(User, request=request_from, user=anna)
    assert acts()[-2:] == ["login.done", "logout.done"]
    assert (newest().actor, newest().ip) == ("anna", "192.168.1.7")


def test_the_way_through_the_login_pages_leaves_its_traces(client, pages):
    owner = make_user("owner")
    client.post("/accounts/login/", {"login": "owner", "password": "wrong"})
    log_in(client, owner)
    client.post("/accounts/logout/")
    assert acts()[-3:] == ["login.failed", "login.done", "logout.done"]
    assert newest().ip == "127.0.0.1"
    assert not any(word in everything() for word in ("wrong", PASSWORD, *recovery_codes(owner)))


def test_a_failed_login_names_a_user_who_exists(request_from, anna):
    request_from.user = AnonymousUser()
    authenticate(request_from, username="ANNA", password="wrong")
    assert (newest().action, newest().object_label, newest().actor) == ("login.failed", "anna", "")


def test_a_password_typed_as_a_name_is_not_kept(request_from):
    for _ in range(2):
        authenticate(request_from, username=SECRET, password="wrong")
    first, second = AuditEvent.objects.filter(action="login.failed")
    assert SECRET not in everything()
    assert first.changes == second.changes
    assert len(first.changes["unknown_name"]) == 4


def test_a_refused_login_is_an_event(request_from):
    user_login_failed.send(__name__, credentials={"username": "anna"}, request=request_from)
    assert newest().action == "login.locked"


def test_second_factors_are_events_without_their_secrets(request_from, anna):
    factor = Authenticator.objects.create(user=anna, type=Authenticator.Type.TOTP, data={"secret": SECRET})
    codes = Authenticator.objects.create(user=anna, type=Authenticator.Type.RECOVERY_CODES, data={"seed": SECRET})
    authenticator_added.send(Authenticator, request=request_from, user=anna, authenticator=factor)
    authenticator_used.send(Authenticator, request=request_from, user=anna, authenticator=factor)
    authenticator_used.send(Authenticator, request=request_from, user=anna, authenticator=codes)
    assert acts()[-2:] == ["factor.added", "factor.used"]
    assert newest().changes == {"factor": "recovery_codes"}
    assert SECRET not in everything()


def test_an_ended_session_is_an_event_without_its_key(anna):
    session = UserSession.objects.create(user=anna, session_key=SECRET, ip="192.168.1.9", user_agent="Firefox")
    with acting(user_actor(anna)):
        SessionsAdapter().end_sessions([session])
    assert (newest().action, newest().object_label) == ("session.ended", "anna")
    assert SECRET not in everything()


def test_a_yes_is_no_secret_whatever_it_is_about():
    event = record(system_actor(), "restore.requested", None, {"are_old_passwords_accepted": True, "password": "x"})
    with translation.override("en"):
        shown = {change.name: change.new for change in shown_changes(event)}
    assert shown["Old accounts and passwords accepted"] == "Yes"
    assert "x" not in shown.values()
