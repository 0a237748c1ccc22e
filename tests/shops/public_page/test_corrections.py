"""Anybody asks that a fact of a shop's page be corrected; an officer answers, and only then the register changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.places.models import Area
from municipality.review.services import desk, queue
from shops.models import Correction, EventKind, RegisterChange, Shop, ShopEvent
from shops.office.services import merges
from shops.public_page import facts, review, services
from shops.public_page.states import CORRECTION
from shops.register import events
from shops.register.services import FactChange, change_register
from shops.search.queries import SearchQuery, search_shops
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.review import OfficerFactory
from tests.factories.rulebook import publish_rulebook
from tests.shops.conftest import TESTS

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]
NAMES = {"name_ar": "صالون الزمرد", "name_en": "Al-Zumurrud Salon"}
WHY = "هذا ما كُتب على اللوحة فوق الباب."


@pytest.fixture(autouse=True)
def _counted_anew(frozen_clock: Clock) -> None:
    cache.clear()


@pytest.fixture
def shop(make_shop: Make) -> Shop:
    found = make_shop()
    publish_rulebook()
    return found


@pytest.fixture
def passer_by(db: Any) -> User:
    return PersonFactory(noura=True)


def decide(*, right: bool, login: str = "reader") -> None:
    user = OfficerFactory(login=login, skills=["pages"])
    assignment = queue.next_case(officer=user)
    assert assignment is not None
    for code in ("compared", "shown_wrong"):
        desk.check_all(assignment=assignment, answers={code: "yes"})
    if right:
        desk.accept(assignment=assignment)
        return
    decision = desk.propose_refusal(assignment=desk_acts.checked(assignment), code="register_right")
    desk.sign(
        decision=decision, supervisor=StaffFactory(groups=["supervisor"], login=f"{login}-signs", branch_id="HA"), answers=desk_acts.ALL_YES
    )


def test_a_correction_that_an_officer_finds_right_changes_page_and_search(shop: Shop, passer_by: User) -> None:
    client = signed_in(passer_by)
    before = Client().get(f"/en/shops/{shop.public_id}/")["Location"]
    assert shop.name_en in client.get(f"/en/corrections/{shop.public_id}/").content.decode()
    answer = client.post(f"/en/corrections/{shop.public_id}/trade_name/", {**NAMES, "why": WHY})
    case = Case.objects.get(service=CORRECTION)
    assert answer["Location"].endswith(f"/cases/{case.public_id}/") and case.reference.startswith("COR-2026-")
    assert case.due_on == dt.date(2026, 12, 1)  # five working days
    told = Message.objects.get(person=passer_by, kind="shops.page_request_sent")
    assert case.reference in told.title_ar and case.reference in told.title_en
    assert Shop.objects.get().name_en == shop.name_en, "nothing changes before the answer"
    with translation.override("en"):
        fact = next(item for item in review.correction_items(case) if item.name == "fact")
    assert (fact.compare, fact.compare_value) == ("The commercial register holds the name:", "none of this shop")
    decide(right=True)
    page = Client().get(before, follow=True)
    assert page.redirect_chain[0][0].endswith("/al-zumurrud-salon/") and "Renamed" in page.content.decode()
    assert [hit.shop_id for hit in search_shops(SearchQuery(text="zumurrud")).hits] == [shop.pk]
    assert RegisterChange.objects.get().source == case.key and ShopEvent.objects.filter(kind=EventKind.RENAMED).count() == 1
    status = client.get(f"/en/cases/{case.public_id}/").content.decode()
    assert "The page is corrected" in status and WHY in status
    told = Message.objects.get(person=passer_by, kind="shops.correction_made")
    assert NAMES["name_ar"] in told.body_ar and NAMES["name_en"] in told.body_en, "what the register says now"


def test_a_refused_correction_leaves_the_register_and_names_its_reason(shop: Shop, passer_by: User) -> None:
    case = services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    decide(right=False)
    assert Shop.objects.get().name_en == shop.name_en and not RegisterChange.objects.exists()
    page = signed_in(passer_by).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "The register was checked; the published fact agrees" in page
    assert Message.objects.filter(person=passer_by, kind="review.refused").exists()


def test_each_fact_is_written_with_what_follows_from_it(shop: Shop, passer_by: User) -> None:
    area = Area.objects.filter(governorate="FA").order_by("pk")[0]
    address = {
        "area": area.pk,
        "block": "7",
        "street": "3",
        "building": "",
        "plot": "44B",
        "floor": "",
        "unit": "",
        "paci_number": "10229999",
    }
    for fact, proposed in (("address", address), ("activity", {"activity": "BARB"}), ("closed", {"on": "2026-11-20"})):
        facts.write(shop=shop, fact=fact, proposed=proposed, source=f"case:{fact}", actor=TESTS)
    row = Shop.objects.get()
    assert (row.branch_id, row.area, row.plot, row.activity_id, row.closed_on) == ("FA", area, "44B", "BARB", dt.date(2026, 11, 20))
    assert list(ShopEvent.objects.order_by("pk").values_list("kind", flat=True)) == ["opened", "moved", "activity_changed", "closed"]
    assert {fact: facts.read(row, fact) for fact in ("address", "activity", "closed")} == {
        "address": address,
        "activity": {"activity": "BARB"},
        "closed": {"on": "2026-11-20"},
    }
    facts.write(shop=row, fact="closed", proposed={"on": "2026-11-01"}, source="case:later", actor=TESTS)
    assert Shop.objects.get().closed_on == dt.date(2026, 11, 20), "what has closed does not close again"


def test_the_holder_hears_of_a_correction_that_another_asked_for(make_shop: Make, shop: Shop, passer_by: User) -> None:
    owner = PersonFactory(name_ar="سالم العنزي")
    theirs = make_shop(owner=owner, organisation=None)
    services.ask_correction(shop=theirs, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    decide(right=True)
    assert Message.objects.filter(person=owner, kind="shops.page_corrected").count() == 1
    assert not Message.objects.filter(person=passer_by, kind="shops.page_corrected").exists()


def test_a_register_that_changed_meanwhile_is_told_to_the_officer(shop: Shop, passer_by: User) -> None:
    from shops.public_page.review import correction_flags

    case = services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    assert len(correction_flags(case)) == 1
    change_register(shop=shop, changes=[FactChange("trade_name", {"name_en": "Another"})], source="case:other", actor=TESTS)
    assert len(correction_flags(case)) == 2


def test_one_fact_is_corrected_by_one_request_at_a_time_and_another_beside_it(shop: Shop, passer_by: User) -> None:
    services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    other = PersonFactory(civil_id="290010100039", name_ar="غريب", name_en="Stranger Two")
    with pytest.raises(Refused, match="asked_already"):
        services.ask_correction(shop=shop, person=other, fact="trade_name", proposed=NAMES, why=WHY)
    services.ask_correction(shop=shop, person=other, fact="activity", proposed={"activity": "BARB"}, why=WHY)


def test_a_shop_with_an_open_correction_is_not_merged_away(make_shop: Make, shop: Shop, passer_by: User) -> None:
    case = services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    clerk = StaffFactory(groups=["register_clerk"], login="merger")
    asked = {"shop": shop, "into": make_shop(), "note_ar": "قيدان لمحل واحد", "asked_by": clerk}
    with pytest.raises(Refused, match="open_matters"):
        merges.propose(**asked)
    queue.withdraw(case=case, person=passer_by)
    assert merges.propose(**asked).allowed_at is None


def test_what_the_page_says_already_is_no_correction(shop: Shop, passer_by: User) -> None:
    with pytest.raises(Refused, match="unchanged"):
        services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=facts.read(shop, "trade_name"), why=WHY)
    events.close(shop=shop, source="moci", actor=TESTS)
    with pytest.raises(Refused, match="not_offered"):
        services.ask_correction(shop=Shop.objects.get(), person=passer_by, fact="closed", proposed={"on": "2026-11-20"}, why=WHY)
    assert signed_in(passer_by).get(f"/en/corrections/{shop.public_id}/closed/").status_code == 404


def test_a_person_asks_for_no_more_than_a_day_allows(make_shop: Make, shop: Shop, passer_by: User, frozen_clock: Clock) -> None:
    shops = [make_shop() for _ in range(services.CORRECTION_LIMIT.amount)]
    for row in shops:
        services.ask_correction(shop=row, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    answer = signed_in(passer_by).post(f"/en/corrections/{shop.public_id}/trade_name/", {**NAMES, "why": WHY})
    assert answer.status_code == 429 and WHY in answer.content.decode(), "what was typed is kept"
    frozen_clock.move(days=1, seconds=1)
    assert services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY).is_open


BAD: list[tuple[str, dict[str, str], str]] = [
    ("trade_name", {"name_ar": "Zumurrud", "name_en": "X", "why": WHY}, "Write this name in Arabic letters"),
    ("trade_name", {"name_ar": "صالون", "name_en": "صالون", "why": WHY}, "Write this name in Latin letters"),
    ("trade_name", {"name_ar": "صالون الزمرد", "why": "…"}, "Write how you know it"),
    ("activity", {"activity": "NONE", "why": WHY}, "Choose the activity from the list"),
    ("address", {"area": "x", "block": "1", "street": "2", "paci_number": "123", "why": WHY}, "The PACI number has eight digits"),
    ("closed", {"on": "2026-11-25", "why": WHY}, "This day lies ahead"),
    ("closed", {"on": "٢٠٢٦", "why": WHY}, "Enter the day as on a calendar"),
]


@pytest.mark.parametrize(("fact", "typed", "sentence"), BAD, ids=range(len(BAD)))
def test_bad_input_gets_its_sentence_and_keeps_what_was_typed(
    shop: Shop, passer_by: User, fact: str, typed: dict[str, str], sentence: str
) -> None:
    answer = signed_in(passer_by).post(f"/en/corrections/{shop.public_id}/{fact}/", typed)
    text = answer.content.decode()
    assert answer.status_code == 400 and sentence in text and typed["why"] in text and not Correction.objects.exists()


def test_arabic_digits_are_taken_as_figures(shop: Shop, passer_by: User) -> None:
    typed = {"area": shop.area_id, "block": "٩", "street": "١٢", "building": "30", "paci_number": "١٠٢٢٩٩٩٩", "why": WHY}
    assert signed_in(passer_by).post(f"/ar/corrections/{shop.public_id}/address/", typed).status_code == 302
    assert Correction.objects.get().proposed["paci_number"] == "10229999" and Correction.objects.get().proposed["block"] == "9"


def test_a_correction_is_written_once_and_stays(shop: Shop, passer_by: User) -> None:
    services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    for change in (lambda: Correction.objects.update(why="x"), lambda: Correction.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_whoever_asked_takes_a_correction_back(shop: Shop, passer_by: User) -> None:
    case = services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY)
    client = signed_in(passer_by)
    assert client.get(f"/en/page-requests/{case.public_id}/withdraw/").status_code == 200
    client.post(f"/en/page-requests/{case.public_id}/withdraw/")
    assert Case.objects.get(pk=case.pk).state == "withdrawn"
    assert services.ask_correction(shop=shop, person=passer_by, fact="trade_name", proposed=NAMES, why=WHY).is_open
