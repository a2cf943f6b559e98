"""What a user chooses, agrees to and types before an SQL file replaces the database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.restore_forms import DISCONNECTED, Agreement, TypedField
from backups.services.preview import Comparison
from backups.services.sqlrequest import SqlRequest
from backups.sql_facts import CHARSETS


class CheckForm(forms.Form):
    """A file to check, and the answer to what an earlier check has asked."""

    file = forms.CharField(widget=forms.HiddenInput, max_length=600)
    charset = forms.ChoiceField(label=_("Character set of the file"), choices=CHARSETS, required=False)

    def to_request(self) -> SqlRequest:
        return SqlRequest(**self.cleaned_data)


class SqlRestoreForm(forms.Form):
    """``is_finished``: whether the file has its closing line; without it the user must know what that means."""

    partial = Agreement(
        _("I know that these data will be missing altogether afterwards"),
        _("Tick this box only when these data may be missing; else cancel and choose another file."),
    )
    unfinished = Agreement(
        _("I know that the end of this file may be missing"),
        _("Compare the numbers with what you expect, then tick this box; else cancel and choose another file."),
    )
    clients = Agreement(*DISCONNECTED)

    def __init__(self, *args: Any, comparison: Comparison, is_finished: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        needed = {
            "partial": bool(comparison.gone),
            "unfinished": not is_finished,
            "clients": bool(comparison.clients),
        }
        for name in [name for name, is_needed in needed.items() if not is_needed]:
            del self.fields[name]
        self.fields["waiver"] = TypedField(gettext("no backup"), required=False, label=_("Without a safety backup"))
        self.fields["confirmation"] = TypedField(settings.DBNAME, label=_("To confirm, type the name"))

    def to_request(self, checked: SqlRequest) -> SqlRequest:
        """What was checked, with what is agreed to."""
        agreed = self.cleaned_data
        return replace(
            checked,
            is_unfinished_accepted=agreed.get("unfinished", False),
            with_safety_backup=not agreed["waiver"],
            are_clients_accepted=agreed.get("clients", False),
        )
