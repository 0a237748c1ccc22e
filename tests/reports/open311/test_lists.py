"""Lists of reports: which they hold, what they say of each, and what they never say."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from municipality.kernel import clock
from municipality.kernel.transitions import transition
from reports.models import Report, ReportEvent
from reports.open311 import updates
from reports.places import blurred
from reports.public_page.queries import PublicReport
from reports.reporters.services import Sender
from tests.database_guards import without_guards
from tests.factories import inspections, report_steps, reports
from tests.factories.accounts import PersonFactory
from tests.factories.shops import ShopFactory
from tests.factories.violations import ObjectionFactory
from tests.interleaving import acting_before
from tests.reports.open311.conftest import Other

pytestmark = pytest.mark.django_db
FIELDS = {
    *("service_request_id", "status", "status_notes", "service_name", "service_code", "description", "agency_responsible"),
    *("service_notice", "requested_datetime", "updated_datetime", "expected_datetime", "address", "address_id", "zipcode"),
    *("lat", "long", "media_url"),
}


@pytest.fixture(autouse=True)
def _inspector(other: Other) -> None:
    inspections.inspector("mine", "HA", scope=["SHP", "CLN"])


def ids(other: Other, **query: Any) -> list[str]:
    return [request["service_request_id"] for request in other.get("requests", **query)]


def received(days: float = 0, **facts: Any) -> Report:
    """A report that was received some days ago."""
    with clock.at(clock.now() - dt.timedelta(days=days)):
        return reports.received(Sender(device=str(days)), **facts)


def change(report: Report, **values: Any) -> None:
    without_guards()
    Report.objects.filter(pk=report.pk).update(**values)


def test_a_request_says_everything_and_not_who_reported(other: Other) -> None:
    person = PersonFactory()
    report = reports.received(Sender(person=person), words="secret words")
    (request,) = other.get("requests")
    assert set(request) == FIELDS and request["description"] is None and request["media_url"] is None
    assert request["status"] == "open" and request["address"] == "Hawalli" and request["agency_responsible"]
    assert (request["lat"], request["long"]) == blurred(29.3328, 48.0283) != (29.3328, 48.0283)
    assert request["requested_datetime"].endswith("+03:00") and dt.datetime.fromisoformat(request["expected_datetime"])
    change(report, words_shown_at=clock.now())
    assert other.get("requests")[0]["description"] == "secret words"
    for path in ("requests", f"requests/{report.number}", "servicerequestupdates"):
        said = str(other.get(path, extensions="true"))
        assert not any(fact in said for fact in (person.public_id, person.name_ar, person.name_en, "29.3328,"))


def test_a_hidden_report_is_nowhere(other: Other) -> None:
    report = reports.assigned()
    change(report, hidden_at=clock.now())
    assert ids(other) == ids(other, service_request_id=report.number) == [] == other.get("servicerequestupdates")
    for path in (f"requests/{report.number}", f"tokens/{report.number}"):
        other.get(path, 404)


def test_updates_end_with_the_last_page_that_is_given(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "MOST_PAGES", 2)
    for _number in range(3):
        reports.assigned()
    links = [other.client.get(f"/open311/v2/servicerequestupdates.json?page_size=1&page={page}").get("Link", "") for page in (1, 2)]
    assert "page=2" in links[0] and 'rel="next"' not in links[1]


def test_a_report_that_is_hidden_while_its_updates_are_read_is_left_out(other: Other) -> None:
    seen, report = reports.assigned(), reports.assigned()
    with acting_before('FROM "reports_report" ', lambda: change(report, hidden_at=clock.now())):
        told = other.get("servicerequestupdates")
    assert {update["service_request_id"] for update in told} == {seen.number}


def test_the_window_and_what_overrides_it(other: Other) -> None:
    old, middle, new = received(91), received(89), received(1)
    assert ids(other) == [new.number, middle.number]
    assert ids(other, service_request_id=f"{old.number}, {new.number},", status="junk", radius="x") == [new.number, old.number]
    day = dt.timedelta(days=1)

    def at(days: int) -> str:
        return (clock.now() - days * day).isoformat()

    assert ids(other, end_date=at(2)) == [middle.number, old.number]
    assert ids(other, start_date=at(92)) == [middle.number, old.number]
    assert ids(other, start_date=at(100), end_date=at(0)) == [new.number, middle.number]
    assert ids(other, start_date="2020-01-01", end_date="2020-02-01T00:00:00Z") == []
    assert ids(other, updated_after=at(92)) == [new.number, middle.number, old.number]
    assert ids(other, updated_before=at(90)) == [old.number]
    edge = new.received_at.isoformat()
    assert ids(other, start_date=edge, end_date=edge) == [new.number]


def test_states_services_and_circles(other: Other) -> None:
    waste, shop, asked = received(1), received(2, category="shop"), received(3)
    inspector = reports.assigned(Sender(device="4")).inspector
    change(shop, state="closed", closed_at=clock.now(), inspector=inspector)
    change(asked, state="asked", inspector=inspector)
    assert set(ids(other, status="closed")) == {shop.number} and shop.number not in ids(other, status="OPEN")
    assert len(ids(other, status="open,closed")) == 4 == len(ids(other, status=""))
    assert ids(other, service_code="shop,none") == [shop.number]
    assert ids(other, detailed_status="pending,processed") == [shop.number, asked.number]
    assert ids(other, detailed_status="REJECTED") == []
    far = received(4, place=reports.sent().place.__class__(latitude=29.0, longitude=48.1))
    assert ids(other, lat=29.0, long=48.1, radius=50) == [far.number]
    assert waste.number in ids(other, lat="29.3328", long="48.0283", radius="16")
    assert ids(other, lat="29.3428", long="48.0283", radius="500") == []
    assert len(ids(other, lat="29.3328", long="48.0283")) == 5  # without a radius they narrow nothing down


def test_circles_do_not_tell_the_real_place(other: Other) -> None:
    reports.received()
    middle = blurred(29.3328, 48.0283)
    assert len(ids(other, lat=middle[0], long=middle[1], radius="1")) == 1
    assert ids(other, lat="29.3328", long="48.0283", radius="0.5") == []


def test_pages_lead_to_the_next(other: Other) -> None:
    numbers = [received(days).number for days in (1, 2, 3)]
    first: Any = other.client.get("/open311/v2/requests.json", {"page_size": 2, "status": "open"})
    assert [one["service_request_id"] for one in first.json()] == numbers[:2]
    address = first["Link"].partition(">")[0].strip("<").removeprefix("http://testserver")
    second: Any = other.client.get(address)
    assert [one["service_request_id"] for one in second.json()] == numbers[2:] and "Link" not in second
    spaced: Any = other.client.get("/open311/v2/requests.json", {"page": " 2", "page_size": 1})
    assert "page=3&" in spaced["Link"]
    assert ids(other, page=3, per_page=2) == [] == ids(other, page=999_999_999) and ids(other, count=1) == numbers[:1]


def told_by_page(report: Report) -> list[str]:
    with translation.override("en"):
        links = PublicReport(report).chain()
        return [": ".join(filter(None, (str(link.title), str(link.text)))) for link in links]


def test_the_course_is_told(other: Other) -> None:
    report = reports.assigned()
    (request,) = other.get(f"requests/{report.number}", extensions="true")
    assert request["extended_attributes"]["detailed_status"] == "IN_PROCESS" and not request["extended_attributes"]["is_overdue"]
    assert [note["type"] for note in request["notes"]] == ["received", "assign"]
    assert request["notes"][1]["description"] == "An inspector was chosen by lot"
    assert [note["description"] for note in request["notes"]] == told_by_page(report)
    report_steps.led_to(report, ShopFactory(owner=PersonFactory()))
    report_steps.closed(report)
    (request,) = other.get(f"requests/{report.number}", extensions="true")
    assert [note["description"] for note in request["notes"]] == told_by_page(report)
    assert {"received", "assign", "order", "countersign"} <= {note["type"] for note in request["notes"]}, "what it led to, too"
    assert "notes" not in other.get("requests")[0] and "notes" not in other.get("requests", extensions="false")[0]
    assert other.get(f"tokens/{report.number}") == [{"service_request_id": report.number, "token": report.number}]


def test_a_report_changes_with_the_objection_to_its_violation(other: Other) -> None:
    owner = PersonFactory()
    shop = ShopFactory(owner=owner)
    place = reports.sent().place.__class__(source="shop", latitude=29.33, longitude=48.02, area=shop.area, shop=shop)
    with clock.at(clock.now() - dt.timedelta(days=2)):
        report, quiet = reports.assigned(place=place), received(3)
        violation = report_steps.led_to(report, shop).violation
        report_steps.closed(report, code="violation")
    assert violation is not None
    since = (clock.now() - dt.timedelta(days=1)).isoformat()
    before = other.get(f"requests/{report.number}")[0]
    assert ids(other, updated_after=since) == [] and quiet.number in ids(other)
    with transaction.atomic():
        transition(violation, "serve", actor=report_steps.ACTOR)  # told nowhere
    assert ids(other, updated_after=since) == []
    ObjectionFactory(violation=violation, person=owner)
    (request,) = other.get("requests", updated_after=since)
    assert request["service_request_id"] == report.number and request["updated_datetime"] > before["updated_datetime"]
    assert request["status_notes"] != before["status_notes"]


def test_results_and_hand_overs_are_told(other: Other) -> None:
    done, gone = report_steps.closed(reports.assigned()), report_steps.handed_over(reports.assigned(Sender(device="2")))
    (request,) = other.get(f"requests/{done.number}", extensions="true")
    assert (request["status"], request["status_notes"]) == ("closed", "The waste was removed.")
    assert request["notes"][-1]["description"].endswith(": The waste was removed.") and request["notes"][-1]["type"] == "countersign"
    (request,) = other.get(f"requests/{gone.number}", extensions="true")
    assert request["agency_responsible"] == "Ministry of Interior" and "112" in request["status_notes"] and request["status"] == "open"
    assert "Ministry of Interior" in request["notes"][-1]["description"] and "<" not in str(request["notes"])
    said = {update["description"] for update in other.get("servicerequestupdates")}
    assert request["notes"][-1]["description"] in said


def test_a_thousand_reports_need_as_many_statements_as_one(other: Other, django_assert_max_num_queries: Any) -> None:
    for number in range(2):
        reports.assigned(Sender(device=f"first-{number}"))
    with django_assert_max_num_queries(12) as two:
        assert len(ids(other, extensions="true")) == 2
    for number in range(4):
        reports.assigned(Sender(device=f"more-{number}"))
    with CaptureQueriesContext(two.connection) as six:
        assert len(ids(other, extensions="true")) == 6
    assert len(six) == len(two)


WEIRD = [
    *("", "x", "-1", "0", "1e400", "nan", "9" * 40, "١٢", "2026-13-45", "0001-01-01T00:00:00+14:00", "9999-12-31"),
    *("null", "a,,b", "\x00", "'", "%"),
]
NAMES = [
    *("service_request_id", "service_code", "status", "start_date", "end_date", "updated_after", "updated_before", "lat", "long"),
    *("radius", "page", "page_size", "detailed_status", "extensions", "locale", "jurisdiction_id"),
]


def test_no_parameter_breaks_a_list(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.open311.views.READS", 10**9)
    reports.assigned()
    circle = {"lat": "29.3", "long": "48", "radius": "100"}
    for name, value in itertools.product(NAMES, WEIRD):
        for path in ("requests.json", "servicerequestupdates.xml"):
            answer: Any = other.client.get(f"/open311/v2/{path}", circle | {name: value})
            assert answer.status_code in (200, 400, 404), (name, value, answer.content)
    for name in ("start_date", "end_date", "lat", "radius", "page", "status"):
        assert str(other.get("requests", 400, **{name: "x"})).count(f"{name}: ") >= 1
    for name in ("lat", "long"):
        assert "lat" in str(other.get("requests", 400, **{name: "29"}))  # one of them alone


def test_dates_as_clients_write_them(other: Other) -> None:
    report = received(0.5)
    for text in ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00+0300", "2020-01-01T00:00:00.000Z", "2020-01-01"):
        assert ids(other, updated_after=text) == [report.number]
    plus: Any = other.client.get("/open311/v2/requests.json?updated_after=2020-01-01T00:00:00+03:00")
    assert plus.status_code == 200
    assert "behind" in str(other.get("requests", 400, start_date="2026-02-01", end_date="2026-01-01"))


def test_updates_have_a_window_and_stable_ids(other: Other) -> None:
    report = reports.assigned()
    at = ReportEvent.objects.get(subject=report).at
    (update,) = other.get("servicerequestupdates")
    assert update["service_request_id"] == report.number and update["status"] == "OPEN"
    assert update == other.get("servicerequestupdates", start_date=at.isoformat(), end_date=at.isoformat())[0]
    later = (at + dt.timedelta(seconds=1)).isoformat()
    assert other.get("servicerequestupdates", start_date=later) == []
    assert str(ReportEvent.objects.get(subject=report).pk) != update["update_id"] and len(update["update_id"]) == 24


def test_what_another_system_says_is_kept_once_and_moves_nothing(other: Other) -> None:
    report = reports.assigned(api_key=other.row)
    said = {
        "service_request_id": report.number,
        "update_id": "u-1",
        "status": "FIXED",
        "updated_datetime": "2026-01-01T10:00:00+03:00",
        "description": "رُفعت",
    }
    for _time in range(2):
        assert other.send(path="servicerequestupdates", **said) == [{"update_id": "u-1"}]
    row = report.outside_updates.get()
    assert (row.status, row.words, row.api_key) == ("FIXED", "رُفعت", other.row)
    assert Report.objects.get(pk=report.pk).state == "assigned"
    another = reports.received(Sender(device="2"), api_key=other.row)
    assert "before" in str(other.send(400, path="servicerequestupdates", **said | {"service_request_id": another.number}))
    for name in said:
        assert name in str(other.send(400, path="servicerequestupdates", **said | {name: None}))
    other.send(404, path="servicerequestupdates", **said | {"service_request_id": "EYE-0"})
    other.send(403, path="servicerequestupdates", **said | {"api_key": "wrong"})
    foreign = {"service_request_id": reports.received(Sender(device="3")).number, "update_id": "u-2"}
    assert "was not sent with" in str(other.send(403, path="servicerequestupdates", **said | foreign))
    assert report.outside_updates.count() == 1
