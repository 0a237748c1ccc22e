"""Boards of the demo's people: licences in bulk, some of which end soon, and requests in every state of their study."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import cycle
from random import Random

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.cards import Cards
from licensing.signage.drawing import drawings
from licensing.signage.drawing.forms import StoredDrawingForm
from licensing.signage.forms import RequestedBoardForm
from licensing.signage.life import services
from licensing.signage.life.queries import key_of
from licensing.signage.services import requests
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.review import queries as review
from municipality.review.models.desk import ANSWERS
from municipality.review.services import desk, staff
from municipality.review.services import queue as places
from municipality.review.services.desk import CorrectionRequest
from payments.models import RefundDue, RefundWay
from payments.services import approve_refund, propose_refund
from payments.services.returns import remaining_of
from sandbox.demo import scenes
from sandbox.demo.licensing import past_boards
from sandbox.demo.licensing.past_boards import DAY, PastBoards, cards_of, opening
from sandbox.demo.licensing.past_cases import applicant_of, run_licensing_jobs
from sandbox.demo.licensing.queue import attach, read, run_idle_jobs
from sandbox.demo.loading import Loading
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from shops.models import Shop
from shops.register.queries import with_names

SKILL = "boards"
LICENSED = ("licensed", "ending")
STUDIED = ("unpaid", "corrections", "refused", "waiting")
FINDINGS = {"corrections": ("size_as_planned", "plan_incomplete"), "refused": ("content_allowed", "banned_content")}


def run(loading: Loading) -> str:
    """Licences, and what officers have decided: before the health queue fills, so that they are handed nothing else."""
    rng = seeded("boards step")
    chosen = list(_chosen(loading))
    past = [_past(loading, shop, kind, rng) for shop, kind in chosen if kind in LICENSED]
    past_boards.load(past, rng)
    officers = _officers(loading)
    asked = [(shop, kind) for shop, kind in chosen if kind in FINDINGS or kind == "unpaid"]
    studied = [(shop, kind) for shop, kind in asked if queries.obstacle(shop) is None]
    for number, (shop, kind) in enumerate(studied):
        sent = loading.instant(loading.day(-9 + 4 * number // len(studied)), rng) - 3 * past_boards.HOUR
        case = _send(shop, sent, rng)
        _decide(case, kind, officers, min(sent + 2 * past_boards.HOUR, loading.anchor))
    removed = _remove_boards(loading, past)
    run_licensing_jobs(loading, "review")
    run_idle_jobs()
    mark_sent(loading)
    return f"{len(past)} licences of boards, {removed} of their boards removed, {len(studied)} requests for boards studied"


def run_waiting(loading: Loading) -> str:
    """Requests that no officer has seen yet: sent after all that was decided, since whoever comes first is handed out first."""
    rng, sent = seeded("waiting boards step"), 0
    for shop, kind in _chosen(loading):
        moment = loading.anchor - rng.randint(20, 90) * past_boards.MINUTE
        with clock.at(moment):
            is_free = queries.obstacle(shop) is None
        if kind == "waiting" and is_free:
            _send(shop, moment, rng)
            sent += 1
    run_idle_jobs()
    mark_sent(loading)
    return f"{sent} requests for boards in the queue"


def _chosen(loading: Loading) -> Iterator[tuple[Shop, str]]:
    """Shops with what becomes of their boards: of the person with every scenario one of each kind, of who has one shop each one in turn.

    All others have two licences, and the first of them a request under study each.
    """
    told = {place.commercial_license_no for place in scenarios.placed()}
    owned: dict[int, list[Shop]] = {}
    for shop in with_names(Shop.objects.exclude(owner=None, organisation__signatories=None).distinct().order_by("pk")):
        if shop.closed_on is None and shop.commercial_license_end > loading.today:
            owned.setdefault(shop.owner_id or -(shop.organisation_id or 0), []).append(shop)
    single, studied = cycle((*LICENSED, *STUDIED)), iter(STUDIED)
    for shops in owned.values():
        if len(shops) == 1:
            kinds: tuple[str, ...] = (next(single),)
        elif shops[0].commercial_license_no in told:
            kinds = (*LICENSED, *STUDIED)
        else:
            kinds = (*LICENSED, next(studied, ""))
        yield from zip(shops, kinds, strict=False)


def _past(loading: Loading, shop: Shop, kind: str, rng: Random) -> PastBoards:
    """A licence of some months ago; one that ends soon is of a board for a season of two months."""
    days = rng.randint(40, 55) if kind == "ending" else rng.randint(30, 180)
    opened = loading.instant(loading.day(-days), rng)
    with clock.at(opened):
        cards = cards_of(shop, opening(shop, "season" if kind == "ending" else "year", rng))
    results = [form.results for form in cards.forms if isinstance(form, RequestedBoardForm)]
    paid = opened + rng.randint(2, 4) * DAY + rng.randint(1, 300) * past_boards.MINUTE
    return PastBoards(shop, applicant_of(shop, rng), requests.rows_of(cards), results, cards.edition.stamp, opened, paid)


def _remove_boards(loading: Loading, past: list[PastBoards]) -> int:
    """Two boards that their holders took down: the deposit of the first one was returned, that of the second one is being returned.

    Their licences have other boards, as far as there are such.
    """
    boards = [board for row in past for board in row.boards if board.deposit_fils]
    chosen = sorted(boards, key=lambda board: (board.line == 1, board.pk))[:2]
    for number, chosen_board in enumerate(chosen):
        board = Board.objects.select_related("request__case__applicant").get(pk=chosen_board.pk)
        holder = board.request.case.applicant
        with clock.at(loading.anchor - (6 - 3 * number) * DAY):
            attach(holder, key_of(board), "after")
            services.end_by_holder(board=board, person=holder, day=clock.today())
    refund = RefundDue.objects.filter(line__isnull=False).order_by("pk").first()
    if refund is not None:
        _pay_out(refund, loading.anchor - 5 * DAY)
        run_licensing_jobs(loading, "payments")
    return len(chosen)


def _pay_out(refund: RefundDue, at: dt.datetime) -> None:
    """A transfer of the bank that two people recorded."""
    cashier, checker = (User.objects.get(groups__name=role) for role in ("cashier", "finance_checker"))
    with clock.at(at):
        remaining = remaining_of(refund)
        facts = {"code": "deposit_over", "way": RefundWay.BY_HAND, "bank_reference": "TRF-260117"}
        propose_refund(refund=refund, proposed_by=cashier, remaining_fils=remaining, **facts)
    with clock.at(at + 40 * past_boards.MINUTE):
        approve_refund(refund=refund, approved_by=checker, remaining_fils=remaining)


def _officers(loading: Loading) -> dict[str, User]:
    """The first officer of each branch; all officers study boards."""
    supervisors = _supervisors()
    officers = list(User.objects.filter(groups__name="officer", branch__isnull=False).order_by("login"))
    with clock.at(loading.anchor - 40 * DAY):
        for officer in officers:
            staff.give_skill(officer=officer, code=SKILL, given_by=supervisors[officer.branch_id or ""])
    return {officer.branch_id or "": officer for officer in reversed(officers)}


def _supervisors() -> dict[str, User]:
    return {user.branch_id or "": user for user in User.objects.filter(groups__name="supervisor").order_by("pk")}


def _send(shop: Shop, moment: dt.datetime, rng: Random) -> Case:
    person = applicant_of(shop, rng)
    with clock.at(moment):
        cards, actor = cards_of(shop, opening(shop, "year", rng)), actor_of(person)
        draft = requests.keep(shop=shop, person=person, cards=cards, version=0, actor=actor)
        attach(person, requests.files_key(draft), "front")
        draft = _drawn(draft, actor)
        attach(person, requests.files_key(draft), "plan", _plan(requests.cards_of(draft, queries.rules())))
        total = requests.cards_of(draft, queries.rules()).fils
        return requests.submit(shop=shop, person=person, draft=draft, version=draft.version, expected_fils=total, actor=actor)


def _plan(cards: Cards) -> str:
    """What the plan of a request states of its boards."""
    sizes = [
        f"{number}: {form.cleaned_data['width']} x {form.cleaned_data['height']} m"
        for number, form in enumerate(cards.forms, 1)
        if form.cleaned_data.get("width")
    ]
    return "\n".join(["Boards, steel frames on the wall:", *sizes, "Light: 300 lux, steady, no glare"])


def _drawn(draft: Draft, actor: Actor) -> Draft:
    """The draft with its first board drawn on the photo of the front, with the door as its scale."""
    photos = drawings.photos_of(requests.files_key(draft))
    given = {"photo": next(iter(photos)), "known": scenes.DOOR, "outline": scenes.BOARD, "known_width": "2.50", "known_height": "2.70"}
    form = StoredDrawingForm(given, photos)
    if not form.is_valid():
        raise ValueError(form.errors)
    return requests.keep_drawing(draft=draft, number=0, form=form, version=draft.version, actor=actor)


def _decide(case: Case, kind: str, officers: dict[str, User], at: dt.datetime) -> None:
    officer = officers[case.branch_id or ""]
    unmet, code = FINDINGS.get(kind, ("", ""))
    with clock.at(at):
        assignment = places.next_case(officer=officer)
        if assignment is None or assignment.place.case_id != case.pk:
            raise ValueError("the queue has other cases")
        read(case, officer)
    with clock.at(at + 20 * past_boards.MINUTE):
        answers = {question.code: "no" if question.code == unmet else "yes" for question in review.questions(case)}
        desk.check_all(assignment=assignment, answers=answers)
        if kind == "unpaid":
            desk.accept(assignment=assignment)
        elif kind == "corrections":
            desk.ask_corrections(assignment=assignment, items=[CorrectionRequest(code, "plan")])
        else:
            decision = desk.propose_refusal(assignment=assignment, code=code)
            desk.sign(decision=decision, supervisor=_supervisors()[case.branch_id or ""], answers=dict.fromkeys(ANSWERS, True))
