"""A refused request for boards is appealed like any other: another branch decides, and an allowed appeal leads to the bill."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from licensing.health.appeals import queries, review, services
from licensing.health.appeals.obligations import obligations
from licensing.models import Appeal
from licensing.signage import invariants
from licensing.signage.renewals import offers
from licensing.signage.renewals import services as renewals
from licensing.signage.services import issue
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases import invariants as case_invariants
from municipality.cases.models import Case, Effect
from municipality.cases.services import advance, place_block
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review import invariants as review_invariants
from municipality.uploads.registry import PREFIXES
from payments.models import Bill
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.factories import boards
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.boards import DEPOSIT, FEE, bill_of, fresh, licensed
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
BY = system("tests")
WORDS = "The text is the name of the shop; the photo shows it."


@pytest.fixture
def decider(shop: Shop) -> User:
    return OfficerFactory(login="decider", branch_id="JA", skills=["objections"])


@pytest.fixture
def refused(shop: Shop, owner: User, officer: User, head: User, decider: User) -> Case:
    boards.sent(shop, owner)
    return desk_acts.refuse(officer, head, "banned_content")


def file(case: Case) -> Appeal:
    return services.file(case=case, person=case.applicant, words=WORDS)


def findings() -> list[str]:
    return [*case_invariants.findings(), *review_invariants.findings(), *invariants.findings()]


@pytest.mark.guards
def test_an_allowed_appeal_bills_what_was_sent_by_the_rates_of_that_day_and_the_licence_follows(
    refused: Case, owner: User, decider: User, frozen_clock: Clock, sealed: None
) -> None:
    appeal = file(refused)
    assert (appeal.case.branch_id, appeal.unit_id, appeal.case.state) == ("JA", "HA", "in_review")
    boards.raise_rates(10, first_day=clock.today() + dt.timedelta(days=1))
    frozen_clock.move(days=1)
    desk_acts.approve(decider)
    request = fresh(refused)
    assert (request.case.state, request.case.is_open, request.case.closed_at) == ("awaiting_payment", True, None)
    bill = Bill.objects.get(pk=bill_of(request))
    assert (bill.state, bill.total_fils) == ("due", FEE + DEPOSIT)
    told = Message.objects.get(person=owner, kind="licensing.appeal_allowed")
    assert "its page says what comes next" in told.body_en and "تبيّن صفحته الخطوة التالية" in told.body_ar
    issue.paid(bill.pk)
    issue.issue_licence(case=request.case)
    assert fresh(refused).case.state == "issued"
    assert findings() == []


def test_a_refused_appeal_leaves_the_refusal(refused: Case, decider: User) -> None:
    appeal = file(refused)
    desk_acts.refuse(decider, StaffFactory(supervisor=True, login="signs", branch_id="JA"), code="reason_proved")
    assert (fresh(refused).case.state, Case.objects.get(pk=appeal.case_id).state) == ("refused", "refused")
    assert not Bill.objects.exists()
    with pytest.raises(Refused, match="appealed_once"):
        file(refused)
    assert findings() == []


def test_it_is_filed_within_the_days_that_the_message_names(refused: Case, owner: User, frozen_clock: Clock) -> None:
    frozen_clock.move(days=60)
    assert queries.last_day(refused) == clock.today() and [offer.reference for offer in obligations(owner)] == [refused.reference]
    frozen_clock.move(days=1)
    assert queries.last_day(refused) is None and obligations(owner) == []
    with pytest.raises(Refused, match="too_late"):
        file(refused)
    assert "/appeal/" not in signed_in(owner).get(f"/en/cases/{refused.public_id}/").content.decode()


def test_what_was_approved_and_then_lost_its_shop_is_not_appealed(shop: Shop, owner: User, officer: User, decider: User) -> None:
    boards.sent(shop, owner)
    boards.forbid(shop, "shop_closed")
    case = desk_acts.approve(officer)
    assert case.state == "refused" and queries.last_day(case) is None
    with pytest.raises(Refused, match="not_refused"):
        file(case)


@pytest.mark.parametrize(
    ("language", "until", "button"), [("en", "You may appeal online until", "Appeal"), ("ar", "يمكن التظلم إلكترونياً حتى", "تظلم")]
)
def test_the_pages_offer_the_appeal_and_take_it_with_its_files(
    refused: Case, owner: User, officer: User, decider: User, language: str, until: str, button: str
) -> None:
    client, url, page = signed_in(owner), f"/{language}/cases/{refused.public_id}/appeal/", f"/{language}/cases/{refused.public_id}/"
    first = client.get(page).content.decode()
    assert f'href="{url}">{button}</a>' in first and until in first
    assert client.get(url).status_code == 200
    files = PREFIXES["case"]
    assert set(files.slots(refused.key)) == {"appeal"} and "appeal" not in files.locked(refused.key)
    UploadFactory(owner=owner, subject=refused.key, slot="appeal")
    assert client.post(url, {"words": ""}).status_code == 200 and not Appeal.objects.exists()
    answer = client.post(url, {"words": WORDS})
    appeal = Appeal.objects.select_related("case").get()
    assert answer.url == f"/{language}/cases/{appeal.case.public_id}/"
    assert WORDS in client.get(answer.url).content.decode()
    assert f"/{language}/cases/{appeal.case.public_id}/" in client.get(page).content.decode()
    assert "appeal" in files.locked(refused.key)
    items = {item.name: item for item in review.items(appeal.case)}
    assert {"refusal", "words", "appeal", "board_1", "board_2", "plan"} <= set(items)
    assert not any(item.may_correct for item in items.values())
    sent_with = fresh(refused).files_key
    assert not PREFIXES["boards"].may_read(decider, sent_with)
    desk_acts.assigned(decider)
    assert PREFIXES["boards"].may_read(decider, sent_with) and files.may_read(decider, refused.key)


def test_the_page_asks_for_the_payment_after_an_allowed_appeal(refused: Case, owner: User, decider: User) -> None:
    file(refused)
    desk_acts.approve(decider)
    page = signed_in(owner).get(f"/en/cases/{refused.public_id}/").content.decode()
    assert "The appeal is allowed: approved, waiting for payment" in page and "Pay by KNET" in page


def test_another_person_finds_no_page(refused: Case) -> None:
    client = signed_in(UserFactory())
    for language in ("ar", "en"):
        url = f"/{language}/cases/{refused.public_id}/appeal/"
        assert client.get(url).status_code == 404 and client.post(url, {"words": WORDS}).status_code == 404
    assert not Appeal.objects.exists()


def test_another_request_that_was_sent_meanwhile_goes_first(refused: Case, shop: Shop, owner: User, decider: User) -> None:
    file(refused)
    later = boards.sent(shop, owner)
    desk_acts.approve(decider)
    assert (fresh(refused).case.state, fresh(later.case).case.is_open) == ("refused", True)
    assert "under way or done" in Message.objects.get(kind="licensing.appeal_allowed").body_en
    assert findings() == []


def test_a_shop_that_passed_to_another_holder_gets_no_boards_of_the_one_before(refused: Case, shop: Shop, decider: User) -> None:
    file(refused)
    Shop.objects.filter(pk=shop.pk).update(owner=UserFactory())
    desk_acts.approve(decider)
    assert fresh(refused).case.state == "refused"
    assert "another holder" in Message.objects.get(kind="licensing.appeal_allowed").body_en


def test_what_would_be_refused_at_once_does_not_go_on(refused: Case, shop: Shop, decider: User) -> None:
    file(refused)
    boards.forbid(shop, "shop_closed")
    desk_acts.approve(decider)
    assert fresh(refused).case.state == "refused"
    told = Message.objects.get(kind="licensing.appeal_allowed")
    assert "can no longer be licensed" in told.body_en and "لم يعد ترخيصه ممكناً" in told.body_ar
    assert not Message.objects.filter(kind="licensing.boards_not_issued").exists()
    assert AuditEvent.objects.get(action="appeal.allowed").data["reopens"] is False
    assert findings() == []


def renewed(owner: User) -> Case:
    """A request that renews all boards that end, with an officer."""
    (group,) = offers.of_user(owner)
    chosen = [one.previous.public_id for one in group.ready]
    (request,) = renewals.renew(user=owner, chosen=chosen, expected_fils=sum(one.fils for one in group.ready))
    return request.case


@pytest.mark.guards
def test_a_refused_renewal_does_not_go_on_beside_a_later_one(
    shop: Shop, owner: User, officer: User, head: User, decider: User, sealed: None
) -> None:
    licensed(shop, owner, officer)
    words = {"sentence_ar": "س", "sentence_en": "x"}
    place_block(subject=shop.key, ground="test", source="test:1", stops=BOARDS, effect=Effect.REVIEW, actor=BY, **words)
    refused = renewed(owner)
    desk_acts.refuse(officer, head, "banned_content")
    file(refused)
    later = renewed(owner)
    desk_acts.approve(officer)
    boards.paid_of(later)
    issue.issue_licence(case=later)
    appeal = desk_acts.approve(decider)
    assert (fresh(refused).case.state, appeal.state) == ("refused", "allowed")
    assert findings() == []
    with pytest.raises(IntegrityError, match="guard:renewed_already"), transaction.atomic():
        advance(Case.objects.get(pk=refused.pk), "allow_appeal", actor=BY)
    without_guards()
    advance(Case.objects.get(pk=refused.pk), "allow_appeal", actor=BY)
    assert fresh(refused).case.state == "awaiting_payment"


@pytest.mark.guards
def test_a_refused_request_is_opened_again_by_an_allowed_appeal_only(refused: Case) -> None:
    with pytest.raises(IntegrityError, match="guard:no_allowed_appeal"), transaction.atomic():
        advance(Case.objects.get(pk=refused.pk), "allow_appeal", actor=BY)
    without_guards()
    advance(Case.objects.get(pk=refused.pk), "allow_appeal", actor=BY)
    assert fresh(refused).case.state == "awaiting_payment"


def test_each_refusal_of_a_shop_has_its_own_appeal(refused: Case, shop: Shop, owner: User, decider: User) -> None:
    reader = OfficerFactory(login="reader", branch_id=shop.branch_id, skills=["health"])
    RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    other = desk_acts.refuse(reader, StaffFactory(supervisor=True, login="reads", branch_id=shop.branch_id))
    filed = [services.file(case=case, person=owner, words="Read it again.").case for case in (refused, other)]
    assert [(case.subject, case.rights_key, case.is_open) for case in filed] == [(case.key, shop.key, True) for case in (refused, other)]
    assert obligations(owner) == [] and not list(case_invariants.findings())
    assert signed_in(owner).get(f"/en/cases/{filed[1].public_id}/").status_code == 200
