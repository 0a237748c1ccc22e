"""Queries on requests for new health licences: their rules, files, fees, and the commercial licence behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from licensing.health import queries as health
from licensing.health import rules as health_rules
from licensing.health.names import RENEWAL, VOIDED
from licensing.health.new_licence import rules
from licensing.health.new_licence.states import NEW_LICENCE, NewLicenceState
from licensing.models import HealthLicence, LicenceSource, NewLicence, Renewal
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Block, Case, Effect
from municipality.delegation import queries as delegation
from municipality.documents.states import DocumentState
from municipality.incidents import requests as deadlines
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.periods import Period, add_years
from municipality.review import asked_files, registry
from municipality.review import queries as review
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from municipality.uploads import queries as uploads
from municipality.uploads.registry import Slot
from payments.rules import Line
from shops.claims.states import ClaimState
from shops.commercial_register import queries as commercial
from shops.models import Claim, Shop
from shops.register import queries as registered

FEES, LIMITS, FILES, STUDY = "fees.health", "limits.new_licence", "files.new_licence", "limits.review"
EDITIONS = (FEES, LIMITS, FILES, STUDY, "limits.health", "conditions.health", "checks.new_licence", "replies.new_licence")
COPY = "license_copy"
SLOTS: dict[str, Slot] = {
    slot.code: slot
    for slot in (
        Slot("tenure", _("Lease or title deed"), _("With the address of the place and the names of both parties."), most=4),
        Slot("drawing", _("Stamped drawing"), _("Layout and area, with the stamp of an engineering office."), most=6),
        Slot("place", _("Photo of the place"), _("The entrance from the street."), most=6, photo=True),
    )
}
COPY_SLOT = Slot(
    COPY,
    _("Copy of the commercial licence"),
    _("Only where the register does not know the licence yet: all of it, with number, activity and last day."),
    most=2,
)
ALL_SLOTS = SLOTS | {COPY: COPY_SLOT}


def editions() -> dict[str, RulebookEdition]:
    """The editions by which a request of today is judged, by subject."""
    return dict(zip(EDITIONS, rulebook.editions(EDITIONS, clock.today()), strict=True))


def usual_years(limits: RulebookEdition) -> int:
    """The years of a licence that does not end with the commercial one; `limits` is the edition of the health licence."""
    return limits.limits["validity_years"].value


def slots(files: RulebookEdition) -> dict[str, int]:
    """How many files each slot needs at least."""
    return {code: files.limits[code].value for code in SLOTS if code in files.limits}


def request_of(case: Case) -> NewLicence:
    """The request of a case with what its pages show. Raises NewLicence.DoesNotExist."""
    related = ("case__applicant", "case__branch", "organisation", "activity", "area__governorate", "shop")
    documents = ("approval__last_event", "refusal", "licence__document__last_event")
    return NewLicence.objects.select_related(*related, *documents).get(case=case)


def is_asked_again(case: Case) -> bool:
    """Whether the applicant of a refused request has another one for its place, or had a licence by it."""
    others = Case.objects.filter(service=NEW_LICENCE, subject=case.subject).exclude(pk=case.pk)
    return others.filter(Q(is_open=True) | Q(state=NewLicenceState.ISSUED)).exists()


def edition_of(case: Case, subject: str) -> RulebookEdition:
    """The edition of a subject by which a request is judged."""
    return review.edition_for(case, subject)


def limit(case: Case, code: str) -> int:
    """A limit of `limits.new_licence` in days, by which a request is judged."""
    return edition_of(case, LIMITS).limits[code].value


def location_until(case: Case) -> dt.date:
    """The last day of the approval of a location: that of the letter, and to state the commercial licence."""
    last = case.last_event
    if last is None or last.to_state != NewLicenceState.LOCATION_APPROVED:
        last = case.events.filter(to_state=NewLicenceState.LOCATION_APPROVED).order_by("-pk")[0]
    return clock.day_of(last.at) + dt.timedelta(days=limit(case, "location_days"))


def statable_until(case: Case) -> dt.date:
    """The last day to state the commercial licence: that of the approval, or a later one to which an incident moved it."""
    return max(location_until(case), deadlines.last_day(case) or dt.date.min)


def key_of(case: Case) -> str:
    """The subject key of the files of a request."""
    return NewLicence.objects.values_list("files_key", flat=True).get(case=case)


def requested_slots(case: Case) -> list[str]:
    """The files that the open round of corrections asks for."""
    return asked_files.requested(case, SLOTS)


def period_of(request: NewLicence, first: dt.date) -> Period:
    """The period of the licence of a request that begins on a day. Raises ValueError where its commercial licence ended before."""
    end = commercial_end(request) if request.ends_with_commercial else None
    return rules.period(first, usual_years(edition_of(request.case, "limits.health")), end)


def fee_lines(request: NewLicence, first: dt.date) -> list[Line]:
    """The bill of a licence that begins on a day, by the fees of the day of the request."""
    return _lines(request, period_of(request, first))


def _lines(request: NewLicence, period: Period) -> list[Line]:
    years = health_rules.years_to_pay(period, limit(request.case, "year_begun_days"))
    return health.fee_lines(edition_of(request.case, FEES), years, code="new")


def paid_period(request: NewLicence, first: dt.date, fils: int) -> Period:
    """`period_of`, but no longer than what was paid, where the commercial licence was renewed after the bill."""
    period, years = period_of(request, first), 1
    if sum(line.fils for line in _lines(request, period)) <= fils:
        return period
    while sum(line.fils for line in _lines(request, rules.period(first, years + 1, None))) <= fils:
        years += 1
    return rules.period(first, years, None)


# --- The commercial licence --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Commercial:
    """The commercial licence behind a request: its last day, who says so, and the shop that is in the register with it."""

    end: dt.date
    source: str
    shop: Shop | None = None


def commercial_of(request: NewLicence, number: str, ends_on: dt.date | None) -> Commercial:
    """What is known of a commercial licence: by the register of shops, else by the Ministry, else by the copy that was sent.

    Raises Refused: licensed_already, other_holder, other_place, other_activity, blocked, not_active, no_documents, end_too_far,
    commercial_license (it has ended).
    """
    found = _registered(request, number) or _stated(request, number) or _copied(request, ends_on)
    if found.end < clock.today():
        raise Refused("commercial_license", _("This commercial licence has ended. Renew it first."))
    return found


_OTHER_HOLDER = _("This commercial licence belongs to somebody else. Enter the number of the one for this shop.")
_OTHER_PLACE = _("This commercial licence is for another place than the one that was approved. Have it changed at the Ministry first.")

_OTHER_ACTIVITY = _(
    "This commercial licence is for another activity than the one that was approved. Have it changed at the Ministry first."
)


def is_blocked(shop: Shop) -> bool:
    """Whether a shop is blocked: what stops the renewal of a licence stops a new one too."""
    return _block(shop) is not None


def _block(shop: Shop) -> Block | None:
    return next((block for block in cases.active_blocks(shop.key, RENEWAL) if block.effect == Effect.STOP), None)


def block_of(request: NewLicence) -> Block | None:
    """The first block of the shop whose commercial licence a request has stated; None for a shop that is not in the register."""
    number = request.commercial_license_no
    shop = registered.by_licence([number]).get(number)
    return _block(shop) if shop is not None else None


def blocks_of(requests: Sequence[NewLicence]) -> dict[int, list[Block]]:
    """The blocks of the shops whose commercial licences requests have stated, by primary key of the request; two queries."""
    numbers = {request.commercial_license_no: request.pk for request in requests if request.commercial_license_no}
    rows = registered.by_licence(list(numbers)) if numbers else {}
    blocks = cases.blocks_by_subject([shop.key for shop in rows.values()], RENEWAL) if rows else {}
    return {numbers[number]: blocks[shop.key] for number, shop in rows.items() if shop.key in blocks}


def _registered(request: NewLicence, number: str) -> Commercial | None:
    shop = registered.by_licence([number], "owner", "organisation").get(number)
    if shop is None:
        return None
    if shop.licensee != request.holder:
        raise Refused("other_holder", _OTHER_HOLDER)
    if shop.is_closed or has_licence(shop):
        raise Refused("licensed_already", _("The shop of this commercial licence is closed, or has a health licence already."))
    if not _is_place(shop, request.place):
        raise Refused("other_place", _OTHER_PLACE)
    if shop.activity_id != request.activity_id:
        raise Refused("other_activity", _OTHER_ACTIVITY)
    if is_blocked(shop):
        raise Refused("blocked", _("This shop is blocked. My shops shows why and what to do."))
    return Commercial(shop.commercial_license_end, LicenceSource.REGISTER, shop)


def has_licence(shop: Shop) -> bool:
    """Whether a shop has or had a health licence, other than one that was cancelled or revoked: that one is over for good.

    A licence that has ended is renewed, also late; one that is suspended comes back, unless a former holder has left it unpaid.
    """
    rows = HealthLicence.objects.filter(shop=shop, is_current=True).exclude(document__state=DocumentState.REVOKED)
    licence = rows.select_related("document__last_event").first()
    return licence is not None and not _is_left_unpaid(licence, shop)


def _is_left_unpaid(licence: HealthLicence, shop: Shop) -> bool:
    """Whether a licence that has begun is suspended since the bank took back the payment of somebody who does not hold the shop now.

    Nobody else can pay it, or renew it. Not while the former holder may still have the shop back by disputing a claim.
    """
    document, event = licence.document, licence.document.last_event
    is_held = document.state == DocumentState.SUSPENDED and event is not None and event.reason == VOIDED
    if not is_held or licence.first_day > clock.today():  # until it begins, the one before it is in force
        return False
    found = [Renewal.objects.filter(new_licence=licence).values("case"), NewLicence.objects.filter(licence=licence).values("case")]
    case = Case.objects.filter(pk__in=found[0].union(found[1])).select_related("applicant").first()
    if case is None or registered.is_of_holder(shop, case.applicant, case.organisation_id):
        return False
    return not Claim.objects.filter(shop=shop, case__state=ClaimState.MATCHED).exists()


def _is_place(shop: Shop, place: Mapping[str, Any]) -> bool:
    same = [getattr(shop, name) == place[name] for name in ("block", "paci_number", "floor", "unit")]
    return shop.area_id == place["area"] and all(same)


def _stated(request: NewLicence, number: str) -> Commercial | None:
    stated = commercial.stated(number)
    if stated is None:
        return None
    if not stated.is_of(request.holder):
        raise Refused("other_holder", _OTHER_HOLDER)
    if not stated.is_active or stated.valid_until is None:
        raise Refused("not_active", _("The Ministry of Commerce and Industry does not list this licence as valid."))
    if stated.paci_number not in ("", request.paci_number):
        raise Refused("other_place", _OTHER_PLACE)
    return Commercial(stated.valid_until, LicenceSource.MINISTRY)


def _copied(request: NewLicence, ends_on: dt.date | None) -> Commercial:
    if ends_on is None or not any(row.slot == COPY for row in uploads.ready(request.files_key)):
        text = _("No register knows this licence yet. Enter its last day, add a copy of it, and send again.")
        raise Refused("no_documents", text)
    if ends_on > add_years(clock.today(), limit(request.case, "commercial_years")):
        raise Refused("end_too_far", _("A commercial licence does not run that long. Check its last day."))
    return Commercial(ends_on, LicenceSource.COPY)


def commercial_end(request: NewLicence) -> dt.date | None:
    """The last day of the commercial licence that was stated; a later one where the registers say that it was renewed since."""
    number = request.commercial_license_no
    shop, stated = registered.by_licence([number]).get(number), commercial.stated(number)
    ends = [request.commercial_license_end, shop.commercial_license_end if shop is not None else None]
    if stated is not None and stated.is_active and stated.is_of(request.holder):
        ends.append(stated.valid_until)
    return max((end for end in ends if end is not None), default=None)


def lost(request: NewLicence) -> str:
    """The code of what forbids a licence since the inspection, or ""."""
    number = request.commercial_license_no
    shop = registered.by_licence([number], "owner", "organisation").get(number)
    end = commercial_end(request)
    if end is None or end < clock.today():
        return "commercial_license"
    if shop is None:
        return ""
    if shop.is_closed:
        return "shop_closed"
    if shop.licensee != request.holder or has_licence(shop):
        return "other_holder"
    if shop.activity_id != request.activity_id:
        return "other_activity"
    return "blocked" if is_blocked(shop) else ""


# --- Who sees what -----------------------------------------------------------------------------------------------------------


def documents_opened_to(user: User) -> QuerySet[Any] | None:
    """The approvals, refusals and licences of the cases in which a user acts for somebody else."""
    if not delegation.grants(user, NEW_LICENCE):
        return None
    rows = NewLicence.objects.filter(case__in=cases.delegated_to(user).values("pk"))
    found = [
        rows.filter(**{f"{name}__isnull": False}).values_list(name, flat=True) for name in ("approval", "refusal", "licence__document")
    ]
    return found[0].union(*found[1:])


def place_of(subject: str) -> QuerySet[NewLicence]:
    """The place of the requests with a subject key, as `municipality.review.registry.OnPlot` asks for it."""
    return NewLicence.objects.filter(case__subject=subject)


def on_plot(place: QuerySet[Any]) -> list[QuerySet[Any]]:
    """Queries of the subject keys of the requests on the plot of a place, in its building, or at its address."""
    at_address = Q(paci_number__in=place.values("paci_number"))
    return [NewLicence.objects.filter(there).values("case__subject") for there in (registry.of_plot_or_building(place), at_address)]
