"""Webelexis' file is changed: shown first, then written by the worker, each state kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from textwrap import dedent

from django.db import transaction

from backups.services.asking import ask
from oobsite.accounts.actors import Actor
from oobsite.audit.services import record
from oobsite.errors import Notice, OobError
from selfservice.domain import store
from selfservice.domain.diff import masked_diff
from selfservice.domain.errors import SettingsChangedError
from selfservice.domain.loading import check_loads
from selfservice.domain.masking import masked
from selfservice.domain.rules import FILE_KEYS
from selfservice.domain.settings_js import is_es_module, new_file, read_settings
from selfservice.errors import SettingsReplacedError
from selfservice.models import SelfServiceSettings, SettingsVersion
from selfservice.services.comparing import fill
from selfservice.services.contents import content_of, good_values, make_content
from selfservice.services.looking import look_at
from selfservice.services.places import fingerprint, read_present, settings_path, writing
from selfservice.services.versions import (
    Origin,
    State,
    add_version,
    drop_waiting,
    find_version,
    forget_old,
    hand_over,
    keep_found,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Change:
    """What writing would do now: a diff, empty when nothing; passwords are masked in all texts.

    ``fingerprint``: of the present file; ``wanted``: of what it becomes.
    ``problem``: why it cannot be written; ``by_hand``: what to put into the file then. ``is_es_module``: it can be
    written, and hardly any Webelexis loads it.
    """

    fingerprint: str
    wanted: str = ""
    diff: str = field(default="", repr=False)
    problem: OobError | None = None
    by_hand: str = field(default="", repr=False)
    is_es_module: bool = False


def ask_change() -> Change:
    """From a page. Raises ``WorkerSilentError``."""
    change: Change = ask("selfservice.jobs.preview", None)
    return change


def preview() -> Change:
    """In the worker; what hinders is a part of the answer."""
    row = SelfServiceSettings.load()
    change = _preview(lambda present: make_content(row, present))
    return replace(change, by_hand=_by_hand(row)) if change.problem else change


def _preview(make: Callable[[bytes | None], bytes]) -> Change:
    """What ``make`` makes of the present file, None when there is none."""
    present = None
    try:
        present = read_present()
        wanted = make(present)
    except OobError as error:
        return Change(fingerprint(present), problem=error)
    diff = masked_diff(present or b"", wanted)
    return Change(fingerprint(present), fingerprint(wanted), diff, is_es_module=is_es_module(wanted))


def _by_hand(row: SelfServiceSettings) -> str:
    """The two sections alone: who puts a whole file in place of his own loses everything else that is in it."""
    try:
        values = good_values(row).by_key
    except OobError:  # they must be put right first
        return ""
    kept = {FILE_KEYS[name] for name in row.expressions}
    values = {key: value for key, value in values.items() if key not in kept}
    lines = masked(new_file(values)).split("\n")
    return dedent("\n".join(lines[lines.index("module.exports = {") + 1 : lines.index("}")]))


def ask_return(number: int) -> Change:
    """From a page: what putting this state back would change. Raises ``VersionUnknownError``, ``WorkerSilentError``."""
    find_version(number)
    change: Change = ask("selfservice.jobs.preview_return", number)
    return change


def preview_return(number: int) -> Change:
    """In the worker, as ``preview``."""
    return _preview(lambda _present: content_of(find_version(number)))


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

    Raises as ``make_content`` and ``write_version``; ``SettingsReplacedError`` when another order came first.
    """
    actor.require("selfservice.change_selfservicesettings")
    present = read_present()
    if make_content(SelfServiceSettings.load(), present) == present:
        return None
    version = add_version(Origin.FORM, made_by=actor.name, base_fingerprint=fingerprint(present))
    write_version(version.pk)
    version.refresh_from_db()
    if version.state != State.WRITTEN:
        raise SettingsReplacedError
    return version


def write_version(pk: int) -> None:
    """In the worker: write a waiting state; one that was written or replaced meanwhile is left alone.

    Raises ``OobError`` or a mistake of ours, which the version keeps; the file is as before then.
    """
    with writing():
        version = SettingsVersion.objects.filter(pk=pk, state=State.PENDING).first()
        if version is None:
            return
        try:
            content = _write(version)
        except Exception as error:  # the edge of the job: the page must not wait for what nobody writes any more
            _fail(version, error)
            raise
        _note_written(version, content)


def _write(version: SettingsVersion) -> bytes:
    present = read_present()
    is_back = version.origin == Origin.BACK
    content = content_of(version) if is_back else make_content(SelfServiceSettings.load(), present)
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


def _fail(version: SettingsVersion, error: Exception) -> None:
    """A mistake of ours may quote the file, so its kind is all that is kept of it."""
    unexpected = Notice("settings-unexpected", {"kind": type(error).__name__})
    notice = error.notice if isinstance(error, OobError) else unexpected
    version.state, version.error_code, version.error_params = State.FAILED, notice.code, dict(notice.params)
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
