"""The weekly message about an area, the open data set, and the block on the page of a shop."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from municipality.notifications.models import Message
from municipality.notifications.registry import stop_token
from municipality.places.models import Area
from reports import shop_page
from reports.intake.services import ReportPlace
from reports.models import AreaFollow, Report
from reports.public_page import subscriptions
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories import report_steps, reports
from tests.factories.accounts import PersonFactory, UserFactory
from tests.factories.shops import ShopFactory

WEEK = dt.timedelta(days=7)


@pytest.fixture
def area(db: None) -> Area:
    return Area.objects.get(name_en="Hawalli")


def test_a_message_comes_once_a_week_and_only_after_a_change(area: Area) -> None:
    person = PersonFactory()
    with clock.at(NOON):
        subscriptions.follow(person=person, area=area)
        assert subscriptions.follow(person=person, area=area).pk == AreaFollow.objects.get().pk
    with clock.at(NOON + dt.timedelta(hours=1)):
        report = reports.assigned()
    with clock.at(NOON + WEEK - dt.timedelta(hours=1)):
        assert subscriptions.tell_everybody() == 0
    with clock.at(NOON + WEEK):
        report_steps.closed(report)
        assert subscriptions.tell_everybody() == 1
        assert subscriptions.tell_everybody() == 0
    message = Message.objects.get(kind="reports.area_digest")
    assert message.person == person and "بلاغ واحد" in str(vars(message))
    with clock.at(NOON + 2 * WEEK + dt.timedelta(hours=1)):
        assert subscriptions.tell_everybody() == 0  # nothing happened in that week


def test_two_areas_are_one_message_a_week(area: Area) -> None:
    person, other = PersonFactory(), Area.objects.get(name_en="Salmiya")
    with clock.at(NOON):
        subscriptions.follow(person=person, area=area)
    with clock.at(NOON + dt.timedelta(days=3)):
        subscriptions.follow(person=person, area=other)
    with clock.at(NOON + dt.timedelta(days=3, hours=1)):
        reports.received()
        reports.received(place=ReportPlace(latitude=29.33, longitude=48.07, area=other))
    with clock.at(NOON + WEEK):
        assert subscriptions.tell_everybody() == 1
    with clock.at(NOON + WEEK + dt.timedelta(days=3)):
        assert subscriptions.tell_everybody() == 0  # a week has not passed since the last one
    with clock.at(NOON + 2 * WEEK):
        assert subscriptions.tell_everybody() == 1
    assert Message.objects.filter(person=person).count() == 2
    assert "السالمية" in str(vars(last := Message.objects.latest("pk"))) and "حولي" not in str(vars(last))  # told of it before


def test_what_is_older_than_the_map_shows_is_told_too(area: Area) -> None:
    """The map and the figures say that they hold 90 days; the message says what is overdue now, and what was closed."""
    person = PersonFactory()
    with clock.at(NOON):
        old, older = reports.assigned(), reports.assigned()
    with clock.at(NOON + dt.timedelta(days=100)):
        subscriptions.follow(person=person, area=area)
    with clock.at(NOON + dt.timedelta(days=105)):
        report_steps.closed(old)
    with clock.at(NOON + dt.timedelta(days=107)):
        assert subscriptions.tell_everybody() == 1
    said = str(vars(Message.objects.get(kind="reports.area_digest", person=person)))
    assert "أُقفل: 1" in said and "متأخر الآن: 1" in said and not older.closed_at


def test_a_signed_link_ends_it_without_signing_in(area: Area) -> None:
    person = PersonFactory()
    subscriptions.follow(person=person, area=area)
    path = f"/en/reports/follow/stop/{stop_token(person.public_id, subscriptions.STOP)}"
    assert Client().get(path).status_code == 200 and AreaFollow.objects.exists()
    assert Client().post(path).status_code == 200 and not AreaFollow.objects.exists()
    assert Client().get(f"{path}x").status_code == 404


def test_a_person_begins_and_ends_it_on_a_page(area: Area) -> None:
    client = signed_in(person := PersonFactory())
    assert client.get(f"/ar/reports/follow/{area.pk}/").status_code == 200
    client.post(f"/ar/reports/follow/{area.pk}/", {"what": "begin"})
    assert AreaFollow.objects.get().person == person
    assert "حولي" in client.get("/ar/reports/follow/").content.decode()
    client.post(f"/ar/reports/follow/{area.pk}/", {"what": "end"})
    assert not AreaFollow.objects.exists()
    assert client.get("/ar/reports/follow/99999/").status_code == 404
    assert Client().get(f"/ar/reports/follow/{area.pk}/").status_code == 302


def test_the_open_data_holds_no_names_and_no_exact_place(drawn: Any) -> None:
    person = UserFactory()
    from reports.reporters.services import Sender

    with clock.at(NOON):
        report = reports.assigned(Sender(person=person), words="Left behind the mosque")
        report_steps.hidden(reports.received())
    opened = OPEN_SETS["reports"]
    with clock.at(NOON):
        (row,) = list(opened.rows(NOON.date()))
    values = dict(zip(opened.names, row, strict=True))
    assert (values["service_request_id"], values["status"], values["standing"]) == (report.number, "open", "open")
    assert values["description"] is None and values["requested_datetime"] == "2026-11-24T12:00:00+03:00"
    assert (values["latitude"], values["longitude"]) != (report.latitude, report.longitude)
    for secret in (person.public_id, person.name_ar, drawn.name_ar, report.key):
        assert not secret or secret not in str(row)
    Report.objects.filter(pk=report.pk).update(words_shown_at=NOON)
    assert "Left behind the mosque" in str(list(opened.rows(NOON.date())))


def test_the_page_of_a_shop_counts_its_reports() -> None:
    owner = PersonFactory()
    shop, other = ShopFactory(owner=owner), ShopFactory(owner=owner)
    place = ReportPlace(source="shop", latitude=29.33, longitude=48.02, area=shop.area, shop=shop)
    rows = []
    for hours in range(72, -1, -12):  # many of one day would wait for a first look
        with clock.at(NOON - dt.timedelta(hours=hours)):
            rows.append(reports.assigned(place=place))
    with clock.at(NOON):
        report_steps.closed(rows[0])
        report_steps.hidden(rows[1])
    with clock.at(NOON + dt.timedelta(hours=1)):
        blocks = shop_page.block(UserFactory(), [shop, other])
    (found,), (none,) = blocks[shop.key], blocks[other.key]
    assert "6 بلاغات" in found.text and len(found.records) == 5 and not none.text and not none.records
    assert all(rows[1].public_id not in str(record.source) for record in found.records)
