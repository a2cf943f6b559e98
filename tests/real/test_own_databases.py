"""oobsite's own tables on MariaDB and on PostgreSQL: schedules, alerts, certificates, online booking, audit, worker."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from subprocess import PIPE, Popen

import pytest
from foldersite import PATIENTLY, FolderSite
from messaging import mail_server
from owndatabases import OTHER, SERVERS
from realsite import ROOT
from selfservicesite import PASSWORD, SETTINGS
from test_worker_doubles import DATES, SCHEDULE, require_all_once, tick_twice
from waiting import wait_for_answer

from demo.server import short_folder

SOLE = "from backups.models import *; Source.objects.exclude(name='pacsdata').update(is_active=False)\n"
ACTIVE = "from backups.models import *; names = Source.objects.filter(is_active=True).values_list('name', flat=True)\n"
ACTIVE += "print(*sorted(names))"
START = "from oobsite.accounts.actors import system_actor as s\n"
ORDER = START + "from backups.services import *; from backups.services.request import Request\n"
ORDER += "request_backup(s(), Request(('pacsdata',)))"
STATES = "from backups.models import *; runs = BackupRun.objects.exclude(trigger='command')\n"
STATES += "print(*[f'{run.action}-{run.state}' for run in runs])"
RUNS_AWAY = "from backups.models import *; BackupRun.objects.all().delete()"
SCHEDULES_AWAY = "from backups.models import *; BackupSchedule.objects.all().delete()"
DUE = """
from datetime import timedelta; from django.utils import timezone; from backups.models import *
BackupSchedule.objects.all().delete()
at = timezone.localtime() - timedelta(minutes=2)
BackupSchedule.objects.create(name='Jetzt 🌙', minute=at.minute, hour=at.hour, checked_until=at - timedelta(minutes=1))
"""
SLOTS = "from backups.models import *; print(*ScheduleSlot.objects.values_list('state', flat=True))"
CHANNELS = "from oobsite.alerts.models import *\nfor name in 'ab':\n    "
CHANNELS += "AlertChannel.objects.create(name=f'Empfang {name} 🌙', addresses=f'{name}@b.ch')\n"
RAISE = "from oobsite.alerts import *\nfor number in range(20):\n    raise_alert('disk', f'place{number}', "
RAISE += "code='backup-disk-low', params={'free_bytes': number, 'total_bytes': 100})\n"
TELL = "from oobsite.alerts.delivering import deliver_due; print(deliver_due())"
FORGET = "from oobsite.alerts.models import *; AlertChannel.objects.all().delete(); Alert.objects.all().delete()"
CERTIFICATE = START + "from certs import services; from certs.models import *\n"
CERTIFICATE += "services.make_authority(s(), services.AuthorityOrder('Praxis CA'))\n"
CERTIFICATE += "services.make_certificate(s(), services.make_order(['webelexis.nuno']))"
KEPT = "from certs.models import *; print(*CertificateGeneration.objects.values_list('state', flat=True))"
TAKE_OVER = PATIENTLY + START + "from selfservice import services; from selfservice.models import *\n"
TAKE_OVER += "services.take_over(s()); print(SelfServiceSettings.load().name)"


@pytest.fixture(scope="module")
def box():
    with mail_server() as served:
        yield served


@pytest.fixture(scope="module", params=SERVERS)
def place(request, box):
    """An installation on an empty database of such a server; `prepare` has run."""
    with short_folder("oobo-") as folder, SERVERS[request.param](folder) as url:
        for name in ("data", "backup", "work", "mnt", "mnt/pacsdata", "mnt/webelexisdata"):
            (folder / name).mkdir()
        site = FolderSite(folder)
        mail = {"OOB_SMTP_HOST": "127.0.0.1", "OOB_SMTP_PORT": str(box.port), "OOB_SMTP_SECURITY": "none"}
        site.environment |= mail | {"OOB_DATABASE_URL": url, "OOB_LANGUAGE": "en"}
        lines = manage(site, "prepare").splitlines()
        (folder / "paper").write_text(next(line for line in lines if line.count("-") == 4).strip())
        site.shell(SOLE)
        yield site
        assert site.run("verifyaudit")[1]["ok"]


def manage(place, *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=place.environment, check=True, capture_output=True, text=True).stdout


def together(place, code: str) -> list[str]:
    """What two processes print that do the same at the same time."""
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    both = [Popen(command, cwd=ROOT, env=place.environment, stdout=PIPE, stderr=PIPE, text=True) for _ in range(2)]
    answers = [child.communicate() for child in both]
    assert [child.returncode for child in both] == [0, 0], answers
    return [out.strip() for out, _err in answers]


def test_the_tables_are_those_of_the_models(place):
    manage(place, "migrate", "--check")


def test_a_backup_of_folders_with_any_name(place):
    name = os.fsdecode(b"M\xfcller \xf0\x9f\x8c\x99.txt")  # half Latin-1, half UTF-8
    (place.pacs / name).write_bytes(b"now")
    code, said = place.run("runbackup", "--source", "pacsdata")
    assert (code, said["ok"]) == (0, True)


def test_oobsite_itself_is_saved_and_comes_back(place):
    place.shell("from backups.models import *; Source.objects.filter(name='oobsite').update(is_active=True)")
    code, said = place.run("runbackup", "--source", "oobsite")
    assert (code, said["ok"]) == (0, True), said
    assert place.run("verifybackup")[0] == 0
    place.shell(SOLE)
    with short_folder("oobo-") as folder:
        new = FolderSite(folder)
        new.environment |= {"OOB_BACKUP_DIR": place.environment["OOB_BACKUP_DIR"]}
        new.environment |= {"OOB_DATABASE_URL": f"{place.environment['OOB_DATABASE_URL'].rpartition('/')[0]}/{OTHER}"}
        assert new.run("restoreself", f"--passphrase-file={place.folder / 'paper'}")[0] == 0
        assert new.run("verifyaudit")[1]["ok"]
        assert new.shell(ACTIVE) == place.shell(ACTIVE).replace("pacsdata", "oobsite pacsdata")


def test_the_worker_carries_out_what_was_ordered_and_what_is_due(place):
    place.shell(ORDER)
    place.shell(DUE)
    assert place.run("tick")[0] == 0
    with place.working():
        wait_for(place, STATES, "proof-done backup-done backup-done")
    assert place.run("tick")[0] == 0
    assert place.shell(SLOTS).split() == ["done"]
    place.shell(SCHEDULES_AWAY)


def test_a_schedule_runs_at_once_by_its_name(place):
    place.shell(DUE)
    assert place.run("runschedule", "Jetzt 🌙")[0] == 0
    assert place.run("nextruns", "Jetzt 🌙")[0] == 0


def test_two_who_deliver_tell_each_alert_once(place, box):
    box.mails.clear()
    place.shell(FORGET)
    place.shell(CHANNELS + RAISE)
    assert sum(map(int, together(place, TELL))) == len(box.mails) == 40
    place.shell(RAISE + TELL)
    assert len(box.mails) == 40
    place.shell(FORGET)


def test_a_certificate_is_ordered_and_installed(place):
    place.shell(CERTIFICATE)
    with place.working():
        wait_for(place, KEPT, "active")


def test_the_settings_of_the_online_booking_are_taken_over(place):
    (place.folder / "mnt" / "webelexisdata" / "settings.js").write_text(SETTINGS)
    with place.working():
        wait_for(place, TAKE_OVER, "Praxis Dr. Müller")
    stored = "from selfservice.models import *; print(vars(SelfServiceSettings.load()))"
    assert PASSWORD not in place.shell(stored)


def wait_for(place, code: str, answer: str) -> None:
    """Wait until a process prints that."""
    wait_for_answer(lambda: says(place, code), answer)


def says(place, code: str) -> str:
    """Empty while the queue is about to start and nobody answers."""
    with contextlib.suppress(subprocess.CalledProcessError):
        return place.shell(code).strip()
    return ""


def test_the_watchdog_looks_and_tells(place):
    code, said = place.run("watchdog")
    assert code in (0, 3)
    assert isinstance(json.dumps(said["findings"]), str)


@pytest.mark.parametrize("dates", [10, pytest.param(DATES, marks=pytest.mark.chaos)])
def test_two_workers_do_no_date_twice(place, dates):
    """A hundred dates, and a thousand in the long runs."""
    place.shell(SCHEDULES_AWAY)
    place.shell(RUNS_AWAY)
    place.shell(SCHEDULE)
    require_all_once(place, dates, tick_twice(place, dates))
    place.shell(SCHEDULES_AWAY)
