"""The pages of a violation, for its party, for whoever has number and digits, and for strangers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from municipality.accounts import limits
from municipality.kernel import clock
from payments.models import Attempt, Bill
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import SALIM, StaffFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import pay
from violations import panels
from violations.models import Objection, Plan, Violation
from violations.services import notices, terms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def url(row: Violation, rest: str = "", language: str = "en") -> str:
    return f"/{language}/violations/{row.public_id}/{rest}"


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


def test_the_party_opens_the_notice_by_a_button_that_says_what_it_starts(
    write: Callable[..., Violation], owner: Any, stranger: Any
) -> None:
    row = write()
    for address in (url(row), url(row).replace(row.public_id, "0" * 26)):  # text messages lead here; what exists is told to nobody
        assert Client().get(address)["Location"] == f"/en/sign-in/?next={address}"
        assert signed_in(stranger).get(address).status_code == 404
    assert signed_in(stranger).post(url(row, "open/")).status_code == 404
    assert "/sign-in/" in Client().post(url(row, "open/"))["Location"]
    client = signed_in(owner)
    assert "the periods begin once it is received" in client.get("/en/violations/mine/").content.decode()
    page = client.get(url(row)).content.decode()
    assert "Open the notice" in page and "14 days" in page and "30 days" in page
    assert "100.000" not in page and "bags" not in page
    assert client.get(url(row, "open/")).status_code == 405
    assert fresh(row).settle_until is None  # looking begins nothing
    assert client.post(url(row, "open/"))["Location"] == url(row)
    until = fresh(row).settle_until
    assert until is not None
    assert "100.000" in client.get(url(row)).content.decode()
    assert "the periods begin once it is received" not in client.get("/en/violations/mine/").content.decode()
    client.post(url(row, "open/"))
    assert fresh(row).settle_until == until  # once


def test_a_warning_has_no_notice_to_open(write: Callable[..., Violation], owner: Any) -> None:
    row = write("CLN-02")
    client = signed_in(owner)
    assert "Nothing is owed" in client.get(url(row)).content.decode()
    client.post(url(row, "open/"))
    assert fresh(row).state == "warned" and not hasattr(fresh(row), "service")


def test_number_and_digits_show_the_same_page(write: Callable[..., Violation]) -> None:
    row = write()
    client = Client()
    answer = client.post("/en/violations/", {"number": row.number, "last_four": SALIM[-4:]})
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "100.000" in page
    assert page.count("Sign in with Mobile ID") == 3  # object, instalments; and for what only the party reads
    assert fresh(row).settle_until is None  # whoever has the number is not the party
    # The notice names the shop, and so do the page, the form and the receipt; no person.
    form = client.get(url(row, "pay-for/")).content.decode()
    for text in (page, form):
        assert "سالم" not in text and "Salim" not in text and "Al Mawj" in text


@pytest.mark.parametrize("digits", ["0000", "9999"])
def test_every_miss_gets_the_same_answer(write: Callable[..., Violation], digits: str) -> None:
    row = write()
    wrong = Client().post("/en/violations/", {"number": row.number, "last_four": digits})
    none = Client().post("/en/violations/", {"number": "VIO-2026-999999-X", "last_four": SALIM[-4:]})
    assert wrong.status_code == none.status_code == 200
    assert "Nothing is found with these" in wrong.content.decode()
    assert "Nothing is found with these" in none.content.decode()


def test_guessing_is_stopped(write: Callable[..., Violation]) -> None:
    row = write()
    client = Client()
    answers = [client.post("/en/violations/", {"number": row.number, "last_four": "0000"}).status_code for _turn in range(8)]
    assert answers[:6] == [200] * 6
    assert answers[6:] == [429] * 2


def test_who_finds_a_violation_takes_nothing_from_the_others_of_a_mobile_network(
    write: Callable[..., Violation], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = write()
    monkeypatch.setattr("violations.views.public.WRONG_REFERENCES", limits.AttemptLimit("wrong_references", 2, 600))

    def guess(number: str, digits: str) -> int:
        return Client().post("/en/violations/", {"number": number, "last_four": digits}).status_code

    assert [guess(row.number, SALIM[-4:]) for _person in range(4)] == [302] * 4
    assert [guess(f"VIO-2026-99999{n}-X", "0000") for n in range(3)] == [200, 200, 429], "guesses are limited by the address"


def test_a_number_that_was_guessed_at_six_times_is_closed_for_a_quarter_of_an_hour(write: Callable[..., Violation]) -> None:
    row = write()

    def guess(number: str, digits: str, place: int) -> Any:
        return Client(REMOTE_ADDR=f"10.0.1.{place}").post("/en/violations/", {"number": number, "last_four": digits})

    for number in (row.number, "VIO-2026-999999-X"):
        answers = [guess(number, "0000", place) for place in range(7)]
        assert [answer.status_code for answer in answers] == [200] * 6 + [429]
        body = answers[-1].content.decode()
        assert "Too many wrong tries for this reference" in body and f'value="{number}"' in body
        assert 880 < int(answers[-1]["Retry-After"]) <= 900
    assert guess(row.number, SALIM[-4:], 99).status_code == 429
    with clock.at(clock.now() + dt.timedelta(minutes=16)):
        assert guess(row.number, SALIM[-4:], 99).status_code == 302


def test_all_ways_stand_on_the_page_with_their_effects(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = signed_in(owner)
    client.post(url(row, "open/"))
    for language, words in (
        (
            "en",
            (
                "Settle and pay",
                "Object",
                "More time",
                "Choose instalments",
                "State that it is not mine",
                "KD\u00a0300.000</bdi>, or acquittal",
            ),
        ),
        ("ar", ("الصلح والدفع", "اعتراض", "مهلة أطول", "الأقساط", "أو البراءة")),
    ):
        page = client.get(url(row, language=language)).content.decode()
        three = page[page.index('<ul class="kp-three">') : page.index('<details class="kp-fold">')]
        assert three.count("<h3>") == 3
        assert "kp-btn--fill" not in page[page.index("<main") : page.index("</main>")]  # no way is preferred
        assert page.index("kp-offer__sum") < page.index('<ul class="kp-three">')
        for word in words:
            assert word in page


def test_settling_leads_to_the_bank_over_the_amount_shown(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = signed_in(owner)
    shown = client.get(url(row, "pay/")).content.decode()
    assert "100.000" in shown and 'name="fils" value="100000"' in shown
    for wrong in ({}, {"fils": "99000"}, {"fils": "x"}):
        refused = client.post(url(row, "pay/"), wrong)
        assert refused.status_code == 409 and "The amount has changed" in refused.content.decode()
        assert not Attempt.objects.exists() and not Bill.objects.exists()
    answer = client.post(url(row, "pay/"), {"fils": "100000"})
    assert answer.status_code == 303 and answer["Location"].startswith("https://bank.example.test/kpg/PaymentHTTP.htm")
    assert client.post(url(row, "pay/"), {"fils": "100000"}).status_code == 303
    assert Attempt.objects.get().fils == 100_000, "pressed twice, it is one payment"
    paid = write("CLN-01")
    assert pay(paid, owner).state == "paid"
    assert client.get(url(paid, "pay/")).status_code == 302
    assert client.post(url(paid, "pay/")).status_code == 409


def test_more_time_and_its_refusal_stand_on_one_page(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = signed_in(owner)
    client.post(url(row, "open/"))
    assert client.get(url(row, "more-time/")).status_code == 200
    assert client.post(url(row, "more-time/")).status_code == 302
    again = client.post(url(row, "more-time/"))
    assert again.status_code == 409
    assert "This option is closed now" in again.content.decode()


def test_instalments_are_chosen_from_the_offered_ones(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = signed_in(owner)
    client.post(url(row, "open/"))
    assert "33.334" in client.get(url(row, "instalments/")).content.decode()
    arabic = client.get(url(row, "instalments/").replace("/en/", "/ar/", 1)).content.decode()
    assert "قسطان، والقسط الأول" in arabic and "3 أقساط، والقسط الأول" in arabic
    assert client.post(url(row, "instalments/"), {"count": "9"}).status_code == 200
    assert not Plan.objects.exists()
    assert client.post(url(row, "instalments/"), {"count": "3"}).status_code == 302
    assert "33.334" in client.get(url(row, "pay/")).content.decode()
    assert client.post(url(row, "open/"), follow=True).status_code == 200


def test_an_objection_keeps_what_was_typed_and_leads_to_its_case(write: Callable[..., Violation], owner: Any) -> None:
    row = write()
    client = signed_in(owner)
    client.post(url(row, "open/"))
    assert client.get(url(row, "object/")).status_code == 200
    missing = client.post(url(row, "object/"), {"words": "لم تكن لنا"})
    assert missing.status_code == 200
    assert "لم تكن لنا" in missing.content.decode()
    assert "checked" in client.get(url(row, "not-mine/")).content.decode()
    answer = client.post(url(row, "object/"), {"ground": "not_mine", "words": "لم تكن لنا"})
    objection = Objection.objects.get()
    assert answer["Location"] == f"/en/cases/{objection.case.public_id}/"
    case_page = client.get(answer["Location"])
    assert case_page.status_code == 200
    assert "Objection to a violation" in case_page.content.decode()
    assert client.get("/en/my-requests/").status_code == 200
    assert client.get(url(row, "object/")).status_code == 302
    assert client.get(url(row, "withdraw/")).status_code == 200
    assert client.post(url(row, "withdraw/")).status_code == 302
    assert fresh(row).state == "ordered"


@pytest.mark.parametrize("rest", ["pay/", "more-time/", "instalments/", "object/", "not-mine/", "correct/", "answer/", "withdraw/"])
def test_nothing_of_it_is_there_for_a_stranger(write: Callable[..., Violation], stranger: Any, rest: str) -> None:
    row = write()
    client = signed_in(stranger)
    assert client.get(url(row, rest)).status_code == 404
    assert client.post(url(row, rest), {"count": "3", "ground": "not_mine", "words": "x"}).status_code in (404, 405)
    assert fresh(row).state == "ordered"


def test_a_warning_offers_to_put_it_right_and_no_amount(write: Callable[..., Violation], owner: Any) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    client = signed_in(owner)
    page = client.get(url(row)).content.decode()
    assert f"Warning notice {row.warning_number}" in " ".join(page.split("<title>")[1].split("</title>")[0].split())
    assert "Nothing is owed" in page
    assert "100.000" not in page.split("Fine of the law")[0]
    assert client.get(url(row, "correct/")).status_code == 200


def test_the_list_holds_what_concerns_the_person(write: Callable[..., Violation], owner: Any, stranger: Any) -> None:
    row = write()
    assert row.number in signed_in(owner).get("/en/violations/mine/").content.decode()  # type: ignore[operator]
    assert "No violations" in signed_in(stranger).get("/en/violations/mine/").content.decode()


def test_my_shops_leads_to_the_violations_of_that_shop_alone(
    write: Callable[..., Violation], make_shop: Any, owner: Any, frozen_clock: Clock
) -> None:
    here, elsewhere = write(), write(shop=make_shop())
    line = panels.my_shops(owner, [fresh(here).shop])[fresh(here).shop.key][0]  # type: ignore[list-item,union-attr]
    page = signed_in(owner).get(line.url.replace("/ar/", "/en/")).content.decode()
    assert here.number in page and elsewhere.number not in page  # type: ignore[operator]
    assert "Not opened yet" in page and "Settlement is open" not in page, "a notice that was not served"
    everything = signed_in(owner).get("/en/violations/mine/").content.decode()
    assert here.number in everything and elsewhere.number in everything  # type: ignore[operator]


def test_my_shops_says_that_something_is_open(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    shown = signed_in(owner).get("/en/my-shops/").content.decode().partition("<main")[2]
    assert "1 open violation" in shown
    # One group of rows a shop, named once; what has a last day stands before what has none.
    assert (
        shown.count("<tbody") == 1 and shown.count('scope="rowgroup"') == 1 and shown.count('role="row"') == 4
    )  # heading, violation, licence, boards
    assert shown.index("open violation") < shown.index("Health licence") and shown.index("Look at it") < shown.index("What to do")


def test_my_shops_names_a_day_only_while_it_matters(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> None:
    row = write()
    client = signed_in(owner)

    def line() -> Any:
        return panels.my_shops(owner, [fresh(row).shop])[fresh(row).shop.key][0]  # type: ignore[list-item,union-attr]

    assert (line().is_due, line().deadline) == (True, None), "a notice to read"
    client.post(url(row, "open/"))
    assert (line().is_due, line().deadline) == (True, fresh(row).settle_until)
    objection = ObjectionFactory(violation=fresh(row), person=owner)
    assert (line().is_due, line().deadline) == (False, None), "payment is paused"
    assert objection.violation_id == row.pk


def test_my_shops_names_warnings_apart(write: Callable[..., Violation], owner: Any) -> None:
    warning, other = write("SHP-05", quantity_hundredths=200), write()
    assert warning.state == "warned" and warning.shop == other.shop
    (line,) = panels.my_shops(owner, [other.shop])[other.shop.key]  # type: ignore[list-item,union-attr]
    with translation.override("en"):
        found = panels.my_shops(owner, [other.shop])[other.shop.key]  # type: ignore[list-item,union-attr]
        assert found[0].label == "1 open violation · 1 warning"
    assert line.deadline == warning.correct_until


def test_a_plan_that_fell_shows_what_is_left(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> None:
    row = write()
    client = signed_in(owner)
    client.post(url(row, "open/"))
    terms.agree_plan(violation=fresh(row), person=owner, count=2)
    frozen_clock.move(days=3)
    assert terms.void_missed() == 1
    days_page = signed_in(owner).get(url(row)).content.decode()
    assert "Plan ended" in days_page
    assert clock.today() <= fresh(row).settle_until  # type: ignore[operator]


def test_the_register_of_waivers_names_nobody(write: Callable[..., Violation], owner: Any, rules: None) -> None:

    from violations.services import relief

    row = write()
    clerk, authority = (
        StaffFactory(groups=["violation_clerk"], login="clerk"),
        StaffFactory(groups=["violation_authority"], login="authority"),
    )
    asked = relief.ask_relief(violation=row, code="hardship", note_ar="سري", percent=0, asked_by=clerk)
    assert "None so far" in Client().get("/en/violations/waivers/").content.decode()
    relief.allow_relief(relief=asked, allowed_by=authority)
    page = Client().get("/en/violations/waivers/").content.decode()
    assert "100.000" in page and "Proven hardship" in page
    for name in (owner.name_en, "Al Mawj", "سري", row.number, clerk.name_en):
        assert str(name) not in page
