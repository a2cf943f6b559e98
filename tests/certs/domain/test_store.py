"""Pairs on disk and the proxy's file: whole or not there, whatever is killed in the middle."""

import datetime as dt
import os
import shutil
import stat
from pathlib import Path, PurePosixPath

import pytest

from certs.domain import store, traefik
from certs.domain.builder import LeafRequest, make_self_signed
from certs.domain.errors import GenerationDamagedError, GenerationMissingError, StoreRemoveError, StoreWriteError
from certs.domain.names import parse_name
from certs.domain.store import Generation
from certs.domain.traefik import Served
from tests.diskkills import run_killed

NOW = dt.datetime.now(dt.UTC)
NAME = parse_name("webelexis.nuno")
FIRST, SECOND = Generation(NAME, 1), Generation(NAME, 2)
SEEN = PurePosixPath("/mnt/certs")


@pytest.fixture(scope="module")
def pairs():
    return [make_self_signed(LeafRequest((NAME,)), NOW) for _number in range(2)]


def test_a_generation_is_read_back_as_it_was_written(tmp_path, pairs):
    folder = store.write_generation(tmp_path / "certs", FIRST, pairs[0])
    assert store.read_generation(tmp_path / "certs", FIRST) == pairs[0]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"fullchain.pem": 0o644, "privkey.pem": 0o600}


@pytest.mark.parametrize("mask", [0, 0o077])
def test_whatever_the_umask_keys_are_private_and_the_rest_is_readable_for_a_proxy(tmp_path, pairs, mask):
    before = os.umask(mask)
    try:
        store.write_generation(tmp_path / "certs", FIRST, pairs[0])
        store.write_old_place(tmp_path / "certs", NAME, pairs[0])
        traefik.publish(tmp_path / "certs", tmp_path / "traefik", Served((FIRST,)), SEEN)
    finally:
        os.umask(before)
    modes = {path.suffix or path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert {modes[name] for name in ("certs", ".nuno", "1", "traefik")} == {0o755}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*key*")} == {0o600}
    assert {modes[name] for name in (".crt", ".yaml")} == {0o644}


def test_copies_that_a_killed_writer_has_begun_do_not_stay(tmp_path, pairs):
    """They hold a key; the next writer has another number, so it would not write over them."""
    begun = [tmp_path / f"{NAME.text}.{ending}.4711.part" for ending in ("key", "crt")]
    for act in (store.write_old_place, lambda *_where: store.remove_service(tmp_path, NAME)):
        for path in begun:
            path.write_bytes(pairs[0].key)
        act(tmp_path, NAME, pairs[0])
        assert [path for path in begun if path.exists()] == []


def test_what_cannot_be_removed_is_said(tmp_path, pairs, tmpfs):
    store.write_generation(tmp_path, FIRST, pairs[0])
    tmpfs(tmp_path / FIRST.relative, "64k")
    for remove in (lambda: store.remove_generations(tmp_path, NAME, []), lambda: store.remove_service(tmp_path, NAME)):
        with pytest.raises(StoreRemoveError) as refused:
            remove()
        assert refused.value.reason == "Device or resource busy"


def test_names_with_stars_and_colons_become_plain_folders():
    assert store.folder_name(parse_name("*.praxis.ch")) == "_wildcard.praxis.ch"
    assert store.folder_name(parse_name("::1")) == "__1"


def test_what_else_lies_beside_the_pairs_is_no_generation(tmp_path, pairs):
    store.write_generation(tmp_path, FIRST, pairs[0])
    for name in ("²", "007", "9" * 20, "old"):
        (tmp_path / NAME.text / name).mkdir()
    (tmp_path / NAME.text / "5").write_text("a file")
    assert store.list_generations(tmp_path, NAME) == [1]


def test_a_number_that_is_taken_is_not_written_over(tmp_path, pairs):
    store.write_generation(tmp_path, FIRST, pairs[0])
    with pytest.raises(StoreWriteError):
        store.write_generation(tmp_path, FIRST, pairs[1])
    assert store.read_generation(tmp_path, FIRST) == pairs[0]


def test_a_pair_that_does_not_belong_together_is_never_named(tmp_path, pairs):
    folder = store.write_generation(tmp_path, FIRST, pairs[0])
    traefik.publish(tmp_path, tmp_path / "traefik", Served((FIRST,)), SEEN)
    store.write_generation(tmp_path, SECOND, pairs[1])
    shutil.copy(folder / "privkey.pem", tmp_path / SECOND.relative / "privkey.pem")
    with pytest.raises(GenerationDamagedError):
        traefik.publish(tmp_path, tmp_path / "traefik", Served((SECOND,)), SEEN)
    assert traefik.list_published(tmp_path / "traefik", SEEN) == {PurePosixPath("webelexis.nuno/1")}


def test_a_pair_that_is_gone_is_missed(tmp_path):
    with pytest.raises(GenerationMissingError):
        traefik.publish(tmp_path, tmp_path / "traefik", Served((FIRST,)), SEEN)


def test_what_nothing_uses_is_removed(tmp_path, pairs):
    for generation, pair in zip((FIRST, SECOND), pairs, strict=True):
        store.write_generation(tmp_path, generation, pair)
    (tmp_path / "webelexis.nuno" / "3.part").mkdir()
    assert store.remove_generations(tmp_path, NAME, keep=[2]) == [1]
    assert [path.name for path in (tmp_path / "webelexis.nuno").iterdir()] == ["2"]


def test_the_old_place_holds_the_pair_too(tmp_path, pairs):
    store.write_old_place(tmp_path, NAME, pairs[0])
    assert (tmp_path / "webelexis.nuno.crt").read_bytes() == pairs[0].full_chain
    assert stat.S_IMODE((tmp_path / "webelexis.nuno.key").stat().st_mode) == 0o600


def test_the_yaml_names_both_files_and_the_default(tmp_path):
    text = traefik.render(Served((FIRST,), FIRST), SEEN)
    assert text.count('certFile: "/mnt/certs/webelexis.nuno/1/fullchain.pem"') == 2
    assert "defaultCertificate" in text
    assert "{{" not in text


def exchange(folder: Path, pair) -> None:
    store.write_generation(folder, SECOND, pair)
    traefik.publish(folder, folder / "traefik", Served((SECOND,)), SEEN)
    store.remove_generations(folder, NAME, keep=[2])


def test_killed_at_any_step_the_proxy_is_left_with_a_whole_pair(tmp_path, pairs):
    step, was_killed, seen = 0, True, set()
    while was_killed:
        folder = tmp_path / str(step)
        store.write_generation(folder, FIRST, pairs[0])
        traefik.publish(folder, folder / "traefik", Served((FIRST,)), SEEN)
        was_killed = run_killed(lambda here=folder: exchange(here, pairs[1]), step)
        (named,) = traefik.list_published(folder / "traefik", SEEN)
        number = int(named.name)
        assert store.read_generation(folder, Generation(NAME, number)) == pairs[number - 1]
        seen.add(number)
        if 2 not in store.list_generations(folder, NAME):  # what was left does not stand in the way
            exchange(folder, pairs[1])
            assert store.read_generation(folder, SECOND) == pairs[1]
        step += 1
    assert seen == {1, 2}
    assert step > 10
