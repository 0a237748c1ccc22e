"""The feed of changes: no gap under concurrent commits, each change once, and a file of yesterday with the changes since is today's."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import QuerySet
from django.test import Client

from municipality.rulebook.models import Activity
from shops.models import Change, Edition, Pending, SearchEntry, Shop, ShopEvent
from shops.models.open_data import OTHER_TYPES
from shops.office.services import merges
from shops.open_data import feed, writer
from shops.register import events
from shops.register.services import FactChange as Decided
from shops.register.services import change_register, refresh_search, transfer
from shops.search import index
from tests.conftest import Clock
from tests.factories.accounts import OrganisationFactory, StaffFactory
from tests.shops.open_data.conftest import TESTS, Register, fill

BASE = "https://portal.example.test"


def follow(address: str = "/api/v1/changes/") -> tuple[list[dict[str, Any]], str]:
    """Every change from an address on, and the address to go on with."""
    found: list[dict[str, Any]] = []
    while True:
        page = Client().get(address).json()
        found += page["results"]
        address = page["next"].removeprefix(BASE)
        if not page["more"]:
            return found, address


def in_file() -> tuple[dict[str, Any], str]:
    """The rows of the newest file by id, and its cursor."""
    answer = Client().get("/open-data/shops.jsonl")
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).decode().splitlines()]
    shops = next(one for one in Client().get("/api/v1/open-data/").json()["sets"] if one["key"] == "shops")
    return {row["id"]: row for row in rows}, shops["cursor"]


def night() -> None:
    feed.compare_slice()
    writer.publish()


@pytest.mark.django_db
def test_yesterdays_file_with_the_changes_since_is_todays(register: Register, frozen_clock: Clock) -> None:
    rows, cursor = in_file()
    frozen_clock.move(days=1)
    shops = register.shops
    events.close(shop=shops[1], source="moci", actor=TESTS)
    events.resume(shop=shops[0], source="case:9", actor=TESTS)
    change_register(shop=shops[2], changes=[Decided("activity", {"activity_id": "BARB"})], source="case:3", actor=TESTS)
    change_register(
        shop=shops[3], changes=[Decided("trade_name", {"name_ar": "صالون جديد", "name_en": "New"})], source="case:4", actor=TESTS
    )
    SearchEntry.objects.filter(pk=shops[4].pk).update(licence="suspended")  # written past the services
    Shop.objects.filter(pk=shops[5].pk).update(building="31")
    Activity.objects.filter(pk="WSAL").update(name_en="Salon for women")  # concerns nearly all
    like = Shop.objects.get(pk=shops[6].pk)
    like.pk, like.public_id, like.commercial_license_no = None, "n" * 26, "999999/2026"
    like._state.adding = True
    Shop.objects.bulk_create([like])
    index.index_missing()
    asked = merges.propose(
        shop=shops[8], into=shops[9], note_ar="المحل نفسه", asked_by=StaffFactory(groups=["register_clerk"], login="clerk")
    )
    merges.allow(merge=asked, allowed_by=StaffFactory(groups=["register_keeper"], login="keeper"))
    night()
    today, _ = in_file()
    changes, _ = follow(f"/api/v1/changes/?since={cursor}")
    assert rows != today
    for change in changes:
        rows[change["id"]] = change["shop"]
        if change["shop"] is None:  # another entry stands for it
            del rows[change["id"]]
    assert rows == today and len(today) == 25 and shops[8].public_id not in today
    types = {change["type"] for change in changes}
    assert types == {"closed", "resumed", "activity_changed", "renamed", "licence_changed", "updated", "added", "merged"}
    night()
    assert in_file()[0] == today and follow(f"/api/v1/changes/?since={in_file()[1]}")[0] == []


@pytest.mark.django_db
def test_without_the_comparison_of_the_night_what_was_never_marked_is_missing(register: Register) -> None:
    rows, cursor = in_file()
    Shop.objects.filter(pk=register.shops[5].pk).update(building="31")
    writer.publish()
    for change in follow(f"/api/v1/changes/?since={cursor}")[0]:
        rows[change["id"]] = change["shop"]
    assert rows != in_file()[0]


@pytest.mark.django_db
def test_every_kind_of_event_is_told_with_its_type_and_never_with_a_holder(register: Register) -> None:

    other = OrganisationFactory(name_ar="شركة أخرى", name_en="Other Company", commercial_register_no="88102")
    transfer(shop=register.shops[7], to=other, source="case:5", actor=TESTS)
    feed.number_all()
    changes, _ = follow()
    assert {"opened", "renamed", "moved", "suspended", "transferred"} <= {change["type"] for change in changes}
    told = json.dumps(changes, ensure_ascii=False)
    assert "Company" not in told and "شركة" not in told
    assert len(changes) == ShopEvent.objects.count()
    assert not set(OTHER_TYPES) & set(ShopEvent.kind.field.choices or ())


@pytest.mark.django_db
def test_pages_of_the_feed_lose_nothing_and_repeat_nothing(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = follow()
    monkeypatch.setattr("shops.open_data.views.api.SIZE", 4)
    parts, rest = follow()
    assert parts == whole and len({change["cursor"] for change in parts}) == len(parts) > 8
    events.close(shop=register.shops[8], source="moci", actor=TESTS)
    feed.number_all()
    later, _ = follow(rest)
    assert [change["type"] for change in later] == ["closed"]


@pytest.mark.django_db
def test_a_licence_that_is_written_again_unchanged_is_no_change(register: Register) -> None:
    before = Change.objects.count()
    refresh_search([shop.pk for shop in register.shops])
    assert Pending.objects.count() == 25
    feed.number_all()
    assert Change.objects.count() == before and not Pending.objects.exists()


@pytest.mark.django_db
def test_an_undone_change_is_never_told(register: Register) -> None:
    with transaction.atomic():
        events.close(shop=register.shops[1], source="moci", actor=TESTS)
        transaction.set_rollback(True)
    feed.number_all()
    assert "closed" not in {change["type"] for change in follow()[0]}


@pytest.mark.django_db
@pytest.mark.guards
def test_a_published_change_stays_as_it_was(register: Register) -> None:
    for table in (Change, Edition):
        row = table.objects.order_by("pk")[0]
        with pytest.raises(IntegrityError), transaction.atomic():
            table.objects.filter(pk=row.pk).update(**({"kind": "x"} if table is Change else {"rows": 1}))
        with pytest.raises(IntegrityError), transaction.atomic():
            table.objects.filter(pk=row.pk).delete()


# --- Two transactions at once, as only PostgreSQL has them -------------------------------------------------------------------------


@contextmanager
def elsewhere(work: Callable[[], Any]) -> Iterator[threading.Event]:
    """Another process's transaction: it does its work, then waits with the commit until the event is set or the block is left."""
    may_commit, is_done = threading.Event(), threading.Event()
    errors: list[Exception] = []

    def run() -> None:
        try:
            with transaction.atomic():
                work()
                is_done.set()
                may_commit.wait(20)
        except Exception as error:  # noqa: BLE001 - told to the test
            errors.append(error)
        finally:
            is_done.set()
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    assert is_done.wait(20)
    try:
        yield may_commit
    finally:
        may_commit.set()
        thread.join(20)
    assert errors == []


@pytest.fixture
def committed(transactional_db: Any, store: Any) -> Register:
    made = fill(4)
    night()
    return made


def late_and_early(register: Register, read: Callable[[], list[int]]) -> list[int]:
    """A slow transaction gets its id first and commits last; what a reader has seen who reads before and after."""
    seen: list[int] = []
    with elsewhere(lambda: events.close(shop=register.shops[1], source="moci", actor=TESTS)) as may_commit:
        events.close(shop=register.shops[2], source="moci", actor=TESTS)
        seen += read()
        may_commit.set()
    seen += read()
    return seen


@pytest.mark.postgres
def test_a_transaction_that_commits_late_is_not_missed(committed: Register) -> None:
    place = [feed.last_number()]

    def read() -> list[int]:
        feed.number_all()
        found = feed.after(place[0], 100)
        place[0] = found[-1].number if found else place[0]
        return [change.shop_id for change in found]

    assert sorted(late_and_early(committed, read)) == sorted(shop.pk for shop in committed.shops[1:3])


@pytest.mark.postgres
def test_with_the_ids_of_the_database_it_would_be_missed(committed: Register) -> None:
    last = ShopEvent.objects.order_by("-pk")[0].pk

    def read() -> list[int]:
        nonlocal last
        found = list(ShopEvent.objects.filter(pk__gt=last).order_by("pk"))
        last = found[-1].pk if found else last
        return [event.shop_id for event in found]

    assert late_and_early(committed, read) == [committed.shops[2].pk], "the other one was never seen"


@pytest.mark.postgres
def test_two_sequencers_give_each_number_once(committed: Register) -> None:
    for shop in committed.shops[1:]:
        events.close(shop=shop, source="moci", actor=TESTS)
    before = feed.last_number()
    with elsewhere(lambda: feed.number_some()) as may_commit:
        threading.Timer(0.5, may_commit.set).start()
        feed.number_all()  # waits for the first one's numbers, finds them taken, and leaves it at that
    feed.number_all()
    numbers = list(Change.objects.filter(number__gt=before).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(before + 1, before + 4))
    assert connection.vendor == "postgresql"


@pytest.mark.postgres
@pytest.mark.parametrize(("is_locked", "expected"), [(True, 3), (False, 6)])
def test_two_sequencers_publish_each_event_once(
    committed: Register, monkeypatch: pytest.MonkeyPatch, is_locked: bool, expected: int
) -> None:
    """The second one reads what waits before the first one commits, and the last number afterwards."""
    for shop in committed.shops[1:]:
        events.close(shop=shop, source="moci", actor=TESTS)
    before, read_last = feed.last_number(), feed.last_number
    with elsewhere(feed.number_some) as may_commit:
        if not is_locked:  # the control
            monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)

        def last_after_the_commit() -> int:
            may_commit.set()
            while read_last() == before:
                time.sleep(0.02)
            return read_last()

        monkeypatch.setattr(feed, "last_number", last_after_the_commit)
        threading.Timer(0.5, may_commit.set).start()
        feed.number_some()
    assert Change.objects.filter(number__gt=before, kind="closed").count() == expected
