"""The health certificates of workers: entered, renewed and deleted by the holder, told of before they end, seen by the inspector."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from licensing.health.services import submit_renewal
from licensing.health.states import RENEWAL
from licensing.models import WorkerCertificate
from licensing.workers import panels, queries, services
from municipality.accounts.models import User, actor_of
from municipality.audit.models import AccessLogEntry, AuditEvent
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from shops.models import Shop
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.workers import civil_number, worker
from tests.municipality.delegation.delegates import DELEGATE, UNTIL, renew_url

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(make_shop: Callable[..., Any]) -> Shop:
    row: Shop = make_shop()
    return row


def typed(**more: Any) -> dict[str, Any]:
    day = (clock.today() + dt.timedelta(days=100)).isoformat()
    return {"name": "محمد علي", "civil_id": civil_number(9), "number": "HC-77", "last_day": day} | more


def page_of(shop: Shop, language: str = "en") -> str:
    return f"/{language}/health-licence/{shop.public_id}/workers/"


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_worker_is_entered_renewed_and_deleted_on_the_pages(language: str, shop: Shop, owner: User) -> None:
    client, path = signed_in(owner), page_of(shop, language)
    assert client.post(path, typed(civil_id="٠٠٠")).status_code == 400 and not WorkerCertificate.objects.exists()
    answer = client.post(path, typed(), follow=True)
    assert answer.redirect_chain == [(path, 302)] and "HC-77" in answer.content.decode()
    row = WorkerCertificate.objects.get()
    assert row.civil_id_masked in answer.content.decode() and civil_number(9) not in answer.content.decode()
    day = (clock.today() + dt.timedelta(days=300)).isoformat()
    assert client.post(f"{path}{row.public_id}/", {"number": "HC-78", "last_day": day}).status_code == 302
    row.refresh_from_db()
    assert (row.number, row.last_day.isoformat()) == ("HC-78", day)
    assert client.post(f"{path}{row.public_id}/", {"left": "yes"}).status_code == 302
    assert not WorkerCertificate.objects.exists()
    assert client.get(f"{path}{row.public_id}/").status_code == 404
    kept = list(AuditEvent.objects.filter(subject=shop.key, action__startswith="worker.").order_by("pk").values_list("action", flat=True))
    assert kept == ["worker.entered", "worker.renewed", "worker.deleted"]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"name": " "}, 400, ""),
        ({"number": ""}, 400, ""),
        ({"number": "1" * 21}, 400, ""),
        ({"last_day": "31/02/2027"}, 400, ""),
        ({"last_day": "2026-11-01"}, 409, "has ended"),
        ({"last_day": "2036-11-01"}, 409, "Check the year"),
        ({"civil_id": civil_number(1)}, 409, "is in the list"),
    ],
)
def test_what_was_typed_stays_after_an_error(wrong: dict[str, str], status: int, code: str, shop: Shop, owner: User) -> None:
    worker(shop)
    answer = signed_in(owner).post(page_of(shop), typed(**wrong))
    assert answer.status_code == status and WorkerCertificate.objects.count() == 1
    assert code in answer.content.decode() and typed(**wrong)["name"] in answer.content.decode()


def test_others_neither_see_nor_change_the_list(shop: Shop, make_shop: Callable[..., Any]) -> None:
    row, stranger = worker(shop), PersonFactory(noura=True)
    client = signed_in(stranger)
    assert client.get(page_of(shop)).status_code == 404
    assert client.post(f"{page_of(shop)}{row.public_id}/", {"left": "yes"}).status_code == 404
    assert WorkerCertificate.objects.count() == 1


def test_a_delegate_of_renewals_reaches_no_workers_but_one_of_this_service_does(shop: Shop, owner: User) -> None:
    """The list names people who are no party of the renewal; what the giver chose covers it only by its own name."""
    row, delegate = worker(shop), PersonFactory(civil_id=DELEGATE)
    WorkerCertificate.objects.update(last_day=clock.today() - dt.timedelta(days=1))
    for service, status in ((RENEWAL, 404), (queries.WORKERS, 200)):
        given = delegations.give(giver=owner, number=DELEGATE, subject=shop.key, service=service, last_day=UNTIL)
        delegations.accept(delegation=given, person=delegate)
        client = signed_in(delegate)
        assert client.get(page_of(shop)).status_code == client.get(f"{page_of(shop)}{row.public_id}/").status_code == status
        assert client.post(page_of(shop), typed()).status_code == (302 if status == 200 else 404)
        links = [page_of(shop) in client.get(address).content.decode() for address in ("/en/my-shops/", "/en/", renew_url(shop))]
        assert links == [status == 200] * 3
    entered = AuditEvent.objects.filter(subject=shop.key, action="worker.entered").latest("pk")
    assert (entered.actor_key, entered.data["for"]) == (delegate.key, owner.key)


def test_a_worker_of_another_shop_is_not_found_by_its_own_address(shop: Shop, owner: User, make_shop: Callable[..., Any]) -> None:
    row, other = worker(shop), make_shop()
    assert signed_in(owner).post(f"{page_of(other)}{row.public_id}/", {"left": "yes"}).status_code == 404
    assert WorkerCertificate.objects.count() == 1


def test_the_database_takes_a_worker_of_a_shop_once(shop: Shop) -> None:
    row = worker(shop)
    row.pk, row.public_id = None, "0" * 26
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_a_worker_with_an_account_reads_who_saw_the_name(shop: Shop, owner: User) -> None:
    person = PersonFactory(civil_id=civil_number(1))
    for serial in (1, 2):
        worker(shop, serial=serial)
    services.log_names(Actor("inspector", "staff:x"), shop, queries.of_shop(shop))
    [entry] = AccessLogEntry.objects.all()
    assert (entry.person_key, entry.subject, entry.purpose) == (person.key, shop.key, "workers")
    page = signed_in(person).get("/en/profile/looks/").content.decode()
    assert "look at your health certificate" in page and "Inspector" in page


def test_a_full_list_takes_nobody_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    worker(shop)
    real = queries.limit
    monkeypatch.setattr(queries, "limit", lambda name: 1 if name == "most_workers" else real(name))
    with pytest.raises(Refused) as refused:
        worker(shop, serial=2)
    assert refused.value.code == "too_many"


@pytest.mark.parametrize(("ends_in", "state", "due"), [(200, "ok", 0), (15, "ok", 0), (14, "warn", 1), (0, "warn", 1)])
def test_the_light_of_a_shop_follows_the_nearest_end(ends_in: int, state: str, due: int, shop: Shop, owner: User) -> None:
    worker(shop, ends_in=ends_in)
    worker(shop, ends_in=300, serial=2)
    assert [one.state for one in queries.of_shop(shop)] == [state, "ok"]
    [line] = panels.my_shops(owner, [shop])[shop.key]
    assert (line.state, line.is_due, line.deadline) == (state, bool(due), clock.today() + dt.timedelta(days=ends_in))
    assert len(panels.obligations(owner)) == due


def test_a_certificate_that_has_ended_is_red(shop: Shop, owner: User, frozen_clock: Clock) -> None:
    worker(shop, ends_in=3)
    frozen_clock.move(days=4)
    assert panels.my_shops(owner, [shop])[shop.key][0].state == "bad"
    [one] = panels.obligations(owner)
    assert one.until == clock.today() - dt.timedelta(days=1) and one.url == reverse("licensing:workers", args=[shop.public_id])


def test_of_a_closed_shop_nothing_is_to_be_renewed(shop: Shop, owner: User) -> None:
    worker(shop, ends_in=3)
    Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today() + dt.timedelta(days=1))
    assert len(panels.obligations(owner)) == 1, "the control: it closes tomorrow"
    Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today())
    shop.refresh_from_db()
    [line] = panels.my_shops(owner, [shop])[shop.key]
    assert panels.obligations(owner) == [] and not line.is_due and line.url == reverse("licensing:workers", args=[shop.public_id])


def test_one_message_tells_of_all_that_end_and_none_again(shop: Shop, owner: User, frozen_clock: Clock) -> None:
    worker(shop, ends_in=14)
    worker(shop, ends_in=10, serial=2)
    far = worker(shop, ends_in=40, serial=3)
    assert services.remind() == 1 and services.remind() == 0
    messages = Message.objects.filter(kind="licensing.certificates_end", subject_key=shop.key)
    assert messages.values("key").distinct().count() == 1
    frozen_clock.move(days=1)
    assert services.remind() == 0
    day = clock.today() + dt.timedelta(days=12)
    services.renew(certificate=far, number="HC-9", last_day=day, by=owner, actor=actor_of(owner))
    assert services.remind() == 1
    assert messages.values("key").distinct().count() == 2


def test_nobody_is_woken_at_night(shop: Shop, frozen_clock: Clock) -> None:
    worker(shop, ends_in=5)
    frozen_clock.move(hours=12)  # midnight in Kuwait
    assert services.remind() == 0
    assert not Message.objects.filter(kind="licensing.certificates_end").exists()


def test_a_new_holder_sees_the_workers_of_the_shop(shop: Shop, owner: User) -> None:
    worker(shop)
    other = PersonFactory(noura=True)
    transfer(shop=shop, to=other, source="case:1", actor=actor_of(owner))
    assert signed_in(other).get(page_of(shop)).status_code == 200
    assert signed_in(owner).get(page_of(shop)).status_code == 404


@pytest.fixture
def merged(shop: Shop, make_shop: Callable[..., Any]) -> Shop:
    """An entry of the register with two workers, merged into the shop since."""
    entry: Shop = make_shop()
    worker(entry, ends_in=12, serial=4)
    worker(entry, ends_in=90, serial=5)
    without_guards()  # two people merge shops
    Shop.objects.filter(pk=entry.pk).update(merged_into=shop)
    entry.refresh_from_db()
    return entry


def test_the_workers_of_an_entry_that_was_merged_stand_at_the_shop_that_stands_for_it(shop: Shop, owner: User, merged: Shop) -> None:
    worker(shop, ends_in=100)
    assert WorkerCertificate.objects.filter(shop=shop).count() == 1, "the control: the shop's own rows alone leave two workers out"
    numbers = ["HC-00004", "HC-00005", "HC-00001"]
    assert [one.row.number for one in queries.of_shop(shop)] == numbers == [one.row.number for one in queries.of_shop(merged)]
    ((key, light),) = queries.lights([shop]).items()
    assert (key, light.count, light.ending) == (shop.pk, 3, 1)
    assert queries.lights(Shop.objects.filter(owner=owner, merged_into=None)) == {shop.pk: light}
    (obligation,) = panels.obligations(owner)
    assert obligation.subject == shop.key
    client = signed_in(owner)
    text = client.get(page_of(shop)).content.decode()
    assert all(number in text for number in numbers)
    one = WorkerCertificate.objects.get(number="HC-00004")
    assert client.post(f"{page_of(shop)}{one.public_id}/", {"left": ""}).status_code == 302
    assert not WorkerCertificate.objects.filter(pk=one.pk).exists()
    with pytest.raises(Refused, match="listed"):
        worker(shop, serial=5)


def test_a_worker_of_both_entries_counts_once_by_the_newest_certificate(shop: Shop, request: pytest.FixtureRequest) -> None:
    worker(shop, ends_in=200, serial=4)
    request.getfixturevalue("merged")
    assert len(queries.of_shop(shop)) == 3, "the control: both certificates are listed, and one of them ends soon"
    (light,) = queries.lights([shop]).values()
    assert (light.count, light.ending) == (2, 0) and services.remind() == 0


@pytest.mark.parametrize("of_company", [False, True])
def test_nobody_reads_the_workers_that_another_employer_entered_at_a_merged_entry(
    shop: Shop, owner: User, merged: Shop, of_company: bool
) -> None:
    worker(shop, ends_in=100)
    assert len(queries.of_shop(shop)) == 3, "the control: of one holder"
    holder = {"owner": None, "organisation": OrganisationFactory()} if of_company else {"owner": PersonFactory(noura=True)}
    Shop.objects.filter(pk=merged.pk).update(**holder)
    merged.refresh_from_db()
    assert [one.row.number for one in queries.of_shop(shop)] == ["HC-00001"] == [one.row.number for one in queries.of_shop(merged)]
    assert queries.lights([shop])[shop.pk].count == 1 and not panels.obligations(owner) and services.remind() == 0
    client, other = signed_in(owner), WorkerCertificate.objects.get(number="HC-00004")
    assert other.number not in client.get(page_of(shop)).content.decode()
    assert client.post(f"{page_of(shop)}{other.public_id}/", {"left": ""}).status_code == 404
    worker(shop, serial=4)  # whether another employer lists a worker is not said either


def test_the_holder_is_told_of_certificates_of_a_merged_entry(shop: Shop, owner: User, merged: Shop, frozen_clock: Clock) -> None:
    assert services.remind() == 1 and services.remind() == 0
    messages = Message.objects.filter(kind="licensing.certificates_end")
    assert {message.subject_key for message in messages} == {shop.key}
    one = WorkerCertificate.objects.get(number="HC-00004")
    services.renew(certificate=one, number="HC-9", last_day=clock.today() + dt.timedelta(days=11), by=owner, actor=actor_of(owner))
    Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today())
    assert services.remind() == 0, "the shop that stands for the entry is closed"


@pytest.mark.parametrize(("days", "is_warned"), [(4, True), (2, False)])
def test_who_declares_is_warned_of_ended_certificates(days: int, is_warned: bool, shop: Shop, owner: User, frozen_clock: Clock) -> None:
    worker(shop, ends_in=3)
    frozen_clock.move(days=days)
    text = signed_in(owner).get(f"/en/health-licence/{shop.public_id}/renew/").content.decode()
    assert "Continue to payment" in text and ("Ended health certificates: 1 worker" in text) is is_warned
    assert ("except for the health certificates of workers that have ended" in text) is is_warned
    case = submit_renewal(shop=shop, applicant=owner)
    assert case.events.get(move="submit").data == ({"ended_certificates": 1} if is_warned else {})


def test_who_comes_from_the_renewal_goes_back_to_it_once_no_certificate_has_ended(shop: Shop, owner: User, frozen_clock: Clock) -> None:
    rows = [worker(shop, ends_in=3), worker(shop, ends_in=3, serial=2)]
    frozen_clock.move(days=4)
    client, renewal = signed_in(owner), f"/en/health-licence/{shop.public_id}/renew/"
    listed = f"{page_of(shop)}?from=renewal"
    assert listed in client.get(renewal).content.decode()
    assert renewal in client.get(listed).content.decode() and renewal not in client.get(page_of(shop)).content.decode()
    sent = {"number": "HC-2", "last_day": (clock.today() + dt.timedelta(days=200)).isoformat()}
    for row, goes_to in zip(rows, (listed, renewal), strict=True):
        address = f"{page_of(shop)}{row.public_id}/?from=renewal"
        assert address in client.get(listed).content.decode()
        assert client.post(address, sent).headers["Location"] == goes_to
