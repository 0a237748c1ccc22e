"""Boards on the pages of cases, of My shops and of a shop; and what their payment has brought."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.health.appeals.panels import after_refusal
from licensing.models import Board, BoardRequest, Lane
from licensing.payment_results import being_prepared, blocked_step, stopped_by
from licensing.shop_cases import NO_BOARDS, BoardSums, OpenCase, cases_of, last_days
from licensing.signage import queries
from licensing.signage.consents import queries as consents
from licensing.signage.consents.labels import SIGNED, signer_of
from licensing.signage.labels import STANDING, bill_lines, kind_of, name_of, picture_of, replaced_by, result_of, size_of
from licensing.signage.life.queries import deposits_of_each, held_fils
from licensing.signage.renewals.obligations import renewal_address
from licensing.signage.states import BOARDS, BOARDS_WORKFLOW, WITH_SHOP, BoardsState
from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.panels import CaseDetail, Fact, FileLine, MoneyLine, NextStep, PageBlock, PanelLine, Record
from municipality.delegation import queries as delegation
from municipality.documents.models import Document
from municipality.documents.states import LIVE, DocumentState
from municipality.drafts import queries as drafts
from municipality.incidents.requests import with_last_day
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.panels import corrections_step, queue_facts, rounds, sent_files, waiting_step
from municipality.ui.addresses import addresses
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, day, kwd, ltr, moment, ref, term
from municipality.ui.texts import Text
from payments import queries as payments
from payments.models import Bill, RefundDue
from payments.registry import Due, PaidOutcome
from payments.rules import Line
from payments.states import BillState
from shops.models import Shop
from shops.register import queries as registered

S = BoardsState
# Why a request was refused after its approval, by the code of `queries.lost`.
LOST: dict[str, Text] = {
    "shop_closed": gettext_lazy("The shop is closed in the register, so no board of it can be licensed."),
    "commercial_license": gettext_lazy("The commercial licence of the shop has ended. Renew it, then ask again."),
    "blocked": gettext_lazy("The shop is blocked. My shops shows why and what to do."),
    queries.LICENCE_OVER: gettext_lazy("The health licence of the shop was cancelled or revoked, so no board of it can be licensed."),
    queries.MOVED: gettext_lazy("The shop has moved or has another holder since the request was sent. Its holder asks for boards anew."),
    "previous_licence": gettext_lazy("The licensed board that was to be renewed or changed has ended, or its licence is not in force."),
}
SHOWN = ("valid", "suspended", "suspended_with_shop")  # on the page of a shop


def case_page(user: User, listed: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, boards, files, money and facts of requests for boards."""
    return {case.key: [_detail(queries.request_of(case))] for case in listed if case.service == BOARDS}


def _detail(request: BoardRequest) -> CaseDetail:
    case, document, boards = request.case, request.document, list(request.boards.all())
    bill = payments.bill_of(case.key)
    sealed = _("sealed file")
    files = []
    if document is not None and document.file_id is not None:
        files = [FileLine(_("Licence for boards"), document.number, reverse("document", args=[document.number]), sealed)]
    numbers = payments.receipt_numbers(case.key)
    files += [FileLine(_("Receipt"), number, reverse("payments:receipt", args=[number])) for number in numbers]
    refund = None if bill is not None and bill.state == BillState.DUE else payments.refund_of(case.key)
    deposits = payments.returned_parts(bill) if bill is not None else []
    owed = [one.fils for one in deposits if one.paid_out_at is None] or ([refund.fils] if refund is not None else [])
    withdrawn = reverse("licensing:withdraw_boards", args=[case.public_id])
    held = {pk: held_fils(found) for pk, found in deposits_of_each([one for one in boards if one.previous_id]).items()}
    return CaseDetail(
        by_officer=request.lane == Lane.OFFICER,
        next_step=_next_step(request, bill),
        blocks=[PageBlock("boards", _("Boards"), records=[record(board, held=held.get(board.pk, 0)) for board in boards])],
        files=files,
        files_expected=_files_expected(request),
        sent_files=sent_files(request.files_key, queries.SLOTS),
        money=[
            MoneyLine(bilingual(line, "label"), line.fils, _refund_note(line, deposits) or bilingual(line, "formula"))
            for line in bill_lines(boards, request.edition)
        ],
        total_fils=request.fils,
        refund_fils=sum(owed),
        queue=queue_facts(case, is_promised=True),
        rounds=rounds(case, queries.SLOTS),
        facts=[
            Fact(_("Shop"), term(bilingual(request.shop, "name"))),
            *(Fact(SIGNED[one.role], signer_of(one)) for one in consents.of_request(request)),
            *([Fact(_("Deposits, returned when the boards are gone"), kwd(request.deposit_fils))] if request.deposit_fils else []),
        ],
        actions=[(_("Withdraw the request"), withdrawn)] if case.state in BOARDS_WORKFLOW.moves["withdraw"].sources else [],
    )


def _files_expected(request: BoardRequest) -> Text:
    if not request.case.is_open:
        return ""
    if request.fils:
        return _("The receipt and the licence appear here after payment.")
    return _("The licence appears here once it is issued.")


def _refund_note(line: Line, refunds: Sequence[RefundDue]) -> Text:
    """What has become of a deposit, with the amount of each part; empty while all of it is held."""
    return format_html_join(_(", "), "{}", ((_returned(line, one),) for one in refunds if one.line and one.line.code == line.code))


def _returned(line: Line, refund: RefundDue) -> Text:
    said = _("Being returned") if refund.paid_out_at is None else format_html("{} {}", _("Returned"), moment(refund.paid_out_at))
    return said if refund.fils == line.fils else format_html("{}: {}", said, kwd(refund.fils))


def record(board: Board, *, is_public: bool = False, held: int = 0) -> Record:
    """One board with kind, size, place and, once it is licensed, its number and days; a link to its public page.

    `held` are the fils of deposit that are held for one that renews or changes another.
    """
    label: Text = ""
    state, lines = "", [size_of(board), term(board.place), counted(board.months, "month")]
    # The licence may have been issued after the request was read and before its boards were.
    is_licensed = board.first_day is not None and board.request.document is not None
    if is_licensed:
        state, label = STANDING[queries.standing(board)]
        lines[-1] = format_html("{}: {}", _("Number on the board"), ref(board.number))
        lines.append(format_html("{} {} {} {}", _("From"), day(board.first_day), _("to"), day(board.last_day)))
    if not is_public and board.previous is not None:
        deposit: Text = _("Its deposit stays held.") if held else ""
        if board.returned_fils:
            deposit = format_html("{}: {}", _returned_label(board), kwd(board.returned_fils))
        lines.append(format_html("{} {}. {}", replaced_by(board), ref(board.previous.number), deposit))
    if not is_public:
        lines += filter(None, [picture_of(board)])
        lines += [result_of(one) for one in board.checks.all() if not one.is_assumption]
    page = (_("The page of this board"), reverse("licensing:board", args=[board.public_id])) if is_licensed else None
    title = kind_of(board) if is_public else format_html("{}. {}", ltr(board.line), kind_of(board))
    return Record(title, state, label, lines=lines, source=page)


def _returned_label(board: Board) -> Text:
    """Of a board that was made smaller: whether its photo is here."""
    return (
        _("Of the deposit goes back")
        if board.smaller_photo_id is not None
        else _("Of the deposit goes back for a photo of the smaller board")
    )


def _next_step(request: BoardRequest, bill: Bill | None) -> NextStep:
    text: Text
    case, document = request.case, request.document
    page = reverse("cases:case", args=[case.public_id])
    if case.state == S.CORRECTIONS:
        return corrections_step(case, reverse("licensing:correct_boards", args=[case.public_id]))
    if bill is not None and bill.state == BillState.DUE and case.state in (S.AWAITING_PAYMENT, S.ISSUED):
        if payments.status_of(bill).step in ("checking", "review"):
            text = _("Do not pay again. This page shows the answer as soon as the bank gives it.")
            return NextStep(_("We are checking with the bank"), text, page, _("Look again"))
        if document is None and (stopped := stopped_by(cases.active_blocks(request.shop.key, BOARDS))):
            return blocked_step(with_last_day(stopped, case))
        if document is None and queries.without_previous([request]):
            return NextStep(_("This cannot be paid now"), with_last_day(LOST["previous_licence"], case), page, _("Look again"))
        text = with_last_day(_("The licence is issued automatically after payment."), case)
        if document is not None:
            text = _after_reversal(document, is_over=queries.are_over(request.boards.select_related("end")))
        return NextStep(_("Pay the fees and deposits"), text, reverse("payments:pay", args=[bill.public_id]), _("Pay by KNET"))
    if case.state == S.PAID:
        text = _("It will be sealed within a minute. You can leave this page; we will send you a message.")
        return NextStep(_("The licence is being prepared"), text, page, _("Look again"))
    if document is not None:
        state_now = queries.licence_state(document, list(request.boards.all()))
        if state_now not in ("valid", "not_yet"):
            state = STANDING[state_now if state_now == "expired" else queries.standing(request.boards.all()[0])][1]
            return NextStep(_("The licence is not in force"), state, label=_("Attention"))
        text = _("Write on each board its number and the first and last day of its licence.")
        if document.file_id is None:  # from before the portal
            return NextStep(_("Licence issued"), text, label=_("Done"))
        url = reverse("document", args=[document.number])
        return NextStep(_("The licence is ready"), text, url, _("Download the licence"), label=_("Done"))
    if case.is_open:
        return waiting_step()
    decision = review.decision_of(case) if case.state == S.REFUSED else None
    title = _("The request is refused") if case.state == S.REFUSED else _("This request is closed")
    lost: Text = LOST.get(case.last_event.reason, "") if case.state == S.REFUSED and case.last_event is not None else ""
    text = bilingual(decision, "text") if decision else _("You can ask again from My shops.")
    step = NextStep(title, lost or text, reverse("shops:mine"), _("My shops"), label=_("Decision"))
    return step if decision is None or lost else after_refusal(case, step)


def _after_reversal(document: Document, *, is_over: bool) -> str:
    """What paying again brings where the bank took the payment of an issued licence back."""
    event = document.last_event
    if not is_over and document.state == DocumentState.SUSPENDED and event is not None and event.reason != WITH_SHOP:
        return _("The bank reversed the payment. The licence takes effect again as soon as the fee is paid.")
    return _("The bank reversed the payment, so the amount is due again. Paying alone does not put the licence in force.")


# --- My shops and the page of a shop -----------------------------------------------------------------------------------------


def my_shops(user: User, shops: Sequence[Shop]) -> dict[str, list[PanelLine]]:
    """How many boards of each shop are licensed and until when, what is under way, and the link to ask; those that end soon have their own
    line.
    """
    shops = _allowed(user, shops)
    found = cases_of(shops)
    requests = [case for case in found.open if case.service == BOARDS]
    asked = last_days(requests)
    by_shop: dict[str, list[OpenCase]] = {}
    for case in requests:
        by_shop.setdefault(case.subject, []).append(case)
    new, begun = addresses("licensing:new_boards"), drafts.begun_subjects(user, BOARDS, [shop.key for shop in shops])
    lines = {
        shop.key: _lines(shop, by_shop.get(shop.key, []), found.boards.get(shop.key, NO_BOARDS), asked, new(shop.public_id))
        for shop in shops
    }
    return {
        key: [_begun_line(first), *more] if key in begun and key not in by_shop else [first, *more] for key, (first, *more) in lines.items()
    }


def _begun_line(line: PanelLine) -> PanelLine:
    """The line of a shop for which boards were asked for and not sent."""
    return replace(line, state="warn", note=_("A request is being filled in"), action=_("Continue the request"))


def _lines(shop: Shop, requests: Sequence[OpenCase], boards: BoardSums, asked: dict[int, dt.date | None], url: str) -> list[PanelLine]:
    line = _line(requests, boards, url)
    waiting = next((case.pk for case in requests if case.pk in asked), None)  # to be paid or corrected
    if waiting is not None:
        line = replace(line, is_due=True, deadline=asked[waiting] or line.deadline)
    return [line, _ending(shop, boards.ends, boards.ending)] if boards.ends is not None else [line]


def _ending(shop: Shop, until: dt.date, count: int) -> PanelLine:
    """The line of boards that end soon or ended lately, with the link to their renewal."""
    is_over = until < clock.today()
    label = format_html("{}: {}", _("Ended") if is_over else _("Renewal is due"), counted(count, "board"))
    return PanelLine(
        _("Boards"),
        state="bad" if is_over else "warn",
        label=label,
        deadline=until,
        action=_("Renew the boards"),
        url=renewal_address(shop),
        is_due=True,
        order=21,
    )


def _allowed(user: User, shops: Sequence[Shop]) -> list[Shop]:
    """Those of the listed shops whose boards the user may ask for: a delegation may be for another service."""
    if user.is_staff:
        return []
    if not delegation.grants(user):
        return list(shops)
    allowed = set(registered.visible_to(user, BOARDS).filter(pk__in=[shop.pk for shop in shops]).values_list("pk", flat=True))
    return [shop for shop in shops if shop.pk in allowed]


def _line(requests: Sequence[OpenCase], boards: BoardSums, url: str) -> PanelLine:
    """The line of a shop, without the boards that wait for their renewal; `url` is where new boards of it are asked for."""
    count, open_case = boards.licensed, next(iter(requests), None)
    none: Text = _("No other board is licensed") if boards.due else _("No board is licensed")
    label = format_html("{}: {}", _("Licensed"), counted(count, "board")) if count else none
    if boards.suspended:
        text = format_html("{}: {}", _("Suspended"), counted(boards.suspended, "board"))
        label = format_html("{} · {}", label, text) if count else text
    state = "ok" if count else "wait"
    if open_case is not None:
        url = reverse("cases:case", args=[open_case.public_id])
        state, label = "warn", format_html("{} · {}", label, _("Request under way"))
    next_action: Text = open_case.action if open_case is not None else _("Ask for boards")
    return PanelLine(_("Boards"), state=state, label=label, deadline=boards.until, action=next_action, url=url, order=20)


def shop_page(user: Visitor, shops: Sequence[Shop]) -> dict[str, list[PageBlock]]:
    """The licensed boards of each shop; those whose licence ended are history."""
    boards = queries.licensed(shops)
    empty = _("No board of this shop is licensed in the portal. Licences that were issued on paper are not listed.")
    found = {}
    for shop in shops:
        rows = boards.get(shop.pk, [])
        records = [record(board, is_public=True) for board in rows if queries.standing(board) in SHOWN]
        found[shop.key] = [PageBlock("boards", _("Boards"), order=20, records=records, empty=empty)]
    return found


# --- Payment -----------------------------------------------------------------------------------------------------------------


def billed(bills: Sequence[Bill]) -> dict[int, Due]:
    """What bills of boards are for, by primary key; one query, and one of what stops those that were not paid yet."""
    by_case = {bill.subject.partition(":")[2]: bill for bill in bills}
    rows = list(BoardRequest.objects.filter(case__public_id__in=by_case).select_related("case", "shop"))
    unpaid = {row.pk: row.shop.key for row in rows if row.case.state == S.AWAITING_PAYMENT}
    blocks = cases.blocks_by_subject(set(unpaid.values()), BOARDS) if unpaid else {}
    over = queries.without_previous([row for row in rows if row.pk in unpaid]) if unpaid else set()
    stops = {
        row.pk: stopped_by(blocks.get(unpaid.get(row.pk, ""), [])) or (LOST["previous_licence"] if row.pk in over else "") for row in rows
    }
    return {by_case[row.case.public_id].pk: _due(by_case[row.case.public_id], row, stops[row.pk]) for row in rows}


def parts(bills: Sequence[Bill]) -> dict[int, list[Text]]:
    """The boards of bills, by primary key, in the order of their requests; one query."""
    by_case = {bill.subject.partition(":")[2]: bill.pk for bill in bills}
    found: dict[int, list[Text]] = {}
    boards = Board.objects.filter(request__case__public_id__in=by_case).select_related("request__case")
    for board in boards.order_by("request", "line"):
        found.setdefault(by_case[board.request.case.public_id], []).append(name_of(board))
    return found


def _due(bill: Bill, request: BoardRequest, stopped: Text) -> Due:
    return Due(
        key=request.case.public_id,
        kind=BOARDS,
        title_ar=bill.title_ar,
        title_en=bill.title_en,
        fils=bill.total_fils,
        shop=request.shop.key,
        url=reverse("cases:case", args=[request.case.public_id]),
        name_ar="تجديد ترخيص الإعلان" if request.lane == Lane.CLEAN else "ترخيص الإعلان",
        name_en="Renewal of the licence for boards" if request.lane == Lane.CLEAN else "Licence for boards",
        shop_name_ar=request.shop.name_ar,
        shop_name_en=request.shop.name_en,
        reference=request.case.reference,
        stopped=stopped,
    )


def _issued_for(request: BoardRequest) -> Text:
    """The first and last day of licensed boards; of each period, where they have several."""
    spans = sorted(set(request.boards.filter(first_day__isnull=False).values_list("first_day", "last_day")))
    return format_html_join(" ", _("Licensed: {} – {}."), ((day(first), day(last)) for first, last in spans))


def outcome(bill: Bill) -> PaidOutcome | None:
    """What the payment brought, on its result page."""
    request = BoardRequest.objects.select_related("case", "document").filter(case__public_id=bill.subject.partition(":")[2]).first()
    if request is None or request.case.state not in (S.AWAITING_PAYMENT, S.PAID, S.ISSUED):
        return None
    document = request.document
    if document is not None and (document.state not in LIVE or queries.are_over(request.boards.select_related("end"))):
        return None  # suspended, ended or replaced: nothing more is said than that it is paid
    if document is not None:
        return PaidOutcome(
            is_done=True,
            title=_("The boards are licensed"),
            label=_("Licence number"),
            reference=document.number,
            text=format_html("{} {}", _issued_for(request), _("Write on each board its number and the first and last day of its licence.")),
            act=(_("Download the licence (PDF)"), reverse("document", args=[document.number])) if document.file_id else None,
        )
    return being_prepared(bill, request.case)
