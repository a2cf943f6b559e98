"""Sentences for errors, remarks and log lines: put together from all topics, and filled with parameters.

Logs and manifests keep a code and parameters; they become words here, in the language of whoever looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_date
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.messages_alerts import ALERT_SENTENCES, CERTIFICATE_REASONS
from backups.messages_backup import BACKUP_SENTENCES
from backups.messages_own import CONTENTS, OWN_SENTENCES
from backups.messages_partial import PARTIAL_REASONS, PARTIAL_SENTENCES
from backups.messages_restore import RESTORE_SENTENCES
from backups.messages_salvage import SALVAGE_SENTENCES
from backups.messages_schedules import SCHEDULE_SENTENCES
from backups.messages_sql import SQL_REASONS, SQL_SENTENCES
from backups.messages_upload import UPLOAD_SENTENCES
from backups.messages_verify import VERIFY_SENTENCES
from certs.messages import CERTIFICATE_SENTENCES, CERTIFICATE_WORDS, NAME_REASONS
from oobsite.errors import Notice, OobError
from selfservice.messages import SELFSERVICE_SENTENCES, SETTINGS_FIELDS, SETTINGS_REASONS

_BYTE_PARAMS = ("size", "missing")
_BYTE_PARAMS_OF = {"pruning-stopped-size": ("found", "expected")}
_OBJECT_CODES = ("dump-incomplete", "proof-objects-wrong")
_ANY_ARCHIVE = "*"

_OF_BACKUPS = BACKUP_SENTENCES | SCHEDULE_SENTENCES | VERIFY_SENTENCES | OWN_SENTENCES
_OF_RESTORES = RESTORE_SENTENCES | PARTIAL_SENTENCES | SALVAGE_SENTENCES | SQL_SENTENCES | UPLOAD_SENTENCES
_OF_OTHERS = ALERT_SENTENCES | CERTIFICATE_SENTENCES | SELFSERVICE_SENTENCES
SENTENCES: dict[str, Promise] = _OF_BACKUPS | _OF_RESTORES | _OF_OTHERS

_REASONS_OF_TOPICS = SETTINGS_REASONS | CERTIFICATE_REASONS | NAME_REASONS | PARTIAL_REASONS | SQL_REASONS
REASONS: dict[str, Promise] = _REASONS_OF_TOPICS | {
    "gzip": _("the compressed data is broken or cut off"),
    "tar": _("its entries are broken or cut off"),
    "checksum": _("its checksum is wrong"),
    "size": _("its size is wrong"),
    "content": _("its content is not what the manifest says"),
    "manifest": _("its manifest cannot be read"),
    "unreadable": _("the disk cannot read it"),
    # why a start-up test failed
    "server-not-started": _("the server did not come up"),
    "login-refused": _("the account cannot log in: restored data bring old passwords back"),
    "restored-content": _("tables or rows are missing"),
    "query-failed": _("the server could not read its tables"),
    "cancelled": _("it was cancelled"),
    "not-served": _("no server uses its files"),
    # why an archive does not fit
    "other-source": _("it belongs to another source"),
    "other-kind": _("it holds another kind of data than the source"),
    "dump": _("it is an SQL dump, which is loaded and not exchanged"),
    "own": _("it holds oobsite itself, which `manage.py restoreself` restores"),
    "no-database": _("it holds no database"),
    # what is wrong with an account
    "missing": _("there is no such account"),
    "other-password": _("its password was another one"),
    "no-shutdown": _("it may not stop the server"),
    # what the operating system says
    "No such file or directory": _("there is no such file or folder"),
    "Not a directory": _("it is not a folder"),
    "Permission denied": _("access is refused"),
    "Operation not permitted": _("that is not permitted"),
    "Read-only file system": _("the disk can only be read"),
    "No space left on device": _("the disk is full"),
    "Disk quota exceeded": _("the share of the disk is used up"),
    "Input/output error": _("the disk cannot be read or written"),
    "File name too long": _("the name is too long"),
    "Stale file handle": _("the network disk was disconnected"),
    "Transport endpoint is not connected": _("the network disk is not connected"),
    "Host is down": _("the network disk does not answer"),
}

#: What mariadb-backup was doing.
PHASES: dict[str, Promise] = {
    "backup": _("while it copied"),
    "prepare": _("while it made the copy ready"),
}
_WORDS = {
    "reason": REASONS,
    "phase": PHASES,
    "looks_like": CERTIFICATE_WORDS,
    "field": CERTIFICATE_WORDS,
    "fields": SETTINGS_FIELDS,
}

#: What a dump holds beside tables, by its name in a manifest; ``trailer`` is the last line of a complete dump.
OBJECTS: dict[str, Promise] = {
    "triggers": _("triggers"),
    "views": _("views"),
    "routines": _("routines"),
    "events": _("events"),
    "trailer": _("the last line"),
}

#: Why an archive is not deleted, by the codes of the plan.
KEEP_REASONS: dict[str, Promise] = {
    "incomplete": _("is incomplete; only you delete it"),
    "never-verified": _("was not made by oobsite; only you delete it"),
    "safety": _("safety backup before a restore"),
    "pinned": _("you keep it for good"),
    "no-policy": _("the next backup adds nothing to these data"),
    "proof-failed": _("failed its proof, but is newer than the oldest good one"),
    "pruning-stopped": _("the question at its source is open"),
    "last": _("one of the newest"),
    "hourly": _("newest of its hour"),
    "daily": _("newest of its day"),
    "weekly": _("newest of its week"),
    "monthly": _("newest of its month"),
    "yearly": _("newest of its year"),
    "newest-proved": _("newest that is proved"),
}


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """The sentence of a code in the present language; an unknown code is shown as it is."""
    text = SENTENCES.get(_narrow(code, params))
    if text is None:
        return f"{code} {dict(params)}" if params else code
    return str(text) % {name: _show(code, name, value) for name, value in params.items()}


def _narrow(code: str, params: Mapping[str, Any]) -> str:
    """The code of a plainer sentence, where nothing in particular was asked for."""
    name = str(params.get("name", ""))
    if code == "archive-missing" and name.startswith(_ANY_ARCHIVE):
        return "no-archive" if name == _ANY_ARCHIVE else "moment-missing"
    if code == "restore-unknown" and params.get("restore_id") == _ANY_ARCHIVE:
        return "nothing-kept"
    return f"{code}-whole" if params.get("line") == 0 and f"{code}-whole" in SENTENCES else code


def notice_sentence(notice: Notice) -> str:
    return sentence(notice.code, notice.params)


def error_sentence(error: OobError) -> str:
    return notice_sentence(error.notice)


def _show(code: str, name: str, value: Any) -> str:
    if isinstance(value, str):
        return _show_word(code, name, value)
    if name in (*_BYTE_PARAMS, *_BYTE_PARAMS_OF.get(code, ())) and isinstance(value, int | float):
        return human_size(value)
    if isinstance(value, list | tuple):
        return ", ".join(_show_word(code, name, str(item)) for item in value) or gettext("none")
    if isinstance(value, float):
        return number_format(value, decimal_pos=1, use_l10n=True, force_grouping=True)
    if isinstance(value, int) and not isinstance(value, bool):
        return number_format(value, use_l10n=True, force_grouping=True)
    return str(value)


def _show_word(code: str, name: str, value: str) -> str:
    if name in _WORDS:
        return str(_WORDS[name].get(value, value))
    if name.endswith("_on") and (day := parse_date(value)):
        return date_format(day, "DATE_FORMAT")
    if code == "installation-not-empty":
        return str(CONTENTS.get(value, value))
    if name == "what" and code in _OBJECT_CODES:
        return str(OBJECTS.get(value, value))
    return value


def human_size(size: float) -> str:
    """``4600000000`` -> ``4,6 GB`` (decimal units, as disks are sold)."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    has_fraction = size < 100 and units[0] != "B"
    return f"{number_format(size, decimal_pos=int(has_fraction))} {units[0]}"


def counts_label(name: str) -> str:
    """The name of a figure of the practice."""
    labels = {
        "patients": gettext("Patients"),
        "last_consultation": gettext("Last consultation"),
        "last_appointment": gettext("Last appointment"),
        "open_invoices": gettext("Open invoices"),
        "last_invoice": gettext("Last invoice"),
        "last_letter": gettext("Last letter"),
        "documents": gettext("Documents"),
        "last_document": gettext("Last document"),
    }
    return labels.get(name, name)
