"""Questions about violations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Case, DateField, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce
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
from payments.models import Allocation, Attempt, Bill, Receipt, RefundDue
from payments.registry import Right
from payments.states import AttemptState, BillState, RefundState
from shops.models import Shop
from shops.register import queries as shops
from violations import rules
from violations.models import Charge, ChargeKind, Instalment, JudicialWarrant, Objection, SettlementOrder, Violation
from violations.states import SERVICE, ViolationState

V = ViolationState
OFFENCES, LIMITS, REPLIES, CHECKS = "offences.municipal", "limits.violations", "replies.violations", "checks.violations"


def proof_key(violation: Violation) -> str:
    """The subject of the papers that prove a service by hand."""
    return f"notice:{violation.public_id}"


def undefended(rows: QuerySet[Violation]) -> QuerySet[Objection]:
    """Objections to the violations of `rows` that nobody defended in time, the newest first."""
    found = Objection.objects.filter(is_undefended=True, violation__in=rows.values("pk"))
    return found.select_related("case", "violation__inspector").order_by("-pk")


def limits(on: dt.date | None = None) -> dict[str, int]:
    """The periods in force on a day (today by default), by code. Raises Refused("no_edition")."""
    edition = rulebook.edition(LIMITS, on or clock.today())
    return {code: limit.value for code, limit in edition.limits.items()}


def visitors_may_pay(periods: dict[str, int] | None = None) -> bool:
    """Whether somebody who found a violation by number and digits may pay for its party (limit `visitors_pay`; off without it)."""
    return (limits() if periods is None else periods).get("visitors_pay", 0) > 0


def warrants_on(day: dt.date) -> QuerySet[JudicialWarrant]:
    """The judicial warrants that hold on a day, of staff who have the role today: whoever lost it does not act by a warrant that runs."""
    in_office = JudicialWarrant.objects.filter(user__is_active=True, user__is_staff=True, user__groups__name="inspector")
    return in_office.filter(first_day__lte=day, last_day__gte=day)


def warrant_of(user: User, on: dt.date) -> JudicialWarrant:
    """The judicial warrant that an inspector holds on a day. Raises NotPermitted: warrant_ended, no_inspector (also without the role)."""
    warrant = warrants_on(on).filter(user=user).select_related("team__branch", "user").order_by("-first_day").first()
    if warrant is None:
        last = JudicialWarrant.objects.filter(user=user, user__is_active=True, first_day__lte=on).order_by("-last_day").first()
        if last is not None and last.last_day < on:
            raise NotPermitted(
                "warrant_ended",
                _("Your status as a judicial officer ended on %(day)s (decision %(decision)s).")
                % {"day": last.last_day.isoformat(), "decision": last.decision_no},
            )
        raise NotPermitted(
            "no_inspector", _("Only an inspector with the status of a judicial officer on that day writes violation reports.")
        )
    return warrant


def warrant_covers(warrant: JudicialWarrant, offence: str) -> bool:
    """Whether the scope of a warrant includes an offence."""
    return any(offence == part or offence.startswith(f"{part}-") for part in warrant.scope)


def inspectors_of(shop: Shop) -> QuerySet[User]:
    """Inspectors whose warrants reach a shop today: those of its branch, for premises for women those of a team of women."""
    warrants = warrants_on(clock.today()).filter(team__branch=shop.branch_id)
    if shop.activity.is_womens:
        warrants = warrants.filter(team__is_womens=True)
    return User.objects.filter(pk__in=warrants.values("user")).order_by("pk")


def able_to_inspect(is_womens: bool, day: dt.date) -> QuerySet[User]:
    """Inspectors whose warrants hold on a day; `is_womens`: those of a team of women, who alone enter premises for women."""
    warrants = warrants_on(day)
    if is_womens:
        warrants = warrants.filter(team__is_womens=True)
    return User.objects.filter(pk__in=warrants.values("user"))


# The party is the holder of the shop: nobody else is named by a civil number. Who had no account then is known by the number alone.
OF_HOLDER = (
    Q(party__isnull=True, party_digest="")
    | Q(party=F("shop__owner"))
    | Q(party__isnull=True, party_digest=F("shop__owner__civil_id_digest"))
)


def concerning(person: User, *, or_merged: bool = False) -> QuerySet[Violation]:
    """Violations of a person, of their civil number, or of a shop that they own or sign for today and at which nobody else is the party.

    `or_merged`: also of the entries of shops that were merged away.
    """
    held = shops.held_by(person, or_merged=or_merged)
    return Violation.objects.filter(_against(person) | (OF_HOLDER & Q(shop__in=held.values("pk"))))


OPEN_SUMS = (V.ORDERED, V.UNSETTLEABLE, V.OBJECTED, V.INSTALMENTS, V.OVERDUE, V.REFERRED, V.JUDGED)


def _sum_of(rows: QuerySet[Any], column: str) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().annotate(one=Value(1)).values("one").annotate(sum=Sum(column)).values("sum")), 0)


_PAID_TO_COURT = Charge.objects.filter(kind=ChargeKind.COURT, bill__state=BillState.PAID)
_RETURNED = RefundDue.objects.exclude(state=RefundState.RELEASED)
# What is owed of the court's fine (`services.court_sums`): where a ruling on appeal changed it, less what is paid and not given back.
COURT_FILS = Case(
    When(judgment__appeal__isnull=True, then=F("judgment__fils")),
    default=Coalesce(F("judgment__appeal__fils"), 0)
    - _sum_of(_PAID_TO_COURT.filter(violation=OuterRef("pk")), "bill__total_fils")
    + _sum_of(_RETURNED.filter(line__bill__in=_PAID_TO_COURT.filter(violation=OuterRef(OuterRef("pk"))).values("bill")), "fils"),
)


def owed(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Those of some violations for which something is or may become payable: none of them allows a clearance certificate."""
    return rows.filter(state__in=OPEN_SUMS)


def of_shop(shop: Shop) -> QuerySet[Violation]:
    """Violations against the holder of a shop: not those that name somebody else at it by a civil number."""
    return Violation.objects.filter(OF_HOLDER, shop=shop)


def owed_on(rows: Sequence[Shop]) -> set[int]:
    """Primary keys of those shops that have a violation of `owed`, or a warning whose days run, after which a report may follow."""
    running = Q(state__in=OPEN_SUMS) | Q(state=V.WARNED, correct_until__gte=clock.today())
    return set(Violation.objects.filter(OF_HOLDER, running, shop__in=rows).values_list("shop", flat=True))


def owed_by(person: User) -> QuerySet[Violation]:
    """`owed` of all violations that concern a person."""
    return owed(concerning(person))


MAY_OBJECT = (V.ORDERED, V.OVERDUE, V.UNSETTLEABLE)
NO_DEADLINE = dt.date.max


def next_part_day() -> Case:
    """The last day of the next unpaid instalment of a violation that is paid in instalments, for a query of violations; else null."""
    paid = Charge.objects.filter(bill__state=BillState.PAID, instalment__isnull=False).values("instalment")
    parts = Instalment.objects.filter(plan__violation=OuterRef("pk")).exclude(pk__in=paid).order_by("number")
    return Case(When(state=V.INSTALMENTS, then=Subquery(parts.values("due_on")[:1])), output_field=DateField())


def by_deadline(
    rows: QuerySet[Violation], *, after: int | None = None, before: int | None = None, limit: int
) -> list[tuple[int, dt.date | None]]:
    """Primary key and open deadline of some violations: the next deadline first, then without one the newest first.

    The open deadline is the last day to correct, to settle, to pay the next instalment, or to object where nothing can be settled.
    `after` is the primary key of the last row of the page before, `before` that of the first row of the page after: then the `limit`
    rows just before it. One query, with either two.
    """
    today = clock.today()
    deadline = Case(
        When(state=V.WARNED, correct_until__gte=today, then=F("correct_until")),
        When(state=V.ORDERED, settle_until__gte=today, then=F("settle_until")),
        When(state=V.INSTALMENTS, then=next_part_day()),
        When(state__in=MAY_OBJECT, object_until__gte=today, objection__isnull=True, then=F("object_until")),
        output_field=DateField(),
    )
    ordered = rows.annotate(deadline=Coalesce(deadline, NO_DEADLINE, output_field=DateField())).order_by("deadline", "-seen_at", "-pk")
    pivot = before if before is not None else after
    if pivot is not None:
        last = ordered.filter(pk=pivot).values_list("deadline", "seen_at").first()
        if last is None:
            return []
        day, seen_at = last
        if before is not None:
            same = Q(seen_at__gt=seen_at) | Q(seen_at=seen_at, pk__gt=pivot)
            ordered = ordered.filter(Q(deadline__lt=day) | Q(same, deadline=day)).reverse()
        else:
            same = Q(seen_at__lt=seen_at) | Q(seen_at=seen_at, pk__lt=pivot)
            ordered = ordered.filter(Q(deadline__gt=day) | Q(same, deadline=day))
    found = list(ordered.values_list("pk", "deadline")[:limit])
    return [(pk, None if day == NO_DEADLINE else day) for pk, day in (reversed(found) if before is not None else found)]


def _against(person: User) -> Q:
    mine = Q(party=person)
    if person.civil_id_digest:
        mine |= Q(party__isnull=True, party_digest=person.civil_id_digest)
    return mine


def is_of_holder(row: Violation) -> bool:
    """As OF_HOLDER, for one violation that was read with its shop; False without one."""
    return row.shop is not None and is_holder_named(row.shop, row.party_id, row.party_digest)


def is_holder_named(shop: Shop, party: int | None, digest: str) -> bool:
    """Whether the holder of a shop is the party of a report there: named by a civil number, with or without an account then, or by none.

    `party` is its primary key, `digest` the keyed hash of its civil number.
    """
    if party is None and not digest:
        return True
    return shop.owner is not None and is_against(shop.owner, party, digest)


def is_against(person: User, party: int | None, digest: str) -> bool:
    """The same for the party of one violation: its primary key, or the keyed hash of its civil number."""
    return party == person.pk or (party is None and bool(digest) and digest == person.civil_id_digest)


def visible_to(user: Visitor) -> QuerySet[Violation]:
    """Violations that concern a person, and those of shops for which they act by delegation. None for staff."""
    if not user.is_authenticated or user.is_staff:
        return Violation.objects.none()
    return Violation.objects.filter(_against(user) | (OF_HOLDER & Q(shop__in=shops.visible_to(user, SERVICE).values("pk"))))


def ownership(row: Violation, user: User) -> Ownership:
    """Everybody whom a violation concerns owns it; the holders of its shop may delegate where they are the party."""
    shop = row.shop if is_of_holder(row) else None
    owners = [person.pk for person in shops.owners(shop)] if shop is not None else []
    subjects = [shop.key] if shop is not None else []
    return Ownership(concerning(user).filter(pk=row.pk).exists(), owners, subjects, SERVICE, ("delegate", "clerk"))


def grants_by_violation(user: User, pks: Sequence[int]) -> dict[int, Grant]:
    """Primary key → the grant by which a delegate sees a violation; their own violations are left out."""
    grants = delegation.grants(user, SERVICE)
    if not grants:
        return {}
    own = set(concerning(user).filter(pk__in=pks).values_list("pk", flat=True))
    grants_by_pk = {}
    for row in Violation.objects.filter(OF_HOLDER, pk__in=set(pks) - own, shop__isnull=False).select_related("shop"):
        matching = (grant for grant in grants if row.shop is not None and grant.covers(row.shop.key))
        if (grant := next(matching, None)) is not None:
            grants_by_pk[row.pk] = grant
    return grants_by_pk


def delegated_bills(user: User) -> QuerySet[Any] | None:
    """Bills of violations that a person may see and pay by delegation: those made out to the person who delegated. None without any."""
    conditions = Q()
    for grant in delegation.grants(user, SERVICE):
        conditions |= Q(violation__shop__in=shops.shops_of_grant(grant).values("pk"), bill__payer=grant.giver)
    return Charge.objects.filter(conditions).values("bill") if conditions else None


def right_over(bill: Bill) -> Right | None:
    """What a delegation must cover to pay a bill of a violation: its shop, while the payer holds it. None: nobody may by delegation."""
    row = Violation.objects.filter(public_id=bill.subject.partition(":")[2]).select_related("shop").first()
    if row is None or row.shop is None or not shops.held_by(bill.payer).filter(pk=row.shop.pk).exists():
        return None
    return Right(SERVICE, row.shop.key)


def visible_documents(user: User) -> QuerySet[Any]:
    """Primary keys of documents: notices of the violations that a person sees, and decisions of objections in which they are a delegate."""
    notices = visible_to(user).filter(notice__isnull=False).values_list("notice", flat=True)
    if not delegation.grants(user, SERVICE):
        return notices
    decided = Objection.objects.filter(case__in=cases.delegated_to(user).values("pk"), decision__isnull=False)
    return notices.union(decided.values_list("decision", flat=True))


def people_of(violation: Violation) -> list[User]:
    """Recipients of its messages: who is named by a civil number, else the owner of the shop, or the signatories of its company today."""
    if violation.party is not None:
        return [violation.party]
    if violation.party_digest:
        return list(User.objects.people().filter(civil_id_digest=violation.party_digest)[:1])
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
    """A violation by its number and the last four digits of the civil number of its party, or of anybody of `people_of`."""
    if len(last_four) != 4:
        return None
    rows = Violation.objects.select_related("party", "shop__owner")
    row = rows.filter(Q(number=number) | Q(warning_number=number)).first()
    if row is not None:
        return row if _has_last_four(row, last_four) else None
    # Numbers on paper repeat between branches; the digits decide.
    papers = rows.filter(number__in=[f"PPR-{branch}-{number}" for branch in Branch.objects.values_list("pk", flat=True)])
    return next((row for row in papers.order_by("pk") if _has_last_four(row, last_four)), None)


def is_found_by_signatories(violation: Violation) -> bool:
    """Whether the four digits that find a violation are those of whoever signs for the organisation of its shop, not of one person."""
    return not violation.last_four and violation.party is None and violation.shop is not None and violation.shop.owner_id is None


def _has_last_four(violation: Violation, last_four: str) -> bool:
    if violation.last_four:
        return violation.last_four == last_four
    return any(person.last_four == last_four for person in people_of(violation))


def has_objection_left(row: Violation) -> bool:
    """Whether the right to object to a violation that can be settled is neither used nor over."""
    return not hasattr(row, "objection") and (row.object_until is None or clock.today() <= row.object_until)


def order_of(violation: Violation) -> SettlementOrder | None:
    """The settlement order in force: the newest."""
    return violation.orders.order_by("-version").first()


def orders_of(rows: Sequence[Violation]) -> dict[int, SettlementOrder]:
    """Primary key of a violation → its settlement order in force; one query."""
    orders = SettlementOrder.objects.filter(violation__in=[row.pk for row in rows]).order_by("version")
    return {order.violation_id: order for order in orders}


def open_attempt(violation: Violation) -> Attempt | None:
    """The open payment of the violation, if any."""
    return Attempt.objects.filter(allocations__is_open=True, allocations__bill__in=violation.charges.values("bill")).first()


def visitor_receipts(violation: Violation) -> QuerySet[Receipt]:
    """Valid receipts of what visitors paid for a violation, oldest first. They do not name the party."""
    rows = Receipt.objects.filter(bill__in=violation.charges.values("bill"), allocation__is_settled=True)
    return rows.filter(allocation__attempt__started_by__isnull=True).select_related("document__file").order_by("pk")


def unheard_payments() -> QuerySet[Allocation]:
    """Payments that are open at the bank, or settled while the service has yet to hear of it."""
    return Allocation.objects.filter(Q(is_open=True) | Q(is_settled=True, handed_over_at=None, bill__state=BillState.PAID))


def is_at_bank(violation: Violation, *, or_in_review: bool = True) -> bool:
    """Whether a payment for the violation is on its way (`unheard_payments`), with those under review, which may take weeks, or without."""
    waiting = unheard_payments().filter(bill__in=violation.charges.values("bill"))
    return (waiting if or_in_review else waiting.exclude(is_open=True, attempt__state=AttemptState.MISMATCH)).exists()


def paid_fils(violation: Violation) -> int:
    """Paid for a violation and not taken back, in fils."""
    return sum(violation.charges.filter(bill__state=BillState.PAID).values_list("bill__total_fils", flat=True))


def charge_of(bill_id: int) -> Charge:
    """The charge that a bill is for. Raises Charge.DoesNotExist."""
    rows = Charge.objects.select_related("violation", "violation__last_event", "bill", "order", "instalment__plan", "judgment__appeal")
    return rows.get(bill=bill_id)


def annotate_at_bank(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Annotate `at_bank` (see `is_at_bank`) in the same query."""
    bills = Charge.objects.filter(violation=OuterRef(OuterRef("pk"))).values("bill")
    return rows.annotate(at_bank=Exists(unheard_payments().filter(bill__in=bills)))


def status_of(
    violation: Violation,
    *,
    is_party: bool,
    by_delegate: bool = False,
    order: SettlementOrder | None = None,
    periods: dict[str, int] | None = None,
) -> rules.ViolationStatus:
    """The status that `rules.option_statuses` takes. `order` and `periods` are read where they are not given."""
    periods = periods or limits()
    order = order or order_of(violation)
    at_bank = violation.__dict__["at_bank"] if "at_bank" in violation.__dict__ else is_at_bank(violation)
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
        is_at_bank=at_bank,
        is_in_review=at_bank and not is_at_bank(violation, or_in_review=False),
        plan_from_fils=periods["instalments_from_fils"],
        max_instalments=periods["instalments_most"],
        visitors_pay=visitors_may_pay(periods),
    )
