"""A request for boards: from the draft to the officer, the bill after approval, and what ends it early."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardCheck, BoardRequest, Lane
from licensing.signage import checked, queries
from licensing.signage.cards import Cards, query_of
from licensing.signage.changes import queries as changes
from licensing.signage.changes.queries import CHANGES
from licensing.signage.consents import queries as consents
from licensing.signage.drawing import drawings
from licensing.signage.drawing.forms import StoredDrawingForm
from licensing.signage.forms import RequestedBoardForm
from licensing.signage.labels import bill_lines
from licensing.signage.notifications import BoardsLapsed, BoardsNotIssued, BoardsSent
from licensing.signage.services import issue
from licensing.signage.states import BOARDS, BoardsState
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.delegation.authorization import NotYours, authorize
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.jobs.services import enqueue
from municipality.kernel import clock, money
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review.services import case_clock, corrections, queue
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from municipality.uploads import queries as upload_queries
from municipality.uploads import services as upload_services
from payments.services import issue_bill, void_bill_of
from shops.models import Shop
from shops.register import queries as shops

SYSTEM = system("licensing")
PAGE = "boards"  # the one page of a draft


def files_key(draft: Draft) -> str:
    """The subject key of the files of a request, as a draft and afterwards."""
    return f"boards:{draft.public_id}"


def cards_of(draft: Draft | None, rules: list[RulebookEdition]) -> Cards:
    """The boards that a draft keeps, by `queries.rules`; one empty card without a draft."""
    return cards_from(query_of(draft.answers.get(PAGE, {}) if draft is not None else {}), rules, draft)


def cards_from(query: QueryDict, rules: list[RulebookEdition], draft: Draft | None = None) -> Cards:
    """The boards of a page as it was sent, by `queries.rules`; the board that a draft is to change, by the rates of its licence."""
    changed = changes.of_answers(draft.answers.get(PAGE, {})) if draft is not None and CHANGES in draft.answers.get(PAGE, {}) else None
    fees = rules[0] if changed is None else changed.fees
    return Cards(query, RequestedBoardForm, fees, rules[1], checks=rules[-1], changed=changed)


@transaction.atomic
def keep(*, shop: Shop, person: User, cards: Cards, version: int, actor: Actor) -> Draft:
    """Keep the boards as they were typed in the person's draft, which begins with them.

    Raises Refused: what `queries.obstacle` finds, "draft_closed", "other_board" where the page was opened for new boards and the draft
    changes a licensed one, or the other way round; EditConflict where another device changed them since `version`.
    """
    if (refusal := queries.obstacle(shop)) is not None:
        raise refusal
    if cards.opened_for != (cards.changed.board.public_id if cards.changed is not None else ""):
        text = _("Another request of this shop was begun meanwhile. Nothing was saved. Open the request again from My shops.")
        raise Refused("other_board", text)
    draft = drafts.begin(person=person, service=BOARDS, subject=shop.key, actor=actor)
    return drafts.answer(draft=draft, page=PAGE, answers=cards.kept(), version=version, actor=actor)


def are_drawn(cards: Cards) -> bool:
    """Whether each board has a drawing on the photo that gives its size (`drawings.attach`)."""
    return all(isinstance(form, RequestedBoardForm) and form.drawn is not None for form in cards.forms)


def keep_drawing(*, draft: Draft, number: int, form: StoredDrawingForm, version: int, actor: Actor) -> Draft:
    """Keep a valid drawing and the size that it gives with the card of a place, from 0. Raises EditConflict as `keep` does."""
    if form.sides is None:
        raise ValueError("the drawing is not valid")
    width, height = form.sides
    size = {f"{number}-width": str(width), f"{number}-height": str(height), f"{number}-drawing": form.text()}
    return drafts.answer(draft=draft, page=PAGE, answers={**draft.answers.get(PAGE, {}), **size}, version=version, actor=actor)


@transaction.atomic
def discard(*, draft: Draft, actor: Actor) -> None:
    """Delete a draft and its files. Raises Refused("draft_closed")."""
    drafts.discard(draft=draft, actor=actor)
    upload_services.drop_all(files_key(draft), reason="draft_ended", actor=actor)


@transaction.atomic
def submit(*, shop: Shop, person: User, draft: Draft, version: int, expected_fils: int, actor: Actor) -> Case:
    """Send a draft to an officer: case, boards with the rates and the rule check of today, queue entry and message in one transaction.

    A board that is changed to no more than was licensed, and of whose deposit nothing goes back, is changed by the rule, without an
    officer, files or payment. Raises Refused: what `queries.obstacle` finds, "draft_closed", "draft_changed", "not_complete",
    "files_waiting", "no_documents", "against_rules", "price_changed", what `open_request`, `changes.queries.obstacle`, `unchanged` and
    `consents.queries.obstacle` find; NotPermitted where the person does not hold the shop any more, the draft is another's, or
    `actor` may not act for them.
    """
    shop = Shop.objects.select_for_update(of=("self",)).select_related("branch").get(pk=shop.pk)
    shops.refuse_merged(shop)
    shops.require_holder(shop, person)
    if (refusal := queries.obstacle(shop)) is not None:
        raise refusal
    row = Draft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    if row.person_id != person.pk:
        raise NotYours
    rules = queries.rules()
    cards, key = cards_of(row, rules), files_key(row)
    if not row.is_open:
        raise Refused("draft_closed", _("This request has already been sent or deleted. You can start it again from My shops."))
    if row.version != version:
        raise Refused("draft_changed", _("An answer has been changed on another device. Check your answers and send again."))
    if not cards.is_whole:
        raise Refused("not_complete", _("The facts of a board are not complete. Go back to the boards; each says what is missing."))
    drawings.attach(cards, key)
    checked.check(cards, shop, clock.today())
    if (broken := refusal_of(cards)) is not None:
        raise broken
    if (unsigned := consents.obstacle(row, cards)) is not None:
        raise unsigned
    upload_services.refuse_waiting(key)
    lane = lane_of(cards, shop)
    if lane == Lane.OFFICER and (missing := upload_queries.missing(key, queries.slots(rules[2], are_drawn=are_drawn(cards)))):
        names = _(", ").join(str(queries.SLOTS[slot].label) for slot in missing)
        raise Refused("no_documents", _("Still missing: %(documents)s. Add it and send again.") % {"documents": names})
    if cards.fils != expected_fils:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    rows = [(board, form.results) for board, form in zip(rows_of(cards), cards.forms, strict=True)]
    request = open_request(shop=shop, person=person, actor=actor, boards=rows, files_key=key, lane=lane, rules=[cards.edition, *rules[1:]])
    for (board, _results), form in zip(rows, cards.forms, strict=True):
        if isinstance(form, RequestedBoardForm) and form.drawn is not None:
            drawings.save(board, form.drawn)
    case = request.case
    drafts.send(draft=row, sent_as=case.key, actor=actor)
    data = {"boards": len(cards.forms), "fils": request.fils}
    if lane == Lane.CLEAN:
        advance(case, "submit", actor=actor, data=data)
        issue.free(case)
        return case
    advance(case, "send_to_officer", actor=actor, data=data)
    queue.join(case=case, actor=actor)
    case.refresh_from_db()
    send(BoardsSent, person=person, key=case.public_id, subject_key=case.key, context={"case": case, "due_on": case.due_on})
    return case


def open_request(
    *,
    shop: Shop,
    person: User,
    actor: Actor,
    boards: Sequence[tuple[Board, Sequence[BoardCheck]]],
    files_key: str,
    lane: str,
    rules: Sequence[RulebookEdition],
    editions: Sequence[RulebookEdition] = (),
) -> BoardRequest:
    """The request of a new case, not sent yet, with its boards and their results of today; `editions` are more that the case is judged by.

    `rules` are those of `queries.rules`, with the rates of the licence that is changed. Raises NotPermitted, Refused: "already_open",
    "too_much" for a sum that no bill can have.
    """
    if sum(board.fee_fils + board.deposit_fils for board, _results in boards) > money.MAX_FILS:
        text = _("The boards cost more than %(most)s dinars, the most that one payment can take. Ask for fewer boards at once.")
        raise Refused("too_much", text % {"most": money.to_display(money.MAX_FILS)})
    case = open_case(
        service=BOARDS,
        subject=shop.key,
        title_ar=shop.name_ar,
        title_en=shop.name_en,
        applicant=person,
        organisation=shop.organisation,
        branch=shop.branch,
        series="ADV",
        editions=[*rules, *editions, rulebook.calendar_edition()],
        actor=actor,
        due_on=case_clock.promised_day(rules[1]) if lane == Lane.OFFICER else None,
    )
    request = BoardRequest.objects.create(
        case=case,
        shop=shop,
        fee_fils=sum(board.fee_fils for board, _results in boards),
        deposit_fils=sum(board.deposit_fils for board, _results in boards),
        edition=rules[0].stamp,
        lane=lane,
        files_key=files_key,
        rules_id=rulebook.published_ids([rules[-1].stamp])[rules[-1].stamp],
        checked_on=clock.today(),
    )
    for line, (board, results) in enumerate(boards, 1):
        board.request, board.line = request, line
        for result in results:
            result.board = board
    Board.objects.bulk_create(board for board, _results in boards)
    BoardCheck.objects.bulk_create(result for _board, results in boards for result in results)
    return request


def lane_of(cards: Cards, shop: Shop) -> Lane:
    """Who decides about checked boards: the rule, where one is changed to no more and nothing goes back; else an officer."""
    if cards.changed is None:
        return Lane.OFFICER
    (board,) = rows_of(cards)
    blocks = cases.active_blocks(shop.key, BOARDS)
    return Lane.OFFICER if changes.needs_officer(board, cards.forms[0].results, blocks) else Lane.CLEAN


def refusal_of(cards: Cards) -> Refused | None:
    """What stops the sending of checked boards: a rule that one of them breaks, or a change that is not possible or changes nothing."""
    if (broken := checked.refusal(cards)) is not None or cards.changed is None:
        return broken
    return changes.obstacle(cards.changed.board) or next(filter(None, map(changes.unchanged, rows_of(cards))), None)


def rows_of(cards: Cards) -> list[Board]:
    """The boards of valid cards as rows that are not saved."""
    return [form.board(line) for line, form in enumerate(cards.forms, 1) if isinstance(form, RequestedBoardForm) and form.fee is not None]


def accepted(case: Case) -> None:
    """After an officer's approval: issue the bill over what was sent, if anything is to be paid. In the decision's transaction.

    What can no longer be licensed is refused before anything is paid.
    """
    request = queries.request_of(case)
    if code := queries.lost(request):
        advance(case, "refuse", actor=SYSTEM, reason=code)
        context = {"case": case, "is_free": True}
        send(BoardsNotIssued, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)
    elif request.fils:
        issue_bill_of(request, actor=cases.last_actor(case))
    else:
        issue.free(case)


def issue_bill_of(request: BoardRequest, *, actor: Actor) -> int:
    """Issue the bill over the boards of a request, which is closed without payment after the days that are returned."""
    case, shop = request.case, request.shop
    issue_bill(
        kind=BOARDS,
        subject=case.key,
        payer=case.applicant,
        title_ar=f"ترخيص الإعلان: {shop.name_ar}"[:160],
        title_en=f"Licence for boards: {shop.name_en}"[:160],
        lines=bill_lines(request.boards.all(), request.edition),
        actor=actor,
    )
    days = queries.limits_of(case).limits["unpaid_days"].value
    enqueue(
        "licensing.close_unpaid_boards", key=case.public_id, due_at=clock.end_of(clock.today() + dt.timedelta(days=days)), case_id=case.pk
    )
    return days


def refused(case: Case) -> None:
    """After a signed refusal: its message says everything."""


def answer_corrections(*, case: Case, person: User) -> None:
    """Send the files that were asked for. Raises what `corrections.answer_with_files` does."""
    corrections.answer_with_files(case=case, person=person, slots=queries.SLOTS, key=queries.key_of(case))


@transaction.atomic
def withdraw(*, case: Case, person: User) -> None:
    """Withdraw an unpaid request. Raises Refused("payment_open") while the bank has not answered, NotPermitted for other users."""
    actor = authorize(person, case).actor
    void_bill_of(case, actor)
    advance(case, "withdraw", actor=actor)
    queue.leave(case=case, actor=actor, code="withdrawn")


@transaction.atomic
def close_unpaid(*, case: Case) -> None:
    """Close a request that was not paid in the rulebook's time; does nothing in another state."""
    if case.state != BoardsState.AWAITING_PAYMENT:
        return
    void_bill_of(case, SYSTEM)
    advance(case, "expire", actor=SYSTEM)
    send(BoardsLapsed, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})


def lapse_unanswered() -> int:
    """Close requests whose corrections were not answered in the rulebook's time. Returns how many."""
    return corrections.lapse_unanswered(service=BOARDS, sweep="licensing.lapse_boards", message=BoardsLapsed, actor=SYSTEM)


def drop_files() -> int:
    """Delete the files of closed drafts that were never sent. Returns how many files."""
    return drafts.drop_unsent_files("boards", sweep="licensing.drop_files", actor=SYSTEM)
