"""The draw of the inspector: nobody picks, and the candidates are kept."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from licensing.inspections.registry import INSPECTORS
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review.models import Absence, ConflictOfInterest

Lot = Callable[[Sequence[User]], User]


def able(*, is_womens: bool, parties: Collection[str], on: dt.date | None) -> QuerySet[User]:
    """Who may inspect: in office today, not absent on a day, without a conflict of interest with the keys of `parties`."""
    today, users = clock.today(), User.objects.none()
    for inspectors in INSPECTORS.values():
        users = users | inspectors(is_womens, today)
    absent = Absence.objects.filter(cancelled_at__isnull=True, first_day__lte=on, last_day__gte=on) if on else Absence.objects.none()
    tied = ConflictOfInterest.objects.filter(ended_at__isnull=True, party_key__in=parties)
    return users.exclude(pk__in=absent.values("officer")).exclude(pk__in=tied.values("officer")).order_by("pk")


def draw(
    *,
    branch_id: str,
    is_womens: bool,
    parties: Collection[str],
    on: dt.date | None = None,
    without: Collection[int] = (),
    lot: Lot = secrets.choice,
) -> tuple[User, dict[str, Any]]:
    """Draw an inspector of a branch, of any other where it has none; not one of `without`. Returns them and the record of the draw.

    `on` is the day of the visit, if there is one: nobody who is absent then (by default, today) is drawn. Raises Refused("no_inspector").
    """
    candidates = list(able(is_womens=is_womens, parties=parties, on=on or clock.today()).exclude(pk__in=without))
    own = [user for user in candidates if user.branch_id == branch_id]
    drawn_from = own or candidates
    if not drawn_from:
        raise Refused("no_inspector", _("No inspector may go to this place now. Ask the supervisor of the branch, or try again tomorrow."))
    inspector = lot(drawn_from)
    return inspector, {"branch": branch_id, "is_own_branch": bool(own), "candidates": [user.key for user in drawn_from]}
