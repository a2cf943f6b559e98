from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser

from oobsite.accounts.models import User


class UserNameBackend(AuthenticationBackend):  # type: ignore[misc] # allauth ships no types
    """Capitals do not matter, unless names differ in nothing else, which older installations allowed."""

    def _authenticate_by_username(self, username: str, password: str) -> AbstractBaseUser | None:
        same = User.objects.filter(username__iexact=username or "")
        exact = next((user for user in same if user.username == username), None)
        checked = super()._authenticate_by_username if exact is None else self._check_password
        user: AbstractBaseUser | None = checked(username if exact is None else exact, password)
        return user
