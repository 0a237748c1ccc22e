"""Past renewals of the demo, written in bulk: cases, bills, payments, licences, events and audit events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from django.db.models import OuterRef, Subquery

from licensing.health import rules
from licensing.health.queries import fee_lines
from licensing.health.states import RENEWAL, RenewalState
from licensing.models import HealthLicence, Renewal
from municipality.accounts.models import User, actor_of
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case, CaseEvent
from municipality.documents.models import Document, DocumentEvent
from municipality.documents.states import DocumentState
from municipality.jobs.services import enqueue
from municipality.kernel import clock, worktime
from municipality.kernel.actors import Actor
from municipality.kernel.periods import Period
from municipality.rulebook import queries as rulebook
from payments.models import Bill, BillLine
from payments.states import BillState
from sandbox.demo.bulk import audit_event, event, move, take_numbers
from sandbox.demo.licensing.papers import CARRIER, Paper, carry_over
from sandbox.demo.payments import Payment, pay
from sandbox.demo.seeds import public_id
from shops.models import Shop

S = RenewalState
SUBJECTS = ("fees.health", "limits.health", "conditions.health")


@dataclass
class PastCase:
    """A past renewal. `outcome` is issued, expired or withdrawn; `ended_at` is when the case closed."""

    shop: Shop
    licence: HealthLicence
    applicant: User
    outcome: str
    opened_at: dt.datetime
    ended_at: dt.datetime
    left_at: dt.datetime | None = None  # for the bank
    paid_at: dt.datetime | None = None
    case: Case | None = None
    period: Period | None = None
    editions: tuple[rulebook.RulebookEdition, ...] = ()
    number: str = ""  # of the licence issued


class Past(Protocol):
    """What moves and bills need of a past request of any service."""

    shop: Shop
    applicant: User
    opened_at: dt.datetime
    case: Case | None
    number: str


@dataclass(frozen=True)
class Move:
    """A move of some cases."""

    name: str
    source: str
    target: str
    at: Callable[[Any], dt.datetime]
    by_applicant: bool = False
    reason: str = ""


SUBMITTED = Move("submit", S.DRAFT, S.AWAITING_PAYMENT, lambda p: p.opened_at, by_applicant=True)
MOVES = {
    S.ISSUED: (
        Move("pay", S.AWAITING_PAYMENT, S.PAID, lambda p: p.paid_at or p.ended_at),
        Move("approve", S.PAID, S.APPROVED, lambda p: p.paid_at or p.ended_at, reason="clean_lane"),
        Move("issue", S.APPROVED, S.ISSUED, lambda p: p.ended_at),
    ),
    S.EXPIRED: (Move("expire", S.AWAITING_PAYMENT, S.EXPIRED, lambda p: p.ended_at),),
    S.WITHDRAWN: (Move("withdraw", S.AWAITING_PAYMENT, S.WITHDRAWN, lambda p: p.ended_at, by_applicant=True),),
}


def load(past: Sequence[PastCase], rng: Random, *, until: dt.datetime) -> int:
    """Write the cases, oldest first, in the caller's transaction; licences that begin before `until` supersede at once."""
    past = sorted(past, key=lambda p: (p.opened_at, p.shop.pk))
    if not past:
        return 0
    audit_events: list[AuditEvent] = []
    _open(past, rng, audit_events)
    titles = [(f"تجديد الترخيص الصحي: {p.shop.name_ar}", f"Health licence renewal: {p.shop.name_en}") for p in past]
    bills = write_bills(past, RENEWAL, titles, [_lines(p) for p in past], rng, audit_events)
    make_move(past, SUBMITTED, audit_events)
    pay([Payment(bill, p.left_at, p.paid_at) for p, bill in zip(past, bills, strict=True) if p.left_at and p.paid_at], rng)
    for outcome, moves in MOVES.items():
        cases = [p for p in past if p.outcome == outcome]
        if cases and outcome == S.ISSUED:
            _license(cases, rng, audit_events, until)
        for move_ in moves if cases else ():
            make_move(cases, move_, audit_events)
    _void([(p, bill) for p, bill in zip(past, bills, strict=True) if p.outcome in (S.EXPIRED, S.WITHDRAWN)], audit_events)
    AuditEvent.objects.bulk_create(sorted(audit_events, key=lambda row: row.at))
    return len(past)


def _open(past: Sequence[PastCase], rng: Random, audit_events: list[AuditEvent]) -> None:
    references = take_numbers([f"HL-{clock.day_of(p.opened_at).year}" for p in past])
    in_force: dict[dt.date, tuple[rulebook.RulebookEdition, ...]] = {}
    promised: dict[dt.date, int] = {}
    calendar = rulebook.calendar()
    due = []
    for p in past:
        day = clock.day_of(p.opened_at)
        if day not in in_force:
            in_force[day] = tuple(rulebook.edition(subject, day) for subject in SUBJECTS)
            promised[day] = rulebook.edition("limits.review", day).limits["promise_working_days"].value
        p.editions = in_force[day]
        limits = p.editions[1]
        p.period = rules.new_period(p.licence.last_day, limits.limits["validity_years"].value)
        due.append(worktime.add_working_days(calendar, day, promised[day]))
    open_cases(past, RENEWAL, references, [p.editions for p in past], due, rng, audit_events)
    Renewal.objects.bulk_create(
        Renewal(
            case=case_of(p),
            licence=p.licence,
            first_day=_period(p).first,
            last_day=_period(p).last,
            registered_facts=p.shop.registered_facts(),
            declared_at=p.opened_at,
        )
        for p in past
    )


def open_cases(
    past: Sequence[Past],
    service: str,
    references: Sequence[str],
    editions: Sequence[Sequence[rulebook.RulebookEdition]],
    due: Sequence[dt.date],
    rng: Random,
    audit_events: list[AuditEvent],
) -> None:
    """The case of each past request, as a draft: with its number, the editions it is judged by and the day it is promised for."""
    rows = []
    for p, reference, edition, due_on in zip(past, references, editions, due, strict=True):
        snapshot = [one.snapshot() for one in edition]
        rows.append(
            Case(
                public_id=public_id(rng),
                reference=reference,
                service=service,
                subject=p.shop.key,
                title_ar=p.shop.name_ar,
                title_en=p.shop.name_en,
                applicant=p.applicant,
                organisation_id=p.shop.organisation_id,
                branch=p.shop.branch,
                state=S.DRAFT,
                opened_at=p.opened_at,
                due_on=due_on,
                editions=[one.stamp for one in edition],
                snapshot=snapshot,
                snapshot_hash=rulebook.digest(snapshot),
            )
        )
    for p, case in zip(past, Case.objects.bulk_create(rows), strict=True):
        p.case = case
        opened = {"service": service, "about": case.subject, "snapshot": case.snapshot_hash}
        audit_events.append(audit_event("case.opened", case.key, p.opened_at, actor_of(p.applicant), opened))


def write_bills(
    past: Sequence[Past],
    kind: str,
    titles: Sequence[tuple[str, str]],
    lines: Sequence[Sequence[Any]],
    rng: Random,
    audit_events: list[AuditEvent],
) -> list[Bill]:
    """A bill for each case when it was opened, with its title in both languages and its lines."""
    references = take_numbers([f"BIL-{clock.day_of(p.opened_at).year}" for p in past])
    bills = Bill.objects.bulk_create(
        Bill(
            public_id=public_id(rng),
            reference=reference,
            kind=kind,
            subject=case_of(p).key,
            payer=p.applicant,
            title_ar=title_ar,
            title_en=title_en,
            total_fils=sum(line.fils for line in bill_lines),
            issued_at=p.opened_at,
        )
        for p, reference, (title_ar, title_en), bill_lines in zip(past, references, titles, lines, strict=True)
    )
    BillLine.objects.bulk_create(
        BillLine(bill=bill, order=order, **vars(line))
        for bill, bill_lines in zip(bills, lines, strict=True)
        for order, line in enumerate(bill_lines, start=1)
    )
    for p, bill, bill_lines in zip(past, bills, lines, strict=True):
        issued = {"kind": kind, "about": bill.subject, "fils": bill.total_fils, "lines": len(bill_lines)}
        audit_events.append(audit_event("bill.issued", bill.key, p.opened_at, actor_of(p.applicant), issued))
    return bills


def _lines(p: PastCase) -> list[Any]:
    fees, limits, _ = p.editions
    return fee_lines(fees, limits.limits["validity_years"].value)


def make_move(past: Sequence[Past], move_: Move, audit_events: list[AuditEvent]) -> None:
    """Make a move of several cases."""
    events = []
    for p in past:
        case, actor = case_of(p), _actor(p, move_)
        data = {"licence": p.number} if move_.target == S.ISSUED else {}
        events.append(event(case, move_.name, move_.source, move_.target, move_.at(p), actor, move_.reason, data))
        states = {"from": str(move_.source), "to": str(move_.target), "reason": move_.reason}
        audit_events.append(audit_event(f"case.{move_.name}", case.key, move_.at(p), actor, states))
    CaseEvent.objects.bulk_create(events)
    changes: dict[str, Any] = {}
    if move_.target in MOVES:
        newest = CaseEvent.objects.filter(subject=OuterRef("pk")).order_by("-pk").values("at")[:1]
        changes = {"is_open": False, "closed_at": Subquery(newest)}
    move(Case.objects.filter(pk__in=[case_of(p).pk for p in past], state=move_.source), move_.target, **changes)


def _license(past: Sequence[PastCase], rng: Random, audit_events: list[AuditEvent], until: dt.datetime) -> None:
    """The renewed licences, in the state CARRIED_OVER, as they have no sealed file."""
    old_ids = [p.licence.pk for p in past]
    HealthLicence.objects.filter(pk__in=old_ids).update(is_current=False)
    papers = [
        Paper(shop=p.shop, first_day=_period(p).first, last_day=_period(p).last, at=p.ended_at, about=case_of(p).key, previous=p.licence)
        for p in past
    ]
    carry_over(papers, rng)
    renewals = {r.case_id: r for r in Renewal.objects.filter(case__in=[case_of(p).pk for p in past])}
    superseded, events = [], []
    for p, paper in zip(past, papers, strict=True):
        renewals[case_of(p).pk].new_licence, p.number = paper.licence, paper.number
        starts_at = dt.datetime.combine(paper.first_day, dt.time.min, tzinfo=clock.KUWAIT).astimezone(dt.UTC)
        if starts_at <= until:
            at = max(starts_at, p.ended_at)
            superseded.append(p.licence.document_id)
            events.append(
                event(
                    p.licence.document,
                    "supersede",
                    DocumentState.CARRIED_OVER,
                    DocumentState.SUPERSEDED,
                    at,
                    CARRIER,
                    data={"by": paper.number},
                )
            )
            audit_events.append(audit_event("document.superseded", f"document:{p.licence.document_id}", at, CARRIER, {"by": paper.number}))
        elif paper.licence:
            enqueue("licensing.supersede", key=f"licence:{paper.licence.pk}", due_at=starts_at, licence_id=paper.licence.pk)
    Renewal.objects.bulk_update(renewals.values(), ["new_licence"], batch_size=200)
    DocumentEvent.objects.bulk_create(events)
    successor = HealthLicence.objects.filter(previous__document=OuterRef("pk")).values("document")[:1]
    rows = Document.objects.filter(pk__in=superseded, state=DocumentState.CARRIED_OVER)
    move(rows, DocumentState.SUPERSEDED, replaced_by=Subquery(successor))


def _void(cases: Sequence[tuple[PastCase, Bill]], audit_events: list[AuditEvent]) -> None:
    events = []
    for p, bill in cases:
        reason = "unpaid" if p.outcome == S.EXPIRED else "withdrawn"
        actor = actor_of(p.applicant) if p.outcome == S.WITHDRAWN else CARRIER
        events.append(event(bill, "void", BillState.DUE, BillState.VOID, p.ended_at, actor, reason))
        audit_events.append(audit_event("bill.voided", bill.key, p.ended_at, actor, {"reason": reason}))
    Bill.EVENTS.objects.bulk_create(events)
    move(Bill.objects.filter(pk__in=[bill.pk for _, bill in cases], state=BillState.DUE), BillState.VOID)


def _actor(p: Past, move_: Move) -> Actor:
    return actor_of(p.applicant) if move_.by_applicant else CARRIER


def case_of(p: Past) -> Case:
    """Raises ValueError before the case is written."""
    if p.case is None:
        raise ValueError("the case is written first")
    return p.case


def _period(p: PastCase) -> Period:
    if p.period is None:
        raise ValueError("the case is written first")
    return p.period
