"""Accounts of staff: opened, changed and closed by whoever operates the portal."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.services.sessions import end_all_of
from municipality.audit.services import record
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.kernel.registry import Registry
from municipality.places.models import Branch

# Called with the member of staff and the actor in the transaction in which their roles or branch change or their account is closed,
# under the lock of their row: what they may not do any more ends there.
STAFF_CHANGED: Registry[Callable[[User, Actor], None]] = Registry()


class UnknownRole(Refused):
    """There is no role of this name."""


class UnknownBranch(Refused):
    """There is no branch with this code."""


def open_account(*, login: str, name_ar: str, name_en: str, branch: str, roles: Collection[str], actor: Actor) -> tuple[User, str]:
    """Open an account of a member of staff, in a branch (its code) or in none. Returns it and its password, to be shown once.

    Without a second factor (`second_factor.enrol`) it opens no session. Raises UnknownRole and UnknownBranch.
    """
    password = secrets.token_urlsafe(15)
    with transaction.atomic():
        user = User.objects.create_user(
            login=login, name_ar=name_ar, name_en=name_en, password=password, is_staff=True, branch=_branch(branch) if branch else None
        )
        user.groups.set(_groups(roles))
        record("accounts.staff_opened", subject=user.key, actor=actor, data={"roles": sorted(roles), "branch": branch})
    return user, password


def change_account(*, user: User, branch: str | None, roles: Collection[str] | None, actor: Actor) -> None:
    """Give a member of staff another branch (its code; empty for none) or exactly these roles; what is None stays.

    Takes effect at their next request. Raises UnknownRole and UnknownBranch.
    """
    with transaction.atomic():
        lock(user)
        if branch is not None:
            user.branch = _branch(branch) if branch else None
            user.save(update_fields=["branch"])
        if roles is not None:
            user.groups.set(_groups(roles))
        held = sorted(user.groups.values_list("name", flat=True))
        record("accounts.staff_changed", subject=user.key, actor=actor, data={"roles": held, "branch": user.branch_id or ""})
        _changed(user, actor)


def lock(user: User) -> None:
    """Lock the row of a member of staff and read it again: their roles and branch do not change before the transaction ends."""
    user.refresh_from_db(from_queryset=User.objects.select_for_update(no_key=True))


def _changed(user: User, actor: Actor) -> None:
    for on_change in STAFF_CHANGED.values():
        on_change(user, actor)


def close_account(*, user: User, actor: Actor) -> int:
    """Close the account of a member of staff who leaves: nobody signs in with it any more. Returns how many sessions ended.

    Their open cases go back to the queue (`review.release_absent`), and the consents by which they act for people end.
    """
    with transaction.atomic():
        lock(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        record("accounts.staff_closed", subject=user.key, actor=actor)
        _changed(user, actor)
        return end_all_of(user)


def reopen_account(*, user: User, actor: Actor) -> None:
    """Open a closed account again, with its password, second factor and roles.

    Raises Refused("number_taken") where a colleague has its staff number by now.
    """
    with transaction.atomic():
        others = User.objects.filter(is_staff=True, is_active=True, staff_number=user.staff_number).exclude(pk=user.pk)
        if user.staff_number and others.exists():
            raise Refused("number_taken", _("Another active member of staff has this staff number."))
        user.is_active = True
        user.save(update_fields=["is_active"])
        record("accounts.staff_reopened", subject=user.key, actor=actor)


def _groups(roles: Collection[str]) -> list[Group]:
    found = {group.name: group for group in Group.objects.filter(name__in=roles)}
    missing = sorted(set(roles) - set(found))
    if missing:
        raise UnknownRole("unknown_role", _("There is no role %(role)s.") % {"role": missing[0]})
    return list(found.values())


def _branch(code: str) -> Branch:
    branch = Branch.objects.filter(pk=code).first()
    if branch is None:
        raise UnknownBranch("unknown_branch", _("There is no branch with the code %(code)s.") % {"code": code})
    return branch
