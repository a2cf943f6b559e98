"""What would make every backup worthless is said at the start."""

from __future__ import annotations

import socket

import pytest
from django.core import checks
from django.db import connections

from backups.checks import check_own_database
from backups.models import Source
from demo.server import PracticeServer, short_folder


def ids():
    return [message.id for message in checks.run_checks() if message.id and message.id.startswith("backups.")]


def test_a_sound_installation_has_nothing_to_say(practice):
    assert ids() == []


def test_a_source_in_the_backup_folder_is_an_error(practice):
    Source.objects.filter(name="pacsdata").update(path=str(practice / "backup" / "pacs"))
    assert ids() == ["backups.E001"]


def test_two_sources_in_each_other_are_an_error(practice):
    Source.objects.filter(name="pacsdata").update(path="webelexisdata/pacs")
    assert ids() == ["backups.E001"]


def test_a_source_that_is_switched_off_may_overlap(practice):
    Source.objects.filter(name="pacsdata").update(path="webelexisdata/pacs", is_active=False)
    assert ids() == []


@pytest.mark.parametrize(
    ("own", "server", "expected"),
    [
        ({"HOST": "elexisdb", "PORT": "3306"}, {"OOB_DBSOCKET": "", "DBHOST": "elexisdb"}, ["backups.E002"]),
        ({"HOST": "other", "PORT": "3306"}, {"OOB_DBSOCKET": "", "DBHOST": "elexisdb"}, []),
        ({"HOST": "/run/m.sock", "PORT": ""}, {"OOB_DBSOCKET": "/run/m.sock"}, ["backups.E002"]),
    ],
)
def test_own_tables_in_the_server_of_the_practice_are_an_error(db, settings, monkeypatch, own, server, expected):
    for name, value in server.items():
        setattr(settings, name, value)
    monkeypatch.setitem(connections["default"].settings_dict, "HOST", own["HOST"])
    monkeypatch.setitem(connections["default"].settings_dict, "PORT", own["PORT"])
    monkeypatch.setattr(type(connections["default"]), "vendor", "mysql")
    assert [message.id for message in check_own_database(None)] == expected


def test_a_socket_and_a_port_may_lead_to_the_same_server(db, settings, monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ("--skip-networking=0", "--bind-address=127.0.0.1", f"--port={port}")
    with short_folder() as folder, PracticeServer(folder, options=options) as server:
        server.create_accounts()
        settings.OOB_DBSOCKET = str(server.socket)
        settings.OOB_BACKUP_DBUSER, settings.OOB_BACKUP_DBPWD = server.backup_user, server.backup_password
        account = {"USER": server.app_user, "PASSWORD": server.app_password}
        for name, value in {"HOST": "127.0.0.1", "PORT": str(port), **account}.items():
            monkeypatch.setitem(connections["default"].settings_dict, name, value)
        monkeypatch.setattr(type(connections["default"]), "vendor", "mysql")
        assert [message.id for message in check_own_database(None)] == ["backups.E002"]
        monkeypatch.setitem(connections["default"].settings_dict, "PORT", "1")
        assert check_own_database(None) == []
