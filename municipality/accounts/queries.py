"""Questions about people and organisations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet

from municipality.accounts.models import Organisation, Signatory, User
from municipality.kernel import clock


def has_role(person: User, *roles: str) -> bool:
    """Whether somebody is active staff and holds one of the roles (names of groups)."""
    return bool(person.is_active and person.is_staff and person.groups.filter(name__in=roles).exists())


def signatures(person: User, on: dt.date | None = None) -> QuerySet[Signatory]:
    """What a person signs for today, or on another day."""
    today = on or clock.today()
    return Signatory.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=today), person=person, first_day__lte=today)


def organisations_signed_by(person: User) -> QuerySet[Organisation]:
    """The organisations for which a person signs today."""
    return Organisation.objects.filter(pk__in=signatures(person).values("organisation"))


def signatories_of(organisation: Any) -> QuerySet[User]:
    """The people who sign for an organisation today."""
    today = clock.today()
    rows = Signatory.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=today), organisation=organisation, first_day__lte=today)
    return User.objects.filter(pk__in=rows.values("person")).order_by("pk")
