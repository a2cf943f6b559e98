"""How runs end becomes alerts: one while a source is not saved, an all-clear with the first that saves it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from backups.models import BackupRun, Source
from backups.services.reporting import report_run
from backups.services.runs import Recorder, mark_dead
from oobsite.alerts.models import Alert, AlertChannel

pytestmark = pytest.mark.django_db
State, Action = BackupRun.State, BackupRun.Action


@pytest.fixture(autouse=True)
def three_sources(db):
    Source.objects.exclude(name__in=["elexisdb", "pacsdata", "webelexisdata"]).update(is_active=False)
    Source.objects.filter(name__in=["elexisdb", "pacsdata", "webelexisdata"]).update(is_active=True)


def make_run(state=State.DONE, *, errors=(), sources=(), **values) -> BackupRun:
    """``errors``: pairs of source and code that stand in the log."""
    log = [{"level": "error", "source": source, "code": code, "params": {}} for source, code in errors]
    values = {"trigger": "schedule", "log": log, "started_at": timezone.now(), "ended_at": timezone.now(), **values}
    return BackupRun.objects.create(state=state, request={"sources": list(sources)}, **values)


def report(*args, **values) -> None:
    report_run(make_run(*args, **values))


def open_alerts() -> dict[str, str]:
    return {f"{alert.kind}:{alert.key}": alert.code for alert in Alert.objects.filter(cleared_at=None)}


@pytest.mark.parametrize(
    ("state", "code"),
    [("failed", "run-failed"), ("partial", "run-partial"), ("interrupted", "run-interrupted")],
)
def test_a_bad_end_is_an_alert_and_a_good_one_ends_it(state, code):
    report(state, errors=[("pacsdata", "no-space")])
    assert open_alerts() == {"backup:": code}
    report()
    assert open_alerts() == {}


def test_the_alert_names_sources_and_causes_by_codes():
    report(State.PARTIAL, errors=[("pacsdata", "source-missing"), ("pacsdata", "tar"), ("", "cancelled")])
    params = Alert.objects.get().params
    assert params["sources"] == ["pacsdata"]
    assert params["causes"] == ["source-missing", "tar", "cancelled"]
    assert params["action"] == "backup"


def test_remarks_are_a_warning_of_their_own():
    report(State.FAILED)
    report(State.WARNINGS)
    assert open_alerts() == {"backup-remarks:": "run-warnings"}
    assert Alert.objects.get(cleared_at=None).level == "warning"
    report()
    assert open_alerts() == {}


def test_a_backup_of_another_source_ends_nothing():
    report(State.PARTIAL, errors=[("pacsdata", "no-space")])
    report(sources=["elexisdb"])
    assert open_alerts() == {"backup:": "run-partial"}
    assert Alert.objects.get().params["sources"] == ["pacsdata"]
    report(sources=["pacsdata"])
    assert open_alerts() == {}


def test_a_second_failure_keeps_what_the_first_has_left():
    report(State.PARTIAL, errors=[("pacsdata", "no-space")])
    report(State.FAILED, sources=["elexisdb"], errors=[("elexisdb", "hot-backup")])
    assert Alert.objects.get().params["sources"] == ["elexisdb", "pacsdata"]
    report(State.PARTIAL, errors=[("elexisdb", "hot-backup")])
    assert Alert.objects.get().params["sources"] == ["elexisdb"]


def test_a_source_that_is_switched_off_is_missed_no_more():
    report(State.PARTIAL, errors=[("pacsdata", "no-space")])
    Source.objects.filter(name="pacsdata").update(is_active=False)
    report(sources=["elexisdb"])
    assert open_alerts() == {}


@pytest.mark.parametrize(
    "values",
    [
        {"state": State.BUSY},
        {"state": State.INTERRUPTED, "is_cancel_requested": True},
        {"state": State.INTERRUPTED, "trigger": "command", "errors": [("", "cancelled")]},
        {"state": State.FAILED, "action": Action.SQL_CHECK},
    ],
)
def test_what_somebody_did_on_purpose_or_sees_himself_is_no_alert(values):
    report(**values)
    assert Alert.objects.count() == 0


def test_the_button_counts_also_for_a_run_that_was_read_before():
    run = make_run(State.INTERRUPTED, errors=[("", "cancelled")])
    BackupRun.objects.filter(pk=run.pk).update(is_cancel_requested=True)
    report_run(run)
    assert Alert.objects.count() == 0


@pytest.mark.parametrize("action", [Action.RESTORE, Action.UNDO, Action.SQL_RESTORE])
def test_a_failed_restore_is_told_once(action):
    report(State.FAILED, action=action)
    alert = Alert.objects.get()
    assert (alert.is_notice, alert.level, alert.is_open) == (True, "error", False)


def test_a_failed_proof_is_an_alert_of_its_source_until_one_is_good():
    report(State.PARTIAL, action=Action.PROOF, errors=[("elexisdb", "proof-counts")])
    assert open_alerts() == {"proof:elexisdb": "proof-failed"}
    log = [{"level": "info", "source": "pacsdata", "code": "archive-proved-files", "params": {}}]
    report_run(make_run(action=Action.PROOF, log=log))
    assert open_alerts() == {"proof:elexisdb": "proof-failed"}
    log = [{"level": "info", "source": "elexisdb", "code": "archive-proved-database", "params": {}}]
    report_run(make_run(action=Action.PROOF, log=log))
    assert open_alerts() == {}


def test_what_kept_an_archive_from_being_judged_says_nothing_of_the_archive():
    values = {"action": Action.PROOF, "errors": [("elexisdb", "no-space")], "result": {"unjudged": ["elexisdb"]}}
    report(State.FAILED, **values)
    assert open_alerts() == {"proof-unjudged:elexisdb": "run-failed"}
    assert Alert.objects.get().params["causes"] == ["no-space"]
    log = [{"level": "info", "source": "elexisdb", "code": "archive-proved-database", "params": {}}]
    report_run(make_run(action=Action.PROOF, log=log))
    assert open_alerts() == {}


def test_an_archive_that_is_bad_stays_so_when_it_cannot_be_judged_again():
    report(State.FAILED, action=Action.PROOF, errors=[("elexisdb", "proof-counts")])
    values = {"action": Action.PROOF, "errors": [("elexisdb", "no-space")], "result": {"unjudged": ["elexisdb"]}}
    report(State.FAILED, **values)
    assert open_alerts() == {"proof:elexisdb": "proof-failed", "proof-unjudged:elexisdb": "run-failed"}
    report(State.FAILED, action=Action.PROOF, errors=[("elexisdb", "proof-counts")])
    assert open_alerts() == {"proof:elexisdb": "proof-failed"}


def test_a_proof_that_judged_nothing():
    report(State.FAILED, action=Action.PROOF, errors=[("", "lock-lost")])
    assert open_alerts() == {"proof:": "run-failed"}
    report(State.DONE, action=Action.PROOF)
    assert open_alerts() == {}


def test_a_success_is_told_to_who_wants_it(secrets_folder):
    AlertChannel.objects.create(name="a", addresses="a@b.ch", on_success=True)
    report()
    report(action=Action.PROOF)
    assert [alert.code for alert in Alert.objects.all()] == ["run-succeeded"]


def test_a_log_that_nobody_understands_does_not_break_the_run():
    run = make_run(State.FAILED, log=["nonsense"])
    report_run(run)
    assert Alert.objects.count() == 0


def test_a_dead_run_is_an_alert():
    run = make_run(State.RUNNING, heartbeat_at=timezone.now() - timedelta(hours=1))
    mark_dead(run, Recorder(run))
    assert open_alerts() == {"backup:": "run-interrupted"}


def test_real_backups_from_the_failure_to_the_all_clear(installation, mail_channel, box, settings):
    """With the real command, a real mail server, and a folder that comes back."""
    from oobsite.alerts.delivering import deliver_due

    settings.LANGUAGE_CODE = "en"
    settings.OOB_BACKUP_DIR = installation / "backup"
    Source.objects.exclude(name="webelexisdata").update(is_active=False)
    with pytest.raises(SystemExit):
        call_command("runbackup", "--json")
    deliver_due()
    (installation / "mnt" / "webelexisdata").mkdir()
    (installation / "mnt" / "webelexisdata" / "settings.js").write_text("x")
    call_command("runbackup", "--json")
    deliver_due()
    failed, over = box.mails
    assert failed["Subject"].endswith("Backup failed")
    assert "Affected: Webelexis. Cause: a folder is missing or empty." in failed.get_content().replace("\r\n", " ")
    assert over["Subject"].endswith("All right again: Backup failed")


def test_the_summary_comes_on_monday_morning_once(mail_channel, box, settings):
    import time_machine

    from oobsite.alerts.delivering import deliver_due

    settings.LANGUAGE_CODE = "en"
    with time_machine.travel("2026-11-29T03:00:00Z", tick=False) as clock:  # a Sunday
        make_run()
        make_run(State.WARNINGS)
        make_run(State.FAILED)
        for _hour in range(72):
            deliver_due()
            clock.shift(timedelta(hours=1))
    (mail,) = box.mails
    assert mail["Date"].datetime.isoformat() == "2026-11-30T07:00:00+01:00"
    assert "2, of which 1 with remarks. Failed: 1." in mail.get_content()


def test_commands_list_and_test(mail_channel, box, capsys):
    report(State.FAILED, errors=[("pacsdata", "no-space")])
    call_command("listalerts", "--json")
    (shown,) = json.loads(capsys.readouterr().out)["alerts"]
    assert (shown["kind"], shown["code"], shown["cleared_at"]) == ("backup", "run-failed", None)
    call_command("testalert", "Praxis", "--json")
    assert json.loads(capsys.readouterr().out) == {"ok": True, "channels": [{"name": "Praxis", "ok": True}]}
    assert len(box.mails) == 1


def test_the_test_command_fails_aloud(mail_channel, box, capsys):
    box.refused_senders.add("oobsite@example.ch")
    with pytest.raises(SystemExit) as ended:
        call_command("testalert", "--json")
    (result,) = json.loads(capsys.readouterr().out)["channels"]
    assert (ended.value.code, result["error"]) == (1, "sender-refused")


@pytest.mark.parametrize(("names", "code"), [(["nobody"], (2, "channel-unknown")), ([], (1, "channel-missing"))])
def test_a_test_for_nobody_is_an_error(names, code, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("testalert", *names, "--json")
    assert (ended.value.code, json.loads(capsys.readouterr().out)["error"]) == code
