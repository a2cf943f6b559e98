"""Chromium takes our certificates where the practice's root is installed, for exactly their names."""

import contextlib
import datetime as dt
import os
import subprocess
from pathlib import PurePosixPath

import pytest
from playwright.sync_api import Error

from certs.domain.builder import KeyKind, LeafRequest, Pair, Subject, make_authority, make_leaf, make_self_signed
from certs.domain.names import parse_names
from certs.domain.store import Generation, stored_fingerprint, write_generation
from certs.domain.traefik import Served, publish
from tests.e2e.conftest import CHROMIUM
from tests.tlsserver import serving
from tests.traefikproxy import copy_routes, proxying, seconds_until, served_fingerprint

NOW = dt.datetime.now(dt.UTC)
PRACTICE = Subject("CH", "Zürich", "Winterthur", "Praxis Dr. Müller", "EDV")
AUTHORITY = make_authority(PRACTICE, "Praxis Dr. Müller CA", NOW - dt.timedelta(days=400))
LIMITED = make_authority(PRACTICE, "Praxis CA", NOW, ["nuno"])


@pytest.fixture(autouse=True)
def backup_folder():
    """No site and no database here."""


@pytest.fixture(autouse=True)
def empty_cache():
    pass


@contextlib.contextmanager
def browsing(browser_type, home, *roots: Pair):
    """A Chromium of its own, in whose store lie ``roots``; every name leads to this machine."""
    store = home / ".pki/nssdb"
    store.mkdir(parents=True)
    subprocess.run(["certutil", "-d", f"sql:{store}", "-N", "--empty-password"], check=True)
    for number, root in enumerate(roots):
        (home / "root.pem").write_bytes(root.certificate)
        trust = ["-A", "-n", f"root {number}", "-t", "C,,", "-i", home / "root.pem"]
        subprocess.run(["certutil", "-d", f"sql:{store}", *trust], check=True)
    args = ["--no-sandbox", "--host-resolver-rules=MAP * 127.0.0.1"]
    browser = browser_type.launch(executable_path=CHROMIUM, args=args, env={**os.environ, "HOME": str(home)})
    try:
        yield browser.new_page()
    finally:
        browser.close()


@pytest.fixture(scope="module")
def trusting(browser_type, tmp_path_factory):
    """A page of a device on which both roots are installed."""
    with browsing(browser_type, tmp_path_factory.mktemp("home"), AUTHORITY, LIMITED) as page:
        yield page


def make(*names: str, by: Pair = AUTHORITY, kind: KeyKind = KeyKind.EC_P256) -> Pair:
    return make_leaf(LeafRequest(parse_names(names), PRACTICE, kind), by, NOW)


def open_page(page, folder, pair: Pair, name: str) -> str:
    """The title of the page, or the browser's error."""
    with serving(pair, folder) as port:
        try:
            page.goto(f"https://{name}:{port}/")
        except Error as error:
            return error.message.partition("net::")[2].split()[0]
        return page.title()


@pytest.mark.parametrize(
    ("pair", "name"),
    [
        (make("webelexis.nuno"), "webelexis.nuno"),
        (make("webelexis.nuno", kind=KeyKind.RSA_2048), "webelexis.nuno"),
        (make("webelexis.nuno", "pacs.local"), "pacs.local"),
        (make("müller.praxis.ch"), "müller.praxis.ch"),
        (make("*.praxis.ch"), "termine.praxis.ch"),
        (make("127.0.0.1"), "127.0.0.1"),
        (make("webelexis.nuno", by=LIMITED), "webelexis.nuno"),
        (make("a" * 60 + ".praxis.ch"), "a" * 60 + ".praxis.ch"),
    ],
    ids=["ec", "rsa", "second-name", "international", "wildcard", "address", "limited-root", "without-common-name"],
)
def test_the_page_comes_without_a_word_of_warning(trusting, tmp_path, pair, name):
    assert open_page(trusting, tmp_path, pair, name) == "Praxis"
    assert trusting.evaluate("isSecureContext")


@pytest.mark.parametrize("name", ["pacs.nuno", "nuno", "x.webelexis.nuno", "127.0.0.1"])
def test_another_name_is_refused(trusting, tmp_path, name):
    assert open_page(trusting, tmp_path, make("webelexis.nuno"), name) == "ERR_CERT_COMMON_NAME_INVALID"


def test_a_wildcard_is_for_one_label_only(trusting, tmp_path):
    assert open_page(trusting, tmp_path, make("*.praxis.ch"), "a.b.praxis.ch") == "ERR_CERT_COMMON_NAME_INVALID"


def test_a_self_signed_one_is_refused_beside_an_installed_root(trusting, tmp_path):
    pair = make_self_signed(LeafRequest(parse_names(["webelexis.nuno"]), PRACTICE), NOW)
    assert open_page(trusting, tmp_path, pair, "webelexis.nuno") == "ERR_CERT_AUTHORITY_INVALID"


def test_without_the_root_the_issuer_is_unknown(browser_type, tmp_path):
    with browsing(browser_type, tmp_path / "home") as page:
        assert open_page(page, tmp_path, make("webelexis.nuno"), "webelexis.nuno") == "ERR_CERT_AUTHORITY_INVALID"


def test_an_expired_one_is_refused(trusting, tmp_path):
    old = make_leaf(LeafRequest(parse_names(["webelexis.nuno"])), AUTHORITY, NOW - dt.timedelta(days=399))
    assert open_page(trusting, tmp_path, old, "webelexis.nuno") == "ERR_CERT_DATE_INVALID"


def test_the_proxy_of_the_installation_is_accepted(trusting, folder):
    """The program behind it does not run here: the proxy itself says so, over a connection that nothing warns of."""
    certs_dir, traefik_dir = folder / "certs", folder / "traefik"
    generation = Generation(parse_names(["webelexis.nuno"])[0], 1)
    write_generation(certs_dir, generation, make("webelexis.nuno"))
    copy_routes(traefik_dir, {"http://webelexis:3030": "http://127.0.0.1:9"})
    publish(certs_dir, traefik_dir, Served((generation,)), PurePosixPath(certs_dir))
    ours = stored_fingerprint(certs_dir, generation)
    with proxying(traefik_dir, folder, {"LOCAL_NAME": "nuno"}) as proxy:
        seconds_until(lambda: served_fingerprint(proxy.https_port, "webelexis.nuno") == ours)
        answer = trusting.goto(f"https://webelexis.nuno:{proxy.https_port}/")
        assert (answer.status, answer.security_details()["issuer"]) == (502, "Praxis Dr. Müller CA")
