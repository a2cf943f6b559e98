"""What somebody asks of an archive, as the browser sends it; whatever else comes is taken for the usual."""

from __future__ import annotations

from django import forms

from backups.services.browsing import Look

_MOST_PAGES = 1_000_000


class LookForm(forms.Form):
    folder = forms.CharField(required=False, strip=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=_MOST_PAGES)
    q = forms.CharField(required=False, max_length=200)

    def to_look(self) -> Look:
        self.full_clean()
        values = self.cleaned_data
        return Look(values.get("folder", ""), values.get("page") or 1, values.get("q", ""))
