"""What a user agrees to and types before data are replaced."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.restore_facts import Kept
from backups.services.preview import Preview
from backups.services.restorerequest import ReleaseRequest, RestoreRequest, UndoRequest
from backups.services.undoing import UndoPreview


class Agreement(forms.BooleanField):
    """A box that must be ticked; ``or_else`` says what to do first when it is not."""

    def __init__(self, label: Any, or_else: Any) -> None:
        super().__init__(label=label, error_messages={"required": or_else})


STOPPED = (
    _("The programs that use these folders are stopped"),
    _("Stop the programs that use these folders, then tick this box."),
)
DISCONNECTED = (
    _("The connected programs may lose their connection"),
    _("Close Elexis at every place of work, then tick this box."),
)


class TypedField(forms.CharField):
    """A text that must be typed exactly; the browser compares it too, and wakes the button up."""

    def __init__(self, wanted: str, **options: Any) -> None:
        self.wanted = wanted
        typing = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        self.or_else = gettext("Type “%(wanted)s”, exactly as it stands here.") % {"wanted": wanted}
        options["error_messages"] = {"required": self.or_else}
        super().__init__(widget=forms.TextInput({**typing, "pattern": _as_pattern(wanted), "title": wanted}), **options)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if text and text != self.wanted:
            raise forms.ValidationError(self.or_else)
        return text


def _as_pattern(text: str) -> str:
    """A regular expression of the browser for ``text``; it refuses escapes of what needs none."""
    return re.sub(r"([\^$.*+?()\[\]{}|/\\])", r"\\\1", text)


class RestoreForm(forms.Form):
    """The fields depend on what is restored and on who is connected."""

    folders = Agreement(*STOPPED)
    clients = Agreement(*DISCONNECTED)
    passwords = forms.BooleanField(
        required=False, label=_("Restore also when oobsite can then no longer log in to the database")
    )

    def __init__(self, *args: Any, preview: Preview, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.preview = preview
        needed = {
            "folders": bool(preview.folders),
            "clients": bool(preview.clients),
            "passwords": preview.has_database,
        }
        for name in [name for name, is_needed in needed.items() if not is_needed]:
            del self.fields[name]
        self.fields["waiver"] = TypedField(gettext("no backup"), required=False, label=_("Without a safety backup"))
        self.fields["confirmation"] = TypedField(wanted_word(preview), label=_("To confirm, type the name"))

    def to_request(self) -> RestoreRequest:
        agreed = self.cleaned_data
        return RestoreRequest(
            archives=tuple(item.archive.name for item in self.preview.items),
            with_safety_backup=not agreed["waiver"],
            are_clients_accepted=agreed.get("clients", False),
            are_folders_idle=agreed.get("folders", False),
            are_old_passwords_accepted=agreed.get("passwords", False),
        )


def wanted_word(preview: Preview) -> str:
    """The name of what is replaced: the database, else the practice."""
    return preview.database if preview.has_database else settings.OOB_PRACTICE_NAME or gettext("restore")


class UndoForm(forms.Form):
    """Asks for the same agreements as a restore."""

    folders = Agreement(*STOPPED)
    clients = Agreement(*DISCONNECTED)

    def __init__(self, *args: Any, preview: UndoPreview, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        needed = {"folders": bool(preview.folders), "clients": bool(preview.clients)}
        for name in [name for name, is_needed in needed.items() if not is_needed]:
            del self.fields[name]
        self.fields["confirmation"] = TypedField(gettext("put back"), label=_("To confirm, type the words"))

    def to_request(self, restore_id: str) -> UndoRequest:
        agreed = self.cleaned_data
        return UndoRequest(restore_id, agreed.get("clients", False), agreed.get("folders", False))


class ReleaseForm(forms.Form):
    """Whoever lets go of the old data of an untested restore says that he has looked himself."""

    looked_at = Agreement(
        _("I have looked at Elexis, and the restored data are all there"),
        _("Look at Elexis first, then tick this box."),
    )

    def __init__(self, *args: Any, kept: Kept, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.kept = kept
        if kept.is_tested:
            del self.fields["looked_at"]
        self.fields["confirmation"] = TypedField(gettext("remove"), label=_("To confirm, type the word"))

    def to_request(self) -> ReleaseRequest:
        return ReleaseRequest(self.kept.restore.id, self.cleaned_data.get("looked_at", False))
