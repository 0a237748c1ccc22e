"""Reports as inspectors and their supervisors see them: nothing of who sent them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from django.conf import settings
from django.db.models import Case, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, When

from municipality.accounts.models import User
from municipality.kernel import clock, request_cache, worktime
from municipality.kernel.ttl_cache import ttl_cache
from municipality.review.models import Absence
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import ReportClock
from reports import queries
from reports.models import WAITS, BlurState, Closure, Report, ReportEvent, ReportPhoto, SolvedAnswer
from reports.photos.queries import SHOWN
from reports.places import box_around, metres_between
from reports.states import OPEN, ReportState
from reports.triage import draws

RELATED = ("area__governorate", "shop", "inspector", "branch")
MOST_SIMILAR = 8
WAITING = Closure.objects.filter(signed_by__isnull=True, sent_back_at__isnull=True, is_on_the_spot=False)  # for a second signature


def visible_to(user: User) -> QuerySet[Report]:
    """Reports of the branch of an inspector or supervisor, and those drawn for them; not of shops that they are tied to."""
    own = Q(inspector=user.pk)
    if user.branch_id:
        own |= Q(branch=user.branch_id) | Q(branch__isnull=True, inspector__branch=user.branch_id)
    return _untied(Report.objects.filter(own), user)


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def has_drawn() -> bool:
    """Whether a page must ask for `drawn_to_sign`; up to a minute old."""
    return WAITING.filter(signing_branch__isnull=False, report__state=ReportState.COUNTERSIGN).exists()


def drawn_to_sign(user: User) -> QuerySet[Report]:
    """The reports of other branches whose result waits for the supervisors of this one's; few, and read first, for the sake of an index."""
    if not user.branch_id or not has_drawn():
        return Report.objects.none()
    rows = WAITING.filter(signing_branch=user.branch_id, report__state=ReportState.COUNTERSIGN)
    drawn = request_cache.get_or_set(("reports_drawn_to_sign", user.pk), lambda: list(rows.values_list("report", flat=True)))
    return _untied(Report.objects.filter(pk__in=drawn), user) if drawn else Report.objects.none()


def readable_by(user: User) -> QuerySet[Report]:
    """Those `visible_to` a user, and the divided reports of whose parts one was drawn for them; for one report, since a list is slower."""
    wholes = Report.objects.filter(inspector=user.pk, parent__isnull=False).values("parent")
    return visible_to(user) | _untied(Report.objects.filter(pk__in=wholes), user)


def _untied(rows: QuerySet[Report], user: User) -> QuerySet[Report]:
    shops = draws.tied_shops(user)
    return rows if shops is None else rows.filter(Q(shop__isnull=True) | ~Q(shop__in=shops))


def listed(rows: QuerySet[Report]) -> QuerySet[Report]:
    """Rows as a list shows them, the nearest promise first, so what is overdue on top; `copies` are the public copies of photos."""
    rows = with_soon(rows).select_related("area", "shop").defer("answers", "draw", "words")
    return rows.prefetch_related("shop__merged_into", Prefetch("photos", copies(), to_attr="copies")).order_by("due_at", "pk")


def soon() -> Q:
    """Open reports whose promise ends within `warn_hours` (`limits.reports`): working hours where it runs in them."""
    now, hours = clock.now(), dt.timedelta(hours=queries.limits()["warn_hours"])
    working = Q(category_facts__clock=ReportClock.WORKING, due_at__lte=worktime.add_working_time(rulebook.calendar(), now, hours))
    return Q(state__in=OPEN, due_at__gt=now) & (Q(due_at__lte=now + hours) | working)


def pressing() -> Q:
    """Those that a supervisor looks at first: overdue, or warned of (nearly `soon`, without the rulebook)."""
    return Q(Q(warned_of=F("due_at")) | Q(due_at__lte=clock.now()), state__in=OPEN)


def branch_counts(user: User) -> dict[str, int]:
    """How many reports of a supervisor are `pressing`, and of how many a result waits for a second signature (`countersign`)."""
    waiting = Count("pk", filter=Q(state=ReportState.COUNTERSIGN))

    def read() -> dict[str, int]:
        return (
            (visible_to(user) | drawn_to_sign(user))
            .filter(state__in=OPEN)
            .aggregate(pressing=Count("pk", filter=pressing()), countersign=waiting)
        )

    return request_cache.get_or_set(("reports_of_branch", user.pk), read)


def to_sign(user: User) -> QuerySet[Report]:
    """Reports whose result another person than they wrote waits for the second signature of a supervisor's branch.

    `may_be_unsolved`: a result of it, or of the report that it is part of, solved nothing, or a report was joined with one of these, so
    that `rows.may_sign` is to be asked.
    """
    proposed = WAITING.filter(report=OuterRef("pk"))
    own = proposed.filter(Q(closed_by=user) | Q(signing_branch__isnull=False) & ~Q(signing_branch=user.branch_id))
    whole = Q(closure__report=OuterRef("pk")) | Q(closure__report=OuterRef("parent"))
    waiting = (visible_to(user) | drawn_to_sign(user)).filter(~Exists(own), state=ReportState.COUNTERSIGN).defer("answers", "draw", "words")
    joined = Report.objects.filter(Q(merged_into=OuterRef("pk")) | Q(merged_into=OuterRef("parent")))
    return waiting.annotate(may_be_unsolved=Exists(SolvedAnswer.objects.filter(whole, is_solved=False)) | Exists(joined))


def with_soon(rows: QuerySet[Report]) -> QuerySet[Report]:
    """Rows with `is_soon`, whether they are among the `soon` ones."""
    return rows.annotate(is_soon=Case(When(soon(), then=True), default=False))


def with_inspector(rows: QuerySet[Report], reader: User, *, is_supervisor: bool) -> QuerySet[Report]:
    """Rows with their inspector as a supervisor reads it of their branch; for other readers as they are.

    `drawn_at` is when the inspector was drawn, None for a report of another branch; `is_away` whether they are absent today.
    """
    if reader.branch_id is None or not is_supervisor:
        return rows
    drawn = ReportEvent.objects.filter(subject=OuterRef("pk"), move__in=("assign", "draw_again")).order_by("-pk").values("at")[:1]
    own = Q(branch=reader.branch_id) | Q(branch__isnull=True, inspector__branch=reader.branch_id)
    today = clock.today()
    away = Absence.objects.filter(officer=OuterRef("inspector"), first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True)
    return rows.select_related("inspector").annotate(drawn_at=Case(When(own, then=Subquery(drawn))), is_away=Exists(away))


def copies() -> QuerySet[ReportPhoto]:
    """Photos of which there is a copy that everybody or an inspector may see or, where faces and number plates are blurred by machine,
    that waits for an employee; never an original.
    """
    seen = Q(blur__in=(*SHOWN, BlurState.STAFF)) | Q(blur=BlurState.UNSURE, is_searched=True)
    return ReportPhoto.objects.filter(seen, copy__isnull=False).order_by("pk")


class PhotosHeld(NamedTuple):
    """Whether reports have photos, whether one is not seen here before intake has looked at it, and whether a copy is not made yet."""

    is_any: bool
    waits: bool
    is_being_made: bool


def photos_held(reports: Sequence[Report]) -> PhotosHeld:
    """What is known of the photos of reports, also of those that are not seen here; one query."""
    held = list(ReportPhoto.objects.filter(report__in=reports).values_list("blur", "is_searched"))
    return PhotosHeld(bool(held), (BlurState.UNSURE, False) in held, any(blur == BlurState.WAITING for blur, _searched in held))


def of_inspector(user: User) -> QuerySet[Report]:
    """The open reports of an inspector."""
    return Report.objects.filter(inspector=user, state__in=OPEN)


def to_act_on(user: User) -> QuerySet[Report]:
    """As `listed`, the open reports of an inspector, first those that wait for nobody else: a list that is cut lacks the others."""
    return listed(of_inspector(user)).order_by(WAITS, "due_at", "pk")


def similar(report: Report) -> list[tuple[Report, int | None]]:
    """Open reports near a report, or at its shop, and about the same time (`limits.reports`), with the metres between.

    Those at its shop come first, then the nearest.
    At its shop are also those that name an entry which was merged with its own. The metres are None where one of the two has no place.
    """
    limits, shop, where = queries.limits(), report.shop_now, Q()
    here = (report.latitude, report.longitude) if report.latitude is not None and report.longitude is not None else None
    if here is not None:
        up, across = box_around(*here, limits["similar_metres"])
        where |= Q(latitude__range=up, longitude__range=across)
    if shop is not None:
        where |= Q(shop=shop) | Q(shop__merged_into=shop)
    if not where:
        return []
    days = dt.timedelta(days=limits["similar_days"])
    rows = Report.objects.filter(
        where,
        received_at__range=(report.received_at - days, report.received_at + days),
        state__in=[state for state in OPEN if state != ReportState.SPLIT],
    ).exclude(pk=report.pk)
    if report.parent_id is not None:
        rows = rows.exclude(pk=report.parent_id)
    if report.inspector is not None:
        rows = _untied(rows, report.inspector)
    found: list[tuple[Report, int | None]] = []
    at_shop = Q(shop=shop) | Q(shop__merged_into=shop) if shop is not None else Q(pk__in=[])
    for row in listed(rows).order_by(Case(When(at_shop, then=0), default=1), "due_at", "pk")[:50]:
        metres = None
        if here is not None and row.latitude is not None and row.longitude is not None:
            metres = round(metres_between(here, (row.latitude, row.longitude)))
        if (shop is not None and row.shop_now == shop) or (metres is not None and metres <= limits["similar_metres"]):
            found.append((row, metres))
    return sorted(found, key=lambda pair: (shop is None or pair[0].shop_now != shop, pair[1] or 0))[:MOST_SIMILAR]
