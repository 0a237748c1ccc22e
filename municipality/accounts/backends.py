"""Authentication backends: staff by password, people through an identity provider only."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.db.models.expressions import Combinable
from django.http import HttpRequest

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.kernel.registry import Registry

# Attribute → expression: what every page shows of a person, read with the person of the session in one query.
PERSON_ANNOTATIONS: Registry[Combinable] = Registry()


class StaffBackend(ModelBackend):
    """Passwords and permissions, for active staff only."""

    def user_can_authenticate(self, user: Visitor | None) -> bool:
        return bool(user is not None and user.is_active and user.is_staff)


class PersonBackend(BaseBackend):
    """Loads the person of a session that an identity provider opened; authenticates nobody by credentials."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        return None

    def get_user(self, user_id: Any) -> User | None:
        people = User.objects.filter(is_active=True, is_staff=False).annotate(**PERSON_ANNOTATIONS)
        try:
            return people.get(pk=user_id)  # not `first`, which orders: that costs every page of a person a quarter of this statement
        except User.DoesNotExist:
            return None


def path_for(user: User) -> str:
    """The dotted path of the backend for this user's sessions."""
    backend = StaffBackend if user.is_staff else PersonBackend
    return f"{backend.__module__}.{backend.__qualname__}"
