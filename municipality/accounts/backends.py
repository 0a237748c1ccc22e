"""Who may be behind a session: staff by password, everybody else only through Mobile ID."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.http import HttpRequest

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor


class StaffBackend(ModelBackend):
    """Passwords and permissions of staff. A person without the staff mark has neither."""

    def user_can_authenticate(self, user: Visitor | None) -> bool:
        return bool(user is not None and user.is_active and user.is_staff)


class PersonBackend(BaseBackend):
    """Loads the person of a session that Mobile ID opened. Checks no credentials at all."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: Any) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True, is_staff=False).first()


def path_for(user: User) -> str:
    """The backend that loads this user's sessions."""
    backend = StaffBackend if user.is_staff else PersonBackend
    return f"{backend.__module__}.{backend.__qualname__}"
