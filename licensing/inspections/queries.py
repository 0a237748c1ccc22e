"""Questions about inspections."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Window
from django.db.models.functions import Coalesce, RowNumber

from licensing.inspections.states import ENDED, INSPECTION, OPEN, InspectionState
from licensing.models import Inspection, InspectionAnswer, InspectionVisit, NewLicence, Renewal
from municipality.accounts.models import Signatory, User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.delegation.registry import Ownership
from municipality.incidents import requests
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import RuleSet
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from shops.models import Shop
from shops.register import queries as shops

LIMITS, REPLIES, CHECKLIST = "limits.inspections", "replies.inspection", rulebook.INSPECTION
DRAWING = "drawing"  # the slot of files of requests
RELATED = ("case", "shop", "activity", "branch", "contact", "inspector", "checklist", "previous")


def limits(on: dt.date | None = None) -> dict[str, int]:
    """The periods of inspections in force on a day (today by default), by code. Raises Refused("no_edition")."""
    return {code: limit.value for code, limit in rulebook.edition(LIMITS, on or clock.today()).limits.items()}


def checklist(on: dt.date) -> RuleSet:
    """The edition of the checklist in force on a day. Raises Refused("no_edition")."""
    stamp = rulebook.edition(CHECKLIST, on).stamp
    return RuleSet.objects.get(pk=rulebook.published_ids([stamp])[stamp])


def ownership(inspection: Inspection, user: User) -> Ownership:
    """Who is told owns it while there is no shop yet, and then who holds the shop.

    Delegates of the request that it is part of act for them while its applicant does; else those of the shop.
    """
    case, shop, contact = inspection.case, inspection.shop, inspection.contact_id
    owners = [contact] if contact is not None else []
    if shop is not None:
        owners = [person.pk for person in shops.owners(shop)]
    elif case is not None and case.organisation_id is not None:
        owners = [person.pk for person in cases.owners(case)]
    subjects, service = [shop.key] if shop is not None else [], INSPECTION
    of_holder = case is not None and shop is not None and case.organisation_id is not None and case.organisation_id == shop.organisation_id
    if case is not None and (shop is None or of_holder or case.applicant_id in owners):
        subjects, service = [case.rights_key], case.service
    return Ownership(user.pk in owners, owners, subjects, service)


def visible_to(user: User) -> QuerySet[Inspection]:
    """The inspections of a person: of their shops, of places without a shop yet that they are told about, and of their requests.

    Those of a request are not theirs any more once its shop has passed to somebody else.
    """
    own = Q(contact=user.pk, shop=None, case__organisation=None) if not user.is_staff else Q(pk__in=[])
    today = clock.today()
    signs = Signatory.objects.filter(organisation=OuterRef("shop__organisation"), person=OuterRef("case__applicant"), first_day__lte=today)
    signs = signs.filter(Q(last_day=None) | Q(last_day__gte=today))
    is_held = Q(shop=None) | Q(shop__owner=F("case__applicant")) | Q(Exists(signs))
    held = Q(shop__in=shops.visible_to(user, INSPECTION).values("pk")) | Q(is_held, case__in=cases.visible_to(user).values("pk"))
    return Inspection.objects.filter(own | held).select_related(*RELATED)


def closes_after(inspection: Inspection) -> dt.date | None:
    """The last day to pass an inspection of a request, after which the request closes; None where nothing closes it."""
    return requests.last_day(inspection.case) if inspection.case is not None else None


def passed_since(inspection: Inspection) -> Inspection | None:
    """The first inspection of everything at the same shop that was passed after a failed one ended; None for others.

    An open request goes on only by an inspection of its own, and a place without a shop in the register shares none with others.
    """
    is_of_open_request = inspection.case is not None and inspection.case.is_open
    if inspection.state != InspectionState.FAILED or inspection.shop_id is None or is_of_open_request:
        return None
    rows = Inspection.objects.filter(shop=inspection.shop, state=InspectionState.PASSED, previous=None)
    return rows.filter(ended_at__gt=inspection.ended_at).order_by("ended_at").first()


def of_inspector(user: User) -> QuerySet[Inspection]:
    """The open inspections of an inspector with their activities, the next appointment first."""
    return Inspection.objects.filter(inspector=user, state__in=OPEN).select_related("activity").order_by("day", "part", "pk")


def result_of(inspection: Inspection) -> InspectionVisit | None:
    """The visit that gave the result, also the second one with nobody there; None before it."""
    return inspection.visits.select_related("visit").order_by("pk").last() if inspection.state in ENDED else None


def answers_of(inspection: Inspection, *, by_owner: bool = False) -> list[InspectionAnswer]:
    """The answers of the inspector, or of the owner's self-check, in the order of the questions."""
    rows = inspection.answers.filter(by_owner=by_owner).select_related("rule").order_by("rule__order")
    return list(rows)


def differences(found: Sequence[InspectionAnswer], before: Sequence[InspectionAnswer]) -> list[tuple[InspectionAnswer, InspectionAnswer]]:
    """What the inspector answered otherwise than the owner: (the inspector's answer, the owner's)."""
    checked = {answer.rule_id: answer for answer in before}
    pairs = [(answer, checked[answer.rule_id]) for answer in found if answer.rule_id in checked]
    return [(one, other) for one, other in pairs if (one.value, one.hundredths) != (other.value, other.hundredths)]


def public_results(listed: Sequence[Shop], *, most: int) -> dict[int, list[tuple[Inspection, list[InspectionAnswer]]]]:
    """The newest results at each shop by primary key, at most `most`, with the inspector's answers that do not meet their question.

    Those at an entry that was merged into the shop are its results too.
    """
    keys = [shop.pk for shop in listed]
    short = InspectionAnswer.objects.filter(by_owner=False, meets=False).select_related("rule").order_by("rule__order")
    entries = Shop.objects.filter(Q(pk__in=keys) | Q(merged_into__in=keys))
    rows = Inspection.objects.filter(shop__in=entries, state__in=ENDED).annotate(at_shop=Coalesce("shop__merged_into", "shop"))
    place = Window(RowNumber(), partition_by="at_shop", order_by=[F("ended_at").desc(), F("pk").desc()])
    found: dict[int, list[tuple[Inspection, list[InspectionAnswer]]]] = {}
    newest: Any = rows.annotate(place=place).filter(place__lte=most).order_by("place")
    for row in newest.prefetch_related(Prefetch("answers", short)):
        found.setdefault(row.at_shop, []).append((row, list(row.answers.all())))
    return found


def drawings(inspection: Inspection) -> QuerySet[Upload]:
    """The accepted drawings of the requests for the licence of a place, and of those to change it, newest first."""
    of_place = Q(pk=inspection.case_id)
    if inspection.shop_id is not None:
        of_place |= Q(pk__in=NewLicence.objects.filter(shop=inspection.shop_id).values("case"))
        of_place |= Q(pk__in=Renewal.objects.filter(licence__shop=inspection.shop_id).values("case"))
    keys = [case.key for case in Case.objects.filter(of_place)]
    return Upload.objects.filter(subject__in=keys, slot=DRAWING, state=UploadState.READY).order_by("-pk")
