"""Correcting a violation report on the phone: what is written in its place, what is not, and where to go next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from municipality.notifications.registry import MESSAGE_KINDS
from tests.browsers import signed_in
from violations.models import Violation

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


def test_what_was_seen_is_asked_before_the_offences_and_the_signature_says_of_which_paper(inspector: Any, shop: Any) -> None:
    page = signed_in(inspector).get(NEW, {"shop": shop.public_id}).content.decode()
    assert page.index('name="note_ar"') < page.index('name="offence"')
    assert "توقيع المخالف" in page and "يُطبع الإشعار بعد تحرير المحضر" in page


def test_the_message_of_a_report_names_the_one_act_that_the_page_offers(write: Callable[..., Violation]) -> None:
    """The page of an unserved report has one button, "Open the notice"; nothing is shown before it is pressed."""
    row = write()
    kind = MESSAGE_KINDS["violations.minute_written"]
    for language, act, other in (("en", "open its notice", "Its page"), ("ar", "فتح", "تعرض صفحت")):
        with translation.override(language):
            told = kind.texts({"violation": row, "offence": row.rule}, language)
        for text in (told.body, told.short):
            assert act in text and other not in text
