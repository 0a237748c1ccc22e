"""The licence of a shop that is in force today: until a renewed one begins, the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, F, QuerySet, When

from licensing.models import HealthLicence
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from shops.models import LicenceState
from shops.registry import LicenceFact

_STATES: dict[str, LicenceState] = {DocumentState.SUSPENDED: LicenceState.SUSPENDED, DocumentState.REVOKED: LicenceState.REVOKED}


def of_today() -> QuerySet[Any]:
    """The current licence of each shop with `state_today`, the state of the document that is in force until a renewed one begins.

    A payment that the bank takes back before that suspends the renewed one alone.
    """
    before = When(first_day__gt=clock.today(), previous__isnull=False, then=F("previous__document__state"))
    return HealthLicence.objects.filter(is_current=True).annotate(state_today=Case(before, default=F("document__state")))


def licence_facts(shops: Sequence[int]) -> dict[int, LicenceFact]:
    """The current licence of each shop (by primary key), for the search index. An older one may be in force still, and on the wall.

    Where a renewed one that has not begun stands otherwise than the one before it, state and last day are those of the one before.
    """
    columns = ("shop_id", "is_current", "document__number", "document__state", "first_day", "last_day")
    rows = HealthLicence.objects.filter(shop__in=shops).values_list(*columns, "previous__document__state", "previous__last_day")
    before: dict[int, list[str]] = {}
    for shop, is_current, number, *_rest in rows:
        if not is_current:
            before.setdefault(shop, []).append(number)
    found = {}
    for shop, is_current, number, state, first, end, state_before, end_before in rows:
        if is_current:
            if state_before is not None and first > clock.today() and _STATES.get(state) != _STATES.get(state_before):
                state, end = state_before, end_before
            found[shop] = LicenceFact(number, _STATES.get(state, LicenceState.ACTIVE), end, tuple(before.get(shop, ())))
    return found
