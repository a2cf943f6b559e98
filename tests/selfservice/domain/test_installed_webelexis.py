"""Which Webelexis is installed, told by what Docker knows of its container or by what its server answers."""

from __future__ import annotations

import socket

import pytest
from webelexisserver import AUTOLOGIN_PASSWORD, NEW, OLD, OTHER, webelexis_server

from selfservice.domain.installed import Generation, Installed, Origin, ask_server, generation_of, read_container

LABEL = "org.opencontainers.image.version"


def container(image="rgwch/webelexis:3.9.0", labels=None, env=(), mounts=()):
    facts = {"Config": {"Image": image, "Labels": labels, "Env": list(env)}}
    return read_container("elx_webelexis", {**facts, "Mounts": [{"Destination": path} for path in mounts]})


@pytest.mark.parametrize(
    ("version", "generation"),
    [
        *((text, Generation.OLD) for text in ("3.1", "3.1.0", "3.3.5", "v3.4.1", "3.5.9", "3.5-alpine")),
        *((text, Generation.NEW) for text in ("3.7", "3.7.4", "3.9.2", "3.10.0", "4.0", "v3.9")),
        *((text, Generation.UNKNOWN) for text in ("3.6.0", "3.0.9", "2.9", "", "latest", "3", "dev-3.9")),
    ],
)
def test_a_version_belongs_to_a_generation(version, generation):
    assert generation_of(version) == generation


@pytest.mark.parametrize(
    ("image", "labels", "version"),
    [
        ("rgwch/webelexis:3.9.0", None, "3.9.0"),
        ("registry.praxis:5000/rgwch/webelexis:v3.3.5-arm@sha256:0a", {LABEL: "3.9.0"}, "3.3.5"),
        ("rgwch/webelexis:latest", {LABEL: "3.9.2"}, "3.9.2"),
        ("registry.praxis:5000/webelexis", {LABEL: "v3.7.4"}, "3.7.4"),
        ("rgwch/webelexis", {LABEL: "22.04"}, ""),  # of the Ubuntu below
        ("sha256:3a9f", {"maintainer": "3.9"}, ""),
    ],
)
def test_tag_and_label_tell_the_version(image, labels, version):
    found = container(image, labels)
    assert (found.version, found.generation) == (version, generation_of(version))
    assert (found.origin, found.place) == (Origin.CONTAINER, "elx_webelexis")


def test_a_container_of_which_nothing_is_told():
    assert read_container("x", {}) == Installed(Origin.CONTAINER, "x", has_shim=False)
    assert read_container("x", {"Config": {"Image": None, "Labels": None, "Env": None}, "Mounts": None}).version == ""


@pytest.mark.parametrize(
    ("path", "has_shim"),
    [("data", False), ("server/config/local.js", True), ("server/config", None), ("server/", None)],
)
def test_a_mounted_shim_is_seen(path, has_shim):
    mounts = ["/home/node/webelexis/data", f"/home/node/webelexis/{path}"]
    assert container(mounts=mounts).has_shim is has_shim


@pytest.mark.parametrize(
    ("image", "path", "other"),
    [
        ("x:3.5.2", "/home/node/eigene.js", "/home/node/eigene.js"),
        ("x:3.5.2", "../../data/settings", ""),
        ("x:3.5.2", "/home/node/webelexis/data/settings.js", ""),
        ("x:3.9.0", "/home/node/eigene.js", ""),
    ],
)
def test_another_file_in_the_environment_is_seen_and_no_password(image, path, other):
    found = container(image, env=[f"WEBELEXIS_SETTINGS={path}", "DBPWD=oobMARK=1", "ODD"])
    assert found.other_file == other
    assert "oobMARK" not in repr(found)


@pytest.mark.parametrize(
    ("pages", "generation"),
    [
        (OLD, Generation.OLD),
        (NEW, Generation.NEW),
        (OTHER, Generation.UNKNOWN),
        ({"/": OLD["/"]}, Generation.OLD),
        ({"/metadata": "[]", "/": "Router"}, Generation.UNKNOWN),
        ({"/metadata": '{"autologin": 1}'}, Generation.UNKNOWN),
    ],
)
def test_the_server_tells_its_generation(pages, generation):
    with webelexis_server(pages) as url:
        found = ask_server(url, seconds=10)
    assert found == Installed(Origin.SERVER, url, generation)
    assert AUTOLOGIN_PASSWORD not in repr(found)


def test_nobody_answers():
    assert ask_server("http://127.0.0.1:1") is None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert ask_server(f"http://127.0.0.1:{silent.getsockname()[1]}", seconds=0.2) is None


def test_the_server_completes_what_the_container_leaves_open():
    server = Installed(Origin.SERVER, "http://w", Generation.NEW)
    assert container().completed_by(server) == container()
    assert container("x:3.6.1").completed_by(server).generation == Generation.NEW
    assert container("x:3.6.1").completed_by(server).version == "3.6.1"
    nameless = container("x:latest", mounts=["/a/server/config/local.js"])
    assert nameless.completed_by(server) == Installed(Origin.SERVER, "http://w", Generation.NEW, has_shim=True)
    assert nameless.completed_by(None) == nameless
