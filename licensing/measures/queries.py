"""Queries on measures: those in force, those of a branch, and the rules about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.conf import settings
from django.db.models import DateField, Exists, ExpressionWrapper, OuterRef, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from licensing.inspections.states import InspectionState
from licensing.models import HealthLicence, Inspection, Measure
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.ttl_cache import ttl_cache
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from municipality.ui.dates import day_text
from municipality.ui.texts import Text
from shops.models import Shop

LIMITS, REPLIES = "limits.measures", "replies.measures"
RELATED = ("shop", "inspection", "proposed_by", "signed_by", "lift_by", "ended_by")


def in_force(shops: Sequence[int]) -> QuerySet[Measure]:
    """The measures in force against some shops, by primary key."""
    return Measure.objects.filter(shop__in=shops, signed_at__isnull=False, ending="").order_by("pk")


def of_branch(branch_id: str) -> QuerySet[Measure]:
    """Those of a branch with their shops, the open ones first."""
    return Measure.objects.filter(shop__branch=branch_id).select_related("shop").order_by("ending", "-pk")


def limits() -> dict[str, int]:
    """Most days of each kind, and the days for an objection, by code."""
    return {code: limit.value for code, limit in rulebook.edition(LIMITS, clock.today()).limits.items()}


def had_one() -> Exists:
    """Of a licence: whether a measure of its shop has ended."""
    return Exists(Measure.objects.filter(shop=OuterRef("shop"), ended_at__isnull=False))


def renewable_until(licences: Sequence[HealthLicence]) -> dict[int, dt.date]:
    """Until when licences are renewed without the surcharge after a measure that kept their holders from it, by primary key.

    That is `renewal_days` after the end of a measure that ran when the licence ended, or that began in the time which an earlier one
    gave; by the rules of the day of its end. One query, and none for no licence.
    """
    by_shop = {licence.shop_id: licence for licence in licences}
    if not by_shop:
        return {}
    rows = Measure.objects.filter(shop__in=by_shop, signed_at__isnull=False, ended_at__isnull=False).order_by("first_day", "pk")
    found: dict[int, dt.date] = {}
    for shop, first_day, ended_at in rows.values_list("shop", "first_day", "ended_at"):
        if first_day is None or ended_at is None:  # never, for a signed one that has ended
            continue
        licence, end = by_shop[shop], clock.day_of(ended_at)
        in_time = found.get(licence.pk, licence.last_day)
        if first_day > in_time or end <= licence.last_day:
            continue
        days = rulebook.edition(LIMITS, end).limits.get("renewal_days")
        if days is not None:
            found[licence.pk] = max(end + dt.timedelta(days=days.value), in_time)
    return found


def _renewal_days(*, is_shown: bool) -> dt.timedelta | None:
    """For how long a measure that ended gives time for a renewal, by the rules of today; None without that rule."""
    try:
        edition = (rulebook.shown_edition if is_shown else rulebook.edition)(LIMITS, clock.today())
    except Refused:
        return None
    days = edition.limits.get("renewal_days")
    return dt.timedelta(days=days.value) if days is not None else None


def ended_lately(*, is_shown: bool = False) -> QuerySet[Measure]:
    """The signed measures that ended at most `renewal_days` ago, by the rules of today; none without that rule.

    `is_shown`: for a list that decides nothing by it; the rules are up to a minute old.
    """
    days = _renewal_days(is_shown=is_shown)
    if days is None:
        return Measure.objects.none()
    since = clock.start_of(clock.today() - days)
    return Measure.objects.filter(signed_at__isnull=False, ended_at__gte=since)


def giving_time(*, is_shown: bool = False) -> QuerySet[Measure]:
    """The measures of `ended_lately`, and the earlier ones of the same shop that lead to one of them.

    Each measure after an earlier one, up to that of lately, began in the `renewal_days` of one before it: as `renewable_until` has it.
    """
    days = _renewal_days(is_shown=is_shown)
    if days is None:
        return Measure.objects.none()
    ended = Measure.objects.filter(signed_at__isnull=False, ended_at__isnull=False)
    before = ExpressionWrapper(OuterRef("first_day") - days, output_field=DateField())
    earlier, lately = OuterRef(OuterRef("first_day")), OuterRef("first_day")
    reached = ended.filter(
        shop=OuterRef("shop"),
        first_day__gte=OuterRef(earlier),
        first_day__lt=OuterRef("first_day"),
        ended_at__date__gte=before,
    )
    gaps = ended.filter(~Exists(reached), shop=OuterRef("shop"), first_day__gt=earlier, first_day__lte=lately)
    last = ended_lately(is_shown=is_shown).filter(~Exists(gaps), shop=OuterRef("shop"), first_day__gte=OuterRef("first_day"))
    return ended.filter(Exists(last))


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def has_ended_lately() -> bool:
    """Whether a page must ask for `ended_lately`; up to a minute old."""
    return ended_lately(is_shown=True).exists()


def objection_until(measure: Measure) -> dt.date | None:
    """The last day to object to a measure in force, by the rules of its first day; None once it has passed."""
    if measure.first_day is None:
        return None
    until = measure.first_day + dt.timedelta(days=rulebook.edition(LIMITS, measure.first_day).limits["objection_days"].value)
    return until if clock.today() <= until else None


def reasons() -> dict[str, Reason]:
    """The reasons of today by code; `target` is the kind of a reason that is for one kind only."""
    return {code: reason for code, reason in rulebook.edition(REPLIES, clock.today()).reasons.items() if reason.kind == "measure"}


def failed_inspections(shop: Shop) -> QuerySet[Inspection]:
    """The failed inspections of a shop, the newest first."""
    return Inspection.objects.filter(shop=shop, state=InspectionState.FAILED).order_by("-ended_at", "-pk")


def period(measure: Measure) -> Text:
    """From when to when a measure lasts, as words."""
    if measure.first_day is None:
        return ""
    if measure.last_day is None:
        return format_lazy(_("from {first} until what was found is put right"), first=day_text(measure.first_day))
    return format_lazy(_("from {first} to {last}"), first=day_text(measure.first_day), last=day_text(measure.last_day))
