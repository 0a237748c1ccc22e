"""Many renewals in one act: each line has its own result, parts that were killed are finished, one payment pays all that was sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from licensing.bulk import offers, queries, services
from licensing.bulk.periods import NewPeriod
from licensing.health.services import submit_renewal, withdraw_renewal
from licensing.health.services.issue import issue_renewal, take_payment
from licensing.health.states import RENEWAL
from licensing.models import BatchLine, Renewal, RenewalBatch
from licensing.signage.renewals import offers as board_offers
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases.models import Case, Effect
from municipality.cases.services import place_block
from municipality.delegation.models import Delegation
from municipality.delegation.services import delegations
from municipality.documents import seal
from municipality.jobs.models import Job
from municipality.kernel import clock, guards
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Channel, Message
from municipality.ui.templatetags.portal import day
from payments.models import Bill
from payments.queries import basket_of
from shops.models import Shop
from tests.bank import Bank, Book
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import assert_refused, drop_guard, gets_through, without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import PersonFactory
from tests.factories.boards import licensed
from tests.factories.licensing import LicensedShopFactory
from tests.factories.payments import AttemptFactory
from tests.factories.review import OfficerFactory
from tests.municipality.delegation.delegates import DELEGATE, let

pytestmark = pytest.mark.django_db
BY = system("tests")
JOB = ("licensing.send_batch",)
PAGE = "/en/renewals/"


@pytest.fixture
def shop(make_shop: Callable[..., Any]) -> Shop:
    row: Shop = make_shop()
    return row


@pytest.fixture
def officer(shop: Shop) -> User:
    return OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["boards"])


def ask(user: User, *codes: str, fils: int | None = None) -> RenewalBatch:
    """The batch of these renewals, or of all that can be renewed, for what the page shows."""
    ready = [one for one in offers.of_user(user).ready if not codes or one.code in codes]
    total = sum(one.fils for one in ready) if fils is None else fils
    return services.start(user=user, chosen=codes or [one.code for one in ready], expected_fils=total)


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def test_licences_and_boards_of_all_shops_are_sent_and_paid_together(
    shop: Shop, make_shop: Callable[..., Any], owner: User, officer: User
) -> None:
    licensed(shop, owner, officer)
    make_shop(), make_shop(ends_in=200)
    found = offers.of_user(owner)
    assert sorted(one.kind for one in found.ready) == ["boards", "health", "health"] and not found.stopped
    batch = ask(owner)
    assert run_due(JOB) == 1
    batch.refresh_from_db()
    progress = queries.progress(batch)
    assert batch.finished_at is not None and (progress.done, len(progress.sent), progress.refused) == (3, 3, [])
    assert {line.case.state for line, *_rest in progress.sent if line.case} == {"awaiting_payment"}
    assert progress.fils == sum(one.fils for one in found.ready) == sum(bill.total_fils for bill in progress.due)
    kinds = set(Message.objects.filter(person=owner).values_list("kind", flat=True))
    assert "licensing.batch_sent" in kinds and not {"licensing.renewal_submitted", "licensing.boards_renewed"} & kinds
    assert Message.objects.filter(kind="licensing.batch_sent").values("key").distinct().count() == 1
    assert not offers.of_user(owner).ready


@pytest.mark.parametrize(("language", "words"), [("en", ("New licence:", "(1 year)")), ("ar", ("الترخيص الجديد:", "(سنة واحدة)"))])
def test_the_new_period_of_each_stands_beside_its_fee_before_and_after_it_is_sent(
    shop: Shop, owner: User, officer: User, language: str, words: tuple[str, ...]
) -> None:
    licensed(shop, owner, officer)
    boards, health = sorted(offers.of_user(owner).ready, key=lambda one: one.kind)
    assert health.periods[0].first == health.until + dt.timedelta(days=1)
    assert [(one.first, one.count) for one in boards.periods] == [(boards.until + dt.timedelta(days=1), 1)]
    page = signed_in(owner).get(f"/{language}/renewals/").content.decode()
    batch = ask(owner)
    run_due(JOB)
    after = signed_in(owner).get(f"/{language}/renewals/{batch.public_id}/").content.decode()
    with translation.override(language):
        days = [str(day(one.last)) for one in (*boards.periods, *health.periods)]
    for shown in (page, after):
        assert [shown.count(word) for word in words] == [2, 2] and all(last in shown for last in days)


def test_a_request_of_which_no_licence_comes_names_no_period(shop: Shop, owner: User) -> None:
    batch = ask(owner)
    run_due(JOB)
    (line,) = batch.lines.select_related("case")
    assert line.case is not None and [len(new) for _line, _label, new in queries.progress(batch).sent] == [1]
    withdraw_renewal(case=line.case, person=owner)
    assert [new for _line, _label, new in queries.progress(batch).sent] == [[]]


@pytest.mark.parametrize(
    ("last", "length"), [("2027-02-10", "2 months"), ("2027-12-10", "1 year"), ("2028-12-10", "2 years"), ("2027-02-11", "")]
)
def test_a_period_is_named_by_whole_months_or_years(last: str, length: str) -> None:
    with translation.override("en"):
        assert NewPeriod(dt.date(2026, 12, 11), dt.date.fromisoformat(last)).length == length


@pytest.mark.parametrize("is_refused", [False, True])
def test_one_message_tells_that_all_paid_together_are_issued(
    shop: Shop, make_shop: Callable[..., Any], owner: User, settings: Any, frozen_clock: Clock, is_refused: bool
) -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    settings.PAYMENT_PROVIDER, Bank.book = "tests.bank.Bank", Book()
    make_shop(), make_shop()
    batch = ask(owner)
    run_due(JOB)
    Bank.book.decide(AttemptFactory(bills=queries.progress(batch).due))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        assert run_due(("payments.inquire",)) == 1
    told = Message.objects.filter(person=owner, deliveries__channel=Channel.SMS, kind__endswith="issued")
    cases = [line.case for line in BatchLine.objects.filter(batch=batch).select_related("case").order_by("number") if line.case]
    for case in cases:
        assert not told.exists()  # the others are paid, and their requests hear of it later
        if is_refused and case == cases[-1]:
            Shop.objects.filter(public_id=case.subject.partition(":")[2]).update(closed_on=clock.today())
        take_payment(case=Case.objects.get(pk=case.pk))
        issue_renewal(case=Case.objects.get(pk=case.pk))
    count = 2 if is_refused else 3
    assert [message.kind for message in told] == ["licensing.batch_issued"] and f"{count} licences" in told[0].short_en
    assert Message.objects.filter(person=owner, kind="licensing.renewal_issued").count() == count


def test_a_line_that_is_stopped_after_it_was_sent_says_why_and_the_rest_is_paid(
    shop: Shop, make_shop: Callable[..., Any], owner: User, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.PAYMENT_PROVIDER, Bank.book = "tests.bank.Bank", Book()
    make_shop()
    batch = ask(owner)
    run_due(JOB)
    words = {"sentence_ar": "متأخرات", "sentence_en": "A sum set by the court is unpaid."}
    place_block(subject=shop.key, stops="licensing.renewal", effect=Effect.STOP, source="t:1", ground="test", actor=BY, **words)
    stopped = BatchLine.objects.get(shop=shop).case
    assert stopped is not None
    progress = queries.progress(RenewalBatch.objects.get(pk=batch.pk))
    [item], [bill] = progress.unpayable, progress.due
    assert item.bill is not None and item.bill.subject == stopped.key and bill.subject != stopped.key
    with pytest.raises(Refused, match="stopped"):  # what the page offered before: all of it, of which nothing could be paid
        AttemptFactory(bills=[bill, item.bill])
    assert [one.code for one in basket_of(owner) if one.can_choose] == [f"bill:{bill.public_id}"]
    client = signed_in(owner)
    with django_assert_max_num_queries(14):  # two of them read lists that stay in memory outside the tests
        text = client.get(f"{PAGE}{batch.public_id}/").content.decode()
    assert "A sum set by the court is unpaid." in text and f'value="bill:{item.bill.public_id}' not in text
    data = {"item": f"bill:{bill.public_id}:{bill.total_fils}", "total": str(progress.fils), "step": "pay"}
    assert client.post("/en/basket/", data).status_code == 303 and AttemptFactory(bills=[bill]).fils == bill.total_fils


def test_one_line_that_is_refused_keeps_none_of_the_others_back(shop: Shop, make_shop: Callable[..., Any], owner: User) -> None:
    other = make_shop()
    batch = ask(owner)
    words = {"sentence_ar": "متأخرات", "sentence_en": "Arrears"}
    place_block(subject=shop.key, stops="licensing.renewal", effect=Effect.STOP, source="t:1", ground="test", actor=BY, **words)
    run_due(JOB)
    progress = queries.progress(RenewalBatch.objects.get(pk=batch.pk))
    [stopped] = progress.refused
    [(sent, *_rest)] = progress.sent
    assert (stopped.shop_id, sent.shop_id) == (shop.pk, other.pk)
    assert stopped.reason_ar and stopped.reason_en and stopped.reason_ar != stopped.reason_en
    assert not Case.objects.filter(subject=shop.key).exists()
    text = signed_in(owner).get(f"{PAGE}{batch.public_id}/").content.decode()
    assert text.index(stopped.reason_en) < text.index(sent.case.reference)


@pytest.mark.guards
def test_parts_that_were_killed_are_finished_once(
    shop: Shop, make_shop: Callable[..., Any], owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PART", 2)
    for _ in range(4):
        make_shop()
    batch = ask(owner)
    assert Job.objects.filter(kind="licensing.send_batch").count() == 3
    real, done = services._send, []

    def die(pk: int) -> bool:
        if len(done) == 3:
            raise SystemExit
        done.append(pk)
        return real(pk)

    monkeypatch.setattr(services, "_send", die)
    services.send_part(batch_id=batch.pk, first=1)
    with pytest.raises(SystemExit):
        services.send_part(batch_id=batch.pk, first=3)
    batch.refresh_from_db()
    assert batch.finished_at is None and Renewal.objects.count() == 3
    monkeypatch.setattr(services, "_send", real)
    run_due(JOB)
    services.send_part(batch_id=batch.pk, first=1)
    batch.refresh_from_db()
    assert batch.finished_at is not None
    assert Renewal.objects.count() == Bill.objects.count() == 5
    assert not batch.lines.exclude(state="sent").exists()


def test_a_licence_that_was_renewed_meanwhile_is_not_renewed_twice(shop: Shop, owner: User) -> None:
    batch = ask(owner)
    submit_renewal(shop=shop, applicant=owner)
    run_due(JOB)
    assert [line.state for line in batch.lines.all()] == ["refused"] and Renewal.objects.count() == 1


def test_boards_that_cannot_be_renewed_any_more_are_refused_alone(shop: Shop, owner: User, officer: User) -> None:
    licensed(shop, owner, officer)
    batch = ask(owner)
    without_guards()
    BatchLine.objects.filter(kind="boards").update(boards=["0" * 26])
    run_due(JOB)
    assert {line.kind: line.state for line in batch.lines.all()} == {"boards": "refused", "health": "sent"}
    assert board_offers.of_user(owner)[0].ready


@pytest.mark.parametrize("wrong", ["nothing", "unknown", "another", "price", "running"])
def test_what_cannot_be_asked_for_leaves_nothing(wrong: str, shop: Shop, owner: User, make_shop: Callable[..., Any]) -> None:
    theirs = make_shop(owner=PersonFactory(noura=True))
    acts: dict[str, tuple[str, Callable[[], Any]]] = {
        "nothing": ("nothing_chosen", lambda: services.start(user=owner, chosen=[], expected_fils=0)),
        "unknown": ("not_renewable", lambda: ask(owner, "health:unknown")),
        "another": ("not_renewable", lambda: ask(owner, f"health:{theirs.public_id}")),
        "price": ("price_changed", lambda: ask(owner, fils=1)),
        "running": ("batch_running", lambda: (ask(owner), ask(owner))),
    }
    code, act = acts[wrong]
    assert code_of(act) == code
    assert RenewalBatch.objects.count() == (wrong == "running")


def test_a_shop_that_needs_an_officer_is_named_with_its_reason(shop: Shop, make_shop: Callable[..., Any], owner: User) -> None:
    Shop.objects.filter(pk=shop.pk).update(street="99")
    make_shop(commercial_license_end=clock.today())
    found = offers.of_user(owner)
    assert [one.shop.pk for one in found.stopped] == [shop.pk] and found.stopped[0].reason
    assert code_of(lambda: ask(owner, f"health:{shop.public_id}")) == "not_renewable"


def test_a_shop_whose_renewal_is_under_way_is_named_and_leads_to_it(shop: Shop, make_shop: Callable[..., Any], owner: User) -> None:
    sent, client = make_shop(), signed_in(owner)
    submit_renewal(shop=sent, applicant=owner)
    assert offers.of_user(owner).under_way == [sent]
    link = f"/en/health-licence/{sent.public_id}/renew/"
    assert link in client.get("/en/renewals/").content.decode()
    assert client.get(link, follow=True).status_code == 200


def test_licences_of_a_batch_wait_behind_those_that_were_asked_for_alone(shop: Shop, make_shop: Callable[..., Any], owner: User) -> None:
    alone = submit_renewal(shop=make_shop(), applicant=owner)
    batch = ask(owner)
    run_due(JOB)
    case = batch.lines.get().case
    assert case is not None
    for one in (alone, case):
        take_payment(case=one)
    queued = {job.key: job.queue for job in Job.objects.filter(kind__startswith="licensing.issue")}
    assert queued == {alone.public_id: "documents", case.public_id: "bulk"}


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_pages_lead_from_my_shops_to_the_bank(language: str, shop: Shop, make_shop: Callable[..., Any], owner: User) -> None:
    make_shop()
    client, page = signed_in(owner), f"/{language}/renewals/"
    assert page in client.get(f"/{language}/my-shops/").content.decode()
    codes = [one.code for one in offers.of_user(owner).ready]
    counted = client.post(page, {"item": codes[:1]}, headers={"accept": "application/json"}).json()
    assert counted["fils"] == offers.of_user(owner).ready[0].fils
    assert client.post(page, {"item": codes, "step": "renew", "total": "1"}).status_code == 409
    total = sum(one.fils for one in offers.of_user(owner).ready)
    batch = client.post(page, {"item": codes, "step": "renew", "total": str(total)})["Location"]
    assert client.get(page)["Location"] == batch and client.get(f"{batch}?poll=1").json() == {"done": False}
    run_due(JOB)
    assert client.get(f"{batch}?poll=1").json() == {"done": True}
    text = client.get(batch).content.decode()
    items = [f"bill:{bill.public_id}:{bill.total_fils}" for bill in Bill.objects.order_by("pk")]
    assert all(item in text for item in items)
    basket = client.post(f"/{language}/basket/", {"item": items, "step": "count"})
    assert basket.status_code == 200 and basket.content.decode().count("checked") >= 2


def test_the_page_says_that_there_are_more_boards_than_it_lists(
    shop: Shop, make_shop: Callable[..., Any], owner: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chain that takes the list for all of its boards would lose the others."""
    licensed(shop, owner, officer)
    licensed(make_shop(), owner, officer)
    more = "The others follow when these are renewed."
    assert not offers.of_user(owner).is_cut and more not in signed_in(owner).get(PAGE).content.decode()
    monkeypatch.setattr(board_offers, "MOST_LISTED", 1)
    assert offers.of_user(owner).is_cut and more in signed_in(owner).get(PAGE).content.decode()


def test_a_batch_is_its_persons_own(shop: Shop, owner: User) -> None:
    batch = ask(owner)
    assert signed_in(PersonFactory(noura=True)).get(f"{PAGE}{batch.public_id}/").status_code == 404


def attacks(batch: RenewalBatch) -> dict[str, tuple[str, Callable[[], Any]]]:
    lines = BatchLine.objects.filter(batch=batch)
    return {
        "another fee": ("licensing_batchline_frozen", lambda: lines.update(fils=1)),
        "a second result": (
            "licensing_batchline_result_once",
            lambda: lines.update(state="refused", case=None, reason_ar="x", reason_en="x"),
        ),
        "an end that is taken back": (
            "licensing_renewalbatch_finished_once",
            lambda: RenewalBatch.objects.filter(pk=batch.pk).update(finished_at=None),
        ),
    }


@pytest.mark.guards
@pytest.mark.parametrize("name", ["another fee", "a second result", "an end that is taken back"])
def test_a_result_is_final(name: str, shop: Shop, owner: User) -> None:
    batch = ask(owner)
    run_due(JOB)
    guard, attack = attacks(batch)[name]
    assert_refused(attack)
    drop_guard(guard, guards.GUARDS[guard].table)
    assert gets_through(attack)


@pytest.mark.guards
def test_a_batch_does_not_end_while_a_line_waits(shop: Shop, owner: User) -> None:
    batch, guard = ask(owner), "licensing_renewalbatch_finished"

    def attack() -> None:
        RenewalBatch.objects.filter(pk=batch.pk).update(finished_at=clock.now())

    assert_refused(attack)
    drop_guard(guard, guards.GUARDS[guard].table)
    assert gets_through(attack)


def acting_for(owner: User, shop: Shop) -> User:
    """Somebody who acts for the holder of a shop in its licence and its boards."""
    delegate = PersonFactory(civil_id=DELEGATE)
    for service in (RENEWAL, BOARDS):
        let(owner, delegate, shop.key, service=service)
    return delegate


def test_the_holder_is_told_of_what_a_delegate_renews_and_of_its_licence(
    shop: Shop, owner: User, officer: User, settings: Any, frozen_clock: Clock
) -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    settings.PAYMENT_PROVIDER, Bank.book = "tests.bank.Bank", Book()
    licensed(shop, owner, officer)
    delegate = acting_for(owner, shop)
    batch = ask(delegate)
    run_due(JOB)
    told = Message.objects.filter(person=owner, deliveries__channel=Channel.SMS)
    assert {"licensing.renewal_submitted", "licensing.boards_renewed"} <= set(told.values_list("kind", flat=True))
    assert not Message.objects.filter(person=delegate, kind__in=("licensing.renewal_submitted", "licensing.boards_renewed")).exists()
    Bank.book.decide(AttemptFactory(bills=queries.progress(batch).due))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due(("payments.inquire",))
    case = Case.objects.get(service=RENEWAL)
    take_payment(case=case)
    issue_renewal(case=Case.objects.get(pk=case.pk))
    assert told.filter(kind="licensing.renewal_issued").exists()


def test_a_former_delegate_reads_no_request_of_the_batch_any_more(shop: Shop, owner: User) -> None:
    delegate = acting_for(owner, shop)
    own = LicensedShopFactory(owner=delegate)
    batch = ask(delegate)
    run_due(JOB)
    theirs, mine = (Case.objects.get(subject=one.key) for one in (shop, own))
    withdraw_renewal(case=mine, person=delegate)
    page = f"{PAGE}{batch.public_id}/"
    shown = signed_in(delegate).get(page).content.decode()
    assert theirs.reference in shown and mine.reference in shown and len(queries.progress(batch).due) == 1, "the control"
    for row in Delegation.objects.filter(delegate=delegate):
        delegations.end(delegation=row, person=owner)
    shown = signed_in(delegate).get(page).content.decode()
    assert theirs.reference not in shown and mine.reference in shown, "what is closed of their own stays"
    progress = queries.progress(batch)
    assert (progress.count, progress.done, progress.due) == (1, 1, [])
