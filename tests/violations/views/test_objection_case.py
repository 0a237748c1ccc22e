"""The page of an objection: what the party sent stands on it, and only documents that an objection can have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import translation
from django.utils.formats import date_format

from municipality.accounts.models import User
from municipality.notifications.models import Message
from municipality.ui.templatetags import portal
from tests.browsers import signed_in
from tests.factories.uploads import UploadFactory
from tests.factories.violations import ObjectionFactory
from violations.models import Violation
from violations.services import notices


def test_the_party_reads_its_own_words_and_opens_its_own_files(write: Callable[..., Violation], owner: User) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    upload = UploadFactory(owner=owner, subject=row.key, slot="objection")
    objection = ObjectionFactory(violation=row, person=owner, words="لم تكن الأكياس لنا <b>")
    client = signed_in(owner)
    page = client.get(f"/en/cases/{objection.case.public_id}/").content.decode()
    assert "لم تكن الأكياس لنا &lt;b&gt;" in page
    link = f"/en/uploads/file/{upload.public_id}/look/"
    assert link in page and client.get(link).status_code == 200
    assert "The decision appears here as a sealed file." in page
    assert "The receipt and the licence" not in page


def test_the_last_day_of_each_way_stands_with_its_hijri_day(write: Callable[..., Violation], owner: User) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    row.refresh_from_db()
    page = signed_in(owner).get(f"/ar/violations/{row.public_id}/").content.decode()
    with translation.override("ar"):
        days = [portal.day_hijri(until, "weekday") for until in (row.settle_until, row.object_until)]
    assert all("هـ" in day and day in page for day in days)


def test_a_new_objection_names_who_decides_and_both_days_and_has_changed_no_date(write: Callable[..., Violation], owner: User) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    objection = ObjectionFactory(violation=row, person=owner)
    case = objection.case
    case.refresh_from_db()
    assert case.due_on is not None and case.due_on < objection.answer_by
    assert not case.events.filter(move__startswith="move_promise").exists()
    page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "The decision date has changed" not in page
    assert "An officer of another branch" in page
    decision = page.split("<h3><span>Decision</span></h3>")[1].split("</li>")[0]
    assert "automatically" not in decision
    promise = page.split("Decision promised by</dt>")[1].split("</div>")[0]
    assert portal.day(case.due_on) in promise and f"If no answer has come by {portal.day_hijri(objection.answer_by)}, the law" in promise
    assert "Answer by law at the latest" not in page, "one day is promised"


@pytest.mark.parametrize(
    ("language", "promise", "silence"),
    [
        ("en", "If you send it today, the Municipality promises a decision by", "No answer by {} counts as a refusal"),
        ("ar", "إذا أُرسل اليوم فأقصى موعد للبت فيه", "وعدم الرد حتى {} يُعدّ رفضاً"),
    ],
)
def test_the_form_promises_the_day_that_the_case_then_has(
    write: Callable[..., Violation], owner: User, language: str, promise: str, silence: str
) -> None:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    form = signed_in(owner).get(f"/{language}/violations/{row.public_id}/object/").content.decode()
    objection = ObjectionFactory(violation=row, person=owner)
    objection.case.refresh_from_db()
    with translation.override(language):
        assert f"{promise} {portal.day(objection.case.due_on)}." in form
        assert silence.format(portal.day(objection.answer_by)) in form
        message = Message.objects.get(kind="violations.objection_filed", person=owner)
        assert date_format(objection.case.due_on, "DATE_FORMAT") in getattr(message, f"short_{language}"), (
            "the day in the text is the promised one"
        )
