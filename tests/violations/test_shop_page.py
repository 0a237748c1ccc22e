"""What of a shop's violations everybody reads: final ones count, contested ones look contested, nothing else is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.services import desk, queue
from shops.models import Reply, Shop
from shops.office.services import merges
from shops.public_page import services
from shops.public_page.states import REPLY
from shops.registry import finding_of
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory
from tests.factories.review import OfficerFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import decide, pay
from violations import publication, rules
from violations.models import Violation
from violations.publication import of_shops
from violations.rules import CONTESTED, FINAL, GONE
from violations.services import notices

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 24)
CLOSED = ("recorded", "warned", "corrected", "ordered", "unsettleable", "instalments", "overdue", "referred")


@pytest.fixture(autouse=True)
def _counted_anew() -> None:
    cache.clear()


def page(shop: Shop, who: User | None = None) -> str:
    client = signed_in(who) if who else Client()
    answer = client.get(f"/en/shops/{shop.public_id}/", follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def judged(state: str, *, ruled: int, appeal: int | None = 20) -> tuple[str, str]:
    ruled_on = TODAY - dt.timedelta(days=ruled)
    return rules.publication(state=state, objection="", ruled_on=ruled_on, appeal_days=appeal, today=TODAY)


@pytest.mark.parametrize("state", CLOSED)
def test_a_report_that_is_neither_final_nor_contested_is_not_public(state: str) -> None:
    assert rules.publication(state=state, objection="", ruled_on=None, appeal_days=20, today=TODAY) == ("", "")


def test_what_nobody_can_contest_any_more_is_final() -> None:
    for state in ("paid", "waived"):
        assert rules.publication(state=state, objection="lost", ruled_on=None, appeal_days=20, today=TODAY) == (FINAL, "")
    assert judged("judged", ruled=21) == judged("paid", ruled=21) == (FINAL, "")


def test_a_ruling_within_its_days_to_appeal_looks_contested() -> None:
    assert judged("judged", ruled=20) == judged("paid", ruled=20) == (CONTESTED, "appealable")
    assert judged("judged", ruled=4000, appeal=None) == (CONTESTED, "appealable"), "where the rulebook is silent nothing is final"


@pytest.mark.parametrize(
    ("state", "objection", "expected"),
    [
        ("objected", "open", (CONTESTED, "objected")),
        ("ordered", "lost", (CONTESTED, "lost")),
        ("overdue", "lost", (CONTESTED, "lost")),
        ("instalments", "lost", (CONTESTED, "lost")),
        ("instalments", "withdrawn", ("", "")),
        ("referred", "lost", (CONTESTED, "court")),
        ("ordered", "withdrawn", ("", "")),
        ("annulled", "upheld", (GONE, "")),
        ("acquitted", "lost", (GONE, "")),
        ("annulled", "", ("", "")),
        ("acquitted", "", ("", "")),
    ],
)
def test_a_contested_one_looks_so_until_it_is_final_or_gone(state: str, objection: str, expected: tuple[str, str]) -> None:
    assert rules.publication(state=state, objection=objection, ruled_on=None, appeal_days=20, today=TODAY) == expected


def test_an_objection_changes_the_badge_at_once_and_not_the_count(
    write: Callable[..., Violation], shop: Shop, owner: User, frozen_clock: Clock
) -> None:
    settled = write()
    frozen_clock.move(days=1)
    other = write()
    for row in (settled, other):
        notices.record_opening(violation=row, person=owner)
    text = page(shop)
    assert "No final violation is on record" in text and settled.number not in text
    pay(settled, owner)
    text = page(shop)
    assert "1 final violation" in text and "Settled and paid" in text and "Under objection" not in text
    ObjectionFactory(violation=Violation.objects.get(pk=other.pk), person=owner)
    text = page(shop)
    assert "1 final violation · 1 contested, which does not count" in text and "Under objection" in text
    for secret in (settled.number, other.number, owner.name_en, owner.name_ar, "لم تكن الأكياس لنا", settled.note_ar):
        assert secret not in text


def test_an_annulled_one_vanishes_and_the_history_says_so(
    write: Callable[..., Violation], shop: Shop, owner: User, decider: Callable[..., Any]
) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    objection = ObjectionFactory(violation=row, person=owner)
    name = row.offence_facts["name_en"]
    assert name in page(shop)
    decide(objection, decider, uphold=True)
    text = page(shop)
    assert name not in text and "A violation was annulled and taken off this page" in text and "contested" not in text.partition("<main")[2]


def test_a_refused_objection_stays_contested_until_something_final_follows(
    write: Callable[..., Violation], shop: Shop, owner: User, decider: Callable[..., Any]
) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    decide(ObjectionFactory(violation=row, person=owner), decider, uphold=False)
    assert [one.stage for one in of_shops([shop.pk])[shop.pk].findings] == ["lost"]
    pay(Violation.objects.get(pk=row.pk), owner)
    found = of_shops([shop.pk])[shop.pk]
    assert (found.final, len(found.findings)) == (1, 1)


def test_statements_of_the_page_do_not_grow_with_what_stands_on_it(
    write: Callable[..., Violation], shop: Shop, owner: User, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []
    for more in (1, 4):
        for _ in range(more):
            frozen_clock.move(days=1)
            row = write()
            notices.record_opening(violation=row, person=owner)
            ObjectionFactory(violation=row, person=owner)
        address = Client().get(f"/en/shops/{shop.public_id}/")["Location"]
        serving.cache_names(monkeypatch)  # for seconds: after the clock has moved
        with CaptureQueriesContext(connection) as queries:
            assert Client().get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12, [query["sql"][:90] for query in queries]


# --- The right of reply ------------------------------------------------------------------------------------------------------


@pytest.fixture
def contested(write: Callable[..., Violation], owner: User) -> Violation:
    row = write()
    notices.record_opening(violation=row, person=owner)
    ObjectionFactory(violation=row, person=owner)
    return Violation.objects.get(pk=row.pk)


def reader() -> Any:
    return OfficerFactory(login="reader", skills=["pages"])


def read(*, publish: bool) -> None:
    user = reader()
    assignment = queue.next_case(officer=user)
    assert assignment is not None
    for code in ("about_finding", "names_nobody"):
        desk.check_all(assignment=assignment, answers={code: "yes"})
    if publish:
        desk.accept(assignment=assignment)
        return
    decision = desk.propose_refusal(assignment=desk_acts.checked(assignment), code="insults")
    desk.sign(decision=decision, supervisor=StaffFactory(groups=["supervisor"], login="signs", branch_id="HA"), answers=desk_acts.ALL_YES)


def test_a_reply_stands_beside_the_finding_once_it_was_read_word_for_word(contested: Violation, shop: Shop, owner: User) -> None:
    client = signed_in(owner)
    address = f"/en/replies/{contested.public_id}/"
    assert address in page(shop, owner)
    words = "نظّفنا المكان في اليوم نفسه، والحاوية كانت للمحل المجاور."
    answer = client.post(address, {"text": words})
    case = Case.objects.get(service=REPLY)
    assert answer["Location"].endswith(f"/cases/{case.public_id}/") and case.due_on == dt.date(2026, 11, 29)  # three working days
    assert words in client.get(answer["Location"]).content.decode()
    assert words not in page(shop) and Message.objects.filter(person=owner, kind="shops.page_request_sent").count() == 1
    assert client.post(address, {"text": "مرة أخرى"}).status_code == 409
    read(publish=True)
    assert words in page(shop) and "Reply of the holder" in page(shop) and address not in page(shop, owner)
    assert Message.objects.filter(person=owner, kind="review.accepted").get().body_en.find("bill") == -1


def test_a_refused_reply_names_its_coded_reason_and_may_be_sent_again(contested: Violation, shop: Shop, owner: User) -> None:
    client = signed_in(owner)
    client.post(f"/en/replies/{contested.public_id}/", {"text": "كلام"})
    read(publish=False)
    case = Case.objects.get(service=REPLY)
    assert case.state == "refused" and "كلام" not in page(shop)
    assert "The reply holds insults" in client.get(f"/en/cases/{case.public_id}/").content.decode()
    assert Message.objects.filter(person=owner, kind="review.refused").exists()
    assert client.post(f"/en/replies/{contested.public_id}/", {"text": "كلام آخر"}).status_code == 302


def test_nobody_changes_a_word_of_a_reply(contested: Violation, owner: User) -> None:
    """The database refuses it, whoever asks; the control is the day of publication, which it takes once."""
    finding = finding_of(contested.key)
    assert finding is not None
    services.reply(finding=finding, person=owner, text="كما كُتب")
    for change in ({"text": "كما لم يُكتب"}, {"finding": "violation:other"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Reply.objects.update(**change)
    Reply.objects.update(published_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Reply.objects.update(published_at=None)
    assert Reply.objects.get().text == "كما كُتب"


def test_only_the_holder_or_whoever_they_let_replies(contested: Violation, shop: Shop, owner: User, stranger: User) -> None:
    address = f"/en/replies/{contested.public_id}/"
    assert signed_in(stranger).get(address).status_code == 404 and address not in page(shop, stranger) and address not in page(shop)
    finding = finding_of(contested.key)
    assert finding is not None
    with pytest.raises(NotPermitted):
        services.reply(finding=finding, person=stranger, text="x")
    row = delegations.give(
        giver=owner, number=NOURA, subject=shop.key, service=REPLY, last_day=TODAY + dt.timedelta(days=9), role="delegate"
    )
    delegations.accept(delegation=row, person=stranger)
    assert signed_in(stranger).get(address).status_code == 200
    case = services.reply(finding=finding, person=stranger, text="عن صاحب المحل")
    assert case.applicant == owner and case.filed_by == "delegate"


@pytest.mark.parametrize("is_of_holder", [True, False])
def test_a_finding_of_a_merged_entry_is_answered_by_the_holder_of_the_shop_if_it_was_theirs(
    write: Callable[..., Violation], shop: Shop, make_shop: Callable[..., Shop], owner: User, stranger: User, is_of_holder: bool
) -> None:
    row = pay(write(), owner)
    into = make_shop(owner=owner if is_of_holder else stranger)
    clerk, keeper = (StaffFactory(groups=[group], login=group) for group in ("register_clerk", "register_keeper"))
    merges.allow(merge=merges.propose(shop=shop, into=into, note_ar="المحل نفسه", asked_by=clerk), allowed_by=keeper)
    address = f"/en/replies/{row.public_id}/"
    assert f"finding-{row.public_id}" in page(into)
    assert (address in page(into, owner), address in page(into, stranger)) == (True, False)
    assert ("as the holder of the former entry" in page(into, owner)) != is_of_holder
    finding = finding_of(row.key)
    assert finding is not None and finding.shop == (into.pk if is_of_holder else shop.pk)
    with pytest.raises(NotPermitted):
        services.reply(finding=finding, person=stranger, text="x")
    case = services.reply(finding=finding, person=owner, text="x")
    assert case.applicant == owner and signed_in(stranger).get(address).status_code == 404


def test_what_is_not_published_takes_no_reply(write: Callable[..., Violation], owner: User) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    assert finding_of(row.key) is None and publication.fact_of("nothing") is None
    assert signed_in(owner).get(f"/en/replies/{row.public_id}/").status_code == 404


@pytest.mark.parametrize("text", ["", "   ", "اتصل على ٩٩٩٩٩٩٩٩", "see https://shop.example", "x" * 601])
def test_a_reply_that_cannot_stand_there_is_kept_in_the_form_with_its_reason(contested: Violation, owner: User, text: str) -> None:
    answer = signed_in(owner).post(f"/en/replies/{contested.public_id}/", {"text": text})
    assert answer.status_code == 400 and text.strip() in answer.content.decode() and not Reply.objects.exists()


def test_a_person_sends_no_more_replies_than_a_day_allows(contested: Violation, owner: User) -> None:
    finding = finding_of(contested.key)
    assert finding is not None
    for _ in range(services.REPLY_LIMIT.amount):
        case = services.reply(finding=finding, person=owner, text="x")
        queue.withdraw(case=case, person=owner)
    with pytest.raises(Refused, match="too_often"):
        services.reply(finding=finding, person=owner, text="x")


def test_a_person_without_a_tie_to_the_shop_sees_no_reply_that_is_still_read(contested: Violation, owner: User) -> None:
    finding = finding_of(contested.key)
    assert finding is not None
    case = services.reply(finding=finding, person=owner, text="x")
    other = PersonFactory(civil_id="290010100039", name_ar="غريب", name_en="Stranger Two")
    assert signed_in(other).get(f"/en/cases/{case.public_id}/").status_code == 404
    assert signed_in(other).post(f"/en/page-requests/{case.public_id}/withdraw/").status_code == 404


def test_a_measure_may_rest_on_a_report_that_stands(write: Callable[..., Violation], shop: Shop) -> None:
    row = write("SHP-01")
    fact = publication.report_of(row.number or "")
    assert fact is not None and (fact.shop, fact.name_en) == (shop.pk, row.rule.name_en)
    assert publication.report_of("nothing") is None
