"""What the signed-in member of staff may do, by their groups."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest


def in_group(request: HttpRequest, *names: str) -> bool:
    """Whether the signed-in member of staff is in one of the groups; one query a request. Superusers are not in all groups."""
    return not groups_of(request).isdisjoint(names)


def groups_of(request: HttpRequest) -> frozenset[str]:
    """The names of the groups of the signed-in member of staff, none of anybody else; one query a request."""
    user: Any = request.user
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return frozenset()
    return _held(request)[0]


def has_role(request: HttpRequest) -> bool:
    """Whether the signed-in member of staff has any role, or is a superuser."""
    user: Any = request.user
    return bool(user.is_superuser or _held(request)[0])


def has_table(request: HttpRequest, permission: str) -> bool:
    """Whether a permission ("cases.view_case") comes with a group of the signed-in member of staff; superusers have all."""
    user: Any = request.user
    return bool(user.is_superuser) or permission in _held(request)[1]


def _held(request: HttpRequest) -> tuple[frozenset[str], frozenset[str]]:
    """The groups of the signed-in member of staff and their permissions; one query a request."""
    user: Any = request.user
    roles = getattr(request, "_roles_held", None)
    if roles is None:
        rows = user.groups.values_list("name", "permissions__content_type__app_label", "permissions__codename")
        held = [(name, f"{app}.{codename}") for name, app, codename in rows]
        roles = frozenset(name for name, _permission in held)
        request._roles_held = roles  # type: ignore[attr-defined]
        request._permissions_held = frozenset(permission for _name, permission in held)  # type: ignore[attr-defined]
    return roles, getattr(request, "_permissions_held", frozenset())


def require_role(request: HttpRequest, *roles: str) -> None:
    """Raise PermissionDenied unless the signed-in member of staff is in one of the groups `roles`."""
    if not in_group(request, *roles):
        raise PermissionDenied
