"""The form of the hours, on a phone and without a script; and the block on the page of the shop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from municipality.kernel import clock
from shops.hours.forms import WeekForm
from shops.models import Shop
from shops.models.hours import StatedHours
from shops.models.week import parse
from shops.register import events
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, PersonFactory
from tests.shops.conftest import TESTS
from tests.shops.hours.conftest import NIGHTS, SPLIT

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]
SAME = {f"d{day}_kind": "same" for day in range(1, 7)}
SUNDAY = {"d0_kind": "open", "d0_from": "9", "d0_to": "13:00", "d0_from_again": "٤ م", "d0_to_again": "22.00"}


def errors(**typed: str) -> dict[str, list[str]]:
    """Fields with their errors, in English."""
    from django.utils import translation

    with translation.override("en"):
        return {name: [str(said) for said in found] for name, found in WeekForm({**SAME, "d0_kind": "closed", **typed}).errors.items()}


def test_one_day_is_typed_and_the_others_are_like_it(make_shop: Make) -> None:
    shop = make_shop(owner=PersonFactory(), organisation=None)
    client, address = signed_in(shop.owner), f"/en/my-shops/{shop.public_id}/hours/"  # type: ignore[arg-type]
    assert client.get(address).status_code == 200
    friday = {"d5_kind": "closed", "d5_from": "nonsense", "d6_kind": "open", "d6_from": "0900", "d6_to": "1 pm"}
    answer = client.post(address, {**SAME, **SUNDAY, **friday}, follow=True)
    assert StatedHours.objects.get(shop=shop).week_id == "Sa 09:00-13:00; Su-Th 09:00-13:00,16:00-22:00; Fr off"
    page = answer.content.decode()
    assert "The hours are now on the page of the shop." in page and "As the holder of the shop stated them on" in page
    assert page.count('<th scope="row">') == 7 and "Change the hours" in page and "In Ramadan" not in page


def test_what_is_stated_comes_back_into_the_form_and_leaves_it_unchanged() -> None:
    for text in (SPLIT, NIGHTS, "24/7", "Mo-Fr 08:00-24:00; Sa-Su off", "Mo-Su 06:00-06:00"):
        shown = WeekForm(week=parse(text))
        typed = {name: shown[name].value() for name in shown.fields if shown[name].value() is not None}
        form = WeekForm(typed)
        assert form.is_valid() and form.week == parse(text)


@pytest.mark.parametrize(
    ("typed", "quarters"),
    [
        ("9", 36),
        ("09:30", 38),
        ("0930", 38),
        ("٩:٣٠", 38),
        ("۹:۳۰", 38),
        ("4 pm", 64),
        ("12am", 0),
        ("12 م", 48),
        ("24:00", 96),
        ("23:59", 96),
    ],
)
def test_times_are_read_as_people_write_them(typed: str, quarters: int) -> None:
    form = WeekForm({**SAME, "d0_kind": "open", "d0_from": "03:00", "d0_to": typed})
    assert form.is_valid() and form.week.days[0] == ((12, quarters if quarters > 12 else quarters + 96),)


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"d0_kind": "open", "d0_to": "10"}, "d0_from", "Sunday: Write when the shop opens."),
        ({"d0_kind": "open", "d0_from": "10"}, "d0_to", "Sunday: Write when the shop closes."),
        ({"d0_kind": "open"}, "d0_from", "Sunday: Write when the shop opens."),
        ({**SUNDAY, "d0_to_again": ""}, "d0_to_again", "Sunday: Write when the shop closes."),
        ({**SUNDAY, "d0_from": "25:00"}, "d0_from", "Sunday: Write the time as hours and minutes, such as 09:00 or 16:30."),
        ({**SUNDAY, "d0_from": "صباحا"}, "d0_from", "Sunday: Write the time as hours and minutes, such as 09:00 or 16:30."),
        ({**SUNDAY, "d0_from": "13 pm"}, "d0_from", "Sunday: Write the time as hours and minutes, such as 09:00 or 16:30."),
        ({**SUNDAY, "d0_from": "9:75"}, "d0_from", "Sunday: Write the time as hours and minutes, such as 09:00 or 16:30."),
        ({**SUNDAY, "d0_from": "9:10"}, "d0_from", "Sunday: Write the time to the quarter of an hour: 00, 15, 30 or 45 minutes."),
        ({**SUNDAY, "d0_from_again": "12:00"}, "d0_from_again", "Sunday: The second span begins after the first one has ended."),
        ({**SUNDAY, "d0_to_again": "10:00"}, "d0_from", "Sunday: A day has 24 hours: the last closing time lies within 24 hours"),
        (
            {**SUNDAY, "d1_kind": "open", "d1_from": "22:00", "d1_to": "8:00", "d2_kind": "open", "d2_from": "7", "d2_to": "9"},
            "d2_from",
            "Tuesday: The shop is still open from the night before at this time.",
        ),
        ({"d0_kind": "whole", "d1_kind": "?"}, "d1_kind", "Choose one from the list."),
        ({"d0_kind": "same"}, "d0_kind", "Choose one from the list."),
        ({"d0_kind": "closed"}, "__all__", "A shop opens on at least one day. If it has closed for good, report that instead."),
        ({"d0_kind": "open", "d0_from": "\x00", "d0_to": "10"}, "d0_from", "Null characters are not allowed."),
        ({"d0_kind": "open", "d0_from": "9" * 30, "d0_to": "10"}, "d0_from", "Ensure this value has at most 20 characters"),
    ],
)
def test_an_error_stands_at_its_field_and_says_how_to_mend_it(typed: dict[str, str], field: str, sentence: str) -> None:
    found = errors(**typed)
    assert list(found) == [field] and found[field][0].startswith(sentence)


def test_a_form_with_errors_keeps_what_was_typed_and_speaks_arabic(make_shop: Make) -> None:
    shop = make_shop(owner=PersonFactory(), organisation=None)
    answer = signed_in(shop.owner).post(  # type: ignore[arg-type]
        f"/ar/my-shops/{shop.public_id}/hours/", {**SAME, **SUNDAY, "d0_from": "٩:١٠", "d3_kind": "closed"}
    )
    page = answer.content.decode()
    assert (
        answer.status_code == 400
        and "الأحد: يُرجى كتابة الوقت بأرباع الساعة" in page
        and 'value="٩:١٠"' in page
        and 'href="#id_d0_from"' in page
    )
    assert '<option value="closed" selected>' in page and not StatedHours.objects.exists()


def test_ramadan_has_a_page_of_its_own_and_both_can_be_taken_back(stating: Make) -> None:
    shop = stating(SPLIT)
    client, year = signed_in(shop.owner), f"/en/my-shops/{shop.public_id}/hours/"  # type: ignore[arg-type]
    assert "Other hours in Ramadan" in client.get(year).content.decode()
    assert client.get(f"{year}ramadan/").status_code == 200
    page = client.post(f"{year}ramadan/", {**SAME, "d0_kind": "open", "d0_from": "20", "d0_to": "2"}, follow=True).content.decode()
    assert StatedHours.objects.get(shop=shop).ramadan_id == "Mo-Su 20:00-02:00" and "In Ramadan" in page and "20:00–02:00" in page
    assert "Change the hours of Ramadan" in client.get(year).content.decode()
    client.post(f"{year}ramadan/", {**SAME, "d0_kind": "closed"})  # closed all the month
    assert StatedHours.objects.get(shop=shop).ramadan_id == "Mo-Su off"
    client.post(f"{year}ramadan/", {"take_back": "1"})
    assert StatedHours.objects.get(shop=shop).ramadan_id is None
    assert "The hours are taken back." in client.post(year, {"take_back": "1"}, follow=True).content.decode()
    assert not StatedHours.objects.exists() and client.get(f"{year}ramadan/").status_code == 302
    assert client.post(year, {"take_back": "1"}).status_code == 409


def test_a_stranger_and_a_closed_shop_have_no_form(stating: Make) -> None:
    shop = stating(SPLIT)
    address = f"/en/my-shops/{shop.public_id}/hours/"
    assert signed_in(PersonFactory(civil_id=NOURA)).get(address).status_code == 404 and Client().get(address).status_code == 302
    owner = signed_in(shop.owner)  # type: ignore[arg-type]
    events.close(shop=shop, source="moci", actor=TESTS)
    assert owner.get(address).status_code == 409 and owner.post(address, {**SAME, **SUNDAY}).status_code == 409
    page = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert "Opening hours" not in page


def test_the_page_says_what_holds_now_and_only_its_holder_is_offered_to_change_it(stating: Make, make_shop: Make) -> None:
    shop, bare = stating(SPLIT), make_shop()
    with clock.at(dt.datetime(2026, 11, 22, 10, tzinfo=clock.KUWAIT)):
        page = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
        arabic = Client().get(f"/ar/shops/{shop.public_id}/", follow=True).content.decode()
        silent = Client().get(f"/en/shops/{bare.public_id}/", follow=True).content.decode()
    assert "Open now · until 13:00" in page and "مفتوح الآن · حتى 13:00" in arabic
    assert '<tr class="is-today" aria-current="date"><th scope="row">Sunday' in page and "hours/" not in page.partition("<main")[2]
    assert "The shop has stated no opening hours." in silent and "now ·" not in silent
    assert "Are the hours wrong?" in page and "Are the hours wrong?" not in silent
    assert "A correction is sent after signing in" in page
    for reader, is_offered in ((shop.owner, True), (PersonFactory(civil_id=NOURA), False)):
        page = signed_in(reader).get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()  # type: ignore[arg-type]
        assert (f"/en/my-shops/{shop.public_id}/hours/" in page) is is_offered


def test_hours_add_no_statement_to_a_page_that_anybody_sees(stating: Make, make_shop: Make, django_assert_max_num_queries: Any) -> None:
    from shops.register.addresses import address_of

    with_hours, bare = stating(SPLIT), make_shop()
    for shop in (with_hours, bare):
        address = address_of(shop, "en")
        Client().get(address)
        with django_assert_max_num_queries(12):
            assert Client().get(address).status_code == 200
