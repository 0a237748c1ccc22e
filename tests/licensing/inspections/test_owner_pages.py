"""The pages of an inspection for its owner: what is shown in each state, in how many statements, and what the shop's page says."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext, override

from licensing.inspections import questions, services
from licensing.inspections.files import own_slots
from licensing.inspections.obligations import my_shops, obligations
from licensing.inspections.services import appointments
from licensing.inspections.services.self_checks import send_self_check
from licensing.models import Inspection
from municipality.accounts.models import User
from municipality.fieldwork.models import Evidence
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.uploads.registry import PREFIXES
from shops.models import Shop
from tests import serving
from tests.browsers import signed_in
from tests.factories import inspections
from tests.factories.accounts import PersonFactory
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
MOST = 12  # statements of a page
LANGUAGES = pytest.mark.parametrize("language", ["ar", "en"])


@pytest.fixture
def row(shop: Shop, inspectors: list[User], frozen_clock: Any) -> Inspection:
    return inspections.ordered(shop, reason="شكوى من الجيران")


def visited(row: Inspection, clock_of: Any, **values: str | int) -> Inspection:
    row = inspections.appointed(row)
    assert row.day is not None
    clock_of.move(days=(row.day - clock.today()).days)
    inspections.visited(row, inspections.found(row, **values))
    return row


def read(user: User | None, path: str) -> str:
    client = signed_in(user) if user is not None else signed_in(PersonFactory(noura=True))
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path, follow=True)
    assert answer.status_code == 200 and ("/shops/" in path or len(queries) <= MOST), (len(queries), path)
    return str(answer.content.decode())


@LANGUAGES
def test_each_state_has_its_page(row: Inspection, owner: User, language: str, frozen_clock: Any) -> None:
    page = f"/{language}/inspections/{row.public_id}/"
    assert "شكوى من الجيران" in read(owner, page)
    row = visited(row, frozen_clock, area=8, first_aid="no")
    text = read(owner, page)
    rules = {rule.code: rule for rule in questions.rules_of(row)}
    for code in ("area", "first_aid"):
        assert getattr(rules[code], f"question_{language}") in text
    question, address = getattr(rules["area"], f"question_{language}"), getattr(row, f"address_{language}")
    assert text.index(question) < text.index(address), "what to do comes first"
    assert row.inspector.name_ar not in text and row.inspector.name_en not in text
    with override(language):
        assert f"<dt>{gettext('Visited on')}</dt>" in text and f"<dt>{gettext('Result on')}</dt>" not in text, "one day is said once"
    assert "#i-check" not in text.split("kp-fold")[1].split("</summary>")[0], "no tick over answers that are not all met"
    public = read(None, f"/{language}/shops/{row.shop.public_id}/")  # type: ignore[union-attr]
    assert getattr(rules["area"], f"question_{language}") in public and "شكوى" not in public
    assert getattr(rules["first_aid"], f"question_{language}") not in public, "advice is between inspector and owner"


@LANGUAGES
def test_the_page_of_the_shop_shows_the_photos_of_a_visit_to_its_holder_alone(
    row: Inspection, owner: User, language: str, frozen_clock: Any
) -> None:
    row = visited(row, frozen_clock, area=8)
    visit = row.visits.get().visit
    photo = UploadFactory(owner=row.inspector, subject=f"visited:{row.public_id}", slot="visit")
    Evidence.objects.create(visit=visit, kind="area", upload=photo, received_at=clock.now(), added_by=row.inspector.key)
    page, look = f"/{language}/shops/{row.shop.public_id}/", f"/uploads/file/{photo.public_id}/look/"  # type: ignore[union-attr]
    own = read(owner, page)
    assert look in own and f"/{language}/inspections/{row.public_id}/" in own
    for other in (None, row.inspector):
        text = read(other, page)
        assert look not in text and f"/inspections/{row.public_id}/" not in text
    anonymous = Client().get(page, follow=True).content.decode()
    assert f'id="inspection-{row.public_id}"' in anonymous and look not in anonymous


@LANGUAGES
def test_choosing_and_asking_again(row: Inspection, owner: User, language: str, frozen_clock: Any) -> None:
    client, page = signed_in(owner), f"/{language}/inspections/{row.public_id}/"
    assert client.post(page, {}).status_code == 400
    assert client.post(page, {"time": "2020-01-01 first"}).status_code == 400
    assert client.post(page, {"step": "again"}).status_code == 409
    assert client.post(page, {"time": appointments.offered(row)[0].value}).status_code == 302
    row.refresh_from_db()
    frozen_clock.move(days=(row.day - clock.today()).days)
    inspections.visited(row, inspections.found(row, fire="no"))
    answer = signed_in(owner).post(page, {"step": "again"})
    again = Inspection.objects.exclude(pk=row.pk).get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/{language}/inspections/{again.public_id}/")
    assert again.reference in read(owner, page)


@LANGUAGES
def test_the_self_check_keeps_what_was_typed_and_is_sent_once(row: Inspection, owner: User, language: str) -> None:
    client, page = signed_in(owner), f"/{language}/inspections/{row.public_id}/self-check/"
    wrong = client.post(page, {"number_area": "كبير", "answer_fire": "no"})
    assert wrong.status_code == 400 and "كبير" in wrong.content.decode()
    typed = {f"number_{rule.code}" if rule.kind == "number" else f"answer_{rule.code}": "" for rule in questions.asked(row)}
    typed = {name: "٣٥" if name.startswith("number") else "yes" for name in typed}
    assert client.post(page, typed).status_code == 302
    assert client.post(page, typed).status_code == 409
    assert row.answers.filter(by_owner=True, hundredths=3500).count() == 1
    read(owner, page)


def test_a_photo_stands_beside_its_question_and_the_inspector_sees_it(row: Inspection, owner: User) -> None:
    code = next(rule.code for rule in questions.asked(row) if rule.needs_photo)
    photo = UploadFactory(owner=owner, subject=row.key, slot=code)
    page = f"/en/inspections/{row.public_id}/self-check/"
    assert "Photo, if you have one" in read(owner, page) and photo.name in read(owner, page)
    send_self_check(inspection=row, person=owner, answers=inspections.answers(row))
    address = f"/uploads/file/{photo.public_id}/look/"
    assert address in read(owner, page) and code in own_slots(row)
    row = inspections.appointed(row)
    desk = signed_in(row.inspector).get(reverse("admin:inspection", args=[row.public_id]))
    assert address in desk.content.decode() and PREFIXES["inspection"].may_read(row.inspector, row.key)


def test_others_find_nothing(row: Inspection) -> None:
    stranger = signed_in(PersonFactory(noura=True))
    for page in ("", "self-check/"):
        assert stranger.get(f"/ar/inspections/{row.public_id}/{page}").status_code == 404


def test_what_the_owner_has_to_do(row: Inspection, owner: User, frozen_clock: Any) -> None:
    def said() -> list[tuple[str, Any]]:
        return [(str(one.duty), one.until) for one in obligations(owner)]

    assert said() == [("must", row.choose_by)]
    row = inspections.appointed(row)
    assert said() == [("later", row.day)]
    home = signed_in(owner).get("/en/").content.decode()
    assert "The inspector comes" in home and "You can renew from" not in home.partition("The next deadline:")[2].partition("</p>")[0]
    frozen_clock.move(days=(row.day - clock.today()).days)
    inspections.visited(row, inspections.found(row, fire="no"))
    assert said() == [("must", row.put_right_by)]
    again = services.ask_again(inspection=row, person=owner)
    assert said() == [("must", again.choose_by)]
    with CaptureQueriesContext(connection) as queries:
        obligations(owner)
    assert len(queries) <= 3


@LANGUAGES
def test_my_shops_has_what_the_inspector_found_to_put_right(
    row: Inspection, owner: User, language: str, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = visited(row, frozen_clock, fire="no")
    serving.warm(monkeypatch)
    read(owner, f"/{language}/my-shops/")
    text = read(owner, f"/{language}/my-shops/")
    with override(language):
        assert gettext("Put right what the inspector found") in text and row.reference in text
    assert f'href="/{language}/inspections/{row.public_id}/"' in text, "the licence is valid, but something is to be done"
    assert isinstance(row.shop, Shop)
    assert my_shops(owner, [row.shop])[row.shop.key][0].deadline == row.put_right_by and not my_shops(PersonFactory(noura=True), [row.shop])
    visited(services.ask_again(inspection=row, person=owner), frozen_clock)
    assert not my_shops(owner, [row.shop])


def test_what_was_found_is_not_asked_for_any_more_once_a_later_inspection_of_everything_is_passed(
    row: Inspection, shop: Shop, owner: User, frozen_clock: Any
) -> None:
    failed = visited(row, frozen_clock, fire="no")
    assert [one.key for one in obligations(owner)] == [failed.key]
    assert "Ask for another inspection" in read(owner, f"/en/inspections/{failed.public_id}/")
    later = inspections.ordered(shop, reason="شكوى أخرى")
    assert failed.key in [one.key for one in obligations(owner)], "nothing is passed yet"
    visited(later, frozen_clock)
    assert obligations(owner) == [], "the page of the shop says that it is passed"
    page = read(owner, f"/en/inspections/{failed.public_id}/")
    assert "An inspection of everything was passed since:" in page and later.reference in page
    assert "Put it right by" not in page and "Ask for another inspection" not in page


def test_where_nobody_was_there_twice_nothing_is_said_of_findings(row: Inspection, owner: User, frozen_clock: Any) -> None:
    for _visit in range(2):
        row = inspections.appointed(row)
        assert row.day is not None
        frozen_clock.move(days=(row.day - clock.today()).days)
        inspections.visited(row, inspections.nobody())
    (duty,) = obligations(owner)
    with override("en"):
        assert (str(duty.title), str(duty.task)) == ("Nobody was there at two appointments", "Ask for another inspection")
    page = read(owner, f"/en/inspections/{row.public_id}/")
    assert "nobody at two appointments" in page and "not met" not in page and "Ask once somebody can be there" in page
    message = Message.objects.get(kind="licensing.inspection_failed")
    assert "Put right" not in message.short_en and "list and the photos" not in message.body_en
