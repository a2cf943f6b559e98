"""The real Traefik serves what we write: at once, without a restart, without one failed handshake."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest

from certs.domain import store, traefik
from certs.domain.builder import LeafRequest, Pair, make_authority, make_leaf
from certs.domain.errors import GenerationDamagedError
from certs.domain.names import parse_names
from certs.domain.store import Generation
from certs.domain.traefik import Served
from tests.diskkills import run_killed
from tests.traefikproxy import copy_routes, proxying, seconds_until, served_fingerprint

NOW = dt.datetime.now(dt.UTC)
WEBELEXIS, TERMINE = parse_names(["webelexis.nuno", "termine.meine-praxis.ch"])
A_SECOND = 20


@pytest.fixture(scope="module")
def authority() -> Pair:
    return make_authority(LeafRequest((WEBELEXIS,)).subject, "Praxis CA", NOW)


@dataclass
class Site:
    """The certs folder, the folder that Traefik reads, and the generation in use of each service."""

    folder: Path
    authority: Pair
    used: dict[str, Generation] = field(default_factory=dict)

    @property
    def certs_dir(self) -> Path:
        return self.folder / "certs"

    @property
    def traefik_dir(self) -> Path:
        return self.folder / "traefik"

    def write(self, name, number: int) -> Generation:
        generation = Generation(name, number)
        store.write_generation(self.certs_dir, generation, make_leaf(LeafRequest((name,)), self.authority, NOW))
        return generation

    def publish(self, *generations: Generation, default: Generation | None = None) -> None:
        self.used |= {generation.name.text: generation for generation in generations}
        served = Served(tuple(self.used.values()), default)
        traefik.publish(self.certs_dir, self.traefik_dir, served, PurePosixPath(self.certs_dir))

    def exchange(self, number: int) -> None:
        """A new generation of Webelexis from the first byte to the removal of those before it."""
        self.publish(self.write(WEBELEXIS, number))
        store.remove_generations(self.certs_dir, WEBELEXIS, keep=[number])

    def leaf(self, number: int) -> str:
        """SHA-256 of the certificate in a generation of Webelexis."""
        return store.stored_fingerprint(self.certs_dir, Generation(WEBELEXIS, number))

    def seconds_until_served(self, port: int, number: int) -> float:
        new = self.leaf(number)
        return seconds_until(lambda: served_fingerprint(port, WEBELEXIS.text) == new)

    def named(self) -> list[int]:
        paths = traefik.list_published(self.traefik_dir, PurePosixPath(self.certs_dir))
        return [int(path.name) for path in paths]


@pytest.fixture
def site(folder, authority) -> Site:
    site = Site(folder, authority)
    copy_routes(site.traefik_dir)
    return site


@dataclass
class Handshakes:
    """What clients saw, in order; ``failures`` holds their errors."""

    seen: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def wait_for(self, fingerprint: str) -> None:
        seconds_until(lambda: fingerprint in self.seen)


@contextlib.contextmanager
def shaking_hands(port: int, name: str) -> Iterator[Handshakes]:
    """Clients that connect ``A_SECOND`` times a second, however long one of them takes."""
    found, ended, threads = Handshakes(), threading.Event(), []

    def shake() -> None:
        try:
            found.seen.append(served_fingerprint(port, name))
        except OSError as error:
            found.failures.append(str(error))

    def begin() -> None:
        start = time.monotonic()
        while not ended.wait(start + len(threads) / A_SECOND - time.monotonic()):
            threads.append(threading.Thread(target=shake))
            threads[-1].start()

    starter = threading.Thread(target=begin)
    starter.start()
    try:
        yield found
    finally:
        ended.set()
        starter.join()
        for thread in threads:
            thread.join()


def test_each_name_gets_its_own_and_unknown_ones_the_default(site):
    webelexis, termine = site.write(WEBELEXIS, 1), site.write(TERMINE, 1)
    site.publish(webelexis, termine, default=webelexis)
    with proxying(site.traefik_dir, site.folder, {"LOCAL_NAME": "nuno"}) as proxy:
        site.seconds_until_served(proxy.https_port, 1)
        assert served_fingerprint(proxy.https_port, TERMINE.text) == store.stored_fingerprint(site.certs_dir, termine)
        assert served_fingerprint(proxy.https_port, "unknown.example") == site.leaf(1)
        assert proxy.complaints == []


def test_of_a_star_and_the_whole_name_the_whole_name_is_served(site):
    """As the remark says that somebody gets who makes both."""
    pairs = [Generation(TERMINE, 1), Generation(parse_names(["*.meine-praxis.ch"])[0], 1)]
    for generation in pairs:
        request = LeafRequest((generation.name,))
        store.write_generation(site.certs_dir, generation, make_leaf(request, site.authority, NOW))
    site.publish(*pairs)
    whole, star = (store.stored_fingerprint(site.certs_dir, generation) for generation in pairs)
    with proxying(site.traefik_dir, site.folder) as proxy:
        seconds_until(lambda: served_fingerprint(proxy.https_port, "x.meine-praxis.ch") == star)
        assert {served_fingerprint(proxy.https_port, TERMINE.text) for _time in range(9)} == {whole}


def test_ten_exchanges_while_clients_come_all_the_time(site):
    """The old generation goes as soon as the new one is served."""
    site.publish(site.write(WEBELEXIS, 1))
    waits = []
    with proxying(site.traefik_dir, site.folder) as proxy:
        site.seconds_until_served(proxy.https_port, 1)
        with shaking_hands(proxy.https_port, WEBELEXIS.text) as handshakes:
            for number in range(2, 12):
                site.publish(site.write(WEBELEXIS, number))
                waits.append(site.seconds_until_served(proxy.https_port, number))
                handshakes.wait_for(site.leaf(number))
                store.remove_generations(site.certs_dir, WEBELEXIS, keep=[number])
        assert handshakes.failures == []
        assert proxy.complaints == []
    assert len(set(handshakes.seen)) == 11
    assert len(handshakes.seen) > A_SECOND * sum(waits) * 0.9
    assert max(waits) < 5, waits


def test_what_is_taken_out_is_served_no_more(site):
    """Also the last certificate, and also the default, for which Traefik then takes one of its own."""
    webelexis, termine = site.write(WEBELEXIS, 1), site.write(TERMINE, 1)
    site.publish(webelexis, termine, default=termine)
    with proxying(site.traefik_dir, site.folder) as proxy:
        site.seconds_until_served(proxy.https_port, 1)
        ours = {site.leaf(1), store.stored_fingerprint(site.certs_dir, termine)}
        site.publish()
        seconds_until(lambda: served_fingerprint(proxy.https_port, "unknown.example") not in ours)
        site.used.clear()
        site.publish()
        seconds_until(lambda: served_fingerprint(proxy.https_port, WEBELEXIS.text) not in ours)
        assert proxy.complaints == []


def test_a_broken_pair_is_never_named_and_the_old_one_goes_on(site):
    first = site.write(WEBELEXIS, 1)
    site.publish(first)
    second = site.write(WEBELEXIS, 2)
    shutil.copy(site.certs_dir / first.relative / "privkey.pem", site.certs_dir / second.relative / "privkey.pem")
    with proxying(site.traefik_dir, site.folder) as proxy:
        site.seconds_until_served(proxy.https_port, 1)
        with pytest.raises(GenerationDamagedError):
            site.publish(second)
        time.sleep(1)
        assert served_fingerprint(proxy.https_port, WEBELEXIS.text) == site.leaf(1)


def test_a_writer_killed_at_any_step_leaves_a_whole_pair_served(site):
    """What it named is served, the old pair or the new one; then the exchange is made anew."""
    site.publish(site.write(WEBELEXIS, 1))
    with proxying(site.traefik_dir, site.folder, options=["--providers.providersthrottleduration=50ms"]) as proxy:
        site.seconds_until_served(proxy.https_port, 1)
        current, step, was_killed, ends = 1, 0, True, set()
        while was_killed:
            was_killed = run_killed(lambda new=step + 2: site.exchange(new), step)
            (named,) = site.named()
            if named != current:
                assert site.seconds_until_served(proxy.https_port, named) < 5
            assert served_fingerprint(proxy.https_port, WEBELEXIS.text) == site.leaf(named)
            current = named
            ends.add(named == step + 2)
            step += 1
        assert proxy.complaints == []
    assert ends == {True, False}
    assert step > 10
