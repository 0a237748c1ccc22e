"""Requests for boards of the sample, their pages, and attacks on their guards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from licensing.models import Board, BoardCheck, BoardDrawing, BoardEnd, BoardRequest
from licensing.signage.life import services as life
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from municipality.uploads.models import Upload
from payments.models import Bill, RefundDue
from payments.services import owe_deposit
from shops.models import Shop
from tests import desk_acts
from tests.architecture import board_consent_data
from tests.factories import boards, drawings
from tests.factories.accounts import StaffFactory
from tests.factories.review import OfficerFactory

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

BY = system("tests")


@dataclass
class BoardRows:
    """Requests of the asker: `issued` has its licence, `unpaid` its bill, `corrected` waits for a file, `studied` for an
    officer, `refused` can be appealed.

    `shop` has a draft with boards, under which signatures are asked for (`links`).
    """

    issued: BoardRequest
    unpaid: BoardRequest
    corrected: BoardRequest
    refused: BoardRequest
    studied: BoardRequest
    shop: Shop
    links: board_consent_data.Links

    @property
    def board(self) -> Board:
        return self.issued.boards.order_by("line")[0]

    @property
    def removed(self) -> Board:
        """Ended, with a photo."""
        return self.issued.boards.order_by("line")[1]

    @property
    def unseen(self) -> Board:
        """Ended without a photo."""
        return self.issued.boards.order_by("line")[2]


def fill(sample: Sample) -> BoardRows:
    """An officer of boards, and one request in each state, of a shop each."""
    from tests.architecture import sample_data

    asker = sample.opinions.asker
    shops = [sample_data.shop_of(asker, 600 + number) for number in range(6)]
    officer = OfficerFactory(login="board-officer", branch_id=shops[0].branch_id, skills=["boards"])
    drawings.sent_drawn(shops[0], asker, boards.BOX, boards.FRONT | {"place": "Side"})
    issued = boards.paid_of(desk_acts.approve(officer))
    _seal(sample, issued)
    _remove(issued, asker)
    unpaid = boards.approved(shops[1], asker, officer)
    corrected = boards.sent(shops[2], asker)
    desk.ask_corrections(assignment=desk_acts.assigned(officer), items=[CorrectionRequest("plan_incomplete", "plan")])
    boards.sent(shops[5], asker)
    refused = boards.fresh(desk_acts.refuse(officer, StaffFactory(supervisor=True, login="board-signer"), "banned_content"))
    studied = boards.sent_of(shops[3], asker, board_consent_data.signed(boards.begun(shops[3], asker), sample))
    links = board_consent_data.fill(drawings.drawn(boards.begun(shops[4], asker)), sample)
    return BoardRows(boards.fresh(issued.case), unpaid, corrected, refused, studied, shops[4], links)


def _seal(sample: Sample, request: BoardRequest) -> None:
    from tests.architecture import state_changes

    document = state_changes.fresh_document(sample, "ADL-HA-2026-999999-X")
    document.holder_key, document.valid_from, document.valid_to = request.case.applicant.key, clock.today(), clock.today()
    document.save()
    _dated(request, state_changes.walk(document, "active", sample))
    transition(Case.objects.get(pk=request.case_id), "issue", actor=BY, is_open=False, closed_at=clock.now())


def _remove(request: BoardRequest, person: Any) -> None:
    """End the second board with a photo of its place, and the third one without."""
    second, third = request.boards.order_by("line")[1:3]
    boards.photo(second, person)
    for board in (second, third):
        life.end_by_holder(board=board, person=person, day=clock.today())


def _dated(request: BoardRequest, document: Any) -> None:
    BoardRequest.objects.filter(pk=request.pk).update(document=document)
    request.boards.update(first_day=clock.today(), last_day=clock.today())


def fresh(sample: Sample) -> Case:
    """A case of boards in its first state."""
    like = Case.objects.get(pk=sample.boards.studied.case_id)
    like.pk = like.last_event = None
    number = Case.objects.count()
    like.public_id, like.reference, like.subject = f"d{number:025d}", f"ADV-2026-9{number:05d}-X", f"shop:boards{number}"
    like.state = "draft"
    like._state.adding = True
    like.save()
    return like


def grounds(row: Case, target: str, sample: Sample) -> None:
    """Boards before a request is sent, free ones where no officer decides, and a licence with its days before it is issued."""
    from tests.architecture import state_changes

    if row.service != BOARDS:
        return
    if (row.state, target) == ("draft", "in_review"):
        _checked(_board(_request(row, sample)))
    if (row.state, target) == ("draft", "awaiting_payment"):
        free = {"fee_fils": 0, "deposit_fils": 0}
        _checked(_board(_request(row, sample, lane="clean", **free), previous=_licensed(sample), months_left=5, **free))
    if target == "issued":
        request = BoardRequest.objects.get(case=row)
        _dated(request, state_changes.fresh_document(sample))
        for board in request.boards.exclude(months_left=None):
            BoardEnd.objects.create(board_id=board.previous_id, reason="changed", day=clock.today(), at=clock.now())


def _request(case: Case, sample: Sample, **other: Any) -> BoardRequest:
    """The request of a case with the sums of one board, by hand."""
    facts = {"fee_fils": 24_000, "deposit_fils": 12_000, "edition": "fees.boards v3", "files_key": f"boards:{case.public_id}"}
    like, facts = sample.boards.studied, facts | other
    return BoardRequest.objects.create(case=case, shop=sample.boards.shop, rules_id=like.rules_id, checked_on=like.checked_on, **facts)


def _licensed(sample: Sample) -> Board:
    """A board with the days of a licence, by hand."""
    board = _checked(_board(_request(fresh(sample), sample)))
    Board.objects.filter(pk=board.pk).update(first_day=clock.today(), last_day=clock.today())
    return board


def _renewal(request: BoardRequest, previous: Board) -> Board:
    return _checked(_board(request, previous=previous, deposit_fils=0))


def _board(request: BoardRequest, **other: Any) -> Board:
    like = Board.objects.filter(fee_fils=24_000).order_by("pk")[0]
    like.pk, like.first_day, like.last_day = None, None, None
    like.public_id, like.request, like.line = f"e{Board.objects.count():025d}", request, 9
    for name, value in other.items():
        setattr(like, name, value)
    like._state.adding = True
    like.save()
    return like


def _checked(board: Board) -> Board:
    """The results of a board like those of a sent one, by hand."""
    like = BoardCheck.objects.filter(board__fee_fils=24_000).order_by("pk")[0].board_id
    for check in BoardCheck.objects.filter(board=like):
        check.pk, check.board = None, board
        check._state.adding = True
        check.save()
    return board


# --- Attacks on their guards -------------------------------------------------------------------------------------------------


def _sent_without_boards(sample: Sample) -> None:
    from tests.architecture import state_changes

    state_changes.event(fresh(sample), "send_to_officer", "draft", "in_review")


def _sent_without_a_signature(sample: Sample) -> None:
    from tests.architecture import state_changes

    case = fresh(sample)
    _checked(_board(_request(case, sample, files_key=requests.files_key(sample.boards.links.draft))))
    state_changes.event(case, "send_to_officer", "draft", "in_review")


def _sent_without_checks(sample: Sample) -> None:
    from tests.architecture import state_changes

    case = fresh(sample)
    _board(_request(case, sample))
    state_changes.event(case, "send_to_officer", "draft", "in_review")


def _checked_later(sample: Sample) -> None:
    check = BoardCheck.objects.filter(board__request=sample.boards.studied, kind="subject").order_by("pk")[0]
    check.pk, check.kind = None, "land"
    check._state.adding = True
    check.save()


def _drawing(sample: Sample, board: Board) -> None:
    """The drawing of another board, on the photo of the request that was sent with one."""
    drawing = BoardDrawing.objects.get(board__request=sample.boards.issued)
    drawing.pk, drawing.board = None, board
    drawing._state.adding = True
    drawing.save()


def _renewed_before_it_was_licensed(sample: Sample) -> None:
    _renewal(_request(fresh(sample), sample), sample.boards.studied.boards.order_by("line")[0])


def _renewed_twice(sample: Sample) -> None:
    previous = _licensed(sample)
    for _number in range(2):
        _renewal(_request(fresh(sample), sample), previous)


def _renewed_beside_another(sample: Sample) -> None:
    """A refused renewal is opened again after an appeal, while the same board is renewed by another request."""
    from tests.architecture import state_changes

    previous, case = _licensed(sample), fresh(sample)
    _renewal(_request(case, sample, deposit_fils=0), previous)
    for move in ("send_to_officer", "propose_refusal", "countersign"):
        ends = {"is_open": False, "closed_at": clock.now()} if move == "countersign" else {}
        transition(case, move, actor=BY, reason="tests", **ends)
    state_changes.grounds(case, "awaiting_payment", sample)
    _renewal(_request(fresh(sample), sample), previous)
    transition(case, "allow_appeal", actor=BY, is_open=True, closed_at=None)


def _ended_after_its_renewal(sample: Sample) -> None:
    previous = _licensed(sample)
    renewal = _renewal(_request(fresh(sample), sample), previous)
    Board.objects.filter(pk=renewal.pk).update(first_day=clock.today(), last_day=clock.today())
    _ended(sample, board=previous)


def _renewed_by_nobody(sample: Sample) -> None:
    from tests.architecture import state_changes

    case = fresh(sample)
    _checked(_board(_request(case, sample)))
    state_changes.event(case, "submit", "draft", "awaiting_payment")


def _issued_without_days(sample: Sample) -> None:
    from tests.architecture import state_changes

    state_changes.event(sample.boards.unpaid.case, "issue", "paid", "issued")


def _another_document(sample: Sample) -> None:
    from tests.architecture import state_changes

    BoardRequest.objects.filter(pk=sample.boards.issued.pk).update(document=state_changes.fresh_document(sample, "ADL-2026-999998-X"))


def _longer(sample: Sample) -> None:
    sample.boards.issued.boards.update(last_day=clock.today().replace(year=2040))


def _ended(sample: Sample, **facts: Any) -> BoardEnd:
    """An end of the board that stands."""
    given = {"board": sample.boards.board, "reason": "removed", "day": clock.today(), "by": sample.opinions.asker, "at": clock.now()}
    return BoardEnd.objects.create(**given | facts)


def _with_another_photo(sample: Sample) -> None:
    BoardEnd.objects.filter(pk=_ended(sample).pk).update(photo=_other_photo())


def _other_photo() -> Upload:
    return Upload.objects.filter(subject__startswith="boards:").order_by("pk")[0]


def _smaller(board: Board, photo: Upload | None) -> None:
    Board.objects.filter(pk=board.pk).update(smaller_photo=photo)


def _another_photo_of_the_smaller(sample: Sample) -> None:
    _smaller(sample.boards.board, boards.photo(sample.boards.board, sample.opinions.asker, slot="smaller"))
    _smaller(sample.boards.board, None)


def _deposit_of_a_board_that_stands(sample: Sample) -> None:
    owe_deposit(line=_paid_bill(sample).lines.get(code="boards.deposit_1"), reason="tests", actor=BY)


def _paid_bill(sample: Sample) -> Bill:
    from tests.architecture import state_changes

    bill = Bill.objects.get(pk=boards.bill_of(sample.boards.issued))
    state_changes.walk(bill, "paid", sample)
    return bill


def _deposit_twice(sample: Sample) -> None:
    """A part of a deposit that went back as a whole."""
    refund = owe_deposit(line=_paid_bill(sample).lines.get(code="boards.deposit_2"), reason="tests", actor=BY)
    assert refund is not None
    facts = {name: getattr(refund, name) for name in ("attempt", "line", "payer", "subject", "reason", "due_since")}
    RefundDue.objects.create(**facts, fils=1)


def _deposit_of_no_change(sample: Sample) -> None:
    owe_deposit(line=_paid_bill(sample).lines.get(code="boards.deposit_1"), reason="board_changed", actor=BY)


def _change(sample: Sample, **other: Any) -> Board:
    """A board in place of a licensed one like it, so that nothing is paid for it."""
    facts = {"previous": _licensed(sample), "months_left": 5, "fee_fils": 0, "deposit_fils": 0}
    return _board(_request(fresh(sample), sample), **facts | other)


def _changed_beside_the_other(sample: Sample) -> None:
    from tests.architecture import state_changes

    board = _change(sample)
    _dated(board.request, state_changes.fresh_document(sample))
    state_changes.event(board.request.case, "issue", "paid", "issued")


def _free_of_charge(sample: Sample) -> None:
    from tests.architecture import state_changes

    state_changes.event(sample.boards.unpaid.case, "free", "awaiting_payment", "paid")


BY_HAND: dict[str, Callable[[Sample], None]] = {
    **board_consent_data.BY_HAND,
    "cases_caseevent_boards_signed": _sent_without_a_signature,
    "licensing_board_before_sending": lambda sample: _board(sample.boards.studied) and None,
    "licensing_board_priced": lambda sample: _board(_request(fresh(sample), sample), fee_fils=1) and None,
    "licensing_board_change_of": lambda sample: _change(sample, months_left=13) and None,
    "licensing_board_change_priced": lambda sample: _change(sample, fee_fils=1) and None,
    "licensing_boardend_changed": lambda sample: _ended(sample, reason="changed") and None,
    "payments_refunddue_board_changed": _deposit_of_no_change,
    "licensing_board_smaller_photo_insert": lambda sample: _change(sample, smaller_photo=_other_photo()) and None,
    "licensing_board_smaller_photo_update": lambda sample: _smaller(sample.boards.board, _other_photo()),
    "licensing_board_smaller_photo_once": _another_photo_of_the_smaller,
    "payments_refund_line_left": _deposit_twice,
    "cases_caseevent_boards_replaced": _changed_beside_the_other,
    "cases_caseevent_boards_free": _free_of_charge,
    "licensing_board_days_once": _longer,
    "licensing_boardrequest_document_once": _another_document,
    "licensing_boardcheck_before_sending": _checked_later,
    "licensing_boardend_of_licensed": lambda sample: _ended(sample, day=clock.today().replace(year=2020)) and None,
    "licensing_boardend_of_newest": _ended_after_its_renewal,
    "licensing_boardend_photo_insert": lambda sample: (
        _ended(sample, photo=boards.photo(sample.boards.board, sample.opinions.asker, slot="before")) and None
    ),
    "licensing_boardend_photo_update": _with_another_photo,
    "licensing_boardend_stands_as_insert": lambda sample: _ended(sample, stands_as=sample.boards.unseen) and None,
    "licensing_boardend_stands_as_update": lambda sample: (
        BoardEnd.objects.filter(pk=_ended(sample).pk).update(stands_as=sample.boards.unseen) and None
    ),
    "licensing_boardend_photo_once": lambda sample: BoardEnd.objects.filter(photo__isnull=False).update(photo=None) and None,
    "payments_refunddue_board_ended": _deposit_of_a_board_that_stands,
    "licensing_boarddrawing_before_sending": lambda sample: _drawing(sample, sample.boards.issued.boards.get(line=2)),
    "licensing_boarddrawing_photo": lambda sample: _drawing(sample, _board(_request(fresh(sample), sample))),
    "cases_caseevent_boards_sum": _sent_without_boards,
    "cases_caseevent_boards_checked": _sent_without_checks,
    "licensing_board_renews_licensed": _renewed_before_it_was_licensed,
    "licensing_board_renewed_once": _renewed_twice,
    "cases_caseevent_boards_reopened": _renewed_beside_another,
    "cases_caseevent_boards_clean": _renewed_by_nobody,
    "cases_caseevent_boards_issued": _issued_without_days,
}


# --- Who may open what -------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """The addresses of boards in the matrix of access."""
    from tests.architecture.access_matrix import ASKS, DOOR, HIDDEN, HIDDEN_FORM, NO, READ, everybody, own, staff
    from tests.architecture.office_matrix import NO_FORM, NO_READ, OFFICE

    def shown(path: str) -> Row:
        people = {"nobody": DOOR, "owner": HIDDEN, "stranger": HIDDEN, "asker": READ, "halfway": NO}
        return everybody(path, READ, **people)

    board = "/{lang}/boards/{s.boards.board.public_id}/"
    new, mine = "/{lang}/boards/new/{s.boards.shop.public_id}/", "/{lang}/boards/requests/{s.boards."
    form = "200 200 400 405 405 405"
    return [
        *board_consent_data.rows(),
        everybody("/{lang}/boards/", READ),
        everybody("/{lang}/boards/map/", READ),
        everybody("/api/v1/boards/", READ),
        everybody("/{lang}/boards/{s.boards.board.public_id}/", READ),
        everybody("/{lang}/boards/{s.boards.removed.public_id}/", READ),
        everybody("/{lang}/boards/nothing/", HIDDEN),
        own("/{lang}/boards/{s.boards.board.public_id}/remove/", HIDDEN_FORM, HIDDEN_FORM, asker=form),
        own("/{lang}/boards/{s.boards.board.public_id}/smaller/", HIDDEN_FORM, HIDDEN_FORM, asker="302 302 409 405 405 405"),
        own("/{lang}/boards/{s.boards.board.public_id}/change/", HIDDEN_FORM, HIDDEN_FORM, asker="200 200 302 405 405 405"),
        own("/{lang}/boards/{s.boards.unseen.public_id}/remove/", HIDDEN_FORM, HIDDEN_FORM, asker="200 200 409 405 405 405"),
        staff("/admin/boards/", NO_READ, NO_READ, inspector="200 200 405 405 405 405", **dict.fromkeys(OFFICE, NO_READ)),
        staff(
            "/admin/boards/{s.boards.unseen.public_id}/",
            NO_FORM,
            NO_FORM,
            inspector="200 200 409 405 405 405",
            **dict.fromkeys(OFFICE, NO_FORM),
        ),
        staff("/admin/boards/nothing/", NO_FORM, NO_FORM, inspector="404 404 404 405 405 405", **dict.fromkeys(OFFICE, NO_FORM)),
        everybody(f"{board}picture/", READ),
        everybody("/{lang}/boards/nothing/picture/", HIDDEN),
        own(f"{board}plate.svg", HIDDEN, HIDDEN, asker=READ),
        own(f"{board}plate.pdf", HIDDEN, HIDDEN, asker=READ),
        shown(f"{board}drawing/"),
        shown(f"{board}drawing/photo/"),
        own("/{lang}/boards/renew/", "200 200 200 405 405 405", "200 200 200 405 405 405", asker="200 200 200 405 405 405"),
        own(new, HIDDEN_FORM, HIDDEN_FORM, asker="200 200 409 405 405 405"),
        own(f"{new}draw/1/", HIDDEN_FORM, HIDDEN_FORM, asker="200 200 400 405 405 405"),
        own(f"{new}draw/9/", HIDDEN_FORM, HIDDEN_FORM),
        own(f"{new}send/", HIDDEN_FORM, HIDDEN_FORM, asker=form),
        own(f"{new}discard/", HIDDEN_FORM, HIDDEN_FORM, asker=ASKS),
        own(f"{mine}unpaid.case.public_id}}/withdraw/", HIDDEN_FORM, HIDDEN_FORM, asker=ASKS),
        own(f"{mine}corrected.case.public_id}}/corrections/", HIDDEN_FORM, HIDDEN_FORM, asker="200 200 409 405 405 405"),
        own("/{lang}/cases/{s.boards.issued.case.public_id}/", HIDDEN, HIDDEN, asker=READ),
    ]


def visits() -> list[Visit]:
    """The pages of boards, for everybody and of the person who asked."""
    from tests.architecture.page_responses import Visit

    new, mine = "/{lang}/boards/new/{s.boards.shop.public_id}/", "/{lang}/boards/requests/{s.boards."
    remove = "/{lang}/boards/{s.boards.board.public_id}/remove/"
    cases = [f"/{{lang}}/cases/{{s.boards.{name}.case.public_id}}/" for name in ("issued", "unpaid", "corrected", "refused", "studied")]
    tall = {"0-medium": "moving_screen", "0-board_class": "commercial", "0-subject": "tobacco", "0-is_standing": "on", "continue": "1"}
    one = {"boards": "1", "version": "{s.boards.links.draft.version}", **{f"0-{name}": value for name, value in boards.FRONT.items()}}
    return [
        *board_consent_data.visits(),
        Visit("/{lang}/boards/"),
        Visit("/{lang}/boards/map/"),
        Visit("/{lang}/boards/map/?area={s.boards.issued.shop.area_id}", note="one by one"),
        Visit("/{lang}/boards/map/?area=none", status=400, note="no such area"),
        Visit("/{lang}/boards/{s.boards.board.public_id}/"),
        *(Visit(f"/{{lang}}/boards/{{s.boards.{name}.public_id}}/", "asker", note=name) for name in ("board", "removed", "unseen")),
        Visit("/{lang}/boards/{s.boards.removed.public_id}/", note="ended"),
        Visit("/admin/boards/", "inspector"),
        *(Visit(f"/admin/boards/{{s.boards.{name}.public_id}}/", "inspector", note=name) for name in ("removed", "unseen")),
        Visit("/admin/boards/{s.boards.unseen.public_id}/", "inspector", post={}, status=409, note="without a photo"),
        Visit(remove, "asker"),
        Visit("/{lang}/boards/{s.boards.board.public_id}/change/", "asker"),
        Visit("/{lang}/boards/{s.boards.board.public_id}/smaller/", "asker", post={}, status=409, note="nothing waits for it"),
        Visit("/{lang}/boards/{s.boards.unseen.public_id}/change/", "asker", post={}, status=409, note="of an ended board"),
        Visit(remove, "asker", post={"day": ""}, status=400, note="without a day"),
        Visit(remove, "asker", post={"day": "2031-01-01", "is_removed": "on"}, status=409, note="another day"),
        Visit("/{lang}/boards/{s.boards.unseen.public_id}/remove/", "asker", note="for the photo"),
        Visit("/{lang}/boards/{s.boards.unseen.public_id}/remove/", "asker", post={}, status=409, note="without a photo"),
        Visit("/{lang}/boards/renew/", "asker"),
        Visit("/{lang}/boards/renew/", "asker", post={"item": ["{s.boards.board.public_id}"]}, note="one ticked"),
        Visit("/{lang}/boards/renew/", "asker", post={"step": "renew", "total": ""}, status=409, note="none ticked"),
        Visit(new, "asker"),
        Visit(f"{new}send/", "asker"),
        Visit(f"{new}send/", "asker", post={"version": "", "total": ""}, status=400, note="without a total"),
        Visit(f"{new}send/", "asker", post={"version": "1", "total": "1"}, status=409, note="another sum"),
        Visit(f"{new}draw/1/", "asker"),
        Visit(f"{new}draw/2/", "asker", note="not drawn yet"),
        Visit(f"{new}draw/1/", "asker", post={"version": "1"}, status=400, note="nothing is drawn"),
        Visit("/{lang}/boards/{s.boards.board.public_id}/drawing/", "asker"),
        Visit(f"{new}discard/", "asker"),
        Visit(new, "asker", post={**one, "0-width": "", "continue": "1"}, status=400, note="without a width"),
        Visit(new, "asker", post={**one, **tall, "0-top": "6"}, status=400, note="against a rule"),
        Visit(new, "asker", post={**one, "version": "1"}, status=409, note="changed on another device"),
        *(Visit(path, "asker") for path in cases),
        Visit(f"{mine}corrected.case.public_id}}/corrections/", "asker"),
        Visit(f"{mine}corrected.case.public_id}}/corrections/", "asker", post={}, status=409, note="nothing added"),
        Visit(f"{mine}unpaid.case.public_id}}/withdraw/", "asker"),
        Visit("/{lang}/cases/{s.boards.refused.case.public_id}/appeal/", "asker"),
        Visit("/{lang}/my-shops/", "asker", note="with boards"),
        Visit("/{lang}/my-shops/?only=boards", "asker", note="to choose the shop for boards"),
        Visit("/{lang}/shops/{s.boards.issued.shop.public_id}/", note="with boards", status=302),
    ]
