"""Several who change the file, or the settings, at the same moment: none undoes unseen what another has done."""

from __future__ import annotations

import pytest
from selfservicesite import SETTINGS, order_back
from test_settings_screens import FORM

from oobsite.accounts.actors import system_actor
from oobsite.errors import Notice
from selfservice import jobs, services
from selfservice.admin import SelfServiceSettingsAdmin
from selfservice.errors import SettingsReplacedError
from selfservice.forms import SelfServiceForm
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services import writing
from selfservice.services.results import note

pytestmark = pytest.mark.django_db
BY_HAND = SETTINGS + "// von Hand\n"


def order(name: str) -> SettingsVersion:
    """As after the button, before the worker comes."""
    SelfServiceSettings.objects.update(name=name)
    change = services.preview()
    return services.request_write(system_actor(), change.fingerprint, change.wanted)


@pytest.fixture
def meanwhile(monkeypatch):
    """Let something happen once while the worker proves the file, which takes longest."""
    check = writing.check_loads

    def arrange(happen):
        def check_late(*arguments, **options):
            monkeypatch.setattr(writing, "check_loads", check)
            happen()
            return check(*arguments, **options)

        monkeypatch.setattr(writing, "check_loads", check_late)

    return arrange


@pytest.mark.parametrize(
    ("name", "end"), [("Praxis am Rhein", "done"), ("Praxis am Bodensee", "settings-changed")], ids=["same", "other"]
)
def test_another_order_comes_while_the_first_is_being_written(saved, webelexis, meanwhile, name, end):
    orders = []
    meanwhile(lambda: orders.append(order(name)))
    first = order("Praxis am Rhein")
    assert jobs.write(first.pk) == "done"
    assert jobs.write(orders[0].pk) == end
    assert "Praxis am Rhein" in webelexis.read_text()
    first.refresh_from_db()
    assert first.state == "written"
    assert SelfServiceSettings.load().file_fingerprint == services.look().fingerprint


def test_a_command_whose_order_was_replaced_says_so(saved, webelexis, monkeypatch):
    SelfServiceSettings.objects.update(name="Praxis am Rhein")
    write_version = writing.write_version

    def write_late(pk):
        order("Praxis am Bodensee")
        write_version(pk)

    monkeypatch.setattr(writing, "write_version", write_late)
    with pytest.raises(SettingsReplacedError):
        services.write_now(system_actor())
    assert webelexis.read_text() == SETTINGS


def by_hand(path):
    path.write_text(BY_HAND)


def by_a_restore(path):
    """Another folder takes the place of this one."""
    old = path.parent.rename(path.parent.with_name("old"))
    path.parent.mkdir()
    path.write_text(BY_HAND)
    (old / path.name).unlink()


def of_yesterday() -> SettingsVersion:
    return order_back(SETTINGS.replace("Dr. Müller", "von gestern").encode())


@pytest.mark.parametrize("change", [by_hand, by_a_restore])
@pytest.mark.parametrize("make_order", [lambda: order("Praxis am Rhein"), of_yesterday], ids=["form", "back"])
def test_a_file_that_changes_while_it_is_proved_stays(saved, webelexis, meanwhile, change, make_order):
    version = make_order()
    meanwhile(lambda: change(webelexis))
    assert jobs.write(version.pk) == "settings-changed"
    assert webelexis.read_text() == BY_HAND
    assert [one.name for one in webelexis.parent.iterdir()] == ["settings.js"]


def test_what_the_worker_notes_while_somebody_saves_stays(saved):
    row = SelfServiceSettings.load()
    form = SelfServiceForm({**FORM, "name": "Praxis am Rhein"}, instance=row)
    assert form.is_valid(), form.errors
    note(row.pk, "mail_result", Notice("server-silent", {}))
    SelfServiceSettings.objects.update(file_fingerprint="written-meanwhile")
    SelfServiceSettingsAdmin.save_model(None, None, form.save(commit=False), form, change=True)
    stored = SelfServiceSettings.load()
    assert (stored.name, stored.file_fingerprint) == ("Praxis am Rhein", "written-meanwhile")
    assert stored.mail_result["code"] == "server-silent"


def test_a_later_order_says_so_at_the_earlier_one(saved):
    first, second = order("Praxis am Rhein"), order("Praxis am Bodensee")
    first.refresh_from_db()
    assert (first.state, first.error_code) == ("failed", "settings-replaced")
    assert first.number < second.number
