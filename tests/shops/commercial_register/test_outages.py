"""Bad days of the commercial register: one row for staff, the same page later, nothing half; and the night's beginning."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock
from shops.commercial_register import http
from shops.commercial_register.services import delta
from shops.models import Shop
from shops.models.commercial_register import CommercialFeed, CommercialLicence, CommercialNotice, CommercialOutage, CommercialRun, RunReason
from tests.conftest import Clock
from tests.shops.commercial_register.conftest import Commercial, licence_of

pytestmark = pytest.mark.django_db
Both = tuple[Commercial, Shop]
Make = Callable[..., Shop]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("error", "failed"),
        ("garbage", "garbled"),
        ("cut", "cut"),
        ("short_page", "cut"),
        ("wrong_key", "key"),
        ("leads_nowhere", "garbled"),
        ("drop", "away"),
        ("huge", "garbled"),
        ("slow", "slow"),
    ],
)
def test_a_bad_answer_is_one_outage_and_nothing_is_written(both: Both, behaviour: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ_SECONDS", 0.5)
    commercial, shop = both
    commercial.happens(shop, "renew")
    before = commercial.state()
    commercial.behaves(behaviour)
    run = commercial.delta()
    assert commercial.state() == before and run.ended_at is None
    outage = commercial.outage()
    assert outage is not None and (outage.code, outage.tries) == (code, 1)
    commercial.clock.set(outage.next_at)
    commercial.work()
    outage.refresh_from_db()
    assert (CommercialOutage.objects.count(), outage.tries, outage.next_at - clock.now()) == (1, 2, dt.timedelta(minutes=2))
    commercial.behaves()
    commercial.clock.set(outage.next_at)
    commercial.work()
    run.refresh_from_db()
    assert run.ended_at == clock.now() and run.applied == 1 and commercial.outage() is None


def test_an_outage_of_a_night_is_tried_at_most_once_an_hour_and_never_given_up(both: Both) -> None:
    commercial, _shop = both
    commercial.behaves("error")
    commercial.delta()
    began = clock.now()
    for _ in range(30):
        commercial.clock.set(commercial.outage().next_at)  # type: ignore[union-attr]
        commercial.work()
    outage = commercial.outage()
    assert outage is not None and outage.tries == 31
    assert outage.next_at - outage.last_at == dt.timedelta(hours=1)
    assert clock.now() - began > dt.timedelta(hours=23)
    assert not Job.objects.filter(state="dead").exists()


def test_a_cursor_that_is_too_old_begins_a_whole_listing(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename")
    commercial.behaves("cursor_too_old", times=1)
    run = commercial.delta()
    assert (run.is_full, run.pages, run.raised) == (True, 2, 1)
    assert CommercialLicence.objects.get().seen_in == run
    assert commercial.outage() is None


def test_entries_without_a_number_make_the_whole_page_unreadable(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename")
    commercial.book.write({"licence": "x" * 30})
    before = commercial.state()
    commercial.delta()
    assert commercial.state() == before
    assert commercial.outage().code == "garbled"  # type: ignore[union-attr]


@pytest.mark.parametrize("point", ["commercial.page_fetched", "commercial.page_written"])
def test_a_death_before_the_page_is_kept_leaves_neither_rows_nor_cursor(both: Both, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename")
    before = commercial.state()
    die_at(monkeypatch, point)
    commercial.clock.move(minutes=2)
    delta.request_delta(by=commercial.clerk)
    job = Job.objects.get(kind=delta.PAGE_JOB, state="queued")
    with pytest.raises(Dead):
        jobs.run(job.pk)
    assert commercial.state() == before
    again(commercial, monkeypatch)
    assert CommercialNotice.objects.filter(version=2).count() == 1 and list(commercial.open()) == ["name"]


def test_a_death_after_the_page_is_kept_repeats_nothing(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename")
    die_at(monkeypatch, "commercial.page_kept")
    commercial.clock.move(minutes=2)
    run = delta.request_delta(by=commercial.clerk)
    with pytest.raises(Dead):
        jobs.run(Job.objects.get(kind=delta.PAGE_JOB, state="queued").pk)
    kept = commercial.state()
    again(commercial, monkeypatch)
    run.refresh_from_db()
    assert commercial.state() == kept and (run.pages, run.fresh) == (1, 1)


class Dead(BaseException):
    """The process is gone."""


def die_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def failpoint(name: str) -> None:
        if name == point:
            raise Dead

    monkeypatch.setattr(delta, "failpoint", failpoint)


def again(commercial: Commercial, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease of the dead worker ends, and another takes its job."""
    monkeypatch.setattr(delta, "failpoint", lambda name: None)
    commercial.clock.move(seconds=jobs.LEASE.total_seconds() + 1)
    assert commercial.work() >= 1


def test_two_workers_at_the_same_page_write_it_once(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename")
    commercial.clock.move(minutes=2)
    run = delta.request_delta(by=commercial.clerk)

    def meanwhile(name: str) -> None:
        if name == "commercial.page_fetched":
            monkeypatch.setattr(delta, "failpoint", lambda name: None)
            delta.take_page(run_id=run.pk, page=0)

    monkeypatch.setattr(delta, "failpoint", meanwhile)
    delta.take_page(run_id=run.pk, page=0)
    run.refresh_from_db()
    assert (run.pages, run.fresh, run.raised) == (1, 1, 1)
    assert CommercialNotice.objects.filter(version=2).count() == 1


@pytest.mark.parametrize(
    ("window", "hour", "began"),
    [("01:00-05:00", 1, 1), ("01:00-05:00", 4, 1), ("01:00-05:00", 5, None), ("01:00-05:00", 0, None), ("22:00-02:00", 23, 22)],
)
def test_the_window_is_read_in_the_time_of_kuwait(settings: Any, window: str, hour: int, began: int | None) -> None:
    settings.MOCI_WINDOW = window
    now = dt.datetime(2026, 11, 25, hour, 30, tzinfo=clock.KUWAIT)
    opened = delta.window(now)
    assert (None if opened is None else opened.hour) == (began if hour != 5 else None)


def test_a_window_over_midnight_holds_on_the_next_day(settings: Any) -> None:
    settings.MOCI_WINDOW = "22:00-02:00"
    opened = delta.window(dt.datetime(2026, 11, 25, 1, 30, tzinfo=clock.KUWAIT))
    assert opened == dt.datetime(2026, 11, 24, 22, 0, tzinfo=clock.KUWAIT)


def test_a_night_begins_one_delta_and_the_next_night_another(commercial: Commercial, make_shop: Make) -> None:
    commercial.holds(licence_of(make_shop()))
    delta.begin_nightly()
    assert not CommercialRun.objects.exists()  # noon
    night = dt.datetime(2026, 11, 25, 1, 5, tzinfo=clock.KUWAIT)
    for minutes in (0, 10, 200):
        commercial.clock.set(night + dt.timedelta(minutes=minutes))
        delta.begin_nightly()
        commercial.work()
    assert [run.why for run in CommercialRun.objects.all()] == [RunReason.NIGHT]
    commercial.clock.set(night + dt.timedelta(days=1))
    delta.begin_nightly()
    commercial.work()
    assert CommercialRun.objects.filter(ended_at__isnull=False).count() == 2


def test_a_delta_that_lost_its_job_is_found_again(both: Both) -> None:
    commercial, _shop = both
    run = delta.request_delta(by=commercial.clerk)
    Job.objects.filter(kind=delta.PAGE_JOB, state="queued").update(state="dead")
    commercial.clock.move(hours=3)
    delta.begin_nightly()
    commercial.work()
    run.refresh_from_db()
    assert run.ended_at is not None


def test_asking_while_a_delta_waits_tries_it_at_once(both: Both) -> None:
    commercial, _shop = both
    commercial.behaves("error", times=3)
    run = commercial.delta()
    for _ in range(2):
        commercial.clock.set(commercial.outage().next_at)  # type: ignore[union-attr]
        commercial.work()
    assert commercial.outage().next_at > clock.now() + dt.timedelta(minutes=3)  # type: ignore[union-attr]
    commercial.clock.move(minutes=1)
    assert delta.request_delta(by=commercial.clerk) == run
    commercial.work()
    run.refresh_from_db()
    assert run.ended_at == clock.now() and CommercialRun.objects.count() == 2


def test_the_database_holds_one_delta_and_one_outage_at_a_time(both: Both) -> None:
    commercial, _shop = both
    commercial.behaves("error")
    run = commercial.delta()
    for row in (run, commercial.outage()):
        assert row is not None
        row.pk = None
        if isinstance(row, CommercialRun):
            row.public_id = "another"
        row._state.adding = True
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_what_is_known_of_a_licence_never_grows_older(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "set")
    commercial.delta()
    with pytest.raises(IntegrityError, match="older_version"), transaction.atomic():
        CommercialLicence.objects.update(version=1)


def test_one_licence_asked_for_on_a_bad_day_is_the_same_outage(both: Both) -> None:
    commercial, shop = both
    commercial.behaves("garbage")
    delta.request_licence(number=shop.commercial_license_no, by=commercial.clerk)
    commercial.work()
    outage = commercial.outage()
    assert outage is not None and outage.code == "garbled"
    commercial.behaves()
    commercial.clock.move(minutes=1)
    delta.request_licence(number=shop.commercial_license_no, by=commercial.clerk)
    commercial.work()
    assert commercial.outage() is None and CommercialFeed.objects.get().cursor


def test_nobody_answering_at_all_is_an_outage(both: Both, settings: Any, frozen_clock: Clock) -> None:
    commercial, _shop = both
    settings.MOCI_URL = "http://127.0.0.1:1/api/v1"
    commercial.delta()
    assert commercial.outage().code == "away"  # type: ignore[union-attr]


def test_the_key_stands_in_no_outage_job_or_log(both: Both, caplog: pytest.LogCaptureFixture) -> None:
    from tests.shops.commercial_register.conftest import KEY

    commercial, _shop = both
    commercial.behaves("wrong_key")
    commercial.delta()
    kept = str(list(CommercialOutage.objects.values())) + str(list(Job.objects.values())) + caplog.text
    assert KEY not in kept


def test_a_delta_that_stands_for_a_day_and_a_version_left_behind_are_findings(both: Both) -> None:
    from shops import invariants
    from shops.models.commercial_register import CommercialRun as Run

    commercial, shop = both
    assert list(invariants.findings()) == []
    commercial.behaves("error")
    run = commercial.delta()
    held = CommercialLicence.objects.get()
    CommercialNotice.objects.create(
        feed=held.feed, licence_no=held.licence_no, version=9, body={}, standing="fresh", received_at=clock.now()
    )
    Run.objects.filter(pk=run.pk).update(moved_at=clock.now() - dt.timedelta(days=2))
    assert list(invariants.findings()) == [
        f"the delta {run.public_id} of the commercial register has not moved for a day",
        f"licence {shop.commercial_license_no} stands at an older version than the commercial register delivered",
    ]
