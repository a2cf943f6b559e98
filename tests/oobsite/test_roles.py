"""Role by URL by method: who may pass which door. A URL without a row fails."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from backups import services
from backups.models import BackupArchive, BackupRun, BackupSchedule, KeptData, Source, SqlFile
from oobsite.accounts.actors import system_actor, user_actor
from oobsite.accounts.errors import NotAllowedError
from oobsite.accounts.models import User
from oobsite.accounts.signals import LOGIN_AT_KEY
from oobsite.alerts.models import Alert, AlertChannel
from tests.answering import answering  # noqa: F401 - a fixture
from tests.certificates import make_stored_certificate
from tests.people import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages", "answering")]
ROLES = ("nobody", "reader", "care", "owner")

# What nobody, reader, care and owner get; + allowed, - refused, L led to the login, 0 not there, M method refused.
SEEN = "L+++"
CHANGED = "L-++"
OWNED = "L--+"
CLOSED = "L---"
GONE = "L000"
POSTED = "MMMM"
ROWS: dict[str, tuple[str, str]] = {
    # url name: (GET, POST)
    "health": ("++++", "MMMM"),
    "accounts:setup": ("0000", "0000"),
    "backups:backup-now": (POSTED, CHANGED),
    "backups:archive-prove": (POSTED, CHANGED),
    "backups:archive-download": (OWNED, POSTED),
    "backups:archive-salvage": (OWNED, OWNED),
    "backups:salvage-run": (OWNED, POSTED),
    "backups:archive-content": (OWNED, POSTED),
    "backups:archive-file": (OWNED, POSTED),
    "backups:archive-files": (POSTED, OWNED),
    "backups:files-restore": (POSTED, OWNED),
    "backups:archive-export": (POSTED, OWNED),
    "backups:export-download": (OWNED, POSTED),
    "backups:run-progress": (SEEN, POSTED),
    "backups:run-cancel": (POSTED, CHANGED),
    "backups:schedule-preview": (SEEN, POSTED),
    "backups:schedule-usual": (POSTED, CHANGED),
    "backups:schedule-run": (POSTED, CHANGED),
    "backups:schedule-skip": (POSTED, CHANGED),
    "backups:schedule-ping": (POSTED, CHANGED),
    "backups:restore": (OWNED, POSTED),
    "backups:restore-confirm": (OWNED, OWNED),
    "backups:restore-run": (OWNED, POSTED),
    "backups:restore-undo": (OWNED, OWNED),
    "backups:restore-release": (OWNED, OWNED),
    "backups:restore-retest": (POSTED, OWNED),
    "backups:sql-check": (POSTED, OWNED),
    "backups:sql-check-run": (OWNED, POSTED),
    "backups:sql-confirm": (OWNED, OWNED),
    "backups:sql-file-delete": (POSTED, OWNED),
    "backups:sql-uploads": (POSTED, "---+"),
    "backups:sql-upload": (POSTED, POSTED),
    "certs:root": ("0000", POSTED),
    "certs:root-page": ("0000", POSTED),
    "certs:calendar-new": (POSTED, CHANGED),
    "certs:expiries": ("0000", POSTED),
    "certs:devices": (SEEN, POSTED),
    "certs:former-root": ("L000", POSTED),
    "certs:former-renew": (POSTED, CHANGED),
    "certs:authority": (CHANGED, CHANGED),
    "certs:new": (CHANGED, CHANGED),
    "certs:install": (CHANGED, CHANGED),
    "certs:put-back": (POSTED, CHANGED),
    "certs:renew": (POSTED, CHANGED),
    "certs:check": (POSTED, CHANGED),
    "certs:generation-back": (POSTED, CHANGED),
    "certs:generation-again": (POSTED, CHANGED),
    "certs:download": (SEEN, POSTED),
    "certs:snippet": (SEEN, POSTED),
    "certs:key": (OWNED, OWNED),
    "certs:remove": (OWNED, OWNED),
    "selfservice:preview": (POSTED, SEEN),
    "selfservice:offers": (SEEN, POSTED),
    "selfservice:state": (SEEN, POSTED),
    "selfservice:change": (CHANGED, POSTED),
    "selfservice:write": (POSTED, CHANGED),
    "selfservice:take-over": (POSTED, CHANGED),
    "selfservice:keep": (POSTED, CHANGED),
    "selfservice:diff": (SEEN, POSTED),
    "selfservice:version": (CHANGED, POSTED),
    "selfservice:back": (POSTED, CHANGED),
    "selfservice:mail": (POSTED, CHANGED),
    "selfservice:restart": (POSTED, CHANGED),
    "selfservice:check": (POSTED, CHANGED),
    "account_login": ("++++", "++++"),
    "account_logout": (POSTED, "L+++"),
    "account_reauthenticate": (SEEN, SEEN),
    "account_change_password": (SEEN, SEEN),
    "mfa_index": (SEEN, "LMMM"),
    "mfa_authenticate": ("L+++", "L+++"),
    "mfa_reauthenticate": (SEEN, SEEN),
    "mfa_activate_totp": (SEEN, SEEN),
    "mfa_deactivate_totp": (SEEN, SEEN),
    "mfa_view_recovery_codes": (SEEN, "LMMM"),
    "mfa_generate_recovery_codes": (SEEN, SEEN),
    "mfa_download_recovery_codes": (SEEN, "LMMM"),
    "usersessions_list": (SEEN, SEEN),
    "usersessions_end": ("LMMM", SEEN),
    "admin:index": (SEEN, SEEN),
    "admin:login": ("L+++", "L+++"),
    "admin:logout": ("+MMM", "++++"),
    "admin:password_change": (SEEN, SEEN),
    "admin:password_change_done": (SEEN, SEEN),
    "admin:audit_auditevent_changelist": (SEEN, SEEN),
    "admin:audit_auditevent_change": (SEEN, CLOSED),
    "admin:audit_auditevent_add": (CLOSED, CLOSED),
    "admin:audit_auditevent_delete": (CLOSED, CLOSED),
    "admin:audit_auditevent_history": (SEEN, SEEN),
    "admin:audit_auditevent_verify": ("LMMM", SEEN),
    "admin:audit_auditevent_export": ("LMMM", SEEN),
    "admin:app_list": (GONE, GONE),
    "admin:autocomplete": (CLOSED, "LMMM"),
    "admin:jsi18n": (SEEN, "LMMM"),
    "admin:view_on_site": (GONE, GONE),
    "admin:(?P<url>.*)$": (GONE, GONE),
    "admin:<path:object_id>/": (SEEN, SEEN),
    "admin:backups_source_changelist": (SEEN, SEEN),
    "admin:backups_source_add": (CHANGED, CHANGED),
    "admin:backups_source_history": (SEEN, SEEN),
    "admin:backups_source_delete": (OWNED, OWNED),
    "admin:backups_source_change": (SEEN, CHANGED),
    "admin:backups_backupschedule_changelist": (SEEN, SEEN),
    "admin:backups_backupschedule_add": (CHANGED, CHANGED),
    "admin:backups_backupschedule_history": (SEEN, SEEN),
    "admin:backups_backupschedule_delete": (CHANGED, CHANGED),
    "admin:backups_backupschedule_change": (SEEN, CHANGED),
    "admin:backups_backuprun_changelist": (SEEN, SEEN),
    "admin:backups_backuprun_add": (CLOSED, CLOSED),
    "admin:backups_backuprun_history": (SEEN, SEEN),
    "admin:backups_backuprun_delete": (CLOSED, CLOSED),
    "admin:backups_backuprun_change": (SEEN, CLOSED),
    "admin:backups_backuparchive_changelist": (SEEN, SEEN),
    "admin:backups_backuparchive_add": (CLOSED, CLOSED),
    "admin:backups_backuparchive_history": (SEEN, SEEN),
    "admin:backups_backuparchive_delete": (CLOSED, CLOSED),
    "admin:backups_backuparchive_change": (SEEN, CHANGED),
    "admin:alerts_alert_changelist": (SEEN, SEEN),
    "admin:alerts_alert_add": (CLOSED, CLOSED),
    "admin:alerts_alert_history": (SEEN, SEEN),
    "admin:alerts_alert_delete": (CLOSED, CLOSED),
    "admin:alerts_alert_change": (SEEN, CLOSED),
    "admin:alerts_alert_dismiss": ("LMMM", CHANGED),
    "admin:alerts_alertchannel_changelist": (SEEN, SEEN),
    "admin:alerts_alertchannel_add": (CHANGED, CHANGED),
    "admin:alerts_alertchannel_history": (SEEN, SEEN),
    "admin:alerts_alertchannel_delete": (CHANGED, CHANGED),
    "admin:alerts_alertchannel_change": (SEEN, CHANGED),
    "admin:alerts_alertchannel_test": ("LMMM", CHANGED),
    "admin:alerts_mailsettings_changelist": (SEEN, SEEN),
    "admin:alerts_mailsettings_add": (CLOSED, CLOSED),
    "admin:alerts_mailsettings_history": (SEEN, SEEN),
    "admin:alerts_mailsettings_delete": (CLOSED, CLOSED),
    "admin:alerts_mailsettings_change": (SEEN, CHANGED),
    "admin:certs_certificate_changelist": (SEEN, SEEN),
    "admin:certs_certificate_add": (CLOSED, CLOSED),
    "admin:certs_certificate_history": (SEEN, SEEN),
    "admin:certs_certificate_delete": (CLOSED, CLOSED),
    "admin:certs_certificate_change": (SEEN, CHANGED),
    "admin:selfservice_selfservicesettings_changelist": (SEEN, SEEN),
    "admin:selfservice_selfservicesettings_add": (CLOSED, CLOSED),
    "admin:selfservice_selfservicesettings_history": (SEEN, SEEN),
    "admin:selfservice_selfservicesettings_delete": (CLOSED, CLOSED),
    "admin:selfservice_selfservicesettings_change": (SEEN, CHANGED),
    "admin:accounts_user_changelist": (OWNED, OWNED),
    "admin:accounts_user_add": (OWNED, OWNED),
    "admin:accounts_user_history": (OWNED, OWNED),
    "admin:accounts_user_delete": (OWNED, OWNED),
    "admin:accounts_user_change": (OWNED, OWNED),
    "admin:accounts_user_second_factor": (OWNED, OWNED),
    "admin:accounts_user_unlock": ("LMMM", OWNED),
    "admin:auth_user_password_change": (OWNED, OWNED),
}

#: Doors that ask for a recent login, GET or POST.
DANGEROUS = {
    "admin:accounts_user_add",
    "admin:accounts_user_change",
    "admin:accounts_user_changelist",
    "admin:accounts_user_delete",
    "admin:accounts_user_second_factor",
    "admin:accounts_user_unlock",
    "admin:alerts_alertchannel_delete",
    "admin:auth_user_password_change",
    "admin:backups_source_delete",
    "backups:archive-content",
    "backups:archive-salvage",
    "backups:archive-export",
    "backups:archive-file",
    "backups:archive-files",
    "backups:export-download",
    "backups:files-restore",
    "backups:restore-confirm",
    "backups:restore-release",
    "backups:restore-undo",
    "backups:sql-confirm",
    "backups:sql-file-delete",
    "certs:authority",
    "certs:key",
    "certs:remove",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
}


def walk(patterns, names: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, (*names, pattern.namespace) if pattern.namespace else names)
        else:
            yield ":".join([*names, pattern.name or str(pattern.pattern)]), pattern


URLS = dict(walk(get_resolver().url_patterns))


@pytest.fixture
def paths(tmp_path, settings) -> dict[str, str]:
    """A path for each url name, of objects that exist."""
    settings.OOB_BACKUP_DIR = settings.OOB_DATA_DIR = tmp_path
    run = BackupRun.objects.create(trigger="screen", state="done")
    archive = BackupArchive.objects.create(
        name="pacsdata_2026-11-24-0315.tar.gz", series="pacsdata", size=3, taken_at=timezone.now(), run=run
    )
    archive.path.write_bytes(b"abc")
    unsound = BackupArchive.objects.create(
        name="elexisdb_2019-03-13-2044.tar.gz", series="elexisdb", origin="legacy", size=1, taken_at=timezone.now()
    )
    schedule = BackupSchedule.objects.create(name="Nightly")
    restore = BackupRun.objects.create(trigger="screen", state="done", action="restore")
    check = BackupRun.objects.create(trigger="screen", state="done", action="sqlcheck", request={"file": "sqlfile:abc"})
    SqlFile.objects.create(uid="made", title="kontakt.sql.gz", origin="export", size=3, is_complete=True)
    SqlFile.objects.create(uid="abc", title="elexis.sql", origin="upload", size=3)
    KeptData.objects.create(restore_id="abc", phase="kept", created_at=timezone.now(), until=timezone.now())
    certificate = make_stored_certificate()
    objects = {
        "certificate": certificate.pk,
        **dict.fromkeys(("renew", "check", "generation-back", "generation-again"), certificate.pk),
        **dict.fromkeys(("download", "snippet", "key", "remove"), certificate.pk),
        "source": Source.objects.get(name="pacsdata").pk,
        "backuprun": run.pk,
        "backupschedule": schedule.pk,
        "schedule-run": schedule.pk,
        "schedule-skip": schedule.pk,
        "schedule-ping": schedule.pk,
        "backuparchive": archive.pk,
        "user": User.objects.create_user("mpa", password="x").pk,
        "alert": Alert.objects.create(code="test", first_at=timezone.now(), last_at=timezone.now()).pk,
        "alertchannel": AlertChannel.objects.create(name="Praxis", addresses="praxis@example.ch").pk,
        "archive-prove": archive.pk,
        "archive-download": archive.pk,
        "archive-content": archive.pk,
        "archive-salvage": unsound.pk,
        "salvage-run": BackupRun.objects.create(trigger="screen", state="done", action="salvage").pk,
        "archive-file": archive.pk,
        "archive-files": archive.pk,
        "files-restore": archive.pk,
        "archive-export": archive.pk,
        **dict.fromkeys(("run-cancel", "run-progress"), run.pk),
        "restore-run": restore.pk,
        "sql-check-run": check.pk,
        "sql-confirm": check.pk,
    }
    return {name: _path_of(name, pattern, objects) for name, pattern in URLS.items()}


def _path_of(name: str, pattern: URLPattern, objects: dict[str, int]) -> str:
    if name == "admin:(?P<url>.*)$":
        return "/no/such/page/"
    if name == "admin:<path:object_id>/":
        return f"/backups/source/{objects['source']}/"
    if name == "admin:app_list":
        return "/no-such-app/"
    about = name.partition(":")[2]
    key = next((part for part in [about, *about.split("_")] if part in objects), "")
    values = {"token": "nonsense", "content_type_id": "1", "object_id": str(objects.get(key, 1))}
    values |= {"pk": str(objects.get(key, 1)), "id": str(objects.get(key, 1)), "key": "nonsense"}
    values |= {
        "stamp": "2026-11-24-0315",
        "restore_id": "abc",
        "uid": "made" if name == "backups:export-download" else "abc",
    }
    values |= {"form": "crt", "proxy": "nginx", "number": "1"}
    wanted = pattern.pattern.regex.groupindex or pattern.pattern.converters
    return reverse(name, kwargs={word: values[word] for word in wanted})


def outcome(answer) -> str:
    """One letter of the table, or R: led to confirm who is there."""
    target = getattr(answer, "url", "")
    answer.close()
    for letter, door in (("L", "admin:login"), ("L", "account_login"), ("R", "account_reauthenticate")):
        if target.startswith(reverse(door)):
            return letter
    return {403: "-", 404: "0", 405: "M"}.get(answer.status_code, "+")


def test_every_url_has_its_row():
    assert sorted(URLS) == sorted(ROWS)


def enter(client, user: User, confirmed_at: float) -> None:
    """Log in at ``confirmed_at`` (seconds since 1970), with one more session that can be ended."""
    client.force_login(user)
    session = client.session
    session[LOGIN_AT_KEY] = confirmed_at
    session.save()
    UserSession.objects.create(pk=1, user=user, ip="127.0.0.1", session_key="elsewhere")


@contextmanager
def undone():
    """Nothing of what happens in it stays; a view may begin a transaction in it as in a test."""
    atomic = transaction.atomic()
    atomic._from_testcase = True
    with atomic:
        yield
        transaction.set_rollback(True)


def ask(client, paths: dict[str, str], user: User | None, confirmed_at: float) -> dict[str, str]:
    """What ``user`` gets at each door: the outcome of GET and of POST, of which nothing stays."""
    found = dict.fromkeys(paths, "")
    for name, path in paths.items():
        for method in (client.get, client.post):
            with undone():
                client.cookies.clear()
                if user is not None:
                    enter(client, user, confirmed_at)
                found[name] += outcome(method(path))
    return found


@pytest.mark.parametrize("role", ROLES)
def test_the_table(role, client, paths):
    user = None if role == "nobody" else make_user(role)
    place = ROLES.index(role)
    wanted = {name: row[0][place] + row[1][place] for name, row in ROWS.items()}
    found = ask(client, paths, user, time.time())
    assert {name: (found[name], wanted[name]) for name in wanted if found[name] != wanted[name]} == {}


def test_dangerous_doors_ask_once_more_who_is_there(client, paths):
    """Five minutes after the login, and before anything is shown or done."""
    found = ask(client, paths, make_user("owner"), time.time() - 301)
    assert {name for name, row in found.items() if "R" in row} == DANGEROUS


def test_each_role_is_a_group_with_its_permissions():
    may = {group.name: set(group.permissions.values_list("codename", flat=True)) for group in Group.objects.all()}
    assert sorted(may) == ["Betreuung", "Einsicht", "Inhaber"]
    assert may["Einsicht"] < may["Betreuung"] < may["Inhaber"]
    assert all(name.startswith("view_") for name in may["Einsicht"])
    assert not {"view_user", "change_user", "download_backuparchive", "delete_source"} & may["Betreuung"]


def test_rights_follow_the_role():
    user = make_user("owner", username="a")
    assert user.is_superuser
    assert [group.name for group in user.groups.all()] == ["Inhaber"]
    user.role = User.Role.READER
    user.save()
    assert not User.objects.get(pk=user.pk).is_superuser
    assert [group.name for group in user.groups.all()] == ["Einsicht"]


@pytest.mark.parametrize("change", [{"role": "care"}, {"is_active": False}])
def test_the_last_owner_stays(change):
    owner = make_user("owner")
    for name, value in change.items():
        setattr(owner, name, value)
    with pytest.raises(ValidationError, match=r"only owner|einzige"):
        owner.full_clean()
    make_user("owner", username="second")
    owner.full_clean()


def test_services_ask_themselves():
    reader = user_actor(make_user("reader"))
    with pytest.raises(NotAllowedError):
        services.request_backup(reader)
    assert BackupRun.objects.count() == 0
    assert services.request_backup(system_actor()).requested_by is None


def test_every_post_asks_for_the_csrf_token(paths):
    owner, open_doors = make_user("owner"), []
    client = Client(enforce_csrf_checks=True)
    for name, path in paths.items():
        with transaction.atomic():
            client.cookies.clear()
            enter(client, owner, time.time())
            if outcome(client.post(path)) not in "-M0":
                open_doors.append(name)
            transaction.set_rollback(True)
    assert open_doors == []


#: Rows that a visit leaves: who is there since when, how often he failed, what he took with him.
VISITS = {"sessions", "usersessions", "audit"}


def rows() -> dict[str, list[dict[str, object]]]:
    models = [model for model in apps.get_models() if model._meta.app_label not in VISITS]
    found = {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}
    for authenticator in found["mfa.Authenticator"]:
        authenticator["data"].pop("viewed_at", None)  # when he has looked at his recovery codes
    return found


def test_no_get_changes_anything(client, paths):
    client.force_login(make_user("owner"))
    before = rows()
    for path in paths.values():
        client.get(path).close()
    assert rows() == before


def test_names_that_differ_only_in_capitals_are_one(client):
    """The lock after five failures knows them as one."""
    make_user("owner", username="muster")
    with pytest.raises(ValidationError, match=r"already|bereits|schon"):
        User(username="Muster", password="x").full_clean()
