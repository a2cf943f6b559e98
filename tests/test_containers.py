"""The files for Docker, judged by the real Compose and hadolint, and the start script run for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from ports import free_port
from waiting import PATIENCE_SECONDS

PROJECT_DIR = Path(__file__).resolve().parent.parent
BIN_DIR = Path(sys.executable).parent
LUCINDA = "docker-compose.lucinda.yaml"
STOP = "docker-compose.stop.yaml"
CAPABILITIES = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The compose files with an .env as an administrator makes it from the example."""
    for name in ("docker-compose.yaml", LUCINDA, STOP):
        shutil.copy(PROJECT_DIR / name, tmp_path)
    example = (PROJECT_DIR / ".env.example").read_text()
    filled = example.replace("\nDBPWD=\n", "\nDBPWD=elexis\n").replace("\nDB_ROOT_PWD=\n", "\nDB_ROOT_PWD='ro$ot'\n")
    (tmp_path / ".env").write_text(filled)
    return tmp_path


def compose(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(project)}
    command = [BIN_DIR / "docker-compose", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def read_config(project: Path, *files: str, profile: str = "") -> dict[str, Any]:
    names = [word for name in files for word in ("-f", name)]
    profiles = ["--profile", profile] if profile else []
    answer = compose(project, *names, *profiles, "config", "--format", "json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def mounts(config: dict[str, Any], service: str) -> dict[str, dict[str, Any]]:
    return {mount["target"]: mount for mount in config["services"][service]["volumes"]}


def test_compose_accepts_the_example_without_a_word(project: Path) -> None:
    answer = compose(project, "config", "-q")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_compose_asks_for_the_passwords(project: Path) -> None:
    shutil.copy(PROJECT_DIR / ".env.example", project / ".env")
    answer = compose(project, "config", "-q")
    assert answer.returncode != 0
    assert "DBPWD" in answer.stderr


def test_hadolint_accepts_the_dockerfile() -> None:
    answer = subprocess.run(
        [BIN_DIR / "hadolint", PROJECT_DIR / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (0, "")


def test_the_volumes_are_those_of_the_predecessor(project: Path) -> None:
    volumes = read_config(project)["volumes"]
    external = {key: volume["name"] for key, volume in volumes.items() if volume.get("external")}
    names = ("backup", "elexisdb", "webelexisdata", "pacsdata")
    assert external == {name: f"elexis-oob_{name}" for name in names}
    assert set(volumes) - set(external) == {"oobdata", "oobwork", "servedcerts"}


def test_another_project_name_changes_all_foreign_names(project: Path) -> None:
    path = project / ".env"
    path.write_text(path.read_text().replace("OOB_PROJECT=elexis-oob", "OOB_PROJECT=praxis"))
    config = read_config(project, "docker-compose.yaml", LUCINDA)
    names = [item["name"] for kind in ("volumes", "networks") for item in config[kind].values() if item.get("external")]
    assert len(names) == 7
    assert all(name.startswith("praxis_") for name in names)


def test_the_worker_has_the_capabilities_it_needs_and_no_other(project: Path) -> None:
    worker = read_config(project)["services"]["worker"]
    assert worker["cap_drop"] == ["ALL"]
    assert set(worker["cap_add"]) == CAPABILITIES
    assert worker["user"].startswith("0:")
    assert worker["init"] is True
    assert worker["depends_on"]["web"]["condition"] == "service_healthy"


def test_web_has_no_privilege_and_cannot_write_the_data(project: Path) -> None:
    config = read_config(project)
    web = config["services"]["web"]
    assert web["cap_drop"] == ["ALL"]
    assert not web.get("cap_add")
    assert "user" not in web
    writable = {target for target, mount in mounts(config, "web").items() if not mount.get("read_only")}
    assert writable == {"/data"}
    assert "elexisdb" not in {mount["source"] for mount in mounts(config, "web").values()}


def test_cron_may_become_a_user_and_read_his_crontab_and_nothing_else(project: Path) -> None:
    config = read_config(project)
    cron = config["services"]["cron"]
    assert (cron["user"], cron["cap_drop"]) == ("0:0", ["ALL"])
    assert set(cron["cap_add"]) == {"SETUID", "SETGID", "DAC_READ_SEARCH"}
    assert not cron.get("security_opt")
    writable = {target for target, mount in mounts(config, "cron").items() if not mount.get("read_only")}
    assert writable == {"/data"}
    assert not {name for name in cron["environment"] if name.endswith("PWD")}


def test_web_does_not_know_the_password_of_the_database(project: Path) -> None:
    names = set(read_config(project)["services"]["web"]["environment"])
    assert not {name for name in names if name.endswith("PWD")}


def test_the_worker_sees_every_source_where_it_looks_for_it(project: Path) -> None:
    config = read_config(project, "docker-compose.yaml", LUCINDA)
    found = {target: mount["source"] for target, mount in mounts(config, "worker").items() if "/mnt/" in target}
    names = ("elexisdb", "webelexisdata", "pacsdata", "lucindadata", "lucindabase")
    assert found == {f"/mnt/{name}": name for name in names}
    assert not any(mount.get("read_only") for mount in mounts(config, "worker").values())


def test_lucinda_may_lie_in_a_folder(project: Path) -> None:
    path = project / ".env"
    path.write_text(path.read_text().replace("LUCINDA_DOCS=", "LUCINDA_DOCS=/srv/docs"))
    mount = mounts(read_config(project, "docker-compose.yaml", LUCINDA), "worker")["/mnt/lucindadata"]
    assert (mount["type"], mount["source"]) == ("bind", "/srv/docs")


@pytest.fixture
def stopping(project: Path) -> dict[str, Any]:
    """The services of an installation whose restores stop programs by themselves."""
    path = project / ".env"
    path.write_text(path.read_text().replace("OOB_RESTORE_STOP=", "OOB_RESTORE_STOP=elx_webelexis,elx_pacs"))
    return read_config(project, "docker-compose.yaml", STOP)["services"]


def test_the_proxy_to_docker_stands_in_a_network_of_its_own(stopping: dict[str, Any]) -> None:
    proxy, worker = stopping["dockerproxy"], stopping["worker"]
    assert [service for service, values in stopping.items() if "dockerproxy" in values["networks"]] == [
        "dockerproxy",
        "worker",
    ]
    assert (list(proxy["networks"]), proxy.get("ports"), proxy["cap_drop"]) == (["dockerproxy"], None, ["ALL"])
    assert "default" in worker["networks"]
    assert worker["environment"]["OOB_RESTORE_STOP"] == "elx_webelexis,elx_pacs"
    assert not [mount for mount in worker["volumes"] if "docker.sock" in mount["target"]]


@pytest.mark.parametrize(
    ("method", "path", "is_allowed"),
    [
        ("GET", "/version", True),
        ("GET", "/v1.47/containers/elx_pacs/json", True),
        ("POST", "/v1.47/containers/elx_pacs/stop", True),
        ("POST", "/v1.47/containers/elx_pacs/start", True),
        ("POST", "/v1.47/containers/create", False),
        ("POST", "/v1.47/containers/elx_pacs/exec", False),
        ("POST", "/v1.47/containers/elx_pacs/../create", False),
        ("GET", "/v1.47/containers/elx_pacs/archive", False),
        ("GET", "/v1.47/secrets", False),
        ("DELETE", "/v1.47/containers/elx_pacs", False),
    ],
)
def test_the_proxy_passes_on_nothing_but_looking_stopping_and_starting(
    stopping: dict[str, Any], method: str, path: str, is_allowed: bool
) -> None:
    """It compares each path as a whole with the expression of its method."""
    patterns = dict(re.findall(r"-allow([A-Z]+)=(\S+)", "\n".join(stopping["dockerproxy"]["command"])))
    assert bool(re.fullmatch(patterns.get(method, "(?!)"), path)) is is_allowed


@pytest.fixture
def proxy(project: Path) -> dict[str, Any]:
    """The services of an installation with the proxy."""
    path = project / ".env"
    text = path.read_text().replace("\nCOMPOSE_PROFILES=", "\nCOMPOSE_PROFILES=proxy")
    path.write_text(
        text.replace("LOCAL_NAME=\n", "LOCAL_NAME=nuno\n").replace("EXTERNAL_NAME=\n", "EXTERNAL_NAME=a.ch\n")
    )
    return read_config(project)


def test_the_proxy_runs_only_where_it_is_asked_for(project: Path, proxy: dict[str, Any]) -> None:
    assert "proxy" in proxy["services"]
    path = project / ".env"
    path.write_text(path.read_text().replace("COMPOSE_PROFILES=proxy", "COMPOSE_PROFILES="))
    assert "proxy" not in read_config(project)["services"]


def test_the_proxy_may_read_and_nothing_else(proxy: dict[str, Any]) -> None:
    service = proxy["services"]["proxy"]
    assert (service["cap_drop"], service.get("cap_add"), service["read_only"]) == (["ALL"], None, True)
    assert all(mount["read_only"] for mount in service["volumes"])
    assert "docker.sock" not in str(service)
    assert [port["published"] for port in service["ports"]] == ["80", "443"]


def test_the_proxy_reads_the_folder_that_the_worker_writes(proxy: dict[str, Any]) -> None:
    """The folder, and never a single file: a rename within it would not be seen."""
    worker, seen = mounts(proxy, "worker"), mounts(proxy, "proxy")
    values = proxy["services"]["worker"]["environment"]
    assert worker[values["OOB_TRAEFIK_DIR"]]["source"] == seen["/etc/traefik/dynamic"]["source"]
    assert Path(seen["/etc/traefik/dynamic"]["source"]).suffix == ""
    assert "--providers.file.directory=/etc/traefik/dynamic" in proxy["services"]["proxy"]["command"]


def test_the_proxy_finds_the_certificates_where_the_worker_says(proxy: dict[str, Any]) -> None:
    values = proxy["services"]["worker"]["environment"]
    mount = mounts(proxy, "proxy")[values["OOB_PROXY_CERTS_DIR"]]
    assert mount["source"] == mounts(proxy, "worker")[values["OOB_SERVED_CERTS_DIR"]]["source"]


def test_the_proxy_sees_no_data_of_the_practice(proxy: dict[str, Any]) -> None:
    """Whole volumes of ours: a restore renames folders within a volume, and a mounted part would stay the old one."""
    found = mounts(proxy, "proxy")
    assert set(found) == {"/etc/traefik/dynamic", "/mnt/certs"}
    volume = found["/mnt/certs"]
    assert not volume.get("volume", {}).get("subpath")
    assert not proxy["volumes"][volume["source"]].get("external")


def test_the_proxy_has_the_names_of_its_routes(proxy: dict[str, Any]) -> None:
    aliases = proxy["services"]["proxy"]["networks"]["default"]["aliases"]
    routes = (PROJECT_DIR / "docker/traefik/routes.yaml").read_text()
    hosts = set(re.findall(r"Host\(`(\w+)\.", routes))
    assert {name.partition(".")[0] for name in aliases} == hosts == {"webelexis", "appserver", "pacs", "termine"}
    assert "webelexis.nuno" in aliases
    assert "termine.a.ch" in aliases


def test_the_server_keeps_its_options_and_comes_back(project: Path) -> None:
    server = read_config(project)["services"]["elexisdb"]
    assert server["command"] == ["--lower-case-table-names=1", "--max-allowed-packet=128M", "--wait-timeout=3600"]
    assert server["restart"] == "always"
    assert server["environment"]["MARIADB_ROOT_PASSWORD"] == "ro$$ot"  # as Compose writes a $


def test_images_have_a_version(project: Path) -> None:
    images = [service["image"] for service in read_config(project, profile="proxy")["services"].values()]
    dockerfile = (PROJECT_DIR / "Dockerfile").read_text()
    defaults = dict(re.findall(r"^ARG (\w+)=(\S+)", dockerfile, re.MULTILINE))
    stages = set(re.findall(r"^FROM .* AS (\S+)", dockerfile, re.MULTILINE))
    sources = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    images += {re.sub(r"\$\{(\w+)\}", lambda name: defaults[name[1]], source) for source in sources} - stages
    assert all(re.search(r":\d", image) for image in images), images


def test_user_and_group_are_the_same_in_image_and_compose_file(project: Path) -> None:
    user = re.findall(r"^USER (\d+):(\d+)$", (PROJECT_DIR / "Dockerfile").read_text(), re.MULTILINE)
    assert [group for _, group in user] == [read_config(project)["services"]["worker"]["user"].split(":")[1]]


def test_every_variable_stands_in_the_example_and_is_read_by_the_settings(project: Path) -> None:
    text = "".join((project / name).read_text() for name in ("docker-compose.yaml", LUCINDA, STOP))
    example = set(re.findall(r"^([A-Z_]+)=", (PROJECT_DIR / ".env.example").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{([A-Z_]+)", text)) == example - {"COMPOSE_PROFILES"}  # which Compose itself reads
    settings = (PROJECT_DIR / "oobsite/settings.py").read_text()
    services = read_config(project)["services"]
    for name in {**services["web"]["environment"], **services["worker"]["environment"]}:
        assert f'"{name}"' in settings, name


def test_nothing_private_gets_into_the_image() -> None:
    rules = (PROJECT_DIR / ".dockerignore").read_text().split("\n")
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert not allowed & {".env", "data", ".git", "tests"}
    assert allowed >= {"manage.py", "requirements.txt", "oobsite", "backups", "templates", "docker"}


def wait_for_page(address: str, server: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=60) as page:  # noqa: S310 - our own address
                return page.status
        except OSError:
            time.sleep(0.1)
    return 0


def test_web_prepares_itself_serves_and_ends_at_sigterm(tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "PATH": f"{BIN_DIR}:{os.environ['PATH']}",
        "PORT": str(port),
        "OOB_DATA_DIR": str(tmp_path / "data"),
        "OOB_BACKUP_DIR": str(tmp_path / "backup"),
    }
    output = tmp_path / "output"
    with output.open("wb") as file:
        server = subprocess.Popen([PROJECT_DIR / "docker/start-web"], env=environment, stdout=file, stderr=file)
    try:
        assert wait_for_page(f"http://127.0.0.1:{port}/login/", server) == 200, output.read_text()
        server.send_signal(signal.SIGTERM)
        assert server.wait() == 0, output.read_text()
    finally:
        server.kill()
        server.wait()
    assert "http://localhost:8000/setup/" in output.read_text()
    assert not (tmp_path / "data/oobsite.sqlite3").stat().st_mode & 0o007
