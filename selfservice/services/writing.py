"""Webelexis' file is changed: shown first, then written by the worker, each state kept."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from django.db import transaction

from backups.services.asking import ask
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import OobError
from selfservice.domain import store
from selfservice.domain.diff import masked, masked_diff
from selfservice.domain.errors import SettingsChangedError
from selfservice.domain.loading import check_loads
from selfservice.domain.rules import validate
from selfservice.domain.settings_js import change_settings, new_file, read_settings
from selfservice.errors import SelfServiceInvalidError, SelfServiceUnsetError
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services.comparing import changes_of, fill, values_of
from selfservice.services.looking import look_at
from selfservice.services.places import fingerprint, read_present, settings_path, writing
from selfservice.services.versions import (
    Origin,
    State,
    add_version,
    drop_waiting,
    forget_old,
    hand_over,
    keep_found,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """What writing would do now: a diff, empty when nothing; passwords are masked in all texts.

    ``fingerprint``: of the present file; ``wanted``: of what it becomes.
    ``problem``: why it cannot be written; ``by_hand``: what to put into the file then.
    """

    fingerprint: str
    wanted: str = ""
    diff: str = field(default="", repr=False)
    problem: OobError | None = None
    by_hand: str = field(default="", repr=False)


def ask_change() -> Change:
    """From a page. Raises ``WorkerSilentError``."""
    change: Change = ask("selfservice.jobs.preview", None)
    return change


def preview() -> Change:
    """In the worker; what hinders is a part of the answer."""
    row = SelfServiceSettings.load()
    present = None
    try:
        present = read_present()
        wanted = make_content(row, present)
    except OobError as error:
        return Change(fingerprint(present), problem=error, by_hand=masked(new_file(values_of(row).by_key)))
    return Change(fingerprint(present), fingerprint(wanted), masked_diff(present or b"", wanted))


def make_content(row: SelfServiceSettings, present: bytes | None) -> bytes:
    """The file as wanted, made from the present one.

    Raises ``SelfServiceUnsetError``, ``SelfServiceInvalidError``, ``SettingsRefusedError``.
    """
    if not row.is_stored:
        raise SelfServiceUnsetError
    values = values_of(row)
    broken = validate(values, kept=tuple(row.expressions))
    if broken:
        raise SelfServiceInvalidError(list(dict.fromkeys(error.field for error in broken)))
    if present is None:
        return new_file(values.by_key)
    changes = changes_of(row, read_settings(present))
    return change_settings(present, changes) if changes else present


def make_diff() -> str:
    """For the command: what would change, empty when nothing. Raises as ``make_content`` and ``read_present``."""
    present = read_present()
    return masked_diff(present or b"", make_content(SelfServiceSettings.load(), present))


def request_write(actor: Actor, base_fingerprint: str, wanted: str) -> SettingsVersion:
    """Let the worker write ``wanted`` over the file that the actor has seen. Raises ``NotAllowedError``."""
    actor.require("selfservice.change_selfservicesettings")
    with transaction.atomic():
        drop_waiting()
        version = add_version(Origin.FORM, made_by=actor.name, base_fingerprint=base_fingerprint)
        version.fingerprint = wanted
        version.save(update_fields=["fingerprint"])
        record(actor, "selfservice.ordered", SelfServiceSettings.load())
        hand_over(version)
    return version


def write_now(actor: Actor) -> SettingsVersion | None:
    """For the command, which runs where the file is; None when nothing was to be changed.

    Raises as ``make_content`` and ``write_version``.
    """
    actor.require("selfservice.change_selfservicesettings")
    present = read_present()
    if make_content(SelfServiceSettings.load(), present) == present:
        return None
    version = add_version(Origin.FORM, made_by=actor.name, base_fingerprint=fingerprint(present))
    write_version(version.pk)
    version.refresh_from_db()
    return version


def write_version(pk: int) -> None:
    """In the worker: write a waiting state; one that was written or replaced meanwhile is left alone.

    Raises ``OobError``, which the version keeps; the file is as before then.
    """
    with writing():
        version = SettingsVersion.objects.filter(pk=pk, state=State.PENDING).first()
        if version is None:
            return
        try:
            content = _write(version)
        except OobError as error:
            _fail(version, error)
            raise
        _note_written(version, content)


def _write(version: SettingsVersion) -> bytes:
    present = read_present()
    is_back = version.origin == Origin.BACK
    content = version.content if is_back else make_content(SelfServiceSettings.load(), present)
    if content == present:  # a killed job had got so far
        return content
    is_as_seen = not version.fingerprint or version.fingerprint == fingerprint(content)
    if not is_as_seen or fingerprint(present) != version.base_fingerprint:
        raise SettingsChangedError(str(settings_path()))
    check_loads(content, read_settings(content).values, path=settings_path(), before=present)
    if present is not None:
        keep_found(present, version)
    store.write_file(settings_path(), content, expected=present)
    return content


def _fail(version: SettingsVersion, error: OobError) -> None:
    version.state, version.error_code, version.error_params = State.FAILED, error.code, dict(error.notice.params)
    version.save(update_fields=["state", "error_code", "error_params"])


def _note_written(version: SettingsVersion, content: bytes) -> None:
    """The row goes with this state of the file; after a step back it says what the file says."""
    row = SelfServiceSettings.load()
    with transaction.atomic():
        version.state, version.content, version.fingerprint = State.WRITTEN, content, fingerprint(content)
        version.save()
        if version.origin == Origin.BACK:
            fill(row, look_at(content))
            row.save()
        SelfServiceSettings.objects.update(file_fingerprint=version.fingerprint, page_result={})
        forget_old()


def finish_waiting() -> None:
    """At the start of the worker, which goes on whatever comes of it: what a killed one has left."""
    try:
        for pk in SettingsVersion.objects.filter(state=State.PENDING).values_list("pk", flat=True):
            _write_quietly(pk)
    except Exception:  # the worker must start, or no backup is made
        logger.exception("Settings of the appointments could not be written")


def _write_quietly(pk: int) -> None:
    try:
        write_version(pk)
    except OobError as error:
        logger.warning("%s", error.code)
