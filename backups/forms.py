from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.models import Source
from backups.services import config


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A source whose folder is named and overlaps with no other folder that is backed up."""

    class Meta:
        model = Source
        fields = ("title", "name", "kind", "path", "is_required", "is_active", "order", "is_pruning_stopped")
        help_texts = {
            "name": _("The names of its archives begin with it. Another name begins a new series of archives.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:  # those of oobsite itself are fixed and not in the form
            kinds = [choice for choice in Source.Kind.choices if choice[0] != Source.Kind.OWN]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
            self.fields["path"].required = True
            self.fields["path"].error_messages["required"] = gettext("Name the folder that holds the data.")

    def clean_path(self) -> str:
        path = str(self.cleaned_data["path"]).strip()
        if ".." in PurePosixPath(path).parts:
            raise forms.ValidationError(gettext("Write the folder without “..”."))
        return path

    def clean_kind(self) -> str:
        kind = str(self.cleaned_data["kind"])
        others = Source.objects.filter(kind=Source.Kind.MARIADB).exclude(pk=self.instance.pk)
        if kind == Source.Kind.MARIADB and others.exists():
            raise forms.ValidationError(gettext("There can be one MariaDB server: DBHOST names it."))
        return kind

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("is_active") and "path" in cleaned and "name" in cleaned:
            for other in self._overlapping(cleaned):
                message = gettext("The folder overlaps with that of %(other)s. Choose another one.")
                self.add_error("path", message % {"other": other})
        return cleaned

    def _overlapping(self, cleaned: dict[str, Any]) -> list[str]:
        """Titles of the sources, or of our own folders, that share files with this one."""
        own = Source(name=cleaned["name"], path=cleaned["path"])
        folders = config.source_folders()
        folders.pop(self.initial.get("name", ""), None)
        pairs = config.find_overlapping({**folders, own.name: own.folder})
        names = {name for pair in pairs if own.name in pair for name in pair} - {own.name}
        titles = {source.name: str(source) for source in Source.objects.all()}
        titles |= {"backup": gettext("the backup folder"), "work": gettext("the work folder")}
        return [titles.get(name, name) for name in sorted(names)]
