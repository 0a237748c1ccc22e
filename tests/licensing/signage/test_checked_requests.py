"""The rule check on the pages of a request: asked for, shown, stopping, stored, and on the officer's desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from licensing.models import BoardCheck, BoardRequest
from licensing.signage import invariants, queries
from licensing.signage.forms import RequestedBoardForm
from licensing.signage.review import REVIEWED
from licensing.signage.services import requests
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.review.registry import REVIEWABLES
from municipality.review.services import desk
from municipality.rulebook.boards import read_limits
from municipality.rulebook.models import RuleSet
from municipality.rulebook.services import publish
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.boards import BOX, FRONT, begun, fresh, licensed, sent, typed
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.models import Plot, PlotAddress

pytestmark = pytest.mark.django_db
AROUND = SQUARE.buffer(0.02)
STANDING = BOX | {"board_class": "commercial", "subject": "goods", "is_standing": "on", "top": "4.80", "next_board": "310"}
SCREEN = BOX | {"medium": "moving_screen", "board_class": "commercial", "subject": "goods", "faces": "1"}


@pytest.fixture
def plot(shop: Shop) -> Plot:
    row = PlotFactory(area=shop.area, block=shop.block, number=shop.plot or "7")
    PlotAddress.objects.create(plot=row, paci_number=shop.paci_number)
    return row


def housing(code: str) -> None:
    make_layer("land_use", (code, AROUND), kind="land_use", covers=AROUND)


def page_of(shop: Shop, language: str = "en") -> str:
    return f"/{language}/boards/new/{shop.public_id}/"


def results(request: BoardRequest) -> dict[str, str]:
    return dict(BoardCheck.objects.filter(board__request=request).order_by("pk").values_list("kind", "outcome"))


def fields(client: Client, shop: Shop, **board: str) -> set[str]:
    """The facts of rules that the page asks for."""
    answer = client.post(page_of(shop), typed(FRONT | board, update=1, version=_version()))
    return set(answer.context["forms"][0].fields) & {"subject", "approval", "is_standing", "top", "next_board", "front"}


def _version() -> int:
    draft = Draft.objects.order_by("-pk").first()
    return draft.version if draft is not None else 0


def test_a_page_asks_for_what_the_rules_of_a_board_need_and_for_nothing_else(shop: Shop, owner: User) -> None:
    client = signed_in(owner)
    assert fields(client, shop) == {"front"}
    assert fields(client, shop, medium="light_box") == {"is_standing"}
    assert fields(client, shop, medium="light_box", is_standing="on") == {"is_standing", "top"}
    assert fields(client, shop, medium="light_box", is_standing="on", board_class="commercial") == {
        "is_standing",
        "top",
        "next_board",
        "subject",
    }
    assert fields(client, shop, medium="roof", board_class="commercial", subject="medical") == {"subject", "approval"}
    assert fields(client, shop, is_standing="on") == {"front"}, "a board on the front stands nowhere else"


def test_before_the_amendment_nothing_is_asked_of_a_board_that_stands(shop: Shop, owner: User) -> None:
    edition = RuleSet.objects.get(subject="rules.boards", version=1)
    rules: dict[str, Any] = {"rates": {}, "longest": 36, "limits": read_limits(edition)}
    form = RequestedBoardForm({f"0-{name}": value for name, value in STANDING.items()}, prefix="0", **rules)
    assert "subject" in form.fields and not {"is_standing", "top", "next_board"} & set(form.fields)


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "Board 1 is 5.01 m high with its base."), ("ar", "ارتفاع اللوحة 1 مع قاعدتها 5.01 م.")]
)
def test_a_broken_rule_stops_the_page_and_keeps_what_was_typed(shop: Shop, owner: User, language: str, sentence: str) -> None:
    client, page = signed_in(owner), page_of(shop, language)
    answer = client.post(page, typed(STANDING | {"top": "5.01"}, version=0) | {"continue": "1"})
    text = answer.content.decode()
    assert answer.status_code == 400 and sentence in text and 'value="5.01"' in text and answer.context["is_whole"]
    again = client.get(page).content.decode()
    assert sentence in again and 'value="5.01"' in again
    assert client.get(f"{page}send/")["Location"] == f"{page}?errors"
    passed = client.post(page, typed(STANDING | {"top": "5.00"}, version=_version()) | {"continue": "1"})
    assert passed.status_code == 302 and passed["Location"] == f"{page}send/"


def test_a_missing_height_is_asked_for_and_a_missing_distance_goes_to_the_officer(shop: Shop, owner: User, officer: User) -> None:
    client, page = signed_in(owner), page_of(shop)
    answer = client.post(page, typed(STANDING | {"top": "", "next_board": ""}, version=0) | {"continue": "1"})
    assert answer.status_code == 400 and set(answer.context["forms"][0].errors) == {"top"}
    assert "Enter the height of the upper edge in metres." in answer.content.decode()
    request = sent(shop, owner, STANDING | {"next_board": ""})
    assert results(request) == {"height": "passes", "distance": "unknown", "projection": "passes", "subject": "passes"}
    assignment = desk_acts.assigned(officer)
    desk = signed_in(officer).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    assert "بُعد اللوحة 1 عن أقرب لوحة قائمة، فلم يُقَس" in desk and "300.00 م على الأقل" in desk and "4.80 م" in desk


def test_what_breaks_a_rule_is_not_sent(shop: Shop, owner: User) -> None:
    draft = begun(shop, owner, FRONT, STANDING | {"next_board": "299.99"})
    with pytest.raises(Refused, match="against_rules") as refusal:
        requests.submit(shop=shop, person=owner, draft=draft, version=draft.version, expected_fils=1, actor=actor_of(owner))
    assert "2" in refusal.value.sentence and "299.99" in refusal.value.sentence
    assert not BoardRequest.objects.exists() and Draft.objects.get(pk=draft.pk).is_open


@pytest.mark.parametrize(
    ("facts", "said"),
    [({"subject": "tobacco"}, False), ({"subject": "medical"}, False), ({"subject": "medical", "approval": "قرار 5"}, True)],
)
def test_banned_subjects_are_not_sent(shop: Shop, owner: User, facts: dict[str, str], said: bool) -> None:
    client, page = signed_in(owner), page_of(shop)
    answer = client.post(page, typed(FRONT | {"board_class": "commercial"} | facts, version=0) | {"continue": "1"})
    assert (answer.status_code == 302) is said
    if not said:
        assert "Board 1 advertises" in answer.content.decode()


@pytest.mark.parametrize(("code", "said"), [("PRIVATE", "fails"), ("MODEL", "fails"), ("COMMERCIAL", "passes")])
def test_a_screen_asks_zoning_what_the_plot_of_the_shop_is(shop: Shop, owner: User, plot: Plot, code: str, said: str) -> None:
    housing(code)
    client, page = signed_in(owner), page_of(shop)
    answer = client.post(page, typed(SCREEN, version=0) | {"continue": "1"})
    assert (answer.status_code == 302) is (said == "passes")
    if said == "fails":
        shown = answer.content.decode()
        assert "Board 1 is electronic." in shown
        assert shown.count(f'<a href="/en/plots/{plot.public_id}/">') == 2, "in the sentence and beside the result"
        assert client.post(page, typed(BOX, version=_version()) | {"continue": "1"}).status_code == 302, "a light box may be there"
    else:
        assert results(sent(shop, owner, SCREEN)) == {"projection": "unknown", "land": "passes", "subject": "passes"}


def test_a_screen_on_an_unknown_plot_is_sent_with_a_question_to_the_officer(shop: Shop, owner: User, officer: User) -> None:
    client = signed_in(owner)
    shown = client.post(page_of(shop), typed(SCREEN, update=1, version=0)).content.decode()
    assert "the plot of the shop is not known" in shown and "An officer looks at this." in shown
    request = sent(shop, owner, SCREEN)
    assert results(request)["land"] == "unknown"
    assignment = desk_acts.assigned(officer)
    desk = signed_in(officer).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    assert "قسيمة المحل غير معروفة" in desk
    assert "screen_allowed" in {line.check.code for line in review.checklist(Case.objects.get(pk=request.case_id))}


@pytest.mark.guards
def test_results_are_shown_before_sending_and_stored_as_they_were(shop: Shop, owner: User) -> None:
    draft = begun(shop, owner, STANDING)
    client = signed_in(owner)
    for page in (page_of(shop), f"{page_of(shop)}send/"):
        text = client.get(page).content.decode()
        assert "4.80 m" in text and "at most 5.00 m" in text and "at least 300.00 m" in text, page
    fils = client.get(f"{page_of(shop)}send/").context["total"]
    requests.submit(shop=shop, person=owner, draft=draft, version=draft.version, expected_fils=fils, actor=actor_of(owner))
    request = BoardRequest.objects.select_related("case", "rules").get()
    assert (str(request.rules), request.checked_on) == ("rules.boards v2", clock.today())
    board = request.boards.get()
    assert (board.is_standing, board.top_cm, board.next_cm, board.front_cm, board.subject) == (True, 480, 31_000, None, "goods")
    rows = {row.kind: row for row in board.checks.all()}
    assert (rows["height"].measured_value, rows["height"].limit_value, rows["height"].measured_ar) == (480, 500, "4.80 م")
    assert "rules.boards v2" in request.case.editions
    case = client.get(f"/en/cases/{request.case.public_id}/").content.decode()
    assert "4.80 m</bdi> (at most 5.00 m). In order" in case
    assert not list(invariants.findings())


def test_an_assumption_is_shown_to_staff_only_and_stops_nothing(shop: Shop, owner: User, officer: User) -> None:
    wide = FRONT | {"front": "5.00"}  # the board is six metres wide
    begun(shop, owner, wide)
    client = signed_in(owner)
    assert not [page for page in ("", "send/") if "120.0%" in client.get(f"{page_of(shop)}{page}").content.decode()]
    Draft.objects.all().delete()
    request = sent(shop, owner, wide)
    assert results(request) == {"share": "fails", "projection": "unknown", "subject": "passes"}
    assert "120.0%" not in client.get(f"/en/cases/{request.case.public_id}/").content.decode()
    assignment = desk_acts.assigned(officer)
    desk = signed_in(officer).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    assert "120.0%" in desk and "وهي افتراض من البلدية إلى أن يوجد نص" in desk
    assert "لم يذكر مقدم الطلب بروز اللوحة 1 عن الجدار، فلم يُقَس. يُنظر في الصورة والمخطط." in desk and "غير مذكور" not in desk


@pytest.mark.parametrize(
    ("facts", "asked"),
    [
        ({}, {"share_allowed", "projection_allowed"}),
        ({"front": "8.00", "projection": "0.20"}, set()),
        ({"front": "8.00", "projection": "1.50"}, {"projection_allowed"}),
        ({"front": "8.00", "projection": "0", "is_lit": "on"}, {"light_allowed"}),
    ],
)
def test_the_checklist_asks_what_the_boards_raise(
    shop: Shop, owner: User, officer: User, monkeypatch: pytest.MonkeyPatch, facts: dict[str, str], asked: set[str]
) -> None:
    case = Case.objects.get(pk=sent(shop, owner, FRONT | facts).case_id)
    always = {"size_as_planned", "mark_approved", "content_allowed"}
    assert {line.check.code for line in review.checklist(case)} == always | asked
    assignment = desk_acts.assigned(officer)
    with pytest.raises(Refused, match="unknown_check"):
        desk.check_all(assignment=assignment, answers={"screen_allowed": "yes"})
    monkeypatch.setitem(REVIEWABLES, case.service, replace(REVIEWED, unasked=lambda case: ()))
    assert "screen_allowed" in {line.check.code for line in review.checklist(case)}, "red control: of a painted board"


def test_each_reason_for_a_correction_stands_under_the_file_it_is_about(shop: Shop, owner: User, officer: User) -> None:
    case = Case.objects.get(pk=sent(shop, owner, FRONT | {"is_lit": "on", "place": "Above the entrance"}).case_id)
    desk_acts.assigned(officer)
    client = signed_in(officer)

    def targets() -> list[list[str]]:
        page = BeautifulSoup(client.get(f"/admin/desk/{case.public_id}/").content.decode(), "html.parser")
        assert (
            "الحقول والملفات التي تتعلق بجواب «لا» معروضة أولاً" in page.get_text()
            and "كما كتبه مقدم الطلب: «Above the entrance»" in page.get_text()
        )
        assert page.select_one('#desk-refuse [value="light_too_strong"]') is not None
        return [[box["value"] for box in target.select('[name="ask"]')] for target in page.select("[data-target]")]

    plan = ["plan.plan_incomplete", "plan.plan_needed", "plan.light_not_stated", "plan.file_unreadable"]
    front, mark = ["front.front_differs", "front.file_unreadable"], ["trademark.content_not_shown", "trademark.mark_without_approval"]
    found = targets()
    assert [sorted(one) for one in found] == [sorted(one) for one in (front, plan, mark)]
    url = f"/admin/desk/{case.public_id}/"
    assert client.post(f"{url}checks/", {"check.mark_approved": "no", "step": "keep"}).status_code == 204
    assert sorted(targets()[0]) == mark, "what the checklist answered with no stands first"
    assert client.post(f"{url}checks/", {"check.mark_approved": "yes", "check.light_allowed": "no", "step": "keep"}).status_code == 204
    assert sorted(targets()[0]) == sorted(plan)
    two = {"ask": ["plan.plan_incomplete", "plan.light_not_stated"], "step": "words"}
    assert client.post(f"{url}corrections/", two).status_code == 200, "a plan may lack both"


@pytest.mark.parametrize(("out", "said"), [("1.00", "passes"), ("1.01", "fails"), ("0", "passes"), ("", "unknown")])
def test_light_and_projection_are_asked_kept_and_shown(shop: Shop, owner: User, officer: User, out: str, said: str) -> None:
    request = sent(shop, owner, FRONT | {"is_lit": "on", "projection": out})
    board = request.boards.get()
    assert (board.is_lit, board.projection_cm) == (True, int(float(out) * 100) if out else None)
    assert results(request)["projection"] == said, "a figure that no law states: it stops nothing"
    shown = f'1 face, lit, <bdi dir="ltr">{out}</bdi> m out from the wall' if out.strip("0") else "1 face, lit"
    case = signed_in(owner).get(f"/en/cases/{request.case.public_id}/").content.decode()
    assert shown in case and "Projection from the wall" not in case
    assignment = desk_acts.assigned(officer)
    desk = signed_in(officer).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    assert "وجه واحد، مضاءة" in desk and "البروز عن الجدار" in desk
    for beside in ("اللوحات: 1. لا مقدار في النص", "اللوحات: 1. تُقارن بالمخطط", "لم تُوقّع موافقة إلكترونياً", "إرسال والتوقف"):
        assert beside in desk
    assert "light_allowed" in {line.check.code for line in review.checklist(Case.objects.get(pk=request.case_id))}


@pytest.mark.parametrize(
    ("board", "asked", "is_lit"),
    [
        (FRONT, {"is_lit", "projection"}, False),
        (BOX, {"projection"}, True),
        (STANDING, set(), True),
        (FRONT | {"medium": "roof", "board_class": "commercial", "subject": "goods"}, {"is_lit"}, False),
        ({"board_class": "commercial", "medium": "cart", "pieces": "2", "months": "3", "place": "Lane", "subject": "goods"}, set(), False),
    ],
    ids=["front", "box", "standing", "roof", "cart"],
)
def test_what_is_lit_by_its_nature_is_not_asked(shop: Shop, owner: User, board: dict[str, str], asked: set[str], is_lit: bool) -> None:
    answer = signed_in(owner).post(page_of(shop), typed(board, update=1, version=0))
    assert set(answer.context["forms"][0].fields) & {"is_lit", "projection"} == asked
    assert sent(shop, owner, board).boards.get().is_lit is is_lit


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Enter how far the board stands out in metres, from 0 to 10"), ("ar", "يُرجى إدخال بروز اللوحة بالمتر، من 0 إلى 10")],
)
@pytest.mark.parametrize("typed_as", ["-1", "10.01", "x", "0.123"])
def test_a_projection_that_cannot_be_is_said(shop: Shop, owner: User, language: str, sentence: str, typed_as: str) -> None:
    answer = signed_in(owner).post(page_of(shop, language), typed(FRONT | {"projection": typed_as}, version=0) | {"continue": "1"})
    assert answer.status_code == 400 and sentence in answer.content.decode() and f'value="{typed_as}"' in answer.content.decode()


def test_a_new_edition_changes_nothing_of_what_was_sent(shop: Shop, owner: User, officer: User, frozen_clock: Any) -> None:
    request = sent(shop, owner, STANDING)
    before = list(BoardCheck.objects.order_by("pk").values())
    old = RuleSet.objects.get(subject="rules.boards", version=2)
    maker, publisher = User.objects.filter(is_staff=True).order_by("pk")[:2]
    texts = {"instrument_ar": "س", "instrument_en": "x"}
    new = RuleSet.objects.create(
        subject=old.subject, version=3, first_day=clock.today() + dt.timedelta(days=1), made_by=maker, made_at=clock.now(), **texts
    )
    for rule in old.board_limits.filter(kind="height"):
        rule.pk, rule.ruleset, rule.most_cm = None, new, 400
        rule.save(force_insert=True)
    publish(ruleset=new, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))
    frozen_clock.move(days=1)
    assert list(BoardCheck.objects.order_by("pk").values()) == before
    desk_acts.approve(officer)
    assert Case.objects.get(pk=request.case_id).state == "awaiting_payment"
    requests.withdraw(case=fresh(request.case).case, person=owner)
    draft = begun(shop, owner, STANDING)
    with pytest.raises(Refused, match="against_rules"):
        requests.submit(shop=shop, person=owner, draft=draft, version=draft.version, expected_fils=1, actor=actor_of(owner))


@pytest.mark.parametrize(("board", "asked"), [(FRONT, 0), (STANDING, 0), (SCREEN, 5)])
def test_zoning_costs_five_statements_and_only_where_a_rule_asks_it(
    shop: Shop, owner: User, plot: Plot, board: dict[str, str], asked: int
) -> None:
    housing("COMMERCIAL")
    begun(shop, owner, board, board)
    client = signed_in(owner)
    for page in (page_of(shop), f"{page_of(shop)}send/"):
        with CaptureQueriesContext(connection) as found:
            assert client.get(page).status_code == 200
        texts = [one["sql"] for one in found if "rulebook_" not in one["sql"]]  # editions are cached outside of transactions
        assert sum("zoning_" in text for text in texts) == asked and len(texts) <= 12 + asked, texts


@pytest.mark.guards
def test_a_nearer_board_in_the_register_contradicts_the_stated_distance(
    shop: Shop, owner: User, officer: User, make_shop: Callable[..., Shop]
) -> None:
    """The places are those of the shops: what passes as stated goes to the officer, with the number of the nearer board."""
    Shop.objects.filter(pk=shop.pk).update(latitude=29.3, longitude=48.0)
    near, far = (make_shop(latitude=29.3 + north, longitude=48.0) for north in (0.001, 0.0028))
    other = licensed(near, owner, officer, STANDING, ends_in=300).boards.get()
    licensed(far, owner, officer, STANDING, ends_in=300)
    client, page = signed_in(owner), page_of(shop)
    shown = client.post(page, typed(STANDING, update=1, version=0)).content.decode()
    assert f"stated: 310.00 m. The licensed board {other.number} is 111.00 m from the shop" in shown
    request = sent(shop, owner, STANDING)
    assert results(request)["distance"] == "unknown"
    assignment = desk_acts.assigned(officer)
    desk = signed_in(officer).get(f"/admin/desk/{assignment.place.case.public_id}/").content.decode()
    assert other.number in desk and "111.00 م" in desk
    within = partial(queries.nearest_standing, Shop.objects.get(pk=shop.pk), "", clock.today())
    assert within(within_cm=11_000) is None and within(within_cm=11_200) == (other.number, 11_100)
    assert queries.nearest_standing(Shop(), "", clock.today(), within_cm=30_000) is None, "its place is not known"


def test_two_free_standing_boards_of_one_request_go_to_the_officer(shop: Shop, owner: User) -> None:
    request = sent(shop, owner, STANDING, STANDING)
    rows = BoardCheck.objects.filter(board__request=request, kind="distance").order_by("pk")
    assert [(row.outcome, row.measured_en) for row in rows] == [
        ("unknown", f"stated: 310.00 m. Board {number} is at the same shop") for number in (2, 1)
    ]
