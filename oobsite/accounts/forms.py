from __future__ import annotations

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.utils.translation import gettext_lazy as _

from oobsite.accounts.models import User


class OwnerForm(UserCreationForm):  # type: ignore[type-arg]
    """Name, user name and password of the first user."""

    name = forms.CharField(
        label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    field_order = ("name", "username", "password1", "password2")

    class Meta:
        model = User
        fields = ("username",)

    def _post_clean(self) -> None:
        """The name stands before the password is judged: it must not look like it."""
        first, _space, last = self.cleaned_data.get("name", "").rpartition(" ")
        self.instance.first_name, self.instance.last_name = first, last
        super()._post_clean()  # type: ignore[misc]
