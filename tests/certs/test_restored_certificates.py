"""A real restore of the folder with the certificates: what differs is said at once, and the newer pairs come back."""

from __future__ import annotations

import pytest
from calling import call, call_json
from certificates import NAME, made

from backups.models import BackupRun
from certs import services
from certs.domain import store
from certs.models import Certificate
from oobsite.accounts.actors import system_actor

pytestmark = pytest.mark.django_db
EXCHANGE = ("--yes", "--folders-idle", "--no-safety-backup")


@pytest.fixture
def stamp(certs_site) -> str:
    """A backup of the first pair of one service, which was renewed since, when another one came too."""
    services.make_authority(system_actor(), services.AuthorityOrder("Praxis CA"))
    certificate = made()
    stamp = call_json("runbackup", "--source", "webelexisdata")[1]["stamp"]
    services.install_generation(services.renew_certificate(system_actor(), certificate).pk)
    made("pacs.nuno")
    return stamp


def stored(settings) -> dict[str, bool]:
    """Of each service whether the pair in use lies on the disk."""
    found = Certificate.objects.select_related("current__certificate")
    return {one.name: is_there(settings.OOB_CERTS_DIR, one) for one in found}


def is_there(certs_dir, certificate) -> bool:
    try:
        return store.stored_fingerprint(certs_dir, certificate.current.stored) == certificate.current.fingerprint
    except (store.GenerationMissingError, store.GenerationDamagedError):
        return False


def test_the_restore_says_what_differs_and_the_pairs_come_back(stamp, settings):
    before = set(Certificate.objects.values_list("name", "current__fingerprint"))
    code, answer = call_json("restorebackup", stamp, "--source", "webelexisdata", *EXCHANGE)
    assert code == 0, answer
    assert stored(settings) == {NAME: False, "pacs.nuno": False}
    left = [one["code"] for one in BackupRun.objects.get(uid=answer["run"]).result["certificates"]["open"]]
    assert left == ["certificate-pair-missing", "certificate-pair-older"]
    assert len(answer["certificates"]["open"]) == 2
    assert call_json("checkcerts", "--put-back")[1]["open"] == []
    assert stored(settings) == {NAME: True, "pacs.nuno": True}
    assert set(Certificate.objects.values_list("name", "current__fingerprint")) == before  # the very same


def test_in_a_terminal_it_is_said_too(stamp):
    out = call("restorebackup", stamp, "--source", "webelexisdata", *EXCHANGE)[1]
    assert [line[:2] for line in out.splitlines() if "checkcerts --put-back" in line] == ["! "]


def test_an_undone_restore_leaves_nothing_to_put_back(stamp, settings):
    call_json("restorebackup", stamp, "--source", "webelexisdata", *EXCHANGE)
    code, answer = call_json("undorestore", "--folders-idle")
    assert (code, answer["certificates"]["open"]) == (0, [])
    assert stored(settings) == {NAME: True, "pacs.nuno": True}
