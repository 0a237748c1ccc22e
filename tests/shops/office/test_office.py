"""The register's office in the browser: a sheet from upload to its end, the other person's buttons, what is typed stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from municipality.audit.models import AuditEvent
from municipality.imports import services
from municipality.imports.models import ImportFile
from shops.imports.problems import FILE
from shops.models import EventProposal, Shop, ShopMerge
from shops.office.services import merges
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.full_disk import full_disk
from tests.shops.imports.sheets import sheet

pytestmark = pytest.mark.django_db
SHEETS, MERGES, SHOPS, CORRECTIONS = (f"/admin/register/{name}/" for name in ("sheets", "merges", "shops", "corrections"))
JOBS = ("imports.check", "imports.take")
WHY = "الرقم نفسه والعنوان واحد بعد المعاينة"


@pytest.fixture
def clerk(make_shop: Callable[..., Shop]) -> Any:
    return signed_in(StaffFactory(groups=["register_clerk"], login="clerk"))


@pytest.fixture
def keeper(make_shop: Callable[..., Shop]) -> Any:
    return signed_in(StaffFactory(groups=["register_keeper"], login="keeper"))


def upload(client: Any, content: bytes, **more: Any) -> Any:
    return client.post(more.pop("to", SHEETS), {"file": SimpleUploadedFile("سجل.csv", content), **more})


def test_a_sheet_goes_from_upload_to_its_end_by_two_people(clerk: Any, keeper: Any) -> None:
    answer = upload(clerk, sheet({}, {"commercial_license_no": "2/2020", "name_ar": "=1+1"}))
    address = answer["Location"]
    page = clerk.get(address)
    assert page["Refresh"] == "5" and "يُقرأ" in page.content.decode()
    run_due(JOBS)
    page = clerk.get(address)
    assert "Refresh" not in page.headers and 'value="release"' not in page.content.decode(), "not by whoever loaded it"
    assert 'value="release"' in keeper.get(address).content.decode()
    assert keeper.post(address, {"step": "release"}).status_code == 302
    assert keeper.get(address)["Refresh"] == "5"
    run_due(JOBS)
    assert ImportFile.objects.get().added == 1 and "1 / 1" in keeper.get(address).content.decode()
    problems = clerk.get(f"{address}problems.csv").content.decode("utf-8-sig").splitlines()
    assert problems[1].startswith("3;name_ar;") and "formula" in problems[1] and "صيغة" in problems[1]
    assert "'=" not in problems[1]


def test_a_file_that_cannot_be_read_or_was_loaded_is_refused_with_a_sentence(clerk: Any) -> None:
    with translation.override("ar"):
        words = [str(FILE[code])[:30] for code in ("workbook", "no_columns")]
    for content, word in ((b"PK\x03\x04", words[0]), (b"a;b\r\n1;2\r\n", words[1][:12]), (sheet({}), ""), (sheet({}), "من قبل")):
        answer = upload(clerk, content)
        assert (answer.status_code == 409) == bool(word) and word in answer.content.decode()
    assert clerk.post(SHEETS).status_code == 409
    assert ImportFile.objects.count() == 1


def test_the_list_of_absent_shops_is_a_sheet_without_formulas(clerk: Any, make_shop: Callable[..., Shop]) -> None:
    make_shop(name_ar="=cmd")
    file = services.load("register", content=sheet({}), name="x.csv", loaded_by=StaffFactory(groups=["register_clerk"], login="other"))
    services.check(file_id=file.pk)
    assert ";'=cmd;" in clerk.get(f"{SHEETS}{file.public_id}/absent.csv").content.decode("utf-8-sig")


def test_a_merge_is_proposed_from_a_candidate_and_confirmed_by_another(clerk: Any, keeper: Any, make_shop: Callable[..., Shop]) -> None:
    stays, goes = make_shop(name_ar="مخبز الأمل"), make_shop(name_ar="مخبز الامل")
    page = clerk.get(f"{MERGES}?goes={goes.commercial_license_no}&stays={stays.commercial_license_no}").content.decode()
    assert f'value="{goes.commercial_license_no}"' in page and "الاسم واحد" in page
    given = {"step": "propose", "goes": goes.commercial_license_no, "stays": stays.commercial_license_no}
    short = clerk.post(MERGES, given | {"note_ar": "x"})
    assert short.status_code == 409 and f'value="{goes.commercial_license_no}"' in short.content.decode(), "what was typed stays"
    address = clerk.post(MERGES, given | {"note_ar": WHY})["Location"]
    assert 'value="allow"' not in clerk.get(address).content.decode()
    assert keeper.post(address, {"step": "allow"}).status_code == 302
    goes.refresh_from_db()
    assert goes.merged_into == stays
    again = clerk.post(MERGES, {"step": "split", "goes": goes.commercial_license_no, "note_ar": WHY})["Location"]
    keeper.post(again, {"step": "allow"})
    goes.refresh_from_db()
    assert goes.merged_into is None and ShopMerge.objects.count() == 2


def test_the_second_person_reads_what_stands_in_the_way(
    keeper: Any, make_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    act = merges.propose(shop=make_shop(), into=make_shop(), note_ar=WHY, asked_by=StaffFactory(groups=["register_clerk"], login="c2"))
    monkeypatch.setattr(merges, "OPEN_MATTERS", {"tests": lambda shop: ["محضر مفتوح"]})
    assert "محضر مفتوح" in keeper.get(f"{MERGES}{act.public_id}/").content.decode()
    assert keeper.post(f"{MERGES}{act.public_id}/", {"step": "allow"}).status_code == 409


def test_an_event_is_typed_in_arabic_digits_and_confirmed_by_another(clerk: Any, keeper: Any, make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    found = clerk.get(f"{SHOPS}?number={shop.commercial_license_no}")
    address = found["Location"]
    said = {"step": "propose", "kind": "moved", "on": "٢٠٢٦-١١-٢٠", "reference": "12/2026", "note_ar": WHY}
    empty = clerk.post(address, said)
    assert empty.status_code == 409 and WHY in empty.content.decode() and not EventProposal.objects.exists()
    where = {"area": shop.area_id, "block": "٩", "street": "3", "paci_number": "١٢٣٤٥٦٧٨", "building": "1"}
    assert clerk.post(address, said | where).status_code == 302
    act = EventProposal.objects.get()
    assert keeper.post(address, {"step": "allow", "proposal": act.public_id}).status_code == 302
    shop.refresh_from_db()
    assert (shop.block, shop.paci_number) == ("9", "12345678")


def test_a_correction_is_shown_and_then_done_and_an_export_is_a_file(clerk: Any, keeper: Any, make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    exported = clerk.post(CORRECTIONS, {"step": "export", "form": "csv", "governorate": "HA"})
    assert exported["Content-Disposition"].endswith('"shops.csv"') and shop.name_ar in exported.content.decode("utf-8-sig")
    changed = exported.content.replace(shop.name_ar.encode(), "مخبز الوادي".encode())
    page = upload(keeper, changed, to=CORRECTIONS, step="preview").content.decode()
    assert "مخبز الوادي" in page and shop.name_ar in page
    token = page.partition('name="token" value="')[2].partition('"')[0]
    assert keeper.post(CORRECTIONS, {"step": "correct", "token": "x"}).status_code == 409
    assert keeper.post(CORRECTIONS, {"step": "correct", "token": token}).status_code == 200
    shop.refresh_from_db()
    assert shop.name_ar == "مخبز الوادي"
    assert upload(clerk, changed, to=CORRECTIONS, step="preview").status_code == 409


def test_a_sheet_for_which_there_is_no_room_is_a_page_and_an_alarm(clerk: Any, settings: Any, tmp_path: Any) -> None:
    clerk.raise_request_exception = False
    with full_disk(tmp_path / "small") as folder:
        settings.VAR_DIR = folder
        answer = upload(clerk, sheet(*({"commercial_license_no": f"9{number:05}/2020"} for number in range(300))))
        assert answer.status_code == 507 and "لا يتسع المكان" in answer.content.decode()
        assert not [path for path in (folder / "documents").rglob("*") if path.is_file()]
        middleware = settings.MIDDLEWARE
        settings.MIDDLEWARE = [name for name in middleware if not name.endswith("StoreMiddleware")]
        clerk.handler.load_middleware()
        assert upload(clerk, sheet({})).status_code == 500  # the red control
    settings.MIDDLEWARE = middleware
    clerk.handler.load_middleware()
    assert not ImportFile.objects.exists() and AuditEvent.objects.filter(action="store.no_room").count() == 1
