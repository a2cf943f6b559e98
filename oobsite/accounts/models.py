from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """Somebody who works with this installation."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        CARE = "care", _("Support")
        READER = "reader", _("Reader")

    role = models.CharField(_("role in the practice"), max_length=10, choices=Role, default=Role.READER)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="de")

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment] # the stubs say str, Django takes lazy texts
        verbose_name_plural = _("users")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.username
