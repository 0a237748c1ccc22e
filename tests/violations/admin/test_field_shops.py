"""The shop comes first: found by code, place, name or area, stopped where the warrant does not reach, confirmed before the form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.notifications.models import Message
from municipality.places.models import Area
from shops.models import Shop
from shops.search import index
from tests.browsers import signed_in
from tests.factories.workers import worker
from tests.violations.field_entries import confirmed, typed
from violations.models import Violation
from violations.services import assessments, writer_annulments

pytestmark = pytest.mark.django_db
FIND, NEW = "/admin/field/shop/", "/admin/field/new/"


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def page_of(shop: Shop) -> str:
    return f"{FIND}{shop.public_id}/"


@pytest.fixture
def elsewhere(make_shop: Callable[..., Shop]) -> Shop:
    area = Area.objects.exclude(governorate__branch="HA").select_related("governorate__branch").order_by("pk")[0]
    return make_shop(area=area, branch_id=area.governorate.branch.pk)


@pytest.mark.parametrize("what", ["address", "address with a name", "number", "arabic digits"])
def test_a_code_or_a_number_leads_to_the_shop(inspector: Any, shop: Shop, what: str) -> None:
    text = {
        "address": f"https://portal.example.test/shops/{shop.public_id}/",
        "address with a name": f"https://portal.example.test/ar/shops/{shop.public_id}/name/",
        "number": shop.commercial_license_no,
        "arabic digits": shop.commercial_license_no.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    }[what]
    answer = signed_in(inspector).get(FIND, {"q": text})
    assert (answer.status_code, answer["Location"]) == (302, page_of(shop))


def test_the_camera_of_the_phone_leads_an_inspector_from_the_page_of_the_shop(inspector: Any, owner: Any, shop: Shop) -> None:
    path = f"/ar/shops/{shop.public_id}/"
    assert page_of(shop) in signed_in(inspector).get(path, follow=True).content.decode()
    assert page_of(shop) not in signed_in(owner).get(path, follow=True).content.decode()


def test_a_name_or_an_area_lists_shops_with_what_stops_there(
    inspector: Any, shop: Shop, make_shop: Callable[..., Shop], elsewhere: Shop
) -> None:
    salon = make_shop(activity_id="WSAL", area=shop.area)
    index.index_missing()
    client = signed_in(inspector)
    by_area = client.get(FIND, {"area": shop.area_id}).content.decode()
    assert page_of(shop) in by_area and page_of(salon) in by_area and page_of(elsewhere) not in by_area
    assert by_area.count("is-stop") == 1 and "للفريق النسائي فقط" in by_area
    by_name = client.get(FIND, {"q": elsewhere.name_ar}).content.decode()
    assert page_of(elsewhere) in by_name and "خارج فرعك" in by_name
    assert client.get(FIND, {"area": "x", "q": "", "after": "y"}).status_code == 200


def test_shops_that_one_may_inspect_come_first(inspector: Any, make_shop: Callable[..., Shop], elsewhere: Shop) -> None:
    Shop.objects.filter(pk=elsewhere.pk).update(latitude=29.33, longitude=48.02)
    salon, usable = make_shop(activity_id="WSAL", latitude=29.3302, longitude=48.02), make_shop(latitude=29.3315, longitude=48.02)
    page = signed_in(inspector).post(FIND, {"latitude": "29.33", "longitude": "48.02"}).content.decode()
    assert page.index(page_of(usable)) < page.index(page_of(salon)) < page.index(page_of(elsewhere))


def test_the_place_is_sent_in_the_body_and_lists_the_nearest(inspector: Any, make_shop: Callable[..., Shop]) -> None:
    near, far = make_shop(latitude=29.3301, longitude=48.02), make_shop(latitude=29.3315, longitude=48.02)
    make_shop(latitude=29.40, longitude=48.02)
    page = signed_in(inspector).post(FIND, {"latitude": "29.33", "longitude": "48.02"}).content.decode()
    assert page.count("kp-field-sign") == 2
    assert page.index(page_of(near)) < page.index(page_of(far)) and "11 م" in page
    assert "29.33" not in page  # it is kept nowhere


@pytest.mark.parametrize("place", [{}, {"latitude": "95", "longitude": "48"}, {"latitude": "x", "longitude": "48"}])
def test_no_place_is_said_and_leaves_the_other_ways(inspector: Any, place: dict[str, str]) -> None:
    answer = signed_in(inspector).post(FIND, place)
    assert answer.status_code == 400
    assert "البحث بالاسم" in answer.content.decode() and 'name="q"' in answer.content.decode()


def test_a_shop_is_confirmed_by_name_trade_and_area_with_what_is_known_of_it(
    inspector: Any, shop: Shop, write: Callable[..., Violation]
) -> None:
    row = write("SHP-05", quantity_hundredths=200)
    client = signed_in(inspector)
    page = client.get(page_of(shop)).content.decode()
    for text in (shop.name_ar, shop.activity.name_ar, shop.area.name_ar, str(row.warning_number), f"{NEW}?shop={shop.public_id}"):
        assert text in page
    form = client.get(NEW, {"shop": shop.public_id}).content.decode()
    assert f'name="shop_no" value="{shop.commercial_license_no}"' in form and "<select" not in form
    assert client.get(f"{FIND}{'0' * 26}/").status_code == 404


def test_premises_for_women_stop_before_the_work_and_are_handed_over(
    inspector: Any, make_inspector: Callable[..., Any], make_shop: Callable[..., Shop]
) -> None:
    salon, women = make_shop(activity_id="WSAL"), make_inspector("women", womens=True)
    client = signed_in(inspector)
    assert client.get(NEW, {"shop": salon.public_id})["Location"] == page_of(salon)
    page = client.get(page_of(salon)).content.decode()
    assert "فريق HA" in page and f"?street={salon.public_id}" in page and f"?shop={salon.public_id}" not in page
    for _again in range(2):
        assert client.post(page_of(salon)).status_code == 302
    assert list(Message.objects.filter(kind="violations.visit_handed_over").values_list("person", flat=True)) == [women.pk]
    assert AuditEvent.objects.filter(action="visit.handed_over", subject=salon.key).exists()
    assert signed_in(women).get(NEW, {"shop": salon.public_id}).status_code == 200
    assert not Violation.objects.exists()


def test_what_is_seen_from_the_street_names_the_place_and_nobody(inspector: Any, make_shop: Callable[..., Shop]) -> None:
    salon = make_shop(activity_id="WSAL")
    client = signed_in(inspector)
    form = client.get(NEW, {"street": salon.public_id}).content.decode()
    assert salon.name_ar in form and salon.commercial_license_no not in form
    entry = typed(None, area=str(salon.area_id), place_note=f"على الرصيف أمام: {salon.name_ar}")
    assert client.post("/admin/field/sync/", confirmed(client, entry)).status_code == 201
    row = Violation.objects.get()
    assert (row.shop, row.is_womens_premises) == (None, False)


def test_another_branch_stops_with_its_name(inspector: Any, elsewhere: Shop) -> None:
    client = signed_in(inspector)
    page = client.get(page_of(elsewhere)).content.decode()
    assert elsewhere.branch.name_ar in page and f"?shop={elsewhere.public_id}" not in page and "?street=" not in page
    assert client.post(page_of(elsewhere)).status_code == 409  # nobody of that branch is in office


def test_a_shop_that_is_ones_own_is_not_handed_over(inspector: Any, shop: Shop) -> None:
    assert signed_in(inspector).post(page_of(shop)).status_code == 409
    assert not Message.objects.filter(kind="violations.visit_handed_over").exists()


@pytest.mark.parametrize("path", ["/admin/field/", FIND, NEW])
def test_a_warrant_that_ended_is_said_at_the_first_step(inspector: Any, shop: Shop, frozen_clock: Any, path: str) -> None:
    frozen_clock.move(days=800)
    page = signed_in(inspector).get(path)
    assert page.status_code == 403 and "2028-01-04" in page.content.decode() and "أبلغ مشرفك" in page.content.decode()


def test_a_scanned_address_is_a_shop_without_a_line_too(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    entry = typed(shop, shop_no=f"https://portal.example.test/shops/{shop.public_id}/")
    assert client.post("/admin/field/sync/", confirmed(client, entry)).status_code == 201
    assert Violation.objects.get().shop == shop


def test_the_offences_that_one_writes_stand_first(inspector: Any, write: Callable[..., Violation]) -> None:
    client = signed_in(inspector)
    assert "أكثر ما تحرره" not in client.get(NEW).content.decode()
    write("VND-01")
    page = client.get(NEW).content.decode()
    assert page.index("VND-01") < page.index("CLN-01") and page.count('value="VND-01"') == 1


def test_the_amount_under_an_offence_is_that_of_the_check(
    inspector: Any, shop: Shop, write: Callable[..., Violation], frozen_clock: Any
) -> None:
    rule = write("VND-01").rule
    frozen_clock.move(days=1)
    client = signed_in(inspector)
    shown = assessments.outlook([rule], shop)["VND-01"]
    page = client.get(NEW, {"shop": shop.public_id}).content.decode()
    entry = typed(shop, offence="VND-01")
    assert client.post("/admin/field/sync/", confirmed(client, entry)).status_code == 201
    order = Violation.objects.order_by("-pk")[0].orders.get()
    assert (shown.fils, shown.percent) == (order.fils, order.percent) and order.percent > 100
    assert page.count("kp-field-follows") > 1 and f"{order.fils // 1000}.000" in page and "ويزيد عند التكرار" in page
    unknown = client.get(NEW).content.decode().partition('value="VND-01"')[2].partition("</label>")[0]
    assert f"{rule.settlement_fils // 1000}.000" in unknown and "ويزيد عند التكرار" in unknown, "without a shop the amount of a first time"


def test_its_writer_annuls_a_report_and_corrects_its_copy(inspector: Any, shop: Shop, write: Callable[..., Violation]) -> None:
    row = write()
    client, url = signed_in(inspector), f"/admin/field/{row.public_id}/"
    assert "annul-words" in client.get(url).content.decode()
    missing = client.post(url, {"step": "annul", "code": "writer_wrong_offence", "words": ""})
    assert missing.status_code == 409 and 'value="writer_wrong_offence" checked' in missing.content.decode()
    answer = client.post(url, {"step": "annul", "code": "writer_wrong_offence", "words": "خطأ"})
    assert answer["Location"] == f"{NEW}?again={row.public_id}"
    form = client.get(answer["Location"]).content.decode()
    assert row.note_ar not in form and shop.commercial_license_no in form and "data-field-copy" in form
    assert not re.search(r'name="offence"[^>]* checked', form) and "لم تُنسخ المخالفة ولا «ما شوهد»" in form
    assert row.seen_at.isoformat(timespec="microseconds") in form  # the time of the visit, not of the correction
    assert "annul-words" not in client.get(url).content.decode()
    entry = typed(shop, offence="CLN-01", seen_at=row.seen_at.isoformat())
    copied = form.partition("data-field-copy")[2].partition("</details>")[0]
    assert "تُختار المخالفة في الخطوة 3" in copied and "الرقم المدني" not in copied, "the flow of a shop asks for no civil number"
    assert client.post("/admin/field/sync/", confirmed(client, entry)).status_code == 201
    new = Violation.objects.exclude(pk=row.pk).get()
    old_page, new_page = (client.get(f"/admin/field/{one.public_id}/").content.decode() for one in (row, new))
    assert "سبب الإلغاء" in old_page and inspector.name_ar in old_page and "notice/" not in old_page
    assert "المحضر ملغى" in old_page and "بيان الخطأ" in old_page and "غير مستحق" in old_page and "ملغاة" not in old_page
    assert f'href="/admin/field/{new.public_id}/"' in old_page and "حلّ محله" in old_page
    assert f'href="/admin/field/{row.public_id}/"' in new_page and "سبب الإلغاء" not in new_page


def test_the_copy_keeps_an_offence_that_was_right(inspector: Any, write: Callable[..., Violation]) -> None:
    row = write(signed="refused")
    writer_annulments.annul(violation=row, inspector=inspector, code="writer_wrong_facts", note_ar="الوقت")
    form = signed_in(inspector).get(NEW, {"again": row.public_id}).content.decode()
    assert re.search(rf'value="{row.offence}"[^>]* checked', form) and row.note_ar in form and "لم تُنسخ المخالفة" not in form
    assert 'name="signed"' in form and not re.search(r'name="signed"[^>]* checked', form), "whether the party signed is asked anew"


def test_a_wrong_shop_is_asked_for_anew(inspector: Any, shop: Shop, write: Callable[..., Violation]) -> None:
    row = write()
    writer_annulments.annul(violation=row, inspector=inspector, code="writer_wrong_shop", note_ar="المجاور")
    form = signed_in(inspector).get(NEW, {"again": row.public_id}).content.decode()
    assert row.note_ar in form and shop.commercial_license_no not in form and 'id="step-shop"' in form


def test_nobody_else_is_offered_the_annulment_or_the_copy(
    inspector: Any, make_inspector: Callable[..., Any], write: Callable[..., Violation]
) -> None:
    row, client = write(), signed_in(make_inspector("second"))
    url = f"/admin/field/{row.public_id}/"
    assert "annul-words" not in client.get(url).content.decode()
    answer = client.post(url, {"step": "annul", "code": "writer_wrong_offence", "words": "خطأ"})
    assert answer.status_code in (403, 409)
    writer_annulments.annul(violation=row, inspector=inspector, code="writer_wrong_offence", note_ar="خطأ")
    assert row.note_ar not in client.get(NEW, {"again": row.public_id}).content.decode()


def test_the_inspector_sees_the_workers_that_the_holder_entered(inspector: Any, shop: Shop) -> None:
    row = worker(shop, ends_in=10)
    text = signed_in(inspector).get(page_of(shop)).content.decode()
    assert row.number in text and row.civil_id_masked in text and "تنتهي قريباً" in text
