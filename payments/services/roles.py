"""Roles of staff in payments."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import has_role
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted


def require_role(person: User, role: str) -> Actor:
    """The actor of a user with the role. Raises NotPermitted("not_your_role")."""
    if not has_role(person, role):
        raise NotPermitted("not_your_role", _("This step belongs to another role."))
    return actor_of(person, role)
