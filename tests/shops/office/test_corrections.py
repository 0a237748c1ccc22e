"""Small corrections and exports: through the services of the register, never state or holder, at most 5,000, no formula in a cell."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile

from municipality.audit.models import AuditEvent
from municipality.kernel.errors import NotPermitted, Refused
from shops import invariants
from shops.models import Shop
from shops.office import resources
from shops.office.services import corrections
from shops.search.queries import SearchQuery, search_shops
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


def lines(*rows: str, head: str = "commercial_license_no;name_ar;block") -> bytes:
    return "\r\n".join([head, *rows, ""]).encode("utf-8-sig")


def test_an_export_comes_back_as_a_correction_without_a_change(make_shop: Callable[..., Shop], keeper: Any) -> None:
    make_shop(area_m2=40), make_shop(name_ar="=1+1", latitude=29.3, longitude=48.0)
    content = corrections.export(shops=Shop.objects.all(), form="csv", filters={"area": "7"}, by=keeper)
    assert b";'=1+1;" in content and AuditEvent.objects.get(action="register.exported").data == {"shops": 2, "form": "csv", "area": "7"}
    Shop.objects.filter(name_ar="=1+1").update(name_ar="صالون")
    found = corrections.preview(content=content.replace(b"'=1+1", "صالون".encode()), by=keeper)
    assert (found.changes, found.errors, found.same) == ([], [], 2)


def test_a_workbook_holds_texts_only_and_no_holder(make_shop: Callable[..., Shop], keeper: Any) -> None:
    make_shop(name_ar="=1+1")
    content = corrections.export(shops=Shop.objects.all(), form="xlsx", filters={}, by=keeper)
    parts = zipfile.ZipFile(io.BytesIO(content))
    whole = b"".join(parts.read(name) for name in parts.namelist())
    assert b"<f>" not in whole and b"=1+1" in whole and "شركة السجل".encode() not in whole


def test_a_correction_shows_what_it_does_and_goes_through_the_register(make_shop: Callable[..., Shop], keeper: Any) -> None:
    shop, other = make_shop(), make_shop()
    content = lines(f"{shop.commercial_license_no};مخبز الوادي;٩", f"{other.commercial_license_no};;")
    found = corrections.preview(content=content, by=keeper)
    ((line, named, effect),) = found.changes
    assert (line, named, found.same) == (2, shop, 1)
    assert effect == {"name_ar": [shop.name_ar, "مخبز الوادي"], "block": ["4", "9"]}
    shop.refresh_from_db()
    assert shop.block == "4" and shop.changes.count() == 0
    corrections.correct(file=found.file, as_seen=found.digest, by=keeper)
    shop.refresh_from_db()
    assert (shop.name_ar, shop.block, shop.former_names.count()) == ("مخبز الوادي", "9", 1)
    assert sorted(shop.events.values_list("kind", flat=True)) == ["moved", "opened", "renamed"]
    assert [hit.shop_id for hit in search_shops(SearchQuery("مخبز الوادي")).hits] == [shop.pk] and list(invariants.findings()) == []
    assert (
        AuditEvent.objects.get(action="register.corrected").data["shops"] == 1
        and AuditEvent.objects.filter(action="shop.changed").count() == 1
    )
    with pytest.raises(Refused, match="nothing_new"):
        corrections.correct(file=found.file, as_seen=found.digest, by=keeper)


@pytest.mark.parametrize(
    ("head", "cell"),
    [("state;state_on", "closed;2026-11-01"), ("commercial_license_end", "2030-01-01"), ("commercial_registration_no", "99001")],
)
def test_state_licence_and_registration_are_not_changed_by_a_correction(
    head: str, cell: str, make_shop: Callable[..., Shop], keeper: Any
) -> None:
    shop = make_shop()
    found = corrections.preview(content=lines(f"{shop.commercial_license_no};{cell}", head=f"commercial_license_no;{head}"), by=keeper)
    assert found.changes == [] and {str(sentence) for _line, _column, sentence in found.errors} == {str(resources.ONLY_SHEETS)}
    with pytest.raises(Refused, match="wrong_lines"):
        corrections.correct(file=found.file, as_seen=found.digest, by=keeper)
    assert shop.changes.count() == 0


@pytest.mark.parametrize("column", ["building", "plot"])
def test_a_shop_keeps_its_building_or_its_plot(column: str, make_shop: Callable[..., Shop], keeper: Any) -> None:
    """The database would refuse the whole correction after a preview that showed it as good."""
    shop = make_shop(**{"building": "", "plot": "", column: "30"})
    found = corrections.preview(content=lines(f"{shop.commercial_license_no};-", head=f"commercial_license_no;{column}"), by=keeper)
    assert found.changes == [] and [(line, named) for line, named, _sentence in found.errors] == [(2, column)]


def test_what_the_preview_did_not_show_is_not_written(make_shop: Callable[..., Shop], keeper: Any) -> None:
    shop = make_shop()
    content = lines(f"{shop.commercial_license_no};مخبز;9")
    found = corrections.preview(content=content, by=keeper)
    Shop.objects.filter(pk=shop.pk).update(block="7")  # another value would be written over than the one that was shown
    with pytest.raises(Refused, match="changed_meanwhile"):
        corrections.correct(file=found.file, as_seen=found.digest, by=keeper)
    shop.refresh_from_db()
    assert (shop.block, shop.changes.count()) == ("7", 0)
    again = corrections.preview(content=content, by=keeper)
    corrections.correct(file=again.file, as_seen=again.digest, by=keeper)
    shop.refresh_from_db()
    assert (shop.name_ar, shop.block) == ("مخبز", "9")


def test_a_wrong_line_holds_the_whole_correction_back(make_shop: Callable[..., Shop], keeper: Any) -> None:
    shop = make_shop()
    found = corrections.preview(content=lines(f"{shop.commercial_license_no};مخبز;1", "999999/2001;x;2", "=1;x;2"), by=keeper)
    assert [(line, column) for line, column, _sentence in found.errors] == [(3, "commercial_license_no"), (4, "commercial_license_no")]
    with pytest.raises(Refused, match="wrong_lines"):
        corrections.correct(file=found.file, as_seen=found.digest, by=keeper)
    shop.refresh_from_db()
    assert shop.block == "4" and shop.changes.count() == 0, "all of it or nothing"


def test_more_rows_lead_to_the_sheets_and_other_roles_nowhere(
    make_shop: Callable[..., Shop], keeper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, _other = make_shop(), make_shop()
    monkeypatch.setattr(corrections, "MAX_ROWS", 1)
    row = f"{shop.commercial_license_no};x;1"
    for refused in (
        lambda: corrections.preview(content=lines(row, row), by=keeper),
        lambda: corrections.export(shops=Shop.objects.all(), form="csv", filters={}, by=keeper),
    ):
        with pytest.raises(Refused, match="too_many"):
            refused()
    for role in ("register_clerk", "officer"):
        with pytest.raises(NotPermitted):
            corrections.preview(content=lines(row), by=StaffFactory(groups=[role], login=role))


def test_the_preview_counts_its_errors(make_shop: Callable[..., Shop], keeper: Any) -> None:
    sheet = SimpleUploadedFile("register.csv", lines(f"{make_shop().commercial_license_no};x;1", "2020/999999;x;1", "2020/999998;x;1"))
    preview = signed_in(keeper).post("/admin/register/corrections/", {"step": "preview", "file": sheet}, follow=True)
    assert preview.status_code == 200
    assert '<dt>الأخطاء</dt><dd><bdi dir="ltr">2</bdi></dd>' in preview.content.decode()


@pytest.mark.parametrize(("language", "heading", "absent"), [("en", "name_ar", "الاسم التجاري"), ("ar", "الاسم التجاري", "name_ar")])
def test_the_page_names_columns_in_its_language_and_has_one_main_button(
    language: str, heading: str, absent: str, make_shop: Callable[..., Shop], keeper: Any
) -> None:
    browser, page = signed_in(keeper), "/admin/register/corrections/"
    browser.cookies["staff_language"] = language
    sheet = SimpleUploadedFile("register.csv", lines(f"{make_shop().commercial_license_no};مخبز;1"))
    first, preview = browser.get(page), browser.post(page, {"step": "preview", "file": sheet})
    assert heading in first.content.decode() and absent not in first.content.decode()
    assert f"{heading}: " in preview.content.decode() and absent not in preview.content.decode()
    mains = [BeautifulSoup(answer.content, "html.parser").select(".kp-desk-main") for answer in (first, preview)]
    assert [[button["value"] for button in found] for found in mains] == [["preview"], ["correct"]]
