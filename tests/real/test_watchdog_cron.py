"""Real cron calls the watchdog by the crontab that django-crontab wrote, and its alert arrives as a mail.

Each cron has a spool, a /run and a list of processes of its own: the crontab of this machine is never seen.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from messaging import mail_server
from realsite import ROOT, installation_environment
from waiting import wait_until

SPOOL = Path("/var/spool/cron/crontabs")
APART = [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-euc",
]
PRIVATE = """
mount -t tmpfs tmpfs /var/spool/cron; install -d -m 1730 -g crontab /var/spool/cron/crontabs
mount -t tmpfs tmpfs /run; mount -t tmpfs tmpfs /etc/cron.d; mount --bind /dev/null /etc/crontab
"""
EVERY_MINUTE = """
(until crontab -l 2>/dev/null | grep -q watchdog; do sleep 0.1; done; sleep 2  # cron compares whole seconds
crontab -l | tee "$SEEN" | sed 's,^\\*/5 ,* ,' | crontab -) &
"""
RECIPIENT = "from oobsite.alerts.models import AlertChannel as C; C.objects.create(name='Praxis', addresses='a@b.ch'); "
WORKER_DEAD = """
from datetime import timedelta; from django.utils.timezone import now; from backups.services.beats import beat
beat('tick', now() - timedelta(minutes=20)); beat('watchdog', now() - timedelta(minutes=5))
"""
NAME = "Praxis 5'1 $HOME"  # what a shell might take for something else
SECRET = "oobMARK-cron-7c1e"


@pytest.fixture
def box():
    with mail_server() as served:
        yield served


@pytest.fixture
def environment(folder, prepared, box) -> dict[str, str]:
    """An installation with a recipient, whose worker has died."""
    shutil.copytree(prepared, folder / "data")
    for name in ("backup", "work", "mnt"):
        (folder / name).mkdir()
    mail = {"OOB_SMTP_HOST": "127.0.0.1", "OOB_SMTP_PORT": str(box.port), "OOB_SMTP_SECURITY": "none"}
    made = installation_environment(folder) | mail | {"OOB_SMTP_FROM": "oobsite@b.ch", "OOB_LANGUAGE": "en"}
    made |= {
        "OOB_PRACTICE_NAME": NAME,
        "DBPWD": SECRET,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    manage(made, "shell", "-v0", "-c", RECIPIENT + WORKER_DEAD)
    return made


def manage(environment, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, **{"check": True, **options}
    )


def apart(script: str, environment) -> str:
    """What a script prints that has a crontab of its own."""
    command = [*APART, PRIVATE + script]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


@contextmanager
def cron(environment, seen: Path):
    """The cron of the container, with the line of the watchdog once a minute; ``seen`` gets the crontab as written."""
    script = f"{PRIVATE}{EVERY_MINUTE}exec docker/start-cron"
    child = subprocess.Popen([*APART, script], cwd=ROOT, env=environment | {"SEEN": str(seen)}, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def seen_at(environment) -> str:
    code = "from backups.services.beats import seen_at; print(seen_at('watchdog'))"
    return manage(environment, "shell", "-v0", "-c", code).stdout


def test_with_the_worker_dead_the_mail_comes_by_cron(environment, box, folder):
    before, listed = seen_at(environment), sorted(SPOOL.iterdir())
    with cron(environment, folder / "seen"):
        wait_until(lambda: f"{NAME}: The worker is silent" in [mail["Subject"] for mail in box.mails], seconds=300)
        wait_until(lambda: seen_at(environment) != before)
    assert (folder / "data/watchdog.log").read_text() == ""
    assert (folder / "data/watchdog.log").stat().st_mode & 0o777 == 0o660
    assert (folder / "seen").read_text().startswith("*/5 * * * * umask 007; ")
    assert sorted(SPOOL.iterdir()) == listed
    assert not Path("/run/crond.pid").exists()


def test_no_secret_stands_in_the_crontab_and_none_of_the_practice_is_kept(environment, folder):
    line = apart(f"{sys.executable} manage.py crontab add; crontab -l", environment)
    kept = folder / "data/cron.env"
    assert "oobsite in" in line
    assert SECRET not in line + kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "export OOB_SMTP_HOST=127.0.0.1\n" in kept.read_text()


def test_adding_twice_is_one_line_and_removing_leaves_that_of_others(environment, folder):
    command = f"{sys.executable} manage.py crontab"
    twice = f"echo '7 3 * * * true' | crontab -; {command} add; {command} add; crontab -l | wc -l"
    script = f"{twice}; {command} remove; crontab -l"
    assert apart(script, environment).splitlines() == ["2", "7 3 * * * true"]
    assert not (folder / "data/cron.env").exists()
    assert seen_at(environment) == "None\n"


def test_whether_cron_calls_the_watchdog_can_be_asked(environment):
    command = f"{sys.executable} manage.py crontab"
    script = f"{command} show 2>&1; {command} add 2>/dev/null; {command} show 2>&1"
    assert apart(script, environment | {"OOB_LANGUAGE": "en"}).splitlines() == [
        "Cron does not call the watchdog for this user. `manage.py crontab add` lets it.",
        "Cron calls the watchdog every five minutes. `manage.py crontab remove` ends that.",
    ]


def test_a_crontab_that_is_refused_is_said(environment):
    script = f"mount -t tmpfs -o ro tmpfs /var/spool/cron; {sys.executable} manage.py crontab add 2>&1 || echo $?"
    assert apart(script, environment).splitlines()[-2:] == [
        "The crontab was not changed: the program crontab has refused it. See what it says.",
        "1",
    ]


def as_cron_does(line: str) -> None:
    """Carry out the command of a line at once, with as little environment as cron gives."""
    bare = {"HOME": "/", "LOGNAME": "root", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    subprocess.run(["/bin/sh", "-c", line.split(None, 5)[5]], cwd="/", env=bare, check=False)


def test_what_the_checks_refuse_does_not_silence_it(environment, folder):
    overlapping = environment | {"OOB_SOURCES_DIR": environment["OOB_BACKUP_DIR"]}
    assert manage(overlapping, "check", check=False).returncode == 1
    before = seen_at(environment)
    as_cron_does(apart(f"{sys.executable} manage.py crontab add; crontab -l", overlapping))
    assert (folder / "data/watchdog.log").read_text() == ""
    assert seen_at(environment) != before


def test_a_broken_setting_leaves_a_sentence_and_no_sign_of_life(environment, folder):
    before = seen_at(environment)
    line = apart(f"{sys.executable} manage.py crontab add; crontab -l", environment)
    with (folder / "data/cron.env").open("a") as file:
        file.write("export OOB_KEEP_GENERATIONS=many\n")
    as_cron_does(line)
    assert "OOB_KEEP_GENERATIONS is “many”" in (folder / "data/watchdog.log").read_text()
    assert seen_at(environment) == before
