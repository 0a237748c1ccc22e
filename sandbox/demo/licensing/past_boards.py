"""Past licences of boards of the demo, written in bulk: cases, boards, bills, payments, licences, events and audit events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from licensing.models import Board, BoardCheck, BoardRequest
from licensing.signage import checked, queries
from licensing.signage.cards import Cards, query_of
from licensing.signage.documents import BoardLicenceFacts
from licensing.signage.forms import RequestedBoardForm
from licensing.signage.labels import bill_lines
from licensing.signage.services.issue import days_of
from licensing.signage.states import BOARDS, BoardsState
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case
from municipality.documents.models import Document, DocumentEvent
from municipality.documents.states import DocumentState
from municipality.kernel import clock, worktime
from municipality.rulebook import queries as rulebook
from sandbox.demo.bulk import audit_event, event, move, take_numbers
from sandbox.demo.licensing.papers import CARRIER
from sandbox.demo.licensing.renewals import Move, case_of, make_move, open_cases, write_bills
from sandbox.demo.payments import Payment, pay
from sandbox.demo.seeds import public_id, typed_code
from shops.models import Shop

S = BoardsState
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
PLACES = {
    "ar": ("فوق المدخل", "على جانب الواجهة", "على واجهة العرض"),
    "en": ("Above the entrance", "On the side of the front", "On the display window"),
}
MOVES = (
    Move("accept", S.IN_REVIEW, S.AWAITING_PAYMENT, lambda p: p.paid_at - HOUR),
    Move("pay", S.AWAITING_PAYMENT, S.PAID, lambda p: p.paid_at),
    Move("issue", S.PAID, S.ISSUED, lambda p: p.ended_at),
)


@dataclass
class PastBoards:
    """A request whose licence was issued a minute after its payment."""

    shop: Shop
    applicant: User
    boards: list[Board]
    checks: list[Sequence[BoardCheck]]  # of each board
    edition: str  # stamp of the fees
    opened_at: dt.datetime
    paid_at: dt.datetime
    case: Case | None = None
    request: BoardRequest | None = None
    number: str = ""

    @property
    def ended_at(self) -> dt.datetime:
        return self.paid_at + MINUTE


def opening(shop: Shop, kind: str, rng: Random) -> dict[str, str]:
    """What is typed about the boards of a shop: one for a season, or one to three for a year or two."""
    places = PLACES[shop.owner.language if shop.owner is not None else "ar"]
    width, height = f"{rng.randrange(300, 801, 20) / 100:.2f}", f"{rng.randrange(60, 121, 10) / 100:.2f}"
    front = {"board_class": "introductory", "medium": "fascia", "width": width, "height": height, "faces": "1", "months": "12"}
    front |= {"is_lit": "on", "projection": f"{rng.randrange(5, 31, 5) / 100:.2f}"}
    if kind == "season":
        found = [front | {"board_class": "seasonal", "subject": "goods", "months": "2"}]
    else:
        box = front | {"medium": "light_box", "width": "1.20", "height": "0.80", "faces": "2", "months": "24"}
        window = front | {"board_class": "commercial", "subject": "goods", "medium": "glass", "width": "2.40", "height": "1.60"}
        found = [front, box, window][: rng.randint(1, 3)]
    typed = {f"{n}-{name}": value for n, board in enumerate(found) for name, value in (board | {"place": places[n]}).items()}
    return {"boards": str(len(found)), **typed}


def cards_of(shop: Shop, typed: dict[str, str]) -> Cards:
    """The boards of a shop that were typed, with the fees and the rule check of today."""
    fees, limits, *_, rules = queries.rules()
    cards = Cards(query_of(typed), RequestedBoardForm, fees, limits, checks=rules)
    checked.check(cards, shop, clock.today())
    return cards


def load(past: Sequence[PastBoards], rng: Random) -> None:
    """Write the requests, oldest first, in the caller's transaction; their licences have no sealed file, as past renewals."""
    past = sorted(past, key=lambda p: (p.opened_at, p.shop.pk))
    audit_events: list[AuditEvent] = []
    _open(past, rng, audit_events)
    titles = [(f"ترخيص الإعلان: {p.shop.name_ar}"[:160], f"Licence for boards: {p.shop.name_en}"[:160]) for p in past]
    lines = [bill_lines(p.boards, p.edition) for p in past]
    bills = write_bills(past, BOARDS, titles, lines, rng, audit_events)
    make_move(past, Move("send_to_officer", S.DRAFT, S.IN_REVIEW, lambda p: p.opened_at, by_applicant=True), audit_events)
    pay([Payment(bill, p.paid_at - 2 * MINUTE, p.paid_at) for p, bill in zip(past, bills, strict=True)], rng)
    _license(past, rng, audit_events)
    for move_ in MOVES:
        make_move(past, move_, audit_events)
    AuditEvent.objects.bulk_create(sorted(audit_events, key=lambda row: row.at))


def _open(past: Sequence[PastBoards], rng: Random, audit_events: list[AuditEvent]) -> None:
    calendar, days = rulebook.calendar(), [clock.day_of(p.opened_at) for p in past]
    editions = [rulebook.editions(queries.EDITIONS, day) for day in days]
    promised = [found[1].limits["promise_working_days"].value for found in editions]
    due = [worktime.add_working_days(calendar, day, count) for day, count in zip(days, promised, strict=True)]
    open_cases(past, BOARDS, take_numbers([f"ADV-{day.year}" for day in days]), editions, due, rng, audit_events)
    rules = rulebook.published_ids({stamp for p in past for stamp in case_of(p).editions})
    found = BoardRequest.objects.bulk_create(
        BoardRequest(
            case=case_of(p),
            shop=p.shop,
            fee_fils=sum(board.fee_fils for board in p.boards),
            deposit_fils=sum(board.deposit_fils for board in p.boards),
            edition=p.edition,
            files_key=f"boards:{public_id(rng)}",
            rules_id=rules[case_of(p).editions[queries.EDITIONS.index(queries.RULES)]],
            checked_on=clock.day_of(p.opened_at),
        )
        for p in past
    )
    for p, request in zip(past, found, strict=True):
        p.request = request
        for board in p.boards:
            board.request, board.public_id = request, public_id(rng)
    Board.objects.bulk_create(board for p in past for board in p.boards)
    for p in past:
        for board, results in zip(p.boards, p.checks, strict=True):
            for result in results:
                result.board = board
    BoardCheck.objects.bulk_create(result for p in past for results in p.checks for result in results)


def _license(past: Sequence[PastBoards], rng: Random, audit_events: list[AuditEvent]) -> None:
    """The licences, in the state CARRIED_OVER, and the days of their boards."""
    numbers = take_numbers([f"ADL-{p.shop.branch_id}-{clock.day_of(p.ended_at).year}" for p in past])
    for p, number in zip(past, numbers, strict=True):
        p.number = number
        for board in p.boards:
            board.first_day, board.last_day = days_of(board, clock.day_of(p.ended_at))
    documents = Document.objects.bulk_create(
        Document(
            kind=BoardLicenceFacts.kind,
            number=p.number,
            code=typed_code(rng),
            subject=case_of(p).key,
            holder_key=case_of(p).holder_key,
            valid_from=clock.day_of(p.ended_at),
            valid_to=max(board.last_day for board in p.boards if board.last_day is not None),
            public_facts=p.shop.public_facts(),
            created_at=p.ended_at,
        )
        for p in past
    )
    events = []
    for p, document in zip(past, documents, strict=True):
        if p.request is not None:
            p.request.document = document
        events.append(event(document, "carry_over", DocumentState.DRAFT, DocumentState.CARRIED_OVER, p.ended_at, CARRIER))
        audit_events.append(audit_event("document.carried_over", f"document:{document.pk}", p.ended_at, CARRIER, {"number": p.number}))
    DocumentEvent.objects.bulk_create(events)
    move(Document.objects.filter(pk__in=[document.pk for document in documents]), DocumentState.CARRIED_OVER)
    BoardRequest.objects.bulk_update([p.request for p in past if p.request is not None], ["document"], batch_size=200)
    Board.objects.bulk_update([board for p in past for board in p.boards], ["first_day", "last_day"], batch_size=200)
