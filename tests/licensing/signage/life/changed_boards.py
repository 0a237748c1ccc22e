"""Changes of licensed boards, as their holders ask for them and officers approve them."""

from __future__ import annotations

from licensing.models import Board, BoardRequest
from licensing.signage import invariants, queries
from licensing.signage.changes import queries as changes
from licensing.signage.changes import services, smaller
from licensing.signage.life import queries as life
from licensing.signage.services import issue, requests
from municipality.accounts.models import User, actor_of
from municipality.delegation.authorization import authorize
from municipality.drafts.models import Draft
from municipality.drafts.services import answer
from payments import invariants as payment_invariants
from shops.models import Shop
from tests import desk_acts
from tests.factories import boards
from tests.factories.uploads import UploadFactory


def begun(board: Board, owner: User, **facts: str) -> Draft:
    """The draft of a change, with other facts than are licensed."""
    row = Board.objects.select_related(*changes.RELATED, "drawing__photo").get(pk=board.pk)
    shop = Shop.objects.get(pk=row.request.shop_id)
    draft = services.begin(board=row, draft=None, access=authorize(owner, shop, "licensing.boards"))
    answers = draft.answers[requests.PAGE] | {f"0-{name}": value for name, value in facts.items()}
    return answer(draft=draft, page=requests.PAGE, answers=answers, version=draft.version, actor=actor_of(owner))


def sent(draft: Draft, *, with_files: bool = False) -> BoardRequest:
    if with_files:
        for slot, least in queries.slots(queries.rules()[2]).items():
            for _number in range(least):
                UploadFactory(owner=draft.person, subject=requests.files_key(draft), slot=slot)
    shop, actor = Shop.objects.get(public_id=draft.subject.partition(":")[2]), actor_of(draft.person)
    fils = requests.cards_of(draft, queries.rules()).fils
    case = requests.submit(shop=shop, person=draft.person, draft=draft, version=draft.version, expected_fils=fils, actor=actor)
    return boards.fresh(case)


def approved(board: Board, owner: User, officer: User, **facts: str) -> BoardRequest:
    """A change that an officer approved, for which nothing is to be paid."""
    sent(begun(board, owner, **facts), with_files=True)
    return boards.fresh(desk_acts.approve(officer))


def changed(request: BoardRequest) -> Board:
    """The board in place of the one before, once its licence is issued."""
    issue.issue_licence(case=request.case)
    return Board.objects.select_related(*changes.RELATED, "previous__end", "previous__request__document").get(request=request)


def seen(board: Board) -> Board:
    """The same once a photo of its holder shows that it is smaller."""
    boards.photo(board, board.request.case.applicant, slot="smaller")
    return smaller.prove_by_holder(board=board, person=board.request.case.applicant)


def held(board: Board) -> int:
    return life.held_fils(life.deposits_of(board))


def sound() -> bool:
    return not [*invariants.findings(), *payment_invariants.findings()]
