from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class UserManager(DjangoUserManager["User"]):
    """Whoever ``createsuperuser`` makes is an owner."""

    def create_superuser(self, username: str, *args: Any, **fields: Any) -> User:
        return super().create_superuser(username, *args, **{**fields, "role": User.Role.OWNER})


class User(AbstractUser):
    """Somebody who works with this installation. ``role`` says what he may do: all rights follow from it."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        CARE = "care", _("Support")
        READER = "reader", _("Reader")

    role = models.CharField(_("role in the practice"), max_length=10, choices=Role, default=Role.READER)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="de")

    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment] # the stubs say str, Django takes lazy texts
        verbose_name_plural = _("users")  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Everybody who has a user here works with these pages; rights and group follow the role."""
        self.is_staff = True
        self.is_superuser = self.role == self.Role.OWNER
        super().save(*args, **kwargs)
        if "role" in (kwargs.get("update_fields") or ["role"]):
            self.groups.set([Group.objects.get_or_create(name=GROUP_NAMES[self.Role(self.role)])[0]])

    def clean(self) -> None:
        super().clean()
        same_name = User.objects.filter(username__iexact=self.username)  # the lock-out knows no case
        if same_name.exclude(pk=self.pk).exists():
            raise ValidationError({"username": gettext("There is a user with this name already.")})
        if self.is_last_owner and not (self.is_active and self.role == self.Role.OWNER):
            raise ValidationError(gettext("This is the only owner. Make somebody else an owner first."))

    @property
    def is_last_owner(self) -> bool:
        """Whether nobody could manage this installation without this user, as the database has him."""
        owners = User.objects.filter(role=self.Role.OWNER, is_active=True).values_list("pk", flat=True)
        return list(owners) == [self.pk]


#: Names of the groups in the database, fixed from the first migration on.
GROUP_NAMES = {User.Role.OWNER: "Inhaber", User.Role.CARE: "Betreuung", User.Role.READER: "Einsicht"}
