from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oobsite.alerts.domain.errors import PushAddressInvalidError
from oobsite.alerts.domain.push import check_address
from oobsite.alerts.models import AlertChannel, MailSettings
from oobsite.fields import Secret


class ChannelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A recipient with the addresses that its way needs."""

    class Meta:
        model = AlertChannel
        fields = (
            "name",
            "kind",
            "addresses",
            "url",
            "on_failure",
            "on_missed",
            "on_warning",
            "on_recovery",
            "on_summary",
            "on_success",
            "is_active",
        )
        widgets = {"addresses": forms.Textarea(attrs={"rows": 3}), "kind": forms.RadioSelect}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") == AlertChannel.Kind.APPRISE and "url" in cleaned:
            self._check_url(cleaned["url"])
        return cleaned

    def _check_url(self, url: str | Secret) -> None:
        if not url:
            self.add_error("url", gettext("Write the address of the service."))
        elif isinstance(url, str):  # the stored one was checked when it came
            try:
                check_address(url)
            except PushAddressInvalidError:
                self.add_error(
                    "url", gettext("No service is known for this address. Example: ntfys://ntfy.sh/my-topic")
                )


class MailSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The stored password goes to no other server than the one for which it was typed."""

    class Meta:
        model = MailSettings
        fields = ("host", "port", "security", "user", "password", "sender")
        help_texts = {
            "host": _(
                "Such as smtp.hin.ch. Empty: the settings OOB_SMTP_… of the environment, else those of the online "
                "booking."
            )
        }

    def clean_host(self) -> str:
        host: str = self.cleaned_data["host"].strip()
        if re.search(r"[\s/@]|^[^:]*:[^:]*$", host):  # more than one colon is an IPv6 address
            raise forms.ValidationError(gettext("Write the name of the mail server alone, such as smtp.hin.ch."))
        return host

    def clean_port(self) -> int | None:
        port: int | None = self.cleaned_data["port"]
        if port is not None and not 1 <= port <= 65535:
            raise forms.ValidationError(gettext("A port lies between 1 and 65535."))
        return port

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_stored = isinstance(cleaned.get("password"), Secret)
        if is_stored and {"host", "port", "security", "user"} & set(self.changed_data):
            self.add_error("password", gettext("Type the password again: it was meant for the settings before."))
        return cleaned
