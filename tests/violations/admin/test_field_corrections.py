"""Correcting a violation report on the phone: what is written in its place, what is not, and where to go next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import translation
from PIL import Image

from municipality.fieldwork.models import Evidence
from municipality.kernel import clock
from municipality.notifications.registry import MESSAGE_KINDS
from municipality.review.services import staff
from shops.models import Shop
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.violations.field_entries import confirmed, picture, typed
from violations.models import Service, Violation

pytestmark = pytest.mark.django_db
FIELD, NEW, SHOPS = "/admin/field/", "/admin/field/new/", "/admin/field/shop/"


def test_the_copy_says_in_whose_place_it_is_written(inspector: Any, write: Callable[..., Violation]) -> None:
    row, client = write(), signed_in(inspector)
    answer = client.post(f"{FIELD}{row.public_id}/", {"step": "annul", "code": "writer_wrong_facts", "words": "الوقت"})
    page = client.get(answer["Location"]).content.decode()
    assert "محضر بدل" in page and row.reference in page.partition("<h1")[2].partition("</h1>")[0]
    assert "محضر بدل" not in client.get(NEW).content.decode()


def test_of_a_report_that_was_written_twice_no_copy_is_begun(inspector: Any, write: Callable[..., Violation]) -> None:
    row, client = write(), signed_in(inspector)
    url = f"{FIELD}{row.public_id}/"
    done = client.post(url, {"step": "annul", "code": "writer_written_twice", "words": "حُرر مرتين"}, follow=True)
    assert done.redirect_chain == [(url, 302)]
    page = done.content.decode()
    assert f"أُلغي {row.reference}" in page and "نُسخ" not in page
    row.refresh_from_db()
    assert row.state == "annulled" and Violation.objects.count() == 1


def test_the_page_of_a_report_leads_on(inspector: Any, write: Callable[..., Violation]) -> None:
    page = signed_in(inspector).get(f"{FIELD}{write().public_id}/").content.decode()
    bar = page.rpartition('class="kp-field-bar"')[2]
    assert f'href="{FIELD}"' in bar and f'href="{SHOPS}"' in bar
    assert "إلغاؤه وتحريره من جديد" in page and "حُرر المحضر" in page


def test_a_warning_is_called_one(inspector: Any, write: Callable[..., Violation]) -> None:
    page = signed_in(inspector).get(f"{FIELD}{write('SHP-04', quantity_hundredths=350).public_id}/").content.decode()
    assert "حُرر الإنذار" in page and "حُرر المحضر" not in page


def test_what_was_seen_is_asked_before_the_offences_and_the_signature_says_of_which_paper(inspector: Any, shop: Any) -> None:
    page = signed_in(inspector).get(NEW, {"shop": shop.public_id}).content.decode()
    assert page.index('name="note_ar"') < page.index('name="offence"')
    step = page.partition('id="step-end"')[2].partition("</section>")[0]
    assert "ثم يُطبع ويُسلّم" in step and "الإخطار" in step and "الإشعار" not in step
    assert 'name="signed"' in step and "checked" not in step, "nothing is chosen for the inspector"
    entry = {name: value for name, value in typed(shop).items() if name != "signed"}
    assert signed_in(inspector).post("/admin/field/check/", entry).json()["fields"] == {"signed": ["يلزم تحديد حال المخالف."]}


def test_the_message_of_a_report_names_the_one_act_that_the_page_offers(write: Callable[..., Violation]) -> None:
    """The page of an unserved report has one button, "Open the notice"; nothing is shown before it is pressed."""
    row = write()
    kind = MESSAGE_KINDS["violations.report_written"]
    for language, act, other in (("en", "open its notice", "Its page"), ("ar", "فتح", "تعرض صفحت")):
        with translation.override(language):
            told = kind.texts({"violation": row, "offence": row.rule}, language)
        for text in (told.body, told.short):
            assert act in text and other not in text


def _photographed(client: Any, shop: Shop, **more: Any) -> tuple[Violation, dict[str, Any]]:
    """A report with one accepted photo, and its entry."""
    content = BytesIO()
    Image.new("RGB", (640, 480), "white").save(content, "JPEG")
    entry = confirmed(client, typed(shop))
    taken = {"photos": [picture(content.getvalue())], "photos_at": [(clock.now() - dt.timedelta(minutes=3)).isoformat()]}
    assert client.post("/admin/field/sync/", entry | taken).status_code == 201
    run_due(("uploads.inspect",))
    return Violation.objects.latest("pk"), entry


@pytest.fixture
def files(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.mark.usefixtures("files")
def test_the_report_in_its_place_takes_the_photos_over_as_they_were_taken(inspector: Any, shop: Shop) -> None:
    client = signed_in(inspector)
    row, entry = _photographed(client, shop)
    before = Evidence.objects.select_related("upload").get(visit=row.visit)
    said = client.get(f"{FIELD}{row.public_id}/").content.decode()
    assert "يُنقل: المحل أو الموقع والوقت والمخالفة وما شوهد والصور." in said
    answer = client.post(f"{FIELD}{row.public_id}/", {"step": "annul", "code": "writer_wrong_facts", "words": "المقدار"})
    page = client.get(answer["Location"]).content.decode()
    assert f'value="{row.public_id}"' in page and 'name="keep_photos"' in page and "لا تُنقل الصور" not in page
    anew = entry | {"client_key": str(uuid4()), "seen_at": row.seen_at.isoformat(), "photos_of": row.public_id, "keep_photos": "on"}
    shown = client.post("/admin/field/check/", anew | {"confirmed": ""}).json()
    assert "منقول من المحضر الملغى" in shown["html"]
    for _again in range(2):
        sent = client.post("/admin/field/sync/", anew | {"confirmed": shown["confirmed"]})
        assert sent.status_code in (200, 201) and sent.json()["refused"] == []
    new = Violation.objects.latest("pk")
    mark = Evidence.objects.select_related("upload").get(visit=new.visit)
    assert (mark.sha256, mark.captured_at, mark.latitude) == (before.sha256, before.captured_at, before.latitude)
    assert mark.upload_id != before.upload_id and mark.upload.subject == new.key and mark.upload.state == "ready"


@pytest.mark.usefixtures("files")
def test_photos_of_another_shop_or_inspector_are_not_taken_over(
    inspector: Any, make_inspector: Callable[..., Any], shop: Shop, make_shop: Callable[..., Shop]
) -> None:
    client = signed_in(inspector)
    row, entry = _photographed(client, shop)
    client.post(f"{FIELD}{row.public_id}/", {"step": "annul", "code": "writer_wrong_shop", "words": "المحل المجاور"})
    page = client.get(NEW, {"again": row.public_id}).content.decode()
    assert "لا تُنقل الصور" in page and 'name="keep_photos"' not in page
    other = make_shop()
    anew = entry | {"seen_at": row.seen_at.isoformat(), "photos_of": row.public_id, "keep_photos": "on"}
    for sender, place in ((client, other), (signed_in(make_inspector("second")), shop)):
        typed_anew = anew | {"client_key": str(uuid4()), "shop_no": place.commercial_license_no}
        sent = sender.post("/admin/field/sync/", confirmed(sender, typed_anew | {"confirmed": ""}))
        assert sent.status_code == 201, sent.content
        assert not Evidence.objects.filter(visit=Violation.objects.latest("pk").visit).exists()


@pytest.mark.usefixtures("files")
def test_the_signature_is_recorded_after_the_notice_is_printed(
    inspector: Any, make_inspector: Callable[..., Any], write: Callable[..., Violation]
) -> None:
    row = write(signed="later")
    url, content = f"{FIELD}{row.public_id}/", BytesIO()
    Image.new("RGB", (640, 480), "white").save(content, "JPEG")
    signature = {"step": "signed", "signature": picture(content.getvalue())}
    other = signed_in(make_inspector("second"))
    assert "وقّع المخالف الإخطار المطبوع" not in other.get(url).content.decode()
    assert other.post(url, signature | {"signature": picture(content.getvalue())}).status_code == 409
    client = signed_in(inspector)
    assert client.post(url, {"step": "signed"}).status_code == 409
    assert not Service.objects.exists() and not Evidence.objects.exists()
    # A tie that the writer has declared since does not stop it: nobody else can record the signature.
    staff.declare_conflict(officer=inspector, party_key=row.shop.key, kind="relative", declared_by=inspector)
    assert client.post(url, signature | {"signature": picture(content.getvalue())}).status_code == 302
    assert Service.objects.get(violation=row).ground == "signed"
    assert Evidence.objects.get(visit=row.visit).kind == "signature"


def test_a_page_that_waits_for_its_notice_shows_it_without_loading_anew(inspector: Any, write: Callable[..., Violation]) -> None:
    page = signed_in(inspector).get(f"{FIELD}{write().public_id}/").content.decode()
    waits = page.partition("data-field-waits")[2].partition("</div>")[0]
    assert "data-field-waiting" in waits and "data-field-ready hidden" in waits and "/notice" in waits
    assert "reload" not in Path("static/js/field.js").read_text()


@pytest.mark.usefixtures("files")
def test_a_signature_is_asked_for_as_long_as_its_photo_is_taken(
    inspector: Any, write: Callable[..., Violation], frozen_clock: Clock
) -> None:
    row = write(signed="later")
    url, content = f"{FIELD}{row.public_id}/", BytesIO()
    Image.new("RGB", (640, 480), "white").save(content, "JPEG")
    frozen_clock.move(hours=71)
    assert 'value="signed"' in signed_in(inspector).get(url).content.decode()
    frozen_clock.move(hours=1)
    client = signed_in(inspector)
    late = client.post(url, {"step": "signed", "signature": picture(content.getvalue())})
    assert late.status_code == 409 and not Service.objects.exists()
    assert 'value="signed"' not in client.get(url).content.decode()
