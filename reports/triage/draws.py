"""The draw of the inspector of a report: nobody picks, and the candidates are kept."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from licensing.inspections import services as inspections
from municipality.accounts.models import User
from municipality.accounts.queries import organisations_signed_by
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review.queries import conflict_keys
from reports import queries
from reports.models import Report
from shops.models import Shop
from shops.register import conflicts
from violations.models import JudicialWarrant
from violations.queries import warrant_covers

Lot = Callable[[Sequence[User]], User]


def able(report: Report, *, on: dt.date | None) -> QuerySet[User]:
    """Who may act on a report: an inspector in office without a conflict of interest with its shop, not away on a day.

    Not who closed it, or a part of it, before and was told that it is not solved (`queries.unsolved`).
    """
    shop, shops = report.shop_now, _shops_of(report)
    parties = [key for one in shops for key in conflicts.parties_of(one)]
    closers = list(queries.unsolved(report).values_list("closed_by", flat=True))
    is_womens = shop is not None and shop.activity.is_womens
    return inspections.able(is_womens=is_womens, parties=parties, on=on).exclude(pk__in=closers)


def is_tied(user: User, report: Report) -> bool:
    """Whether a user has a conflict of interest with the shop of a report now, or with the entry that it named before a merge."""
    return any(conflicts.is_tied(user, shop) for shop in _shops_of(report))


def _shops_of(report: Report) -> list[Shop]:
    return [shop for shop in (report.shop, report.shop.merged_into if report.shop is not None else None) if shop is not None]


def draw(report: Report, *, without: set[int] | None = None, lot: Lot = secrets.choice) -> tuple[User, dict[str, Any]]:
    """Draw one of the `able` inspectors of the branch, of any other where it has none. Returns them and the record of the draw.

    Where the warrants of some name an offence that the report may become, it is one of these.

    Raises Refused("no_inspector").
    """
    candidates = list(able(report, on=clock.today()).exclude(pk__in=without or set()))
    own = [user for user in candidates if user.branch_id == report.branch_id]
    drawn_from = _of_category(report, own or candidates) or own or candidates
    if not drawn_from:
        raise Refused("no_inspector", _("No inspector may act on this report now. Try again when another one is in office."))
    return lot(drawn_from), {"branch": report.branch_id, "is_own_branch": bool(own), "candidates": [user.key for user in drawn_from]}


def _of_category(report: Report, users: Sequence[User]) -> list[User]:
    """Those whose warrant of today names an offence of the category of a report; nobody for a category without any."""
    today, offences = clock.today(), offences_of(report)
    warrants = JudicialWarrant.objects.filter(user__in=users, first_day__lte=today, last_day__gte=today) if offences else []
    named = {warrant.user_id for warrant in warrants if any(warrant_covers(warrant, offence) for offence in offences)}
    return [user for user in users if user.pk in named]


def offences_of(report: Report) -> list[str]:
    """The codes of the offences that a report of its category may become."""
    return [code.strip() for code in str(report.category_facts.get("offences", "")).split(",") if code.strip()]


def tied_shops(user: User) -> QuerySet[Shop] | None:
    """The shops with which a user has a conflict of interest now, as `parties_of` has it, and the entries that were merged into them.

    None for a user without any.
    """
    by_kind: dict[str, list[str]] = {}
    for key in conflict_keys(user):
        kind, _sign, public_id = key.partition(":")
        by_kind.setdefault(kind, []).append(public_id)
    if not by_kind:
        return None
    people = User.objects.filter(public_id__in=by_kind.get("person", []))
    own = Q(public_id__in=by_kind.get("shop", [])) | Q(organisation__public_id__in=by_kind.get("organisation", []))
    for person in people:
        own |= Q(owner=person) | Q(owner__isnull=True, organisation__in=organisations_signed_by(person))
        if person.civil_id_digest:
            own |= Q(manager_civil_id_digest=person.civil_id_digest)
    tied = Shop.objects.filter(own)
    return Shop.objects.filter(Q(pk__in=tied) | Q(merged_into__in=tied))
