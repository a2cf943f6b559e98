"""Where Docker hides who asks, all come with the address of its network's gateway: the proxy is told to refuse that."""

from __future__ import annotations

import sys
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from certs.domain import hidden
from certs.domain.errors import StoreWriteError

ROUTES = Path(__file__).parents[3] / "docker/traefik/routes.yaml"
GATEWAY = ip_address("192.168.16.1")
_HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
_NETWORK = "eth0\t0010A8C0\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0\n"
_ALL = "0" * 32
_UNREACHABLE = f"{_ALL} 00 {_ALL} 00 {_ALL} ffffffff 00000001 00000000 00200200 lo\n"


def machine(folder: Path, *gateways: str) -> Path:
    """What the kernel tells of a machine with these default gateways."""
    lines = {4: [_HEAD, _NETWORK], 6: [_UNREACHABLE]}
    for address in map(ip_address, gateways):
        lines[address.version].append(_line(address))
    (folder / "route").write_text("".join(lines[4]))
    (folder / "ipv6_route").write_text("".join(lines[6]))
    return folder


def _line(address: hidden.Address) -> str:
    if address.version == 6:
        return f"{_ALL} 00 {_ALL} 00 {address.packed.hex()} 00000400 00000003 00000000 00000003 eth0\n"
    return f"eth0\t00000000\t{int.from_bytes(address.packed, sys.byteorder):08X}\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"


@pytest.fixture
def traefik_dir(tmp_path):
    (tmp_path / hidden.ROUTES_NAME).write_bytes(ROUTES.read_bytes())
    return tmp_path


@pytest.mark.parametrize(
    ("gateways", "found"),
    [
        (["192.168.16.1"], ["192.168.16.1"]),
        (["10.0.2.2", "fd00::1"], ["10.0.2.2", "fd00::1"]),
        (["172.18.0.1"], []),  # the routes let nobody in from there
        (["203.0.113.1", "2001:db8::1"], []),
        ([], []),
    ],
)
def test_a_gateway_that_would_be_taken_for_the_practice_is_found(tmp_path, gateways, found):
    assert [str(address) for address in hidden.read_gateways(machine(tmp_path, *gateways))] == found


def test_this_machine_can_be_asked_and_one_that_tells_nothing_has_none(tmp_path):
    assert all(any(address in network for network in hidden.LET_IN) for address in hidden.read_gateways())
    assert hidden.read_gateways(tmp_path / "nowhere") == []


def test_those_are_looked_for_whom_the_routes_let_in():
    words = ROUTES.read_text().partition("sourceRange:")[2].partition("{{")[0].replace("- ", "").split()
    assert {ip_network(word) for word in words if not ip_network(word).is_loopback} == set(hidden.LET_IN)


def test_the_proxys_folder_is_told_once_and_only_as_long_as_it_is_so(traefik_dir):
    path = traefik_dir / hidden.FILE_NAME
    hidden.publish(traefik_dir, [GATEWAY])
    assert "ClientIP(`192.168.16.1`)" in path.read_text()
    written = path.stat().st_ino
    hidden.publish(traefik_dir, [GATEWAY])
    assert path.stat().st_ino == written
    hidden.publish(traefik_dir, [])
    assert not path.exists()


def test_another_proxy_is_left_alone(traefik_dir):
    (traefik_dir / hidden.ROUTES_NAME).unlink()
    hidden.publish(traefik_dir, [GATEWAY])
    assert list(traefik_dir.iterdir()) == []


def test_a_folder_that_takes_nothing_is_said(traefik_dir):
    (traefik_dir / hidden.FILE_NAME).mkdir()
    with pytest.raises(StoreWriteError):
        hidden.publish(traefik_dir, [GATEWAY])
