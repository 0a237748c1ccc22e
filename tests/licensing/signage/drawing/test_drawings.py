"""Drawings kept with a request: measured by the server, frozen by the database, and shown to whom they concern."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from licensing.models import Board, BoardDrawing
from licensing.signage import invariants, review
from licensing.signage.drawing import drawings
from licensing.signage.drawing.forms import stored
from licensing.signage.services import issue, requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User, actor_of
from municipality.audit.models import AccessLogEntry
from municipality.documents import store
from municipality.drafts.models import Draft
from municipality.kernel.errors import Refused
from municipality.uploads.models import Upload
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.database_guards import drop_guard, without_guards
from tests.factories import boards
from tests.factories.accounts import PersonFactory
from tests.factories.drawings import BOARD, DOOR, GIVEN, SIZE, drawn, photo, sent_drawn
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db


def begun(shop: Shop, owner: User) -> tuple[Draft, str]:
    """A draft with one board without size, and the public id of its photo."""
    draft = boards.begun(shop, owner, boards.FRONT | {"width": "", "height": ""}, with_files=False)
    key = requests.files_key(draft)
    UploadFactory(owner=owner, subject=key, slot="plan")
    return draft, UploadFactory(owner=owner, subject=key, slot="front", content=photo()).public_id


def test_a_drawing_gives_the_size_and_is_sent_with_the_request(shop: Shop, owner: User) -> None:
    draft, name = begun(shop, owner)
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    asked = client.post(page, boards.typed(boards.FRONT | {"width": "", "height": ""}, draw=0, version=draft.version))
    assert asked["Location"] == f"{page}draw/1/"
    assert name in client.get(asked["Location"]).content.decode()
    kept_now = client.post(asked["Location"], {**GIVEN, "photo": name, "version": draft.version})
    assert kept_now["Location"] == f"{page}#board-1"
    shown = client.get(page).content.decode()
    assert f'value="{SIZE["width"]}"' in shown and f'points="{BOARD}"' in shown and "Draw it anew" in shown
    assert f'points="{BOARD}"' in client.get(f"{page}send/").content.decode()
    answers = Draft.objects.get(pk=draft.pk).answers[requests.PAGE]
    fils = boards.cards_of(requests.query_of(answers)).fils
    sent = client.post(f"{page}send/", {"version": Draft.objects.get(pk=draft.pk).version, "total": fils})
    assert sent.status_code == 302
    row = BoardDrawing.objects.select_related("board", "photo").get()
    assert (row.board.width_cm, row.board.height_cm, row.known_width_cm, row.known_height_cm) == (488, 90, 90, 180)
    assert (row.photo.public_id, row.known_points) == (name, "100.0,240.0 196.0,240.0 196.0,432.0 100.0,432.0")
    assert not list(invariants.findings())


@pytest.mark.guards
def test_where_each_board_is_drawn_no_plan_is_asked_for(shop: Shop, owner: User) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT, with_files=False))
    page = signed_in(owner).get(f"/en/boards/new/{shop.public_id}/send/").content.decode()
    assert "no plan is needed" in page and "Plan of the boards" not in page
    fils = boards.cards_of(requests.query_of(draft.answers[requests.PAGE])).fils
    sent = {"shop": shop, "person": owner, "draft": draft, "version": draft.version, "actor": actor_of(owner)}
    case = requests.submit(**sent, expected_fils=fils)
    asked = {item.name: item.is_optional for item in review.items(case) if item.is_file}
    assert asked == {"front": False, "plan": True, "trademark": True}
    assert not {"undrawn", "light"} & {item.name for item in review.items(case)}, "each is drawn, none is lit"


def test_after_a_drawing_nothing_is_said_of_fields_that_are_still_empty(shop: Shop, owner: User) -> None:
    drawn(boards.begun(shop, owner, boards.FRONT | {"place": ""}, with_files=False))
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    assert "Say where the board is." not in client.get(page).content.decode()
    sent = client.post(page, boards.typed(boards.FRONT | {"place": ""}, version=Draft.objects.get().version, **{"continue": ""}))
    assert "Say where the board is." in sent.content.decode()


def test_a_typed_size_needs_a_plan_though_the_board_was_drawn(shop: Shop, owner: User) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT, with_files=False))
    cards = boards.cards_of(requests.query_of({**draft.answers[requests.PAGE], "0-width": "5"}))
    draft = requests.keep(shop=shop, person=owner, cards=cards, version=draft.version, actor=actor_of(owner))
    with pytest.raises(Refused, match="no_documents"):
        requests.submit(shop=shop, person=owner, draft=draft, version=draft.version, expected_fils=cards.fils, actor=actor_of(owner))


def test_a_typed_size_counts_and_leaves_the_drawing_out(shop: Shop, owner: User) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT))
    answers = {**draft.answers[requests.PAGE], "0-width": "5"}
    cards = boards.cards_of(requests.query_of(answers))
    draft = requests.keep(shop=shop, person=owner, cards=cards, version=draft.version, actor=actor_of(owner))
    requests.submit(shop=shop, person=owner, draft=draft, version=draft.version, expected_fils=cards.fils, actor=actor_of(owner))
    assert Board.objects.get().width_cm == 500 and not BoardDrawing.objects.exists()


TAMPERED: tuple[Any, ...] = (
    "no json",
    "[1]",
    '{"photo": 5}',
    {"outline": "60,80 580,80"},
    {"outline": "60,80 580,80 580,9000 60,176"},
    {"outline": BOARD.replace("580", "500")},  # another size than the typed one
    {"known": DOOR.replace("432", "x")},
    {"known_width": "0"},
    {"photo": "0" * 26},
)


@pytest.mark.parametrize("tampered", TAMPERED, ids=str)
def test_a_drawing_that_does_not_give_the_size_is_left_out(shop: Shop, owner: User, tampered: Any) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT))
    answers = dict(draft.answers[requests.PAGE])
    text = tampered if isinstance(tampered, str) else json.dumps({**json.loads(answers["0-drawing"]), **tampered})
    cards = boards.cards_of(requests.query_of({**answers, "0-drawing": text}))
    drawings.attach(cards, requests.files_key(draft))
    assert cards.is_whole and cards.forms[0].drawn is None  # type: ignore[attr-defined]


def test_a_photo_of_another_request_is_not_drawn_on(shop: Shop, owner: User, make_shop: Callable[..., Shop]) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT))
    elsewhere = boards.begun(make_shop(), owner, boards.FRONT, with_files=False)
    other = UploadFactory(owner=owner, subject=requests.files_key(elsewhere), slot="front", content=photo())
    client = signed_in(owner)
    page = f"/en/boards/new/{shop.public_id}/draw/1/"
    refused = client.post(page, {**GIVEN, "photo": other.public_id, "version": draft.version})
    assert refused.status_code == 400
    assert Draft.objects.get(pk=draft.pk).answers == draft.answers


@pytest.mark.parametrize(
    ("language", "other", "said"),
    [
        ("en", {"known_width": ""}, "Next: the width of the door or shutter in metres."),
        ("ar", {"known_width": ""}, "إدخال عرض الباب"),
        ("en", {"outline": "60,80 580,176 580,80 60,176"}, "Two sides cross"),
    ],
)
def test_a_wrong_drawing_is_said_and_stays_on_the_page(shop: Shop, owner: User, language: str, other: dict[str, str], said: str) -> None:
    draft, name = begun(shop, owner)
    page = f"/{language}/boards/new/{shop.public_id}/draw/1/"
    answer = signed_in(owner).post(page, {**GIVEN, "photo": name, "version": draft.version, **other})
    text = answer.content.decode()
    assert answer.status_code == 400 and said in text and f'value="{other.get("outline", BOARD)}"' in text


def test_the_language_switch_keeps_the_drawing_and_saves_nothing(shop: Shop, owner: User) -> None:
    draft, name = begun(shop, owner)
    typed = {**GIVEN, "photo": name, "version": "7", "known_width": "", "_language": "ar"}
    answer = signed_in(owner).post(f"/ar/boards/new/{shop.public_id}/draw/1/", typed)
    text = answer.content.decode()
    assert answer.status_code == 200 and f'value="{BOARD}"' in text and 'name="version" value="7"' in text
    assert Draft.objects.get(pk=draft.pk).answers == draft.answers


def test_a_draft_that_changed_meanwhile_is_not_overwritten(shop: Shop, owner: User) -> None:
    draft, name = begun(shop, owner)
    requests.keep(
        shop=shop,
        person=owner,
        cards=boards.cards_of(requests.query_of(boards.typed(boards.BOX))),
        version=draft.version,
        actor=actor_of(owner),
    )
    page = f"/en/boards/new/{shop.public_id}/draw/1/"
    answer = signed_in(owner).post(page, {**GIVEN, "photo": name, "version": draft.version})
    assert answer.status_code == 409 and Draft.objects.get(service=BOARDS).answers[requests.PAGE]["0-width"] == "0.9"
    assert "If you save now, this board gets the size that is drawn below." in answer.content.decode()


ATTACKS: dict[str, tuple[str, Callable[[BoardDrawing], object]]] = {
    "another outline": ("frozen", lambda row: BoardDrawing.objects.filter(pk=row.pk).update(outline=[[1, 1]])),
    "another scale": ("frozen", lambda row: BoardDrawing.objects.filter(pk=row.pk).update(known_width_cm=1)),
    "no height": ("frozen", lambda row: BoardDrawing.objects.filter(pk=row.pk).update(known_height_cm=None)),
    "another picture": ("frozen", lambda row: BoardDrawing.objects.filter(pk=row.pk).update(picture=row.photo.file)),
    "no drawing": ("never_deleted", lambda row: row.delete()),
    "one more": ("sent_already", lambda row: copy(row, board=Board.objects.get(line=2))),
    "a file of another slot": (
        "other_photo",
        lambda row: copy(row, board=Board.objects.get(line=2), photo=plan(row)),
    ),
}


def plan(row: BoardDrawing) -> Upload:
    return Upload.objects.get(subject=row.photo.subject, slot="plan")


def copy(row: BoardDrawing, **other: Any) -> None:
    for name, value in {"pk": None, **other}.items():
        setattr(row, name, value)
    row._state.adding = True
    row.save(force_insert=True)


@pytest.mark.guards
@pytest.mark.parametrize("name", ATTACKS)
def test_a_drawing_stays_as_it_was_sent(shop: Shop, owner: User, name: str) -> None:
    row = BoardDrawing.objects.get(board__request=sent_drawn(shop, owner, boards.BOX))
    code, attack = ATTACKS[name]
    if code == "other_photo":
        drop_guard("licensing_boarddrawing_before_sending", "licensing_boarddrawing")
    with pytest.raises(IntegrityError, match=f"guard:{code}"), transaction.atomic():
        attack(row)
    without_guards()
    attack(BoardDrawing.objects.get(board__line=1))


@pytest.mark.guards
def test_another_size_than_the_drawn_one_is_found(shop: Shop, owner: User) -> None:
    sent_drawn(shop, owner)
    without_guards()
    Board.objects.update(width_cm=400)
    assert any("than it was drawn" in finding for finding in invariants.findings())


def test_the_person_and_the_officer_see_the_drawing_and_nobody_else(shop: Shop, owner: User, officer: User) -> None:
    request = sent_drawn(shop, owner)
    board = request.boards.get()
    pages = [f"/en/boards/{board.public_id}/{name}" for name in ("picture/", "drawing/", "drawing/photo/")]
    mine = signed_in(owner)
    assert [mine.get(page).status_code for page in pages] == [200, 200, 200]
    assert pages[0] in mine.get(f"/en/cases/{request.case.public_id}/").content.decode()
    stranger = signed_in(PersonFactory(noura=True))
    assert [stranger.get(page).status_code for page in pages] == [404, 404, 404]
    assert Client().get(pages[0]).status_code == 404 and Client().get(pages[1]).status_code == 302
    desk_acts.assigned(officer)
    at_desk = signed_in(officer)
    assert pages[0].replace("/en/", "/ar/") in at_desk.get(f"/admin/desk/{request.case.public_id}/").content.decode()
    assert [at_desk.get(page).status_code for page in pages] == [200, 200, 200]
    assert AccessLogEntry.objects.filter(purpose="file", subject=request.files_key).exists()


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize(("count", "drawn_ones", "pages"), [(2, 2, 2), (3, 1, 2), (4, 4, 2)])
def test_a_licence_prints_the_pictures_however_long_its_words(
    shop: Shop, owner: User, officer: User, count: int, drawn_ones: int, pages: int
) -> None:
    Shop.objects.filter(pk=shop.pk).update(name_ar="متجر الواحة " * 13, name_en="Oasis Shop of " * 11)
    board = boards.FRONT | {"place": "فوق المدخل الرئيسي " * 6}
    draft = boards.begun(shop, owner, *[board] * count)
    for number in range(drawn_ones):
        draft = drawn(draft, number)
    request = boards.sent_of(shop, owner, draft)
    boards.desk_acts.approve(officer)
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=boards.fresh(request.case).case)
    document = boards.fresh(request.case).document
    assert document is not None and len(document.facts["pictures"]) == drawn_ones
    with pikepdf.open(BytesIO(store.read(document.file))) as pdf:
        assert len(pdf.pages) == pages


@pytest.mark.usefixtures("sealed")
def test_a_licensed_board_shows_its_cut_to_everybody_and_its_licence_prints_it(shop: Shop, owner: User, officer: User) -> None:
    request = sent_drawn(shop, owner)
    request = boards.fresh(desk_acts.approve(officer))
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=request.case)
    request = boards.fresh(request.case)
    board = request.boards.get()
    page = Client().get(f"/en/boards/{board.public_id}/").content.decode()
    assert f"/en/boards/{board.public_id}/picture/" in page and "/drawing/" not in page
    picture = Client().get(f"/en/boards/{board.public_id}/picture/")
    with Image.open(BytesIO(picture.content)) as image:
        assert (image.width, image.height) == (562, 138), "the board with a margin, and nothing else"
    assert Client().get(f"/en/boards/{board.public_id}/drawing/photo/").status_code == 302
    assert request.document is not None
    assert request.document.facts["pictures"][0]["sha256"] == board.drawing.picture.sha256
    with pikepdf.open(BytesIO(store.read(request.document.file))) as pdf:
        images = [name for one in pdf.pages for name in one.get_images()]
        assert len(pdf.pages) == 1 and images


def statements(client: Client, path: str) -> list[str]:
    """What a page asks the database for, but for the rules, which a process keeps."""
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return [one["sql"] for one in found if '"rulebook_' not in one["sql"]]


def test_pages_read_all_drawings_at_once(shop: Shop, owner: User) -> None:
    draft = boards.begun(shop, owner, *[boards.FRONT] * 3)
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    paths = (page, f"{page}draw/1/", f"{page}send/")
    before = [len(statements(client, path)) for path in paths]
    for number in range(3):
        draft = drawn(draft, number)
    after = [len(statements(client, path)) for path in paths]
    assert [many - few for many, few in zip(after, before, strict=True)] == [1, 0, 1] and max(after) <= 13, after
    request = boards.sent_of(shop, owner, draft)
    board = request.boards.order_by("line")[0]
    shown = statements(client, f"/en/cases/{request.case.public_id}/")
    assert not [sql for sql in shown if 'FROM "licensing_boarddrawing"' in sql], "in the query of the boards"
    assert len(statements(client, f"/en/boards/{board.public_id}/drawing/")) <= 12


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"photo": 1}', "[" * 200_000])
def test_a_drawing_that_is_none_is_left_out(text: str) -> None:
    assert stored(text, {}) is None
