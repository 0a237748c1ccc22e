"""Following: one digest a day of what changed, none where nothing did, never twice, ended with one press; feeds for readers of Atom."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core import mail
from django.db import connections
from django.test import Client

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from shops.models import Digest, Follow
from shops.office.services import merges
from shops.open_data import feed
from shops.register import events
from shops.subscriptions import services
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory, UserFactory
from tests.shops.open_data.conftest import TESTS, Register, fill

ATOM = "{http://www.w3.org/2005/Atom}"


def make_person(number: int = 1, language: str = "en") -> User:
    return UserFactory(
        name_ar="هيا العجمي",
        name_en="Haya Al-Ajmi",
        email=f"reader{number}@example.test",
        email_confirmed_at=clock.now(),
        language=language,
    )


@pytest.fixture
def person(register: Register) -> User:
    feed.number_all()
    return make_person()


def send_all(outbox: Callable[..., int]) -> int:
    sent = services.notify_everybody()
    outbox("notifications.deliver")
    return sent


@pytest.mark.django_db
def test_one_digest_tells_what_happened_at_a_shop_and_in_a_block(
    register: Register, person: User, outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    services.follow(person=person, shop=register.shops[1])
    services.follow(person=person, area=register.shops[0].area, block="9")  # where the first one moved to
    events.close(shop=register.shops[1], source="moci", actor=TESTS)
    events.resume(shop=register.with_events, source="case:7", actor=TESTS)
    events.close(shop=register.shops[2], source="moci", actor=TESTS)  # of another block
    assert send_all(outbox) == 1
    [letter] = mail.outbox
    lines = [line for line in letter.body.splitlines() if line.startswith("•")]
    assert len(lines) == 2 and "Al-Mouj Salon 1 – Closed" in lines[0] and "Sea Salon – Resumed" in lines[1]
    assert "2 changes" in letter.body


@pytest.mark.django_db
def test_who_follows_an_entry_that_was_merged_hears_of_the_one_that_stands_for_it(
    register: Register, person: User, outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    goes, stays = register.shops[1], register.shops[2]
    clerk, keeper = (StaffFactory(groups=[f"register_{role}"], login=role) for role in ("clerk", "keeper"))
    merge = merges.propose(shop=goes, into=stays, note_ar="محل واحد بقيدين", asked_by=clerk)
    merges.allow(merge=merge, allowed_by=keeper)
    feed.number_all()
    services.follow(person=person, shop=goes)
    events.close(shop=stays, source="moci", actor=TESTS)
    assert send_all(outbox) == 1 and "Al-Mouj Salon 2 – Closed" in mail.outbox[0].body
    merges.allow(merge=merges.propose_split(shop=goes, note_ar="محلان اثنان", asked_by=clerk), allowed_by=keeper)
    frozen_clock.move(days=1)
    assert send_all(outbox) == 1
    events.reopen(shop=stays, source="moci", actor=TESTS)
    frozen_clock.move(days=1)
    assert send_all(outbox) == 0, "they are two again"


@pytest.mark.django_db
def test_nothing_is_sent_when_nothing_happened(register: Register, person: User, outbox: Callable[..., int]) -> None:
    services.follow(person=person, shop=register.shops[1])
    assert send_all(outbox) == 0
    events.close(shop=register.shops[2], source="moci", actor=TESTS)  # not followed
    assert send_all(outbox) == 0
    assert mail.outbox == [] and not Message.objects.exists() and not Digest.objects.exists()


@pytest.mark.django_db
def test_a_day_has_one_digest_and_what_comes_later_is_told_the_next_day(
    register: Register, person: User, outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    services.follow(person=person, shop=register.shops[1])
    events.suspend(shop=register.shops[1], source="moci", actor=TESTS)
    assert send_all(outbox) == 1
    events.resume(shop=register.shops[1], source="moci", actor=TESTS)
    assert send_all(outbox) == 0 == send_all(outbox)
    frozen_clock.move(days=1)
    assert send_all(outbox) == 1 and send_all(outbox) == 0
    first, second = mail.outbox
    assert "Suspended" in first.body and "Resumed" not in first.body
    assert "Resumed" in second.body and "Suspended" not in second.body


@pytest.mark.django_db
def test_what_a_digest_does_not_take_is_in_the_next_one(
    register: Register, person: User, outbox: Callable[..., int], frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two follows of one shop and its area, each change told once, the first days first."""
    monkeypatch.setattr(services, "MOST", 2)
    services.follow(person=person, shop=register.shops[1])
    services.follow(person=person, area=register.shops[1].area)
    for act in (events.suspend, events.resume, events.close):
        act(shop=register.shops[1], source="moci", actor=TESTS)
    for day in range(3):
        assert send_all(outbox) == (day < 2)
        frozen_clock.move(days=1)
    first, second = mail.outbox
    assert all(word in first.body for word in ("2 changes", "Suspended", "Resumed")) and "Closed" not in first.body
    assert all(word in second.body for word in ("1 change", "Closed")) and "Resumed" not in second.body
    assert list(Digest.objects.order_by("pk").values_list("changes", flat=True)) == [2, 1]


@pytest.mark.django_db
def test_without_the_days_row_a_second_digest_would_go_out(
    register: Register, person: User, outbox: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    services.follow(person=person, shop=register.shops[1])
    for number, act in enumerate((events.suspend, events.resume)):
        act(shop=register.shops[1], source="moci", actor=TESTS)
        monkeypatch.setattr(services.Digest, "objects", Digest.objects.none())
        monkeypatch.setattr(services.Digest.objects, "create", lambda **_: None)
        monkeypatch.setattr(services, "send", lambda *_, key, n=number, **__: mail.send_mail("x", f"{key} {n}", None, ["a@example.test"]))
        services.notify_everybody()
    assert len(mail.outbox) == 2


@pytest.mark.django_db
def test_a_digest_carries_the_headers_of_one_press_and_the_press_ends_it(
    register: Register, person: User, outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    services.follow(person=person, shop=register.shops[1])
    events.suspend(shop=register.shops[1], source="moci", actor=TESTS)
    send_all(outbox)
    headers = mail.outbox[0].extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = headers["List-Unsubscribe"].strip("<>")
    assert address.startswith("https://portal.example.test/follows/stop/") and address in mail.outbox[0].body
    path = address.removeprefix("https://portal.example.test")
    mailer = Client(enforce_csrf_checks=True)
    assert mailer.get(path).status_code == 200 and Follow.objects.filter(person=person).exists(), "opening it ends nothing"
    forged = path[:-4] + ("aaaa" if not path.endswith("aaaa") else "bbbb")
    assert mailer.post(forged, {"List-Unsubscribe": "One-Click"}).status_code == 404 and Follow.objects.exists()
    assert mailer.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Follow.objects.filter(person=person).exists()
    events.resume(shop=register.shops[1], source="moci", actor=TESTS)
    frozen_clock.move(days=1)
    assert send_all(outbox) == 0
    assert mailer.post(path).status_code == 200, "pressed twice is the same"


@pytest.mark.django_db
def test_the_digest_speaks_the_readers_language(frozen_clock: Clock, register: Register, outbox: Callable[..., int]) -> None:
    feed.number_all()
    services.follow(person=make_person(2, "ar"), shop=register.shops[1])
    events.close(shop=register.shops[1], source="moci", actor=TESTS)
    send_all(outbox)
    assert "صالون الموج 1 – مغلق – 24 نوفمبر 2026 – السالمية · قطعة 4" in mail.outbox[0].body
    assert "تغيير واحد" in mail.outbox[0].body


@pytest.mark.django_db
def test_following_begins_now_and_once(register: Register, person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first = services.follow(person=person, shop=register.with_events)
    assert services.follow(person=person, shop=register.with_events) == first and first.told == feed.last_number()
    monkeypatch.setattr(services, "MAX_FOLLOWS", 1)
    with pytest.raises(Refused):
        services.follow(person=person, shop=register.shops[1])


@pytest.mark.django_db
def test_the_worker_sends_the_digests_in_the_morning(
    register: Register, person: User, outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    from municipality.jobs import services as jobs

    services.follow(person=person, shop=register.shops[1])
    events.close(shop=register.shops[1], source="moci", actor=TESTS)
    jobs.enqueue_periodic()
    outbox()
    assert mail.outbox == []
    frozen_clock.move(hours=5)
    outbox()
    assert len(mail.outbox) == 1 and clock.today() - Digest.objects.get().day == dt.timedelta()


def entries(address: str) -> list[str]:
    answer = Client().get(address)
    assert answer.status_code == 200 and answer["Content-Type"].startswith("application/atom+xml")
    root = ElementTree.fromstring(answer.content)
    assert len({entry.findtext(f"{ATOM}id") for entry in root.iter(f"{ATOM}entry")}) == len(list(root.iter(f"{ATOM}entry")))
    return [str(entry.findtext(f"{ATOM}title")) for entry in root.iter(f"{ATOM}entry")]


@pytest.mark.django_db
def test_feeds_of_a_shop_a_block_and_an_area_hold_what_happened_there(register: Register, person: User) -> None:
    with_events, area = register.with_events, register.with_events.area_id
    assert [title.partition(" – ")[2] for title in entries(f"/en/shops/{with_events.public_id}/changes.atom")] == [
        "Suspended",
        "Moved",
        "Renamed",
        "Opened",
    ]
    block = entries(f"/en/areas/{area}/9/changes.atom")
    assert len(block) == 4 and len(entries(f"/en/areas/{area}/changes.atom")) == 28
    assert entries(f"/en/areas/{area}/nowhere/changes.atom") == []
    assert Client().get(f"/en/areas/{area}/%01/changes.atom").status_code == 404  # no XML holds it
    answer = Client().get(f"/ar/shops/{with_events.public_id}/changes.atom")
    assert "صالون البحر – موقوف" in answer.content.decode()
    assert Client().get(f"/ar/shops/{with_events.public_id}/changes.atom", headers={"if-none-match": answer["ETag"]}).status_code == 304


@pytest.mark.postgres
def test_two_workers_at_once_send_one_digest(transactional_db: Any, store: Any) -> None:
    register = fill(3)
    feed.number_all()
    person = make_person(3)
    services.follow(person=person, shop=register.shops[1])
    events.close(shop=register.shops[1], source="moci", actor=TESTS)
    feed.number_all()
    upto, sent = feed.last_number(), []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(10)
        sent.append(services.notify(person.pk, upto))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(sent) == [False, False, False, True]
    assert Message.objects.count() == Digest.objects.count() == 1
