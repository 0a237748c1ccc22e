"""Queries about people and organisations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Exists, Expression, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation, Signatory, User
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import NotPermitted


def has_role(person: User, *roles: str) -> bool:
    """Whether a user is active staff and in one of the groups `roles`."""
    return bool(person.is_active and person.is_staff and person.groups.filter(name__in=roles).exists())


def branch_code(key: str) -> Expression:
    """The code of the branch of the member of staff with a key, empty without one; for `audit.registry.BRANCH_OF`."""
    found = User.objects.filter(public_id=key.partition(":")[2], is_staff=True).values("branch")[:1]
    return Coalesce(Subquery(found), Value(""))


def require_group(person: User, *roles: str) -> None:
    """Raises NotPermitted unless a user is active staff and in one of the groups `roles`."""
    if not has_role(person, *roles):
        raise NotPermitted("not_your_role", _("Your role cannot do this."))


def supervisors_of(branch_id: str | OuterRef | None) -> QuerySet[User]:
    """The supervisors of a branch, also of one that an outer query refers to."""
    return User.objects.filter(is_staff=True, is_active=True, branch=branch_id, groups__name="supervisor").order_by("pk")


def auditors() -> QuerySet[User]:
    """The auditors of the Municipality."""
    return User.objects.filter(is_staff=True, is_active=True, groups__name="auditor").order_by("pk")


def has_signed() -> Exists:
    """Whether a person signs for an organisation on any day, read with the person: what depends on it is asked only then."""
    return Exists(Signatory.objects.filter(person=OuterRef("pk")))


def may_sign(person: User) -> bool:
    """Whether a person may sign for an organisation; False only for the person of a session who signs for none."""
    return bool(getattr(person, "has_signed", True))


def signatures(person: User, on: dt.date | None = None) -> QuerySet[Signatory]:
    """The signatory rows of a person that are valid today, or on another day."""
    return _valid(on).filter(person=person)


def _valid(on: dt.date | None = None) -> QuerySet[Signatory]:
    day = on or clock.today()
    return Signatory.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=day), first_day__lte=day)


def signatures_of(people: Collection[int]) -> QuerySet[Signatory]:
    """The signatory rows of several people (primary keys) that are valid today."""
    return _valid().filter(person__in=people)


def organisations_signed_by(person: User) -> QuerySet[Organisation]:
    """The organisations for which a person signs today."""
    return Organisation.objects.filter(pk__in=signatures(person).values("organisation"))


def signed_ids(person: User) -> frozenset[int]:
    """Primary keys of the organisations for which a person signs today; one query a request."""
    if not may_sign(person):
        return frozenset()
    rows = signatures(person).values_list("organisation", flat=True)
    return request_cache.get_or_set(("accounts.signed", person.pk), lambda: frozenset(rows))


def was_signatory(person: User, organisation_id: int | None) -> bool:
    """Whether a person signs for an organisation, or did on an earlier day."""
    return Signatory.objects.filter(person=person, organisation=organisation_id).exists()


def signatories_of(organisation: Organisation | int | None) -> QuerySet[User]:
    """The people who sign for an organisation today."""
    return User.objects.filter(pk__in=_valid().filter(organisation=organisation).values("person")).order_by("pk")
