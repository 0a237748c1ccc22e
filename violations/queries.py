"""Questions about violations."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Signatory, User
from municipality.accounts.requests import Visitor
from municipality.cases import queries as cases
from municipality.delegation import queries as delegation
from municipality.delegation.queries import Grant
from municipality.delegation.registry import Ownership
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted
from municipality.places.models import Branch
from municipality.rulebook import queries as rulebook
from payments.models import Allocation, Bill
from payments.registry import Right
from payments.states import BillState
from shops.models import Shop
from shops.register import queries as shops
from violations import rules
from violations.models import Charge, JudicialWarrant, Objection, SettlementOrder, Violation
from violations.states import SERVICE, ViolationState

V = ViolationState
OFFENCES, LIMITS, REPLIES = "offences.municipal", "limits.violations", "replies.violations"
_VERSION = re.compile(r"(?P<subject>[a-z.]+) v(?P<version>[0-9]+)")


def limits(on: dt.date | None = None) -> dict[str, int]:
    """The periods in force on a day (today by default), by code. Raises Refused("no_edition")."""
    found = rulebook.edition(LIMITS, on or clock.today())
    return {code: limit.value for code, limit in found.limits.items()}


def warrant_of(user: User, on: dt.date) -> JudicialWarrant:
    """The inspector's status on a day. Raises NotPermitted for somebody who has none then."""
    spell = (
        JudicialWarrant.objects.filter(user=user, first_day__lte=on, last_day__gte=on, user__is_active=True)
        .select_related("team__branch", "user")
        .order_by("-first_day")
        .first()
    )
    if spell is None:
        raise NotPermitted(
            "no_inspector", _("Only an inspector with the status of a judicial officer on that day writes violation reports.")
        )
    return spell


def warrant_covers(spell: JudicialWarrant, offence: str) -> bool:
    """Whether the decision of an inspector names an offence."""
    return any(offence == part or offence.startswith(f"{part}-") for part in spell.scope)


def concerning(person: User) -> QuerySet[Violation]:
    """What concerns a person: written against them, against their civil number, or at a shop they own or sign for by their own right.

    Somebody who signs for an organisation loses sight of its violations with the signature.
    """
    return Violation.objects.filter(_against(person) | Q(shop__in=shops.held_by(person).values("pk")))


def _against(person: User) -> Q:
    mine = Q(party=person)
    if person.civil_id_digest:
        mine |= Q(party__isnull=True, party_digest=person.civil_id_digest)
    return mine


def visible_to(user: Visitor) -> QuerySet[Violation]:
    """What concerns a person, and what was found at the shops in which they act for another in this service."""
    if not user.is_authenticated or user.is_staff:
        return Violation.objects.none()
    return Violation.objects.filter(_against(user) | Q(shop__in=shops.visible_to(user, SERVICE).values("pk")))


def ownership(row: Violation, user: User) -> Ownership:
    """A violation is everybody's whom it concerns; a holder of its shop lets others act. Staff act for nobody here."""
    owners = [person.pk for person in shops.owners(row.shop)] if row.shop is not None else []
    subjects = [row.shop.key] if row.shop is not None else []
    return Ownership(concerning(user).filter(pk=row.pk).exists(), owners, subjects, SERVICE, ("delegate", "clerk"))


def acted_for(user: User, pks: Sequence[int]) -> dict[int, Grant]:
    """By which right somebody who acts for others sees each of these violations; nothing for their own."""
    grants = delegation.grants(user, SERVICE)
    if not grants:
        return {}
    own = set(concerning(user).filter(pk__in=pks).values_list("pk", flat=True))
    found = {}
    for row in Violation.objects.filter(pk__in=set(pks) - own, shop__isnull=False).select_related("shop"):
        grant = next((one for one in grants if row.shop is not None and one.covers(row.shop.key)), None)
        if grant is not None:
            found[row.pk] = grant
    return found


def bills_opened_to(user: User) -> QuerySet[Any] | None:
    """Bills of violations that a person may see and pay by delegation: those made out to whoever let them."""
    found = Q()
    for grant in delegation.grants(user, SERVICE):
        found |= Q(violation__shop__in=shops.shops_of_grant(grant).values("pk"), bill__payer=grant.giver)
    return Charge.objects.filter(found).values("bill") if found else None


def right_over(bill: Bill) -> Right | None:
    """What a delegation must cover so that a bill of a violation may be paid by it: the shop, while the payer holds it."""
    row = Violation.objects.filter(public_id=bill.subject.partition(":")[2]).select_related("shop").first()
    if row is None or row.shop is None or not shops.held_by(bill.payer).filter(pk=row.shop.pk).exists():
        return None
    return Right(SERVICE, row.shop.key)


def papers_opened_to(user: User) -> QuerySet[Any]:
    """Notices of the violations whose page a person sees as a party or for one, also as the second who signs for an organisation;
    decisions about the objections in which they act for another now."""
    notices = visible_to(user).filter(notice__isnull=False).values_list("notice", flat=True)
    if not delegation.grants(user, SERVICE):
        return notices
    decided = Objection.objects.filter(case__in=cases.delegated_to(user).values("pk"), decision__isnull=False)
    return notices.union(decided.values_list("decision", flat=True))


def people_of(violation: Violation) -> list[Any]:
    """Who is told: the party, the owner of the shop, or those who sign for its organisation today."""
    if violation.party is not None:
        return [violation.party]
    if violation.party_digest:
        known = User.objects.people().filter(civil_id_digest=violation.party_digest).first()
        if known is not None or violation.shop is None:
            return [known] if known is not None else []
    shop = violation.shop
    if shop is None:
        return []
    if shop.owner is not None:
        return [shop.owner]
    today = clock.today()
    signs = Signatory.objects.filter(
        Q(last_day__isnull=True) | Q(last_day__gte=today), organisation=shop.organisation_id, first_day__lte=today
    ).select_related("person")
    return [row.person for row in signs.order_by("pk")]


def by_number(number: str, last_four: str) -> Violation | None:
    """A violation by its number and the last four digits of the party's civil number; None on any miss.

    Where the violation is a shop's, the four digits of anybody who may see it count.
    """
    if len(last_four) != 4:
        return None
    rows = Violation.objects.select_related("party", "shop__owner")
    found = rows.filter(Q(number=number) | Q(warning_number=number)).first()
    if found is not None:
        return found if _knows(found, last_four) else None
    # The number as it stands on the paper; branches counted each for themselves, so the digits choose.
    papers = rows.filter(number__in=[f"PPR-{branch}-{number}" for branch in Branch.objects.values_list("pk", flat=True)])
    return next((row for row in papers.order_by("pk") if _knows(row, last_four)), None)


def _knows(violation: Violation, last_four: str) -> bool:
    """Whether four digits are those of somebody whom a violation concerns."""
    if violation.last_four:
        return violation.last_four == last_four
    return any(person.last_four == last_four for person in people_of(violation))


def order_of(violation: Violation) -> SettlementOrder | None:
    """The settlement order that holds: the newest."""
    return violation.orders.order_by("-version").first()


def orders_of(rows: Sequence[Violation]) -> dict[int, SettlementOrder]:
    """The settlement order that holds of each violation, by its primary key; one query."""
    orders = SettlementOrder.objects.filter(violation__in=[row.pk for row in rows]).order_by("version")
    return {order.violation_id: order for order in orders}


def repeats(*, offence: str, before: dt.datetime, days: int, shop: Shop | None, party: Any, digest: str) -> int:
    """How often the same party did the same within so many days before an instant: minutes that stand, counted by the system."""
    who = Q()
    if shop is not None:
        who |= Q(shop=shop)
    if party is not None:
        who |= Q(party=party)
    if digest:
        who |= Q(party_digest=digest)
    if not days or not who:
        return 0
    since = before - dt.timedelta(days=days)
    rows = Violation.objects.filter(who, offence=offence, number__isnull=False, seen_at__gte=since, seen_at__lt=before)
    return rows.exclude(state__in=[V.ANNULLED, V.ACQUITTED]).count()


def open_bill(violation: Violation) -> Bill | None:
    """The bill of a violation that waits for payment, if any."""
    charge = violation.charges.filter(bill__state=BillState.DUE).select_related("bill").order_by("-pk").first()
    return charge.bill if charge is not None else None


def is_at_bank(violation: Violation) -> bool:
    """Whether a payment for the violation is open at the bank."""
    return Allocation.objects.filter(is_open=True, bill__in=violation.charges.values("bill")).exists()


def paid_fils(violation: Violation) -> int:
    """What was paid for a violation and stands, in fils."""
    bills = Bill.objects.filter(pk__in=violation.charges.values("bill"), state=BillState.PAID)
    return sum(bills.values_list("total_fils", flat=True))


def charge_of(bill_id: int) -> Charge:
    """Which sum a bill is for. Raises Charge.DoesNotExist."""
    return Charge.objects.select_related("violation", "bill", "order", "instalment__plan", "judgment").get(bill=bill_id)


def with_bank(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """The rows with `at_bank`: whether a payment for them is open at the bank, without a question of its own."""
    bills = Charge.objects.filter(violation=OuterRef(OuterRef("pk"))).values("bill")
    return rows.annotate(at_bank=Exists(Allocation.objects.filter(is_open=True, bill__in=bills)))


def status_of(
    violation: Violation,
    *,
    is_party: bool,
    by_delegate: bool = False,
    order: SettlementOrder | None = None,
    periods: dict[str, int] | None = None,
) -> rules.ViolationStatus:
    """What the ways out are judged by, for a party or for whoever acts for one; what the caller has asked for already it may give."""
    periods = periods or limits()
    order = order or order_of(violation)
    at_bank = getattr(violation, "at_bank", None)
    return rules.ViolationStatus(
        state=violation.state,
        today=clock.today(),
        correct_until=violation.correct_until,
        settle_until=violation.settle_until,
        object_until=violation.object_until,
        is_party=is_party,
        by_delegate=by_delegate,
        is_settleable=order is not None,
        fils=order.fils if order is not None else None,
        is_extended=hasattr(violation, "extension"),
        had_plan=hasattr(violation, "plan"),
        had_objection=hasattr(violation, "objection"),
        is_at_bank=is_at_bank(violation) if at_bank is None else at_bank,
        plan_from_fils=periods["instalments_from_fils"],
        plan_most=periods["instalments_most"],
    )
