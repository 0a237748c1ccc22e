"""Statements of the bank and their daily match with the gateway's answers and the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import rules
from payments.models import (
    Attempt,
    AttemptEvent,
    BankStatement,
    Difference,
    DifferenceKind,
    Inquiry,
    LedgerEntry,
    LedgerPosting,
    LineKind,
    PaymentFinding,
    PostingKind,
    RefundDue,
    RefundWay,
    StatementLine,
)
from payments.services import returns
from payments.services.roles import require_role
from payments.statements import mapping
from payments.states import CASHIER, AttemptState, RefundState

NOT_COMPARED_DAYS = 14  # before today
ME = system("payments")
K = DifferenceKind


@transaction.atomic
def load_statement(*, content: bytes, file_name: str, loaded_by: User) -> BankStatement:
    """Read a file of the bank and save its lines, which do not count yet.

    Raises NotPermitted, Refused("loaded_already"), statements.mapping.StatementNotReadable with the errors of its lines.
    """
    actor = require_role(loaded_by, CASHIER)
    digest = hashlib.sha256(content).hexdigest()
    if BankStatement.objects.filter(sha256=digest, dropped_at__isnull=True).exists():
        raise Refused("loaded_already", _("This file was loaded before."))
    rows = mapping.read(content)
    statement = BankStatement.objects.create(
        provider="knet",
        sha256=digest,
        file_name=re.sub(r"[^\w.\- ]", "_", file_name)[-120:],
        first_day=min(row.day for row in rows),
        last_day=max(row.day for row in rows),
        count=len(rows),
        fils=sum(row.fils if row.kind == LineKind.CAPTURE else -row.fils for row in rows),
        loaded_by=loaded_by,
        loaded_at=clock.now(),
    )
    StatementLine.objects.bulk_create(StatementLine(statement=statement, **vars(row)) for row in rows)
    data = {"sha256": digest, "lines": len(rows), "fils": statement.fils}
    record("statement.loaded", subject=statement.key, actor=actor, data=data)
    return statement


@transaction.atomic
def drop_statement(*, statement: BankStatement, dropped_by: User) -> None:
    """Drop a loaded statement: its lines never count. Raises NotPermitted, Refused("decided_already")."""
    actor = require_role(dropped_by, CASHIER)
    row = _lock_undecided(statement)
    row.dropped_at = clock.now()
    row.save(update_fields=["dropped_at"])
    record("statement.dropped", subject=row.key, actor=actor)


@transaction.atomic
def take_statement(*, statement: BankStatement, taken_by: User) -> list[Difference]:
    """Take a loaded statement and match it. Returns the differences. Raises NotPermitted, Refused("decided_already")."""
    actor = require_role(taken_by, CASHIER)
    row = _lock_undecided(statement)
    row.taken_by, row.taken_at = taken_by, clock.now()
    row.save(update_fields=["taken_by", "taken_at"])
    differences = match(row)
    record("statement.taken", subject=row.key, actor=actor, data={"differences": len(differences)})
    return differences


def _lock_undecided(statement: BankStatement) -> BankStatement:
    row = BankStatement.objects.select_for_update().get(pk=statement.pk)
    if row.taken_at is not None or row.dropped_at is not None:
        raise Refused("decided_already", _("Another person decided meanwhile. Nothing was changed."))
    return row


def match(statement: BankStatement) -> list[Difference]:
    """Compare a taken statement with the books, both ways; save new differences and close resolved ones. In the caller's transaction."""
    lines = list(statement.lines.order_by("number"))
    _settle_unknown_refunds(lines)
    books = _Books.of({line.trackid for line in lines})
    drafts = [*_bank_against_books(lines, books), *_books_against_bank(statement)]
    known = set(Difference.objects.filter(key_text__in=[draft.key_text for draft in drafts]).values_list("key_text", flat=True))
    new: dict[str, Difference] = {}
    for draft in drafts:
        if draft.key_text not in known:
            draft.statement, draft.found_at = statement, clock.now()
            new.setdefault(draft.key_text, draft)
    created = Difference.objects.bulk_create(list(new.values()))
    rematch()
    return created


@dataclass(frozen=True)
class _Books:
    """Ledger and gateway data of some payments."""

    attempts: dict[str, Attempt]
    booked: dict[int, int]  # attempt → fils captured by the ledger
    returned: dict[int, int]  # attempt → fils paid out through the gateway
    postings: dict[tuple[int, str], LedgerPosting]
    answered: set[tuple[int, int]]  # attempt and fils of agreeing inquiries, and of what two people found

    @classmethod
    def of(cls, trackids: set[str]) -> _Books:
        attempts = {a.trackid: a for a in Attempt.objects.filter(trackid__in=trackids)}
        pks = [a.pk for a in attempts.values()]
        postings: dict[tuple[int, str], LedgerPosting] = {}
        for posting in LedgerPosting.objects.filter(attempt__in=pks, reversed_by__isnull=True, reversal_of__isnull=True).order_by("-pk"):
            kind = LineKind.REFUND if posting.kind == PostingKind.REFUND else LineKind.CAPTURE
            postings[posting.attempt_id, kind] = posting
        answered = Inquiry.objects.filter(attempt__in=pks, agrees=True, outcome="captured").values_list("attempt_id", "fils")
        found = _found().filter(attempt__in=pks).values_list("attempt_id", "fils")
        told = {(pk, fils) for pk, fils in [*answered, *found] if fils is not None}
        return cls(attempts, booked_of(pks), returned_of(pks), postings, told)


def _found() -> QuerySet[PaymentFinding]:
    """What two people found that the bank took."""
    return PaymentFinding.objects.filter(is_taken=True, is_confirmed=True)


def _clearing() -> Q:
    return Q(account__startswith="clearing-") | Q(account=rules.SUSPENSE)


def booked_of(attempts: Sequence[int]) -> dict[int, int]:
    """Attempt → fils captured by the ledger; zero for reversed payments."""
    rows = LedgerEntry.objects.filter(_clearing(), posting__attempt__in=attempts).exclude(posting__kind=PostingKind.REFUND)
    sums = rows.values("posting__attempt").annotate(debit=Sum("debit_fils"), credit=Sum("credit_fils"))
    return {row["posting__attempt"]: row["debit"] - row["credit"] for row in sums}


def returned_of(attempts: Sequence[int]) -> dict[int, int]:
    """Attempt → fils paid out through the gateway."""
    rows = RefundDue.objects.filter(attempt__in=attempts, state=RefundState.PAID_OUT, way=RefundWay.GATEWAY)
    return {row["attempt"]: row["fils_sum"] for row in rows.values("attempt").annotate(fils_sum=Sum("fils"))}


def _settle_unknown_refunds(lines: list[StatementLine]) -> None:
    """Refunds with an unknown outcome that the statement lists were paid out.

    Deposits of one payment are often alike: the line of one that was paid out before settles no other.
    """
    refunds = {(line.trackid, line.fils): line for line in lines if line.kind == LineKind.REFUND}
    tracks = {trackid for trackid, _fils in refunds}
    for refund in RefundDue.objects.filter(state=RefundState.UNKNOWN, attempt__trackid__in=tracks).select_related("attempt"):
        line = refunds.get((refund.attempt.trackid, refund.fils))
        if line is None:
            continue
        alike = _taken_lines().filter(kind=LineKind.REFUND, trackid=line.trackid, fils=line.fils)
        paid_out = RefundDue.objects.filter(attempt=refund.attempt, fils=refund.fils, state=RefundState.PAID_OUT, way=RefundWay.GATEWAY)
        if alike.values("ref").distinct().count() > paid_out.count():
            returns.settle_from_statement(refund_id=refund.pk, reference=line.ref)


def _listed_refunds(tracks: Collection[str]) -> dict[str, int]:
    """Track id → fils of the refunds that all taken statements list."""
    sums = _taken_lines().filter(kind=LineKind.REFUND, trackid__in=tracks).values("trackid").annotate(fils_sum=Sum("fils"))
    return {row["trackid"]: row["fils_sum"] for row in sums}


def _bank_against_books(lines: list[StatementLine], books: _Books) -> Iterator[Difference]:
    known_lines = _earlier_lines(lines)
    for line in lines:
        attempt = books.attempts.get(line.trackid)
        identity = (line.kind, line.trackid, line.ref or line.fils)
        if identity in known_lines:
            yield _draft(K.DUPLICATE, f"duplicate:{line.pk}", line=line, attempt=attempt, bank_fils=line.fils)
            continue
        known_lines.add(identity)
        if line.kind == LineKind.REFUND:
            continue  # see _refund_lines
        ledger_fils = books.booked.get(attempt.pk, 0) if attempt else 0
        posting = books.postings.get((attempt.pk, LineKind.CAPTURE)) if attempt else None
        if ledger_fils == 0:
            yield _draft(K.MISSING_IN_LEDGER, f"no-entry:{line.trackid}", line=line, attempt=attempt, bank_fils=line.fils)
        elif ledger_fils != line.fils:
            key = f"amount:{line.trackid}"
            yield _draft(K.AMOUNT_DIFFERS, key, line=line, attempt=attempt, posting=posting, bank_fils=line.fils, ledger_fils=ledger_fils)
        elif attempt and not _is_told(line, attempt, books):
            key = f"gateway:{line.trackid}"
            yield _draft(K.GATEWAY_DIFFERS, key, line=line, attempt=attempt, bank_fils=line.fils, ledger_fils=ledger_fils)
    yield from _refund_lines(lines, books)


def _is_told(line: StatementLine, attempt: Attempt, books: _Books) -> bool:
    """Whether an answer of the gateway, or what two people found, says the same; of what was found the payment ID may not be known."""
    return (attempt.pk, line.fils) in books.answered and (not attempt.payment_id or line.payment_id in ("", attempt.payment_id))


def _refund_lines(lines: list[StatementLine], books: _Books) -> Iterator[Difference]:
    """Compare refunds by their sum over all statements, since a payment may have several."""
    tracks = sorted({line.trackid for line in lines if line.kind == LineKind.REFUND})
    at_bank = _listed_refunds(tracks)
    last = {line.trackid: line for line in lines if line.kind == LineKind.REFUND}
    for track in tracks:
        attempt = books.attempts.get(track)
        ledger_fils = books.returned.get(attempt.pk, 0) if attempt else 0
        posting = books.postings.get((attempt.pk, LineKind.REFUND)) if attempt else None
        if at_bank[track] != ledger_fils:
            kind = K.AMOUNT_DIFFERS if ledger_fils else K.MISSING_IN_LEDGER
            amounts: dict[str, Any] = {"posting": posting if ledger_fils else None, "bank_fils": at_bank[track], "ledger_fils": ledger_fils}
            yield _draft(kind, f"refund:{track}:{at_bank[track]}", line=last[track], attempt=attempt, **amounts)


def _earlier_lines(lines: list[StatementLine]) -> set[tuple[Any, ...]]:
    earlier = _taken_lines().filter(trackid__in={line.trackid for line in lines}).exclude(statement=lines[0].statement_id)
    return {(line.kind, line.trackid, line.ref or line.fils) for line in earlier}


def _taken_lines() -> QuerySet[StatementLine]:
    return StatementLine.objects.filter(statement__taken_at__isnull=False)


def _books_against_bank(statement: BankStatement) -> Iterator[Difference]:
    """Postings of the days of the statement that no taken statement lists."""
    start = dt.datetime.combine(statement.first_day, dt.time.min, clock.KUWAIT)
    end = dt.datetime.combine(statement.last_day + dt.timedelta(days=1), dt.time.min, clock.KUWAIT)
    at_bank = _taken_lines().filter(kind=LineKind.CAPTURE)
    found = _found().filter(decided_at__gte=start, decided_at__lt=end).values("attempt")
    taken = Attempt.objects.filter(Q(settled_at__gte=start, settled_at__lt=end) | Q(pk__in=found), provider=statement.provider)
    missing = list(taken.exclude(trackid__in=at_bank.values("trackid")))
    booked = booked_of([a.pk for a in missing])
    postings = _Books.of({a.trackid for a in missing}).postings
    for attempt in missing:
        if booked.get(attempt.pk):
            posting = postings.get((attempt.pk, LineKind.CAPTURE))
            key = f"not-at-bank:{attempt.trackid}"
            yield _draft(K.MISSING_AT_BANK, key, attempt=attempt, posting=posting, ledger_fils=booked[attempt.pk])
    out = RefundDue.objects.filter(way=RefundWay.GATEWAY, state=RefundState.PAID_OUT, paid_out_at__gte=start, paid_out_at__lt=end)
    compared = statement.lines.filter(kind=LineKind.REFUND).values("trackid")  # by _refund_lines
    unlisted = list(out.filter(attempt__provider=statement.provider).exclude(attempt__trackid__in=compared).select_related("attempt"))
    at_bank_fils = _listed_refunds({refund.attempt.trackid for refund in unlisted})
    missing_fils = returned_of([refund.attempt_id for refund in unlisted])
    for refund in sorted(unlisted, key=lambda one: one.pk, reverse=True):
        attempt_id, track = refund.attempt_id, refund.attempt.trackid
        missing_fils[attempt_id] -= at_bank_fils.pop(track, 0)
        if missing_fils[attempt_id] < refund.fils:  # listed by an earlier statement
            continue
        missing_fils[attempt_id] -= refund.fils
        posting = LedgerPosting.objects.filter(refund=refund, kind=PostingKind.REFUND).first()
        key = f"refund-not-at-bank:{refund.public_id}"
        yield _draft(K.MISSING_AT_BANK, key, attempt=refund.attempt, posting=posting, ledger_fils=refund.fils)


def _draft(
    kind: str,
    key: str,
    *,
    line: StatementLine | None = None,
    attempt: Attempt | None = None,
    posting: LedgerPosting | None = None,
    bank_fils: int = 0,
    ledger_fils: int = 0,
) -> Difference:
    at = attempt.settled_at if attempt and attempt.settled_at else posting.at if posting else None
    return Difference(
        kind=kind,
        key_text=key,
        line=line,
        attempt=attempt,
        posting=posting,
        trackid=line.trackid if line else attempt.trackid if attempt else "",
        day=line.day if line else clock.day_of(at) if at else clock.today(),
        bank_fils=bank_fils,
        ledger_fils=ledger_fils,
    )


@transaction.atomic
def rematch() -> int:
    """Close differences that agree by now, by a later statement or payment. Returns how many."""
    closed = 0
    waiting = Difference.objects.select_for_update(of=("self",)).filter(
        closed_at__isnull=True, kind__in=[K.MISSING_AT_BANK, K.MISSING_IN_LEDGER]
    )
    for row in waiting.select_related("attempt", "line"):
        if _agrees_now(row):
            row.code, row.closed_at = "timing", clock.now()
            row.save(update_fields=["code", "closed_at"])
            record("difference.closed", subject=row.key, actor=ME, data={"code": "timing"})
            closed += 1
    return closed


def _agrees_now(row: Difference) -> bool:
    is_refund = row.key_text.startswith("refund")
    kind = LineKind.REFUND if is_refund else LineKind.CAPTURE
    attempt = row.attempt or Attempt.objects.filter(trackid=row.trackid).first()
    if attempt is None:
        return False
    ledger_fils = (returned_of if is_refund else booked_of)([attempt.pk]).get(attempt.pk, 0)
    lines = _taken_lines().filter(trackid=row.trackid, kind=kind).values_list("fils", flat=True)
    return bool(ledger_fils) and sum(lines) == ledger_fils


@dataclass(frozen=True)
class DayTotals:
    """Net amounts of a day of Kuwait in fils; `bank` None where no statement covers the day.

    `by_hand` was returned by bank transfer that day. It passes neither the gateway nor its statements, so `ledger` leaves it out.
    """

    day: dt.date
    bank: int | None
    gateway: int
    ledger: int
    by_hand: int = 0

    @property
    def agrees(self) -> bool:
        return self.gateway == self.ledger and self.bank in (None, self.ledger)


def days(*, count: int = NOT_COMPARED_DAYS + 1) -> list[DayTotals]:
    """Totals of today and the days before, newest first; a payment belongs to the day of its settlement."""
    today = clock.today()
    return [_day(today - dt.timedelta(days=age)) for age in range(count)]


def not_compared(*, count: int = NOT_COMPARED_DAYS) -> list[dt.date]:
    """The days with money among the last ones, today left out, that no taken statement of the bank covers; oldest first. Two queries."""
    today = clock.today()
    start, end = (dt.datetime.combine(day, dt.time.min, clock.KUWAIT) for day in (today - dt.timedelta(days=count), today))
    entries = LedgerEntry.objects.filter(_clearing(), posting__at__gte=start, posting__at__lt=end)
    booked = set(entries.annotate(day=TruncDate("posting__at", tzinfo=clock.KUWAIT)).values_list("day", flat=True))
    taken = BankStatement.objects.filter(taken_at__isnull=False, last_day__gte=clock.day_of(start)) if booked else []
    periods = [(statement.first_day, statement.last_day) for statement in taken]
    return sorted(day for day in booked if not any(first <= day <= last for first, last in periods))


def _taken_back(start: dt.datetime, end: dt.datetime) -> int:
    """What the gateway told us in a time that the bank had reversed, less what it told us then that the bank holds of it after all."""
    void = Q(move="void")
    held = Q(move="capture_late", from_state=AttemptState.VOIDED)
    states = (AttemptState.VOIDED, AttemptState.CAPTURED_LATE, AttemptState.REFUND_DUE, AttemptState.REFUNDED)
    told = AttemptEvent.objects.filter(void | held, subject__state__in=states, at__gte=start, at__lt=end)
    sums = told.aggregate(back=Sum("subject__fils", filter=void), again=Sum("subject__fils", filter=held))
    return (sums["back"] or 0) - (sums["again"] or 0)


def _day(day: dt.date) -> DayTotals:
    start = dt.datetime.combine(day, dt.time.min, clock.KUWAIT)
    end = start + dt.timedelta(days=1)
    lines = {row["kind"]: row["fils_sum"] for row in _taken_lines().filter(day=day).values("kind").annotate(fils_sum=Sum("fils"))}
    has_bank = BankStatement.objects.filter(taken_at__isnull=False, first_day__lte=day, last_day__gte=day).exists()
    answers = Inquiry.objects.filter(agrees=True, outcome="captured", attempt__settled_at__gte=start, attempt__settled_at__lt=end)
    gateway = sum(dict(answers.values_list("attempt_id", "attempt__fils")).values())
    found = _found().filter(decided_at__gte=start, decided_at__lt=end)
    gateway += found.aggregate(sum=Sum("fils"))["sum"] or 0
    gateway -= _taken_back(start, end)
    out = RefundDue.objects.filter(state=RefundState.PAID_OUT, way=RefundWay.GATEWAY, paid_out_at__gte=start, paid_out_at__lt=end)
    gateway -= sum(out.values_list("fils", flat=True))
    entries = LedgerEntry.objects.filter(_clearing(), posting__at__gte=start, posting__at__lt=end)
    transfer = Q(posting__kind=PostingKind.REFUND, posting__refund__way=RefundWay.BY_HAND)
    sums = entries.aggregate(debit=Sum("debit_fils"), credit=Sum("credit_fils"), by_hand=Sum("credit_fils", filter=transfer))
    by_hand = sums["by_hand"] or 0
    bank = lines.get(LineKind.CAPTURE, 0) - lines.get(LineKind.REFUND, 0) if has_bank else None
    return DayTotals(day, bank, gateway, (sums["debit"] or 0) - (sums["credit"] or 0) + by_hand, by_hand)
