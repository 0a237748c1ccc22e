"""Questions to the register."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from municipality.accounts.models import Signatory
from municipality.kernel import clock
from shops.models import Shop


def visible_to(user: Any) -> QuerySet[Shop]:
    """The shops a person owns or signs for today."""
    if not user.is_authenticated or user.is_staff:
        return Shop.objects.none()
    today = clock.today()
    signed = Signatory.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=today), person=user, first_day__lte=today)
    return Shop.objects.filter(Q(owner=user) | Q(organisation__in=signed.values("organisation")))


def with_names(shops: QuerySet[Shop]) -> QuerySet[Shop]:
    """Joined with what a page shows of each shop."""
    return shops.select_related("activity", "area__governorate", "branch", "owner", "organisation")
