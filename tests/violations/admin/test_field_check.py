"""The check before a violation report is issued: what it shows, what it stops, and that nothing is issued without it."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest

from municipality.fieldwork.models import Evidence
from municipality.places.models import Area
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories.accounts import OrganisationFactory
from tests.violations.conftest import found
from tests.violations.field_entries import confirmed, picture, typed
from violations.documents import notice_facts
from violations.models import Violation
from violations.services import assessments, violation_reports

pytestmark = pytest.mark.django_db
NEW, CHECK, SYNC = "/admin/field/new/", "/admin/field/check/", "/admin/field/sync/"


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def signed_facts(confirmed: str) -> str:
    """What is confirmed, without the second of its signature."""
    return confirmed.partition(":")[0]


def test_the_check_names_shop_offence_amount_and_recipient_and_writes_nothing(inspector: Any, shop: Shop) -> None:
    client, entry = signed_in(inspector), typed(shop)
    by_hand, by_device = client.post(NEW, entry), client.post(CHECK, entry)
    assert (by_hand.status_code, by_device.status_code) == (200, 200)
    for text in (by_hand.content.decode(), by_device.json()["html"]):
        assert shop.name_ar in text and shop.activity.name_ar in text and shop.street in text
        assert "CLN-03" in text and "100.000" in text
        assert "مالك هذا المحل في السجل" in text
    assert signed_facts(by_device.json()["confirmed"]) in by_hand.content.decode()
    assert not Violation.objects.exists()


def test_the_offence_stands_in_the_language_of_the_page_and_in_arabic_below(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    arabic = client.post(CHECK, typed(shop)).json()["html"]
    client.cookies["staff_language"] = "en"
    english = client.post(CHECK, typed(shop)).json()["html"]
    offence = assessments.assess(inspector=inspector, findings=found(shop)).offence
    assert offence.name_en not in arabic and arabic.count(offence.name_ar) == 1
    assert 0 < english.index(offence.name_en) < english.index(offence.name_ar)


@pytest.mark.parametrize("against", ["company", "owner", "name", "nobody"])
def test_the_check_and_the_notice_name_the_same_party_and_address(
    against: str, inspector: Any, make_shop: Callable[..., Shop], write: Callable[..., Violation]
) -> None:
    owner = {"owner": None, "organisation": OrganisationFactory()} if against == "company" else {}
    shop = make_shop(building="121", floor="0", unit="7", **owner) if against in ("company", "owner") else None
    place: dict[str, Any] = {"block": "4", "street": "12", "place_note": "أمام الحديقة"} if shop is None else {}
    place |= {"party_name_ar": "سالم البائع"} if against == "name" else {}
    area = Area.objects.filter(governorate="HA").order_by("pk")[0]
    client = signed_in(inspector)
    client.cookies["staff_language"] = "en"
    shown = client.post(CHECK, typed(shop, area=str(area.pk), **place)).json()["html"]
    at = place if shop is None else {"block": shop.block, "street": shop.street}
    row = Violation.objects.select_related("shop__organisation", "area").get(pk=write("CLN-03", shop=shop, **at).pk)
    rows = {one.label_en: one for one in notice_facts(row).rows}
    for name in ("Party", "Place"):
        assert unescape(shown).count(rows[name].en) >= 1, (name, rows[name].en)
    expected = {
        "company": "Nakheel Company",
        "owner": "The owner of this shop in the register",
        "name": "سالم البائع",
        "nobody": "Not known yet",
    }
    assert rows["Party"].en == expected[against] and ("Shop" in rows) == (shop is not None)
    assert rows["Place"].en.endswith("building 121, ground floor, unit 7" if shop is not None else "block 4, street 12, أمام الحديقة")


def test_a_warning_and_a_charge_say_so(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    warning = client.post(CHECK, typed(shop, offence="SHP-05", quantity="2")).json()["html"]
    assert "إنذار، ولا يُستحق أي مبلغ" in warning and "د.ك" not in warning
    assert "لا صلح فيها" in client.post(CHECK, typed(shop, offence="CLN-06")).json()["html"]


def test_the_amount_shown_is_the_amount_recorded(inspector: Any, shop: Shop, write: Callable[..., Violation], frozen_clock: Any) -> None:
    write("VND-01")
    frozen_clock.move(days=1)
    client = signed_in(inspector)
    entry = confirmed(client, typed(shop, offence="VND-01"))
    shown = assessments.assess(inspector=inspector, findings=found(shop, "VND-01"))
    assert client.post(SYNC, entry).status_code == 201
    row = Violation.objects.order_by("-pk")[0]
    assert shown.amount is not None and shown.amount.percent > 100
    assert (row.repeat_count, row.orders.get().fils) == (shown.repeats, shown.amount.fils) == (1, shown.amount.fils)


def test_the_last_day_of_a_warning_is_the_one_that_was_confirmed(inspector: Any, shop: Shop, frozen_clock: Any) -> None:
    client = signed_in(inspector)
    entry = typed(shop, offence="SHP-05", quantity="2")
    earlier = confirmed(client, entry)
    frozen_clock.move(days=1)
    client = signed_in(inspector)  # a session ends before that
    shown = assessments.assess(inspector=inspector, findings=found(shop, "SHP-05"))
    assert client.post(SYNC, earlier).json()["code"] == "confirm"  # the check named a day earlier
    assert client.post(SYNC, confirmed(client, entry)).status_code == 201
    assert Violation.objects.get().correct_until == shown.correct_until


def test_by_hand_the_confirmed_report_is_issued_with_its_photos(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    page = client.post(NEW, typed(shop)).content.decode()
    assert 'name="photos"' in page and 'name="signature"' in page and "أكياس أمام الباب" in page
    answer = client.post(NEW, confirmed(client, typed(shop)) | {"photos": [picture()]})
    assert answer.status_code == 302
    assert Evidence.objects.filter(visit=Violation.objects.get().visit).count() == 1


def test_the_way_back_keeps_what_was_typed(inspector: Any, shop: Shop) -> None:
    page = signed_in(inspector).post(NEW, typed(shop) | {"back": "1", "confirmed": "x"}).content.decode()
    assert "data-field-form" in page and "أكياس أمام الباب" in page and shop.commercial_license_no in page
    assert 'name="confirmed"' not in page  # what is corrected is checked again
    assert not Violation.objects.exists()


@pytest.mark.parametrize("checked", [True, False], ids=["checked", "control: recorded without looking at the confirmation"])
def test_a_typed_number_alone_issues_nothing(inspector: Any, shop: Shop, checked: bool) -> None:
    client = signed_in(inspector)
    if checked:
        refused = client.post(SYNC, typed(shop))
        assert (refused.status_code, refused.json()["code"]) == (409, "confirm")
        assert client.post(NEW, typed(shop)).status_code == 200
        assert not Violation.objects.exists()
    else:

        def careless(*, confirmed: str, **what: Any) -> Any:
            return violation_reports.record(**what)

        with patch("violations.services.violation_reports.record_confirmed", careless):
            assert client.post(SYNC, typed(shop)).status_code == 201
        assert Violation.objects.get().shop == shop


@pytest.mark.parametrize("what", ["another shop", "another offence", "another visit", "another inspector", "made up"])
def test_a_confirmation_of_something_else_issues_nothing(
    inspector: Any, make_inspector: Callable[..., Any], shop: Shop, make_shop: Callable[..., Shop], what: str
) -> None:
    client = signed_in(inspector)
    entry = confirmed(client, typed(shop))
    changed = {
        "another shop": lambda: {"shop_no": make_shop().commercial_license_no},
        "another offence": lambda: {"offence": "CLN-01"},
        "another visit": lambda: {"client_key": typed(shop)["client_key"]},
        "made up": lambda: {"confirmed": "WyJ4Il0:1xX3wX:zMSuJpyDdK6RXKhE6y2SPTxUiK0JH6qGC1nx6DgE2gY"},
        "another inspector": dict,
    }[what]()
    if what == "another inspector":
        client = signed_in(make_inspector("second"))
    answer = client.post(SYNC, entry | changed)
    assert (answer.status_code, answer.json()["code"]) == (409, "confirm")
    page = client.post(NEW, entry | changed)
    assert page.status_code == 200 and "لم يُحرَّر شيء بعد" in page.content.decode()
    assert not Violation.objects.exists()


def test_a_repetition_that_came_in_between_is_confirmed_again(
    inspector: Any, shop: Shop, write: Callable[..., Violation], frozen_clock: Any
) -> None:
    frozen_clock.move(days=1)
    client = signed_in(inspector)
    entry = confirmed(client, typed(shop, offence="VND-01"))
    frozen_clock.move(days=-1)
    write("VND-01")
    frozen_clock.move(days=1)
    assert client.post(SYNC, entry).json()["code"] == "confirm"
    assert client.post(SYNC, confirmed(client, entry)).status_code == 201


def test_what_was_recorded_is_not_asked_about_again(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    entry = typed(shop)
    assert client.post(SYNC, confirmed(client, entry)).status_code == 201
    assert client.post(SYNC, entry).status_code == 200  # the same visit, sent again after a lost answer
    assert Violation.objects.count() == 1


def test_premises_for_women_stop_a_team_of_men_at_the_check(
    inspector: Any, make_inspector: Callable[..., Any], make_shop: Callable[..., Shop]
) -> None:
    salon = make_shop(activity_id="WSAL")
    client = signed_in(inspector)
    answer = client.post(CHECK, typed(salon))
    assert (answer.status_code, answer.json()["code"]) == (403, "womens_team")
    assert "confirmed" not in answer.json() and "أبلغ مشرفك" in answer.json()["html"]
    women = make_inspector("women", womens=True)
    page = client.post(NEW, typed(salon))
    assert page.status_code == 403 and "فريق HA" in page.content.decode() and salon.name_ar in page.content.decode()
    assert 'name="back"' in page.content.decode() and "تحرير محضر المخالفة</button>" not in page.content.decode()
    assert signed_in(women).post(CHECK, typed(salon)).status_code == 200


def test_a_shop_of_another_branch_is_named_with_its_branch(inspector: Any, make_shop: Callable[..., Shop]) -> None:
    area = Area.objects.exclude(governorate__branch="HA").select_related("governorate__branch").order_by("pk")[0]
    elsewhere = make_shop(area=area, branch_id=area.governorate.branch.pk)
    answer = signed_in(inspector).post(CHECK, typed(elsewhere))
    assert (answer.status_code, answer.json()["code"]) == (403, "other_branch")
    assert area.governorate.branch.name_ar in answer.json()["html"]


def test_a_warrant_that_ended_is_said_before_the_form(inspector: Any, shop: Shop, frozen_clock: Any) -> None:
    frozen_clock.move(days=800)
    client = signed_in(inspector)
    page, answer = client.get(NEW), client.post(CHECK, typed(shop))
    assert (page.status_code, answer.status_code, answer.json()["code"]) == (403, 403, "warrant_ended")
    assert "2028-01-04" in page.content.decode() and "أبلغ مشرفك" in answer.json()["html"]
    assert "data-field-form" not in page.content.decode()


def test_the_same_on_the_same_day_leads_to_the_one_that_was_recorded(inspector: Any, shop: Shop, write: Callable[..., Violation]) -> None:
    row = write()
    answer = signed_in(inspector).post(CHECK, typed(shop))
    assert (answer.status_code, answer.json()["code"]) == (409, "seen_already")
    assert f"/admin/field/{row.public_id}/" in answer.json()["html"]


def test_facts_that_do_not_fit_are_told_by_field(inspector: Any, shop: Shop) -> None:
    answer = signed_in(inspector).post(CHECK, typed(shop, shop_no="none"))
    assert answer.status_code == 400 and answer.json()["fields"]["shop_no"]


def test_the_check_shows_the_photos_what_was_seen_the_place_and_the_signature(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    full = client.post(CHECK, typed(shop, signed="refused") | {"photos_taken": ["1", "1"], "signature_taken": "1"}).json()["html"]
    assert "<strong>2</strong>" in full and "أكياس أمام الباب" in full and "امتنع عن التوقيع" in full and "(±12 م)" in full
    assert "مع صورة الورقة الموقعة" in full and "kp-desk-bad" not in full and "without_photos" not in full
    bare = client.post(CHECK, typed(shop, note_ar="", latitude="", longitude="", accuracy_m="")).json()["html"]
    assert "لا توجد صور" in bare and "لم يُكتب شيء" in bare and "±" not in bare
    assert 'name="without_photos" value="1" required' in bare
    assert 'href="#step-offence" data-field-step="id_note_ar"' in bare and 'href="#step-photos" data-field-step="photos"' in bare
    assert "data-field-step" not in full


def test_the_amount_stands_in_the_check_once(inspector: Any, shop: Shop, write: Callable[..., Violation], frozen_clock: Any) -> None:
    assert signed_in(inspector).post(CHECK, typed(shop)).json()["html"].count("100.000") == 1
    write("VND-01")
    frozen_clock.move(days=1)
    assert "للتكرار" in signed_in(inspector).post(CHECK, typed(shop, offence="VND-01")).json()["html"]


@pytest.mark.parametrize("sent", ["nothing", "tick", "photo"])
def test_by_hand_a_report_without_a_photo_is_confirmed_once_more(inspector: Any, shop: Shop, sent: str) -> None:
    client = signed_in(inspector)
    entry = confirmed(client, typed(shop))
    del entry["without_photos"]
    more = {"nothing": {}, "tick": {"without_photos": "1"}, "photo": {"photos": [picture()]}}[sent]
    answer = client.post(NEW, entry | more)
    assert answer.status_code == (200 if sent == "nothing" else 302)
    assert Violation.objects.count() == (0 if sent == "nothing" else 1)
    if sent == "nothing":
        page = answer.content.decode()
        assert "لم يُحرَّر شيء بعد: لا توجد صورة" in page and 'name="without_photos"' in page and signed_facts(entry["confirmed"]) in page
