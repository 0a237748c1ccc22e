"""The daily match of three books: what the bank paid in, what the gateway answered, what the ledger says."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max, Min, Q, Sum
from django.utils.translation import gettext_lazy as _

from municipality.accounts.queries import has_role
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.rulebook import queries as rulebook
from payments import rules
from payments.models import (
    Attempt,
    BankStatement,
    Difference,
    DifferenceKind,
    DifferenceNote,
    Inquiry,
    LedgerCorrection,
    LedgerEntry,
    LedgerPosting,
    LineKind,
    PostingKind,
    RefundDue,
    RefundWay,
    StatementLine,
)
from payments.services import returns
from payments.services.roles import require_role
from payments.statements import mapping
from payments.states import CASHIER, CHECKER, RefundState

ME = system("payments")
K = DifferenceKind


# The file: loaded once, looked at, then taken or dropped.


@transaction.atomic
def load_statement(*, content: bytes, file_name: str, loaded_by: Any, provider: str = "knet") -> BankStatement:
    """Read a file of the bank and keep its lines, to be looked at; nothing counts yet.

    Raises NotPermitted, Refused("loaded_already"), statements.mapping.NotReadable with the errors of its lines.
    """
    actor = require_role(loaded_by, CASHIER)
    digest = hashlib.sha256(content).hexdigest()
    if BankStatement.objects.filter(sha256=digest, dropped_at__isnull=True).exists():
        raise Refused("loaded_already", _("This file was loaded before."))
    rows = mapping.read(content)
    statement = BankStatement.objects.create(
        provider=provider,
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
def drop_statement(*, statement: BankStatement, dropped_by: Any) -> None:
    """Put a loaded file aside: its lines never count. Raises NotPermitted, Refused("decided_already")."""
    actor = require_role(dropped_by, CASHIER)
    row = _open(statement)
    row.dropped_at = clock.now()
    row.save(update_fields=["dropped_at"])
    record("statement.dropped", subject=row.key, actor=actor)


@transaction.atomic
def take_statement(*, statement: BankStatement, taken_by: Any) -> list[Difference]:
    """Let a loaded file count and match it. Returns what differs. Raises NotPermitted, Refused("decided_already")."""
    actor = require_role(taken_by, CASHIER)
    row = _open(statement)
    row.taken_by, row.taken_at = taken_by, clock.now()
    row.save(update_fields=["taken_by", "taken_at"])
    found = match(row)
    record("statement.taken", subject=row.key, actor=actor, data={"differences": len(found)})
    return found


def _open(statement: BankStatement) -> BankStatement:
    row = BankStatement.objects.select_for_update().get(pk=statement.pk)
    if row.taken_at is not None or row.dropped_at is not None:
        raise Refused("decided_already", _("Another person decided meanwhile. Nothing was changed."))
    return row


# The match.


def match(statement: BankStatement) -> list[Difference]:
    """Compare one taken statement, both ways, write what differs, and close what agrees at last. In the caller's transaction."""
    lines = list(statement.lines.order_by("number"))
    _settle_unknown_refunds(lines)
    books = _Books.of({line.trackid for line in lines})
    drafts = [*_bank_against_books(lines, books), *_books_against_bank(statement)]
    known = set(Difference.objects.filter(key_text__in=[draft.key_text for draft in drafts]).values_list("key_text", flat=True))
    fresh: dict[str, Difference] = {}
    for draft in drafts:
        if draft.key_text not in known:
            draft.statement, draft.found_at = statement, clock.now()
            fresh.setdefault(draft.key_text, draft)
    made = Difference.objects.bulk_create(list(fresh.values()))
    rematch()
    return made


@dataclass(frozen=True)
class _Books:
    """What ledger and gateway say of some payments: by track id."""

    attempts: dict[str, Attempt]
    booked: dict[int, int]  # attempt → fils that the ledger has as taken
    returned: dict[int, int]  # attempt → fils that the ledger has as paid out through the gateway
    postings: dict[tuple[int, str], LedgerPosting]
    answered: set[tuple[int, int]]  # attempt and fils of inquiries that agreed

    @classmethod
    def of(cls, trackids: set[str]) -> _Books:
        attempts = {a.trackid: a for a in Attempt.objects.filter(trackid__in=trackids)}
        pks = [a.pk for a in attempts.values()]
        postings: dict[tuple[int, str], LedgerPosting] = {}
        for posting in LedgerPosting.objects.filter(attempt__in=pks, reversed_by__isnull=True, reversal_of__isnull=True).order_by("-pk"):
            kind = LineKind.REFUND if posting.kind == PostingKind.REFUND else LineKind.CAPTURE
            postings[posting.attempt_id, kind] = posting
        answered = Inquiry.objects.filter(attempt__in=pks, agrees=True, outcome="captured").values_list("attempt_id", "fils")
        return cls(attempts, booked_of(pks), returned_of(pks), postings, {(pk, fils) for pk, fils in answered if fils is not None})


def _clearing() -> Q:
    return Q(account__startswith="clearing-") | Q(account=rules.SUSPENSE)


def booked_of(attempts: Sequence[int]) -> dict[int, int]:
    """Attempt → what the ledger has as taken by the gateway, in fils; payments that were reversed come to nought."""
    rows = LedgerEntry.objects.filter(_clearing(), posting__attempt__in=attempts).exclude(posting__kind=PostingKind.REFUND)
    sums = rows.values("posting__attempt").annotate(debit=Sum("debit_fils"), credit=Sum("credit_fils"))
    return {row["posting__attempt"]: row["debit"] - row["credit"] for row in sums}


def returned_of(attempts: Sequence[int]) -> dict[int, int]:
    """Attempt → what went back through the gateway, in fils."""
    rows = RefundDue.objects.filter(attempt__in=attempts, state=RefundState.PAID_OUT, way=RefundWay.GATEWAY)
    return {row["attempt"]: row["fils_sum"] for row in rows.values("attempt").annotate(fils_sum=Sum("fils"))}


def _settle_unknown_refunds(lines: list[StatementLine]) -> None:
    """A refund of which nobody knew whether it was paid out stands in the bank's own statement: it was."""
    refunds = {line.trackid: line for line in lines if line.kind == LineKind.REFUND}
    waiting = RefundDue.objects.filter(state=RefundState.UNKNOWN, attempt__trackid__in=refunds).select_related("attempt")
    for refund in waiting:
        line = refunds[refund.attempt.trackid]
        if line.fils == refund.fils:
            returns.found_in_statement(refund_id=refund.pk, reference=line.ref)


def _bank_against_books(lines: list[StatementLine], books: _Books) -> Iterator[Difference]:
    seen = _seen_before(lines)
    for line in lines:
        attempt = books.attempts.get(line.trackid)
        twin = (line.kind, line.trackid, line.ref or line.fils)
        if twin in seen:
            yield _draft(K.DUPLICATE, f"duplicate:{line.pk}", line=line, attempt=attempt, bank=line.fils)
            continue
        seen.add(twin)
        if line.kind == LineKind.REFUND:
            continue  # summed up below
        ours = books.booked.get(attempt.pk, 0) if attempt else 0
        posting = books.postings.get((attempt.pk, LineKind.CAPTURE)) if attempt else None
        if ours == 0:
            yield _draft(K.MISSING_IN_LEDGER, f"no-entry:{line.trackid}", line=line, attempt=attempt, bank=line.fils)
        elif ours != line.fils:
            yield _draft(K.AMOUNT_DIFFERS, f"amount:{line.trackid}", line=line, attempt=attempt, posting=posting, bank=line.fils, ours=ours)
        elif attempt and ((attempt.pk, line.fils) not in books.answered or line.payment_id not in ("", attempt.payment_id)):
            yield _draft(K.GATEWAY_DIFFERS, f"gateway:{line.trackid}", line=line, attempt=attempt, bank=line.fils, ours=ours)
    yield from _refund_lines(lines, books)


def _refund_lines(lines: list[StatementLine], books: _Books) -> Iterator[Difference]:
    """Refunds of a payment are compared by their sum over all statements, since one payment may have several."""
    tracks = sorted({line.trackid for line in lines if line.kind == LineKind.REFUND})
    sums = _taken_lines().filter(kind=LineKind.REFUND, trackid__in=tracks).values("trackid").annotate(fils_sum=Sum("fils"))
    at_bank = {row["trackid"]: row["fils_sum"] for row in sums}
    last = {line.trackid: line for line in lines if line.kind == LineKind.REFUND}
    for track in tracks:
        attempt = books.attempts.get(track)
        ours = books.returned.get(attempt.pk, 0) if attempt else 0
        posting = books.postings.get((attempt.pk, LineKind.REFUND)) if attempt else None
        if at_bank[track] != ours:
            kind = K.AMOUNT_DIFFERS if ours else K.MISSING_IN_LEDGER
            more = {"posting": posting if ours else None, "bank": at_bank[track], "ours": ours}
            yield _draft(kind, f"refund:{track}:{at_bank[track]}", line=last[track], attempt=attempt, **more)


def _seen_before(lines: list[StatementLine]) -> set[tuple[Any, ...]]:
    others = _taken_lines().filter(trackid__in={line.trackid for line in lines}).exclude(statement=lines[0].statement_id)
    return {(line.kind, line.trackid, line.ref or line.fils) for line in others}


def _taken_lines() -> Any:
    return StatementLine.objects.filter(statement__taken_at__isnull=False)


def _books_against_bank(statement: BankStatement) -> Iterator[Difference]:
    """What the ledger has of the statement's days and no taken statement shows."""
    begin = dt.datetime.combine(statement.first_day, dt.time.min, clock.KUWAIT)
    end = dt.datetime.combine(statement.last_day + dt.timedelta(days=1), dt.time.min, clock.KUWAIT)
    at_bank = _taken_lines().filter(kind=LineKind.CAPTURE)
    settled = Attempt.objects.filter(provider=statement.provider, settled_at__gte=begin, settled_at__lt=end)
    missing = list(settled.exclude(trackid__in=at_bank.values("trackid")))
    booked = booked_of([a.pk for a in missing])
    postings = _Books.of({a.trackid for a in missing}).postings
    for attempt in missing:
        if booked.get(attempt.pk):
            posting = postings.get((attempt.pk, LineKind.CAPTURE))
            yield _draft(K.MISSING_AT_BANK, f"not-at-bank:{attempt.trackid}", attempt=attempt, posting=posting, ours=booked[attempt.pk])
    out = RefundDue.objects.filter(way=RefundWay.GATEWAY, state=RefundState.PAID_OUT, paid_out_at__gte=begin, paid_out_at__lt=end)
    tracks = _taken_lines().filter(kind=LineKind.REFUND).values("trackid")
    for refund in out.filter(attempt__provider=statement.provider).exclude(attempt__trackid__in=tracks).select_related("attempt"):
        found = LedgerPosting.objects.filter(refund=refund, kind=PostingKind.REFUND).first()
        yield _draft(K.MISSING_AT_BANK, f"refund-not-at-bank:{refund.public_id}", attempt=refund.attempt, posting=found, ours=refund.fils)


def _draft(
    kind: str,
    key: str,
    *,
    line: StatementLine | None = None,
    attempt: Attempt | None = None,
    posting: LedgerPosting | None = None,
    bank: int = 0,
    ours: int = 0,
) -> Difference:
    settled = attempt.settled_at if attempt and attempt.settled_at else None
    return Difference(
        kind=kind,
        key_text=key,
        line=line,
        attempt=attempt,
        posting=posting,
        trackid=line.trackid if line else attempt.trackid if attempt else "",
        day=line.day if line else clock.day_of(settled) if settled else clock.today(),
        bank_fils=bank,
        ledger_fils=ours,
    )


@transaction.atomic
def rematch() -> int:
    """Close by the portal what agrees at last: a line that came with a later statement, a payment settled since. Returns how many."""
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
    ours = (returned_of if is_refund else booked_of)([attempt.pk]).get(attempt.pk, 0)
    lines = _taken_lines().filter(trackid=row.trackid, kind=kind).values_list("fils", flat=True)
    return bool(ours) and sum(lines) == ours


# People.


@transaction.atomic
def note(*, difference: Difference, by: Any, text: str) -> DifferenceNote:
    """Write down what was found out. Raises NotPermitted, Refused("no_text")."""
    role = CHECKER if has_role(by, CHECKER) else CASHIER
    actor = require_role(by, role)
    if not text.strip():
        raise Refused("no_text", _("Please write what was found out."))
    made = DifferenceNote.objects.create(difference=difference, by=by, at=clock.now(), text=text.strip()[:500])
    record("difference.noted", subject=difference.key, actor=actor, text=text.strip()[:500])
    return made


@transaction.atomic
def ask_gateway(*, difference: Difference, by: Any) -> None:
    """Ask the gateway about the payment once more: what it took late is paid or owed back by the rules. Raises Refused("not_ours")."""
    actor = require_role(by, CASHIER)
    attempt = difference.attempt
    if attempt is None:
        raise Refused("not_ours", _("No payment of ours has this track ID."))
    key = f"attempt:{attempt.pk}:difference:{int(clock.now().timestamp()) // 60}"
    enqueue("payments.inquire", key=key, attempt_id=attempt.pk, step=0, why="difference", turn=99)
    record("difference.asked", subject=difference.key, actor=actor)


def difference_reasons() -> list[Any]:
    """The coded reasons for closing a difference. Raises Refused("no_edition")."""
    return rulebook.edition("replies.money", clock.today()).reasons_of("exception")


@transaction.atomic
def propose_closing(*, difference: Difference, proposed_by: Any, code: str) -> None:
    """Ask that a difference be closed. Raises NotPermitted, Refused: closed_already, bad_code, no_note."""
    actor = require_role(proposed_by, CASHIER)
    row = _waiting(difference)
    if code not in {reason.code for reason in difference_reasons()}:
        raise Refused("bad_code", _("Please choose a reason."))
    if not row.notes.exists():
        raise Refused("no_note", _("A difference is closed with a note that says what was found out."))
    row.code, row.proposed_by, row.correction = code, proposed_by, _correction_of(row)
    row.save(update_fields=["code", "proposed_by", "correction"])
    record("difference.closing_proposed", subject=row.key, actor=actor, data={"code": code})


@transaction.atomic
def close_difference(*, difference: Difference, closed_by: Any) -> None:
    """The second person closes it; what stands in the ledger only after an approved correction of that posting.

    Raises NotPermitted (another role, own proposal), Refused: closed_already, not_proposed, not_reversed.
    """
    actor = require_role(closed_by, CHECKER)
    row = _waiting(difference)
    if row.proposed_by_id is None:
        raise Refused("not_proposed", _("Nobody proposed to close this yet."))
    if row.proposed_by_id == closed_by.pk:
        raise NotPermitted("own_proposal", _("Whoever proposes does not approve."))
    row.correction = _correction_of(row)
    if row.posting_id is not None and row.correction is None:
        raise Refused("not_reversed", _("What stands in the ledger is put right by a correction of its posting first."))
    row.closed_by, row.closed_at = closed_by, clock.now()
    row.save(update_fields=["correction", "closed_by", "closed_at"])
    record("difference.closed", subject=row.key, actor=actor, data={"code": row.code})


def _waiting(difference: Difference) -> Difference:
    row = Difference.objects.select_for_update().get(pk=difference.pk)
    if row.closed_at is not None:
        raise Refused("closed_already", _("This difference is closed."))
    return row


def _correction_of(row: Difference) -> LedgerCorrection | None:
    return LedgerCorrection.objects.filter(posting=row.posting_id, is_approved=True).order_by("-pk").first() if row.posting_id else None


# Sums of a day, side by side.


@dataclass(frozen=True)
class DayTotals:
    """Net amounts of one Kuwait day, in fils; `bank` None where no statement holds the day."""

    day: dt.date
    bank: int | None
    gateway: int
    ledger: int


def days(*, count: int = 14) -> list[DayTotals]:
    """The last days, newest first, by the three books; a payment belongs to the day we settled it."""
    today = clock.today()
    return [_day(today - dt.timedelta(days=back)) for back in range(count)]


def _day(day: dt.date) -> DayTotals:
    begin = dt.datetime.combine(day, dt.time.min, clock.KUWAIT)
    end = begin + dt.timedelta(days=1)
    lines = {row["kind"]: row["fils_sum"] for row in _taken_lines().filter(day=day).values("kind").annotate(fils_sum=Sum("fils"))}
    held = BankStatement.objects.filter(taken_at__isnull=False).aggregate(first=Min("first_day"), last=Max("last_day"))
    has_bank = bool(held["first"] and held["first"] <= day <= held["last"])
    answers = Inquiry.objects.filter(agrees=True, outcome="captured", attempt__settled_at__gte=begin, attempt__settled_at__lt=end)
    gateway = sum(dict(answers.values_list("attempt_id", "attempt__fils")).values())
    out = RefundDue.objects.filter(state=RefundState.PAID_OUT, way=RefundWay.GATEWAY, paid_out_at__gte=begin, paid_out_at__lt=end)
    gateway -= sum(out.values_list("fils", flat=True))
    entries = LedgerEntry.objects.filter(_clearing(), posting__at__gte=begin, posting__at__lt=end)
    sums = entries.aggregate(debit=Sum("debit_fils"), credit=Sum("credit_fils"))
    bank = lines.get(LineKind.CAPTURE, 0) - lines.get(LineKind.REFUND, 0) if has_bank else None
    return DayTotals(day, bank, gateway, (sums["debit"] or 0) - (sums["credit"] or 0))
