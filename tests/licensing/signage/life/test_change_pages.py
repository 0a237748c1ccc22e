"""The pages of a change: which board it is about, and whose."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from licensing.models import Board, BoardEnd
from licensing.signage import queries
from licensing.signage.changes import queries as changes
from licensing.signage.changes import services
from licensing.signage.panels import LOST
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User, actor_of
from municipality.delegation.authorization import NotYours, authorize
from municipality.drafts.models import Draft
from municipality.drafts.services import answer
from municipality.kernel import clock
from municipality.notifications.models import Message
from payments.models import Bill
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.boards import BOX, FRONT, forbid, fresh, sent, typed
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db


def begun(board: Board, person: User) -> Draft:
    row = Board.objects.select_related(*changes.RELATED, "drawing__photo").get(pk=board.pk)
    return services.begin(board=row, draft=None, access=authorize(person, row.request.shop, BOARDS))


def add_files(draft: Draft) -> None:
    """The files that an officer looks at."""
    for slot, least in queries.slots(queries.rules()[2]).items():
        for _number in range(least):
            UploadFactory(owner=draft.person, subject=requests.files_key(draft), slot=slot)


def test_an_old_page_of_new_boards_does_not_become_a_change(board: Board, shop: Shop, owner: User) -> None:
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    draft = begun(board, owner)
    assert f'name="changes" value="{board.public_id}"' in client.get(page).content.decode()
    answer = client.post(page, typed(BOX, version=0, changes="", update=1))
    assert answer.status_code == 409 and "Nothing was saved" in answer.content.decode()
    assert 'name="changes" value=""' in answer.content.decode(), "sent once more, it is refused once more"
    assert Draft.objects.get(pk=draft.pk).answers == draft.answers
    assert client.post(page, typed(FRONT, version=draft.version, changes=board.public_id, update=1)).status_code == 200
    assert board.number in client.get(f"{page}send/", follow=True).content.decode()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_last_page_names_the_board_that_is_changed(board: Board, shop: Shop, owner: User, language: str) -> None:
    client = signed_in(owner)
    draft = begun(board, owner)
    changed = typed(FRONT | {"width": "3"}, version=draft.version, changes=board.public_id)
    page = f"/{language}/boards/new/{shop.public_id}/"
    assert client.post(page, changed | {"continue": "1"}).status_code == 302
    assert board.number in client.get(f"{page}send/").content.decode()


def test_an_old_page_of_a_change_does_not_become_new_boards(board: Board, shop: Shop, owner: User) -> None:
    draft, client = begun(board, owner), signed_in(owner)
    requests.discard(draft=draft, actor=authorize(owner, shop, BOARDS).actor)
    page = f"/en/boards/new/{shop.public_id}/"
    answer = client.post(page, typed(FRONT, version=draft.version, changes=board.public_id, update=1))
    assert answer.status_code == 409 and not Draft.objects.filter(service=BOARDS, sent_as="", closed_at=None).exists()


def test_a_corrected_owner_changes_no_board_of_the_applicant_before(board: Board, shop: Shop, owner: User, stranger: User) -> None:
    page, change = f"/en/boards/{board.public_id}/", f"/en/boards/{board.public_id}/change/"
    assert signed_in(owner).get(change).status_code == 200 and change in signed_in(owner).get(page).content.decode()
    Shop.objects.filter(pk=shop.pk).update(owner=stranger)
    assert signed_in(stranger).get(change).status_code == 404
    assert change not in signed_in(stranger).get(page).content.decode(), "no page leads where nothing opens"
    assert signed_in(stranger).post(f"/en/boards/{board.public_id}/change/").status_code == 404
    with pytest.raises(NotYours):
        begun(board, stranger)


@pytest.mark.parametrize("code", ["shop_closed", "commercial_license", "blocked"])
def test_what_can_no_longer_be_licensed_is_refused_before_its_bill(shop: Shop, owner: User, officer: User, code: str) -> None:
    sent(shop, owner)
    forbid(shop, code)
    request = fresh(desk_acts.approve(officer))
    assert request.case.state == "refused" and request.case.last_event is not None and request.case.last_event.reason == code
    assert not Bill.objects.filter(subject=request.case.key).exists()
    message = Message.objects.get(person=owner, kind="licensing.boards_not_issued")
    assert "Nothing is to be paid" in message.body_en and "returned" not in message.body_en
    with override("en"):
        said = str(LOST[code])
    assert said in signed_in(owner).get(f"/en/cases/{request.case.public_id}/").content.decode()


def test_a_larger_board_whose_board_ended_during_the_study_is_not_billed(board: Board, owner: User, officer: User) -> None:
    draft, actor = begun(board, owner), actor_of(owner)
    answers = draft.answers[requests.PAGE] | {"0-height": "1.60"}
    draft = answer(draft=draft, page=requests.PAGE, answers=answers, version=draft.version, actor=actor)
    add_files(draft)
    fils = requests.cards_of(draft, queries.rules()).fils
    shop = board.request.shop
    request = requests.submit(shop=shop, person=owner, draft=draft, version=draft.version, expected_fils=fils, actor=actor)
    BoardEnd.objects.create(board=board, reason="with_shop", day=clock.today(), at=clock.now())
    assert fresh(desk_acts.approve(officer)).case.state == "refused" and not Bill.objects.filter(subject=request.key).exists()
