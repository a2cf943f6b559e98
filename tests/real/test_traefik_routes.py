"""The names of Elexis-OOB behind the real Traefik, set up as docker-compose.yaml does it."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import shutil
import ssl
import threading
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from waiting import wait_until

from certs.domain import hidden
from tests.traefikproxy import Proxy, copy_routes, proxying

CONTAINERS = {"webelexis:3030": "webelexis", "webelexis:4040": "termine", "web:8000": "oobsite", "pacs:8080": "pacs"}
NAMES = {"LOCAL_NAME": "nuno", "EXTERNAL_NAME": "meine-praxis.ch"}


def make_handler(name: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{name} {self.headers['X-Forwarded-Proto']} {self.headers['Host']}".encode())

        def log_message(self, *_words: object) -> None:
            pass

    return Handler


@contextlib.contextmanager
def answering(name: str) -> Iterator[str]:
    """A program of the practice; yields its host and port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), make_handler(name)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def dynamic_dir(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        places = {host: stack.enter_context(answering(name)) for host, name in CONTAINERS.items()}
        folder = tmp_path_factory.mktemp("dynamic")
        copy_routes(folder, places)
        yield folder


@pytest.fixture(scope="module")
def proxy(dynamic_dir, tmp_path_factory):
    with proxying(dynamic_dir, tmp_path_factory.mktemp("proxy"), NAMES) as proxy:
        wait_for_routes(proxy)
        yield proxy


def wait_for_routes(proxy: Proxy) -> None:
    """It shakes hands before it has read its folder."""
    wait_until(lambda: ask(proxy.https_port, "termine.meine-praxis.ch")[0] != 404)


def ask(port: int, name: str, *, headers: dict[str, str] | None = None) -> tuple[int, str]:
    context = ssl._create_unverified_context()  # noqa: S323 - routes are the question here, not certificates
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/page", headers={"Host": name, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("webelexis.nuno", "webelexis"),
        ("appserver.nuno", "oobsite"),
        ("pacs.nuno", "pacs"),
        ("termine.meine-praxis.ch", "termine"),
    ],
)
def test_each_name_leads_to_its_program(proxy, name, program):
    assert ask(proxy.https_port, name) == (200, f"{program} https {name}")


def test_other_names_lead_nowhere(proxy):
    assert [ask(proxy.https_port, name)[0] for name in ("termine.nuno", "pacs.meine-praxis.ch", "x.ch")] == [404] * 3


def test_http_leads_to_https_under_the_same_name(proxy):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http_port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", "/page?a=1", headers={"Host": "webelexis.nuno"})
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, "https://webelexis.nuno/page?a=1")
        answer.read()


@pytest.mark.parametrize(
    "path", ["/certs/root.crt", "/certs/root.mobileconfig", "/certs/root/", "/static/oobsite/oobsite.css"]
)
def test_the_root_comes_by_http_for_devices_that_do_not_trust_us_yet(proxy, path):
    assert ask_by_http(proxy.http_port, "appserver.nuno", path) == (200, "oobsite http appserver.nuno")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("appserver.nuno", "/"),
        ("appserver.nuno", "/certs/devices/"),
        ("appserver.nuno", "/certs/root/../../accounts/login/"),
        ("webelexis.nuno", "/certs/root.crt"),
        ("termine.meine-praxis.ch", "/static/a.js"),
    ],
)
def test_nothing_else_comes_by_http(proxy, name, path):
    assert ask_by_http(proxy.http_port, name, path)[0] == 301


def ask_by_http(port: int, name: str, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Host": name})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_nobody_from_outside_reaches_what_is_not_for_the_public(dynamic_dir, tmp_path):
    """Loopback counts as outside for once: no other address can be asked from here."""
    text = (dynamic_dir / "routes.yaml").read_text()
    (tmp_path / "dynamic").mkdir()
    (tmp_path / "dynamic/routes.yaml").write_text(text.replace("          - 127.0.0.0/8\n", ""))
    with proxying(tmp_path / "dynamic", tmp_path, NAMES) as proxy:
        wait_for_routes(proxy)
        claims = {"X-Forwarded-For": "10.0.0.1", "X-Real-Ip": "10.0.0.1"}
        for name in ("webelexis.nuno", "appserver.nuno", "pacs.nuno"):
            assert ask(proxy.https_port, name, headers=claims)[0] == 403
        assert ask_by_http(proxy.http_port, "appserver.nuno", "/certs/root.crt")[0] == 403
        assert ask(proxy.https_port, "termine.meine-praxis.ch")[0] == 200


def test_further_networks_of_the_practice_are_let_in(dynamic_dir, tmp_path):
    text = (dynamic_dir / "routes.yaml").read_text()
    (tmp_path / "dynamic").mkdir()
    (tmp_path / "dynamic/routes.yaml").write_text(text.replace("          - 127.0.0.0/8\n", ""))
    with proxying(
        tmp_path / "dynamic", tmp_path, {**NAMES, "LOCAL_NETWORKS": "203.0.113.7/32, 127.0.0.1/32,"}
    ) as proxy:
        wait_for_routes(proxy)
        assert ask(proxy.https_port, "pacs.nuno")[0] == 200


def test_who_comes_with_an_address_of_dockers_networks_is_not_taken_for_the_practice(dynamic_dir):
    """Where Docker hides the addresses of visitors, all of them have one of these (its default-address-pools)."""
    text = (dynamic_dir / "routes.yaml").read_text().partition("sourceRange:")[2].partition("{{")[0]
    ranges = [ip_network(word) for word in text.replace("- ", "").split()]
    assert ip_network("192.168.0.0/16") in ranges
    gateways = [ip_address(f"172.{number}.0.1") for number in range(17, 32)]
    assert [gateway for gateway in gateways if any(gateway in one for one in ranges if one.version == 4)] == []


def test_who_comes_with_the_address_of_the_networks_gateway_is_refused(dynamic_dir, tmp_path):
    """Loopback stands for the gateway: as from everywhere, where Docker hides who asks."""
    folder = refusing(dynamic_dir, tmp_path, "127.0.0.1", "fd00::1")
    for local in ("nuno", "meine-praxis.ch"):
        with proxying(folder, tmp_path, {**NAMES, "LOCAL_NAME": local}) as proxy:
            wait_for_routes(proxy)
            assert {ask(proxy.https_port, f"{one}.{local}")[0] for one in ("Webelexis", "appserver", "pacs")} == {403}
            assert ask_by_http(proxy.http_port, f"appserver.{local}", "/certs/root.crt")[0] == 403
            assert ask(proxy.https_port, "termine.meine-praxis.ch")[0] == 200
            assert proxy.complaints == []


def refusing(dynamic_dir: Path, folder: Path, *gateways: str) -> Path:
    """A proxy's folder with the routes and with what the worker writes beside them."""
    (folder / "dynamic").mkdir()
    shutil.copy(dynamic_dir / "routes.yaml", folder / "dynamic")
    (folder / "dynamic" / hidden.FILE_NAME).write_text(hidden.render([ip_address(text) for text in gateways]))
    return folder / "dynamic"


def test_who_names_the_gateway_lets_it_in(dynamic_dir, tmp_path):
    names = {**NAMES, "LOCAL_NETWORKS": "10.9.0.0/16, 127.0.0.1/32"}
    with proxying(refusing(dynamic_dir, tmp_path, "127.0.0.1"), tmp_path, names) as proxy:
        wait_for_routes(proxy)
        assert ask(proxy.https_port, "pacs.nuno")[0] == 200
        assert proxy.complaints == []


def test_without_a_local_name_the_refusal_does_no_harm(dynamic_dir, tmp_path):
    names = {"EXTERNAL_NAME": "meine-praxis.ch"}
    with proxying(refusing(dynamic_dir, tmp_path, "127.0.0.1"), tmp_path, names) as proxy:
        wait_for_routes(proxy)
        assert ask(proxy.https_port, "termine.meine-praxis.ch")[0] == 200
        assert proxy.complaints == []


def test_what_a_visitor_claims_of_himself_is_not_passed_on(proxy):
    claims = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
    assert ask(proxy.https_port, "appserver.nuno", headers=claims) == (200, "oobsite https appserver.nuno")


def test_without_names_it_starts_and_serves_nobody(dynamic_dir, tmp_path):
    with proxying(dynamic_dir, tmp_path) as proxy:
        assert ask(proxy.https_port, "webelexis.nuno")[0] == 404
        assert ask(proxy.https_port, "webelexis.")[0] == 404
        assert proxy.complaints == []
