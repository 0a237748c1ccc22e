"""A change between two renewals: decided, paid, written to the register, and printed on a licence with the same last day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils.html import strip_tags

from licensing.health import invariants, outcomes, queries, services
from licensing.health.appeals import services as appeals
from licensing.health.services import officer as lane
from licensing.health.states import CHANGE, DUPLICATE
from licensing.models import HealthLicence, Renewal
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from payments import queries as payments
from payments.models import RefundDue
from shops.models import EventKind, Shop, ShopEvent
from shops.open_data import feed
from shops.register.addresses import address_texts
from shops.register.services import transfer
from tests import desk_acts
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory, RenewalDraftFactory, answers_for
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
BY = system("tests")


def moving(shop: Shop, owner: User) -> Case:
    case: Case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"], service=CHANGE)
    return case


def test_a_move_is_decided_paid_written_and_printed_with_the_same_end(shop: Shop, owner: User, officer: User, pay_and_issue: Any) -> None:
    old = HealthLicence.objects.get(shop=shop)
    case = moving(shop, owner)
    assert (case.service, case.state) == (CHANGE, "in_review")
    desk_acts.approve(officer)
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.kind == CHANGE
    assert [(line.code, line.fils) for line in bill.lines.all()] == [("health.amendment", 10_000)]
    assert bill.title_en == f"Change of a health licence: {shop.name_en}" and "تعديل" in bill.title_ar
    shop.refresh_from_db()
    assert shop.block != "7" and not ShopEvent.objects.filter(shop=shop, kind=EventKind.MOVED).exists(), (
        "nothing is written before it is paid"
    )
    new = pay_and_issue(case)
    old.refresh_from_db()
    old.document.refresh_from_db()
    shop.refresh_from_db()
    assert (new.first_day, new.last_day, new.is_current, old.is_current) == (clock.today(), old.last_day, True, False)
    assert (new.document.live_state, old.document.state, old.document.replaced_by) == ("valid", "superseded", new.document)
    assert (shop.block, shop.paci_number) == ("7", "20220222") and new.document.facts["paci_number"] == "20220222"
    moved = ShopEvent.objects.get(shop=shop, kind=EventKind.MOVED)
    assert moved.data["after"]["block"] == "7" and moved.source == case.key and moved.actor_key == officer.key
    assert new.registered_facts["block"] == "7" and not list(invariants.findings())
    told = {row.kind: row.title_en + row.body_en for row in Message.objects.filter(person=owner)}
    assert told.keys() >= {"licensing.renewal_sent", "licensing.renewal_issued"} and "renewal" not in " ".join(told.values()).lower()
    shown = outcomes.outcome(bill)
    assert shown is not None and shown.is_done


def published(shop: Shop) -> list[tuple[str, str]]:
    """Type and day of each change of a shop in the public feed."""
    feed.number_all()
    changes = Client().get("/api/v1/changes/").json()["results"]
    return [(change["type"], change["on"]) for change in changes if change["shop"]["id"] == shop.public_id]


@pytest.mark.parametrize(("language", "before"), [("en", "before: {}"), ("ar", "سابقاً: {}")])
def test_a_moved_shop_keeps_its_old_address_in_public_and_its_old_paper_says_by_which_it_is_replaced(
    shop: Shop, owner: User, approve_and_issue: Any, language: str, before: str
) -> None:
    old = HealthLicence.objects.select_related("document").get(shop=shop).document
    address = address_texts(Shop.objects.get(pk=shop.pk))[0 if language == "ar" else 1]
    new = approve_and_issue(moving(shop, owner))
    assert ("moved", clock.today().isoformat()) in published(shop)
    page = strip_tags(Client().get(f"/{language}/shops/{shop.public_id}/", follow=True).content.decode())
    assert before.format(address) in page
    check = Client().get(f"/verify/{old.code}", headers={"accept-language": language}).content.decode()
    assert new.document.number in strip_tags(check)


def test_its_renewal_follows_the_licence_that_was_changed(shop: Shop, owner: User, approve_and_issue: Any) -> None:
    new = approve_and_issue(moving(shop, owner))
    shop.refresh_from_db()
    offer = queries.offer(shop)
    assert offer.period is not None and offer.period.first == new.last_day + dt.timedelta(days=1)
    assert not {condition.code for condition in offer.unmet} & {"unchanged", "licence_in_force"}


@pytest.mark.guards
def test_a_change_that_is_not_paid_leaves_register_and_licence_as_they_were(shop: Shop, owner: User, officer: User) -> None:
    case = moving(shop, owner)
    desk_acts.approve(officer)
    services.close_unpaid(case=Case.objects.get(pk=case.pk))
    before = shop.registered_facts()
    shop.refresh_from_db()
    assert shop.registered_facts() == before
    assert HealthLicence.objects.get(shop=shop, is_current=True).document.live_state == "valid"
    assert queries.offer(shop, CHANGE).may_be_studied, "another one can be sent"


@pytest.mark.parametrize(
    ("ends_in", "unmet"),
    [(-3, "licence_valid"), (None, "licence_valid"), (0, "")],
    ids=["ended", "none", "last day"],
)
def test_only_a_valid_licence_is_changed(make_shop: Any, owner: User, ends_in: int | None, unmet: str) -> None:
    shop = make_shop(ends_in=ends_in)
    offer = queries.offer(shop, CHANGE)
    assert [condition.code for condition in offer.unmet] == ([unmet] if unmet else [])
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"], service=CHANGE)
    if not unmet:
        assert services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version).service == CHANGE
        return
    with pytest.raises(Refused) as refused:
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    assert refused.value.code == unmet


def test_what_stops_the_renewal_stops_the_change_and_its_payment_is_owed_back(shop: Shop, owner: User, officer: User) -> None:
    words = {
        "ground": "unpaid_violation",
        "source": "violation:1",
        "stops": "licensing.renewal",
        "sentence_ar": "وقف",
        "sentence_en": "Stop",
    }
    case = moving(shop, owner)
    desk_acts.approve(officer)
    place_block(subject=shop.key, actor=BY, **words)
    assert "no_block" in [condition.code for condition in queries.offer(shop, CHANGE).unmet]
    services.take_payment(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    assert (case.state, case.last_event and case.last_event.reason) == ("refused", "blocked")
    shop.refresh_from_db()
    assert shop.block != "7"


def test_a_licence_that_ended_before_the_payment_is_not_changed(
    shop: Shop, owner: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = moving(shop, owner)
    desk_acts.approve(officer)
    documents.revoke(HealthLicence.objects.get(shop=shop).document, reason="tests", actor=BY)
    services.take_payment(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    assert (case.state, case.last_event and case.last_event.reason) == ("refused", "licence_over")
    told = Message.objects.get(person=owner, kind="licensing.refused_after_payment")
    assert "renewal" not in told.body_en and not RefundDue.objects.filter(payer=owner).exclude(subject=case.key).exists()


def test_a_refused_change_can_be_appealed_and_is_then_billed_as_a_change(shop: Shop, owner: User, officer: User) -> None:
    other = OfficerFactory(login="other", branch_id="JA", skills=["objections"])
    head = StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)
    case = moving(shop, owner)
    desk_acts.refuse(officer, head)
    services.write_refusal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))
    refusal = Renewal.objects.get(case=case).refusal
    assert refusal is not None and refusal.facts["request_en"] == "Change of a health licence"
    appeals.file(case=case, person=owner, words="The place is permitted.")
    desk_acts.approve(other)
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.kind == CHANGE and bill.total_fils == 10_000


def test_one_request_about_a_licence_is_open_at_a_time(make_shop: Any, owner: User) -> None:
    shop = make_shop()  # the renewal is open
    case = moving(shop, owner)
    facts = {c.code: c.facts for c in queries.offer(shop).unmet}
    assert facts["no_open_case"] == {"reference": case.reference, "service": CHANGE}
    for open_another in (
        lambda: services.submit_renewal(shop=shop, applicant=owner),
        lambda: services.submit(shop=shop, applicant=owner, service=DUPLICATE),
    ):
        with pytest.raises(Refused) as refused, transaction.atomic():
            open_another()
        assert refused.value.code == "no_open_case"
    services.withdraw_renewal(case=case, person=owner)
    services.submit_renewal(shop=shop, applicant=owner)
    with pytest.raises(Refused) as refused:
        moving(shop, owner)
    assert refused.value.code == "no_open_case"


@pytest.mark.guards
def test_past_the_condition_the_database_still_refuses_the_second_act(make_shop: Any, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    moving(shop, owner)
    monkeypatch.setattr(queries, "open_act", lambda subject: None)
    with pytest.raises(Refused) as refused, transaction.atomic():
        services.submit_renewal(shop=shop, applicant=owner)
    assert refused.value.code == "already_open"


def test_a_change_needs_a_right_of_its_own(shop: Shop, owner: User) -> None:
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=["area_m2"], service=CHANGE)
    nobody = Actor("delegate", "person:none", owner.key)
    with pytest.raises(NotPermitted), transaction.atomic():
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version, actor=nobody)


def test_nothing_changed_is_refused(shop: Shop, owner: User) -> None:
    draft = RenewalDraftFactory(shop=shop, person=owner, changed=[], service=CHANGE)
    with pytest.raises(Refused) as refused:
        services.send_to_officer(shop=shop, applicant=owner, draft=draft, version=draft.version)
    assert refused.value.code == "nothing_changed"


def test_the_facts_of_a_change_are_those_of_its_answers(shop: Shop, owner: User, approve_and_issue: Any) -> None:
    names = ["trade_name", "activity", "area_m2", "manager"]
    new = approve_and_issue(RenewalCaseFactory(shop=shop, applicant=owner, changed=names, service=CHANGE))
    shop.refresh_from_db()
    assert shop.name_en == answers_for(shop, "trade_name")["name_en"] == new.document.facts["trade_name_en"]
    assert (str(shop.area_m2), shop.manager_name_en) == ("85", "Ali Al-Saleh")
    assert lane.bill_fils(Case.objects.get(pk=new.renewed_by.case_id)) == 10_000


@pytest.mark.guards
@pytest.mark.parametrize("is_over", ["reversed", "other holder"])
def test_a_paid_change_that_is_not_issued_leaves_the_register_as_it_was(shop: Shop, owner: User, officer: User, is_over: str) -> None:
    case = moving(shop, owner)
    desk_acts.approve(officer)
    before = Shop.objects.get(pk=shop.pk).registered_facts()
    services.take_payment(case=Case.objects.get(pk=case.pk))
    assert Shop.objects.get(pk=shop.pk).registered_facts() == before
    if is_over == "reversed":
        services.hold_licence(case=Case.objects.get(pk=case.pk))
    else:
        transfer(shop=Shop.objects.get(pk=shop.pk), to=PersonFactory(noura=True), source="tests", actor=BY)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("licensing.health.services.issue.owe_back", lambda **_facts: None)
            services.issue_renewal(case=Case.objects.get(pk=case.pk))
    assert Case.objects.get(pk=case.pk).state == "refused" and Renewal.objects.get(case=case).accepted_facts is None
    after = Shop.objects.get(pk=shop.pk)
    assert (after.block, after.paci_number) == (before["block"], before["paci_number"])
    assert not ShopEvent.objects.filter(shop=shop, kind=EventKind.MOVED).exists()


def test_a_change_whose_licence_was_drawn_once_is_written_with_its_issue(
    shop: Shop, owner: User, officer: User, pay_and_issue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = moving(shop, owner)
    desk_acts.approve(officer)
    with monkeypatch.context() as patch:
        patch.setattr(documents, "render_and_seal", _no_seal)
        with pytest.raises(RuntimeError):
            pay_and_issue(case)
    assert Shop.objects.get(pk=shop.pk).block != "7"
    new = pay_and_issue(case)
    assert Shop.objects.get(pk=shop.pk).block == "7" == new.registered_facts["block"]
    assert new.document.facts["paci_number"] == "20220222" and not list(invariants.findings())


def _no_seal(*_given: Any) -> bytes:
    raise RuntimeError("no seal")
