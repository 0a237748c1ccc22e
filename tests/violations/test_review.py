"""An objection on the desk: its measure in words, who proposes annulment, and no list of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from municipality.review.registry import REVIEWABLES
from municipality.uploads import registry
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.uploads import UploadFactory
from tests.factories.violations import ObjectionFactory
from tests.purposes import opened
from violations import review
from violations.models import Objection, Violation
from violations.services import notices, objections
from violations.states import OBJECTION

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture(autouse=True)
def arabic_afterwards() -> Iterator[None]:
    """A request in English leaves its language to the thread."""
    yield
    translation.deactivate()


@pytest.fixture
def objected(write: Callable[..., Violation], owner: Any) -> Callable[..., Objection]:
    def make(offence: str = "CLN-03", **facts: Any) -> Objection:
        row = write(offence, **facts)
        notices.record_opening(violation=row, person=owner)
        return ObjectionFactory(violation=row, person=owner)

    return make


@pytest.mark.parametrize(
    ("unit", "hundredths", "months", "in_english", "in_arabic"),
    [
        ("each", 100, 0, "", ""),
        ("piece", 100, 0, "", ""),
        ("piece", 200, 0, "2 pieces", "قطعتان"),
        ("piece", 500, 0, "5 pieces", "5 قطع"),
        ("worker", 100, 0, "", ""),
        ("worker", 200, 0, "2 workers", "عاملان"),
        ("m2", 350, 0, "3.50 m²", "3.50 م²"),
        ("m2_month", 350, 3, "3.50 m² for 3 months", "3.50 م²، مدة الإشغال: 3 أشهر"),
    ],
)
def test_a_measure_is_said_in_words_and_one_piece_not_at_all(
    unit: str, hundredths: int, months: int, in_english: str, in_arabic: str
) -> None:
    row = Violation(offence_facts={"unit": unit}, quantity_hundredths=hundredths, months=months)
    for language, words in (("en", in_english), ("ar", in_arabic)):
        with translation.override(language):
            assert review._measure(row) == words


def test_repetitions_are_said_in_words_and_a_first_time_not_at_all() -> None:
    with translation.override("en"):
        assert [review._repeats(count) for count in (0, 1, 2)] == ["", "seen 1 time before", "seen 2 times before"]
    with translation.override("ar"):
        assert review._repeats(2) == "رُصدت مرتين من قبل"


def test_what_has_no_words_is_no_line_of_the_page(objected: Callable[..., Objection]) -> None:
    names = {item.name for item in review.items(objected().case)}
    assert {"note", "words", "defence"} <= names and not names & {"measure", "repeats"}


def test_the_signed_paper_which_names_people_is_not_on_the_desk(
    write: Callable[..., Violation], inspector: Any, owner: Any, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    row = write()
    for slot in ("photos", "signature"):
        UploadFactory(owner=inspector, subject=row.key, slot=slot)
    notices.record_opening(violation=row, person=owner)
    objection = ObjectionFactory(violation=row, person=owner)
    auditor = StaffFactory(groups=["auditor"], branch_id="HA")
    client = signed_in(auditor)
    html = opened(client, f"/admin/desk/{objection.case.public_id}/", "purpose.audit").content.decode()
    assert "صور المخالفة" in html and "الورقة الموقعة" not in html
    assert registry.may_read(auditor, row.key, "photos") and not registry.may_read(auditor, row.key, "signature")
    assert registry.may_read(inspector, row.key, "signature")


def test_amount_and_day_are_written_as_on_every_page(objected: Callable[..., Objection]) -> None:
    with translation.override("ar"):
        said = {item.name: str(item.value) for item in review.items(objected().case)}
    assert "د.ك" in said["amount"] and "100.000" in said["amount"]
    assert "-" not in said["seen"] and "نوفمبر" in said["seen"]


def test_the_page_says_by_whom_annulment_is_proposed_and_lists_no_changes(objected: Callable[..., Objection], frozen_clock: Clock) -> None:
    objection = objected()
    frozen_clock.move(days=6)
    objections.close_defence(objection_id=objection.pk)
    auditor = signed_in(StaffFactory(groups=["auditor"], branch_id="HA"))
    auditor.cookies["staff_language"] = "en"
    html = opened(auditor, f"/admin/desk/{objection.case.public_id}/", "purpose.audit").content.decode()
    assert "had until 29 November 2026 to defend it" in html.replace("\xa0", " ")
    assert "By the rule, the portal then proposes annulment; the officer decides." in html
    assert "What changed" not in html and "Why an officer decides" in html
    assert REVIEWABLES["licensing.renewal"].compares and not REVIEWABLES[OBJECTION].compares, "the control: a renewal has changes"


def test_the_list_of_a_branch_says_which_reports_it_has(objected: Callable[..., Objection], frozen_clock: Clock) -> None:
    objection = objected()
    frozen_clock.move(days=6)
    objections.close_defence(objection_id=objection.pk)
    page, lead = "/admin/office/undefended/", "stands on that branch&#x27;s list"
    for branch in (objection.violation.branch_id, objection.case.branch_id):
        supervisor = signed_in(StaffFactory(groups=["supervisor"], login=f"of_{branch}", branch_id=branch))
        supervisor.cookies["staff_language"] = "en"
        html = supervisor.get(page).content.decode()
        assert lead in html or lead.replace("&#x27;", "'") in html
        assert (objection.case.reference in html) == (branch == objection.violation.branch_id)
    auditor = signed_in(StaffFactory(groups=["auditor"], branch_id="HA"))
    auditor.cookies["staff_language"] = "en"
    html = auditor.get(page).content.decode()
    assert objection.case.reference in html and "on that branch" not in html
