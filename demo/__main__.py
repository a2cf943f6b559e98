"""`make demo`: a small practice on this machine, its first backup, the proof of it, and the site.

Everything lies in one private folder that is removed at the end; nothing else on the machine is touched.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from demo.comeback import bring_back
from demo.folders import build_folders
from demo.practice import build_database
from demo.server import PracticeServer, short_folder
from demo.writer import Writer

PROJECT_DIR = Path(__file__).resolve().parent.parent
DATABASE = "elexisoob"
INTERRUPTED = 130
_END_SECONDS = 30
_COLUMNS = "{:<36} {:>9} {:>8}  {}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="back up and prove, then end with one JSON line")
    once = parser.parse_args().once
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    started = time.monotonic()
    try:
        with running_practice() as (environment, server, writer):
            result = back_up_and_prove(environment)
            result["seconds"] = round(time.monotonic() - started, 1)
            print_table(result)
            if not once and result["ok"]:
                serve(environment, lambda: bring_back(server, writer))
    except KeyboardInterrupt:
        print("\nDie Vorführung ist beendet, ihr Ordner ist entfernt.")
        if once:
            print(json.dumps({"ok": False, "error": "interrupted"}))
        return INTERRUPTED if once else 0
    if once:
        print(json.dumps(result, ensure_ascii=False))
    return 0 if result["ok"] else 1


@contextmanager
def running_practice() -> Iterator[tuple[dict[str, str], PracticeServer, Writer]]:
    """A practice at work: server, folders, somebody who writes. The first is the environment of oobsite's commands."""
    with ExitStack() as stack:
        folder = stack.enter_context(short_folder("oobsite-demo-"))
        say("Eine kleine Praxis wird angelegt …")
        server = stack.enter_context(PracticeServer(folder, datadir=folder / "mnt" / "elexisdb"))
        server.create_accounts(DATABASE)
        server.allow_restores(DATABASE)
        build_database(server.connect(), database=DATABASE, today=date.today())
        build_folders(folder / "mnt")
        environment = make_environment(folder, server)
        print(manage(environment, "prepare").stdout, end="", flush=True)
        write_environment(environment)
        writer = Writer(server.socket, database=DATABASE, user=server.app_user, password=server.app_password, rate=50)
        stack.enter_context(writer)
        yield environment, server, writer
        say(f"Während der Sicherung und danach wurden {writer.commits()} Änderungen gespeichert.")


def make_environment(folder: Path, server: PracticeServer) -> dict[str, str]:
    """The settings of an installation in ``folder``."""
    for name in ("backup", "data", "work"):
        (folder / name).mkdir()
    return {
        **os.environ,
        "OOB_DATA_DIR": str(folder / "data"),
        "OOB_BACKUP_DIR": str(folder / "backup"),
        "OOB_WORK_DIR": str(folder / "work"),
        "OOB_SOURCES_DIR": str(folder / "mnt"),
        "OOB_PRACTICE_NAME": "Praxis Dr. Muster",
        "OOB_URL": f"http://localhost:{free_port()}",
        "OOB_DBSOCKET": str(server.socket),
        "DBNAME": DATABASE,
        "OOB_BACKUP_DBUSER": server.backup_user,
        "OOB_BACKUP_DBPWD": server.backup_password,
        "PYTHONUNBUFFERED": "1",
    }


def write_environment(environment: Mapping[str, str]) -> None:
    """A file to source in another terminal, so that oobsite's commands find this practice."""
    path = environment_path(environment)
    path.touch(mode=0o600)
    names = [name for name in environment if name.startswith(("OOB_", "DB"))]
    path.write_text("".join(f"export {name}={shlex.quote(environment[name])}\n" for name in names))


def environment_path(environment: Mapping[str, str]) -> Path:
    return Path(environment["OOB_DATA_DIR"]).parent / "env.sh"


def free_port() -> int:
    """8000 when it is free, else any other."""
    for port in (8000, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("unreachable")


def manage(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of oobsite's commands and return what it printed; its messages are shown."""
    command = [sys.executable, str(PROJECT_DIR / "manage.py"), *arguments]
    with running(command, environment, stdout=subprocess.PIPE) as child:
        output, _ = child.communicate()
    return subprocess.CompletedProcess(command, child.returncode, output)


@contextmanager
def running(
    command: list[str], environment: Mapping[str, str], stdout: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A child in a session of its own: Ctrl-C reaches us alone, and we end it and what it has started in order."""
    with subprocess.Popen(
        command, env=environment, cwd=PROJECT_DIR, stdout=stdout, text=True, start_new_session=True
    ) as child:
        try:
            yield child
        finally:
            end(child)


def end(child: subprocess.Popen[str], seconds: float = _END_SECONDS) -> None:
    """End a child; one that does not end in time is killed with its process group."""
    if child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def back_up_and_prove(environment: Mapping[str, str]) -> dict[str, Any]:
    """The main job, by the commands that everybody uses."""
    say("Die Datenbank wird im laufenden Betrieb gesichert …")
    backup = parse(manage(environment, "runbackup", "--dump", "--json"))
    say("Die Sicherung wird probeweise wiederhergestellt …")
    proof = parse(manage(environment, "provebackup", "--json"))
    names = {archive["name"] for archive in backup.get("archives", [])}
    proofs = proof.get("proofs", {})
    log = [*backup.get("log", []), *proof.get("log", [])]
    is_proved = bool(names) and all(proofs.get(name, {}).get("is_good") for name in names)
    return {
        "ok": bool(backup["ok"] and proof["ok"] and is_proved),
        "archives": backup.get("archives", []),
        "proof": proofs,
        "remarks": [line["text"] for line in log if line["level"] != "info"],
    }


def parse(answer: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    lines = answer.stdout.strip().splitlines()
    try:
        content: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        return {"ok": False, "log": [{"level": "error", "text": answer.stdout}]}
    return content


def print_table(result: Mapping[str, Any]) -> None:
    """What was saved and proved."""
    print()
    print(_COLUMNS.format("Archiv", "Grösse", "Methode", "Probe"))
    for archive in result["archives"]:
        report = result["proof"].get(archive["name"], {})
        print(_COLUMNS.format(archive["name"], f"{archive['size'] / 1e6:.1f} MB", archive["method"], verdict(report)))
    for remark in result["remarks"]:
        print(f"! {remark}")
    print()
    outcome = "Alles gesichert und geprüft" if result["ok"] else "Nicht alles ist gesichert und geprüft"
    say(f"{outcome} ({result['seconds']} s).")


def verdict(report: Mapping[str, Any]) -> str:
    """The result of a proof in a few words."""
    if not report.get("is_good"):
        return "NICHT bestanden"
    if report["tables"]:
        patients = report["counts"].get("kontakt", 0)
        return f"bestanden: {report['tables']} Tabellen geprüft, {patients} Kontakte ({report['seconds']} s)"
    return f"bestanden: {report['entries']} Einträge verglichen ({report['seconds']} s)"


def serve(environment: Mapping[str, str], look_after: Callable[[], None]) -> None:
    """Serve the site with a worker until Ctrl-C; ``look_after`` is called twice a second."""
    address = environment["OOB_URL"]
    bind = address.removeprefix("http://")
    gunicorn = ["-m", "gunicorn", "oobsite.wsgi", "--bind", bind, "-w", "2", "--threads", "8"]
    commands = [
        [sys.executable, *gunicorn, "--no-control-socket", "--log-level", "warning"],
        [sys.executable, "manage.py", "worker"],
    ]
    with ExitStack() as stack:
        children = [stack.enter_context(running(command, environment)) for command in commands]
        link = manage(environment, "setuplink").stdout.strip()
        say(f"Die Seite läuft: {address}")
        say(f"Für Befehle in einem anderen Terminal: . {environment_path(environment)}")
        say("Strg-C beendet alles und räumt auf.")
        say(f"Einmal-Link für den ersten Benutzer: {link.splitlines()[-1] if link else '-'}")
        while all(child.poll() is None for child in children):
            look_after()
            time.sleep(0.5)
        say("Die Seite oder ihr Worker läuft nicht mehr; der Grund steht weiter oben.")


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
