"""Suspension and closure: two people, the licence with its boards and its renewal, and the way back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from licensing import invariants
from licensing.health import queries as licences
from licensing.health import services as health
from licensing.health.states import DUPLICATE
from licensing.measures import effects, queries, services
from licensing.measures.registry import REPORTS, ReportFact
from licensing.models import HealthLicence, Inspection, Measure, Renewal
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.models import Block, Case
from municipality.documents import seal
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.services import staff
from payments import queries as payments
from shops.models import Shop
from tests.browsers import signed_in
from tests.database_guards import assert_refused, gets_through, without_guards
from tests.factories import inspections, new_licences
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
BY = system("tests")
WORDS: dict[str, Any] = {"kind": "suspension", "code": "inspection_failed", "text": "The drain is open.", "days": 10}


@pytest.fixture
def shop(make_shop: Callable[..., Shop], store: Path) -> Shop:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    return make_shop()


@pytest.fixture
def inspector(shop: Shop) -> User:
    return StaffFactory(groups=["inspector"], login="inspector", branch_id=shop.branch_id)


@pytest.fixture
def head(shop: Shop) -> User:
    return StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)


@pytest.fixture
def other_head(shop: Shop) -> User:
    return StaffFactory(supervisor=True, login="other-head", branch_id=shop.branch_id)


@pytest.fixture
def proposed(shop: Shop, inspector: User) -> Measure:
    return services.propose(shop=shop, officer=inspector, **WORDS)


@pytest.fixture
def measure(proposed: Measure, head: User) -> Measure:
    return services.sign(measure=proposed, supervisor=head)


def state(shop: Shop) -> str:
    return HealthLicence.objects.get(shop=shop, is_current=True).document.live_state


def lifted(measure: Measure, inspector: User, head: User) -> Measure:
    services.ask_lift(measure=measure, officer=inspector, text="The drain is closed.")
    return services.lift(measure=measure, supervisor=head)


def test_nothing_follows_before_the_second_signature(shop: Shop, proposed: Measure, head: User, owner: User) -> None:
    assert state(shop) == "valid" and not Block.objects.exists() and not Message.objects.filter(person=owner).exists()
    services.reject(measure=proposed, user=head)
    assert Measure.objects.get().ending == "declined" and state(shop) == "valid"
    with pytest.raises(Refused):
        services.sign(measure=proposed, supervisor=head)


def test_the_signature_is_offered_to_nobody_who_has_a_conflict_of_interest(proposed: Measure, head: User, owner: User) -> None:
    page = reverse("admin:measure", args=[proposed.public_id])
    assert 'name="sign"' in signed_in(head).get(page).content.decode()
    staff.declare_conflict(officer=head, party_key=owner.key, kind="relative", declared_by=head)
    assert 'name="sign"' not in signed_in(head).get(page).content.decode()
    with pytest.raises(NotPermitted, match="tied"):
        services.sign(measure=proposed, supervisor=head)


@pytest.mark.guards
def test_in_force_it_suspends_the_licence_blocks_the_renewal_and_tells_the_owner(shop: Shop, measure: Measure, owner: User) -> None:
    assert state(shop) == "suspended" and measure.last_day == clock.today() + dt.timedelta(days=9)
    unmet = {condition.code for condition in licences.offer(shop).unmet}
    assert {"no_block", "licence_in_force"} <= unmet
    told = Message.objects.get(person=owner, kind="licensing.measure_began")
    assert "article 38). Facts about" in told.body_en and "The drain is open. You can" in told.body_en
    assert "You can object in writing at" in told.body_en and "المادة 38" in told.body_ar
    page = signed_in(owner).get(f"/en/health-licence/{shop.public_id}/renew/").content.decode().partition("<main")[2]
    assert "Suspension of the licence" in page and "Law 33 of 2016, article 38" in page and "The drain is open." in page
    assert "You can object in writing at" in page and "the measure stays in force meanwhile" in page
    assert "The licence is suspended until" in signed_in(owner).get("/en/my-shops/").content.decode()
    public = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert "Suspension of the licence" in public and "The drain is open." not in public
    document = HealthLicence.objects.get(shop=shop).document
    check = Client().get(f"/verify/{document.code}", headers={"accept-language": "en"}).content.decode()
    assert "The Municipality suspended it on" in check
    assert AuditEvent.objects.filter(action="measure.signed", subject=shop.key).exists() and not list(invariants.findings())


def test_it_ends_with_its_last_day_and_everything_is_back(shop: Shop, measure: Measure, owner: User, frozen_clock: Any) -> None:
    frozen_clock.move(days=9)
    assert services.end_due() == 0 and state(shop) == "suspended"
    frozen_clock.move(days=1)
    assert services.end_due() == 1 and services.end_due() == 0
    assert state(shop) == "valid" and not Block.objects.filter(lifted_at=None).exists()
    assert Message.objects.filter(person=owner, kind="licensing.measure_ended").count() == 1 and not list(invariants.findings())


@pytest.mark.parametrize(("days", "is_over"), [(20, False), (21, True)])
def test_who_hears_that_it_ended_reads_whether_the_licence_ended_meanwhile(
    shop: Shop, inspector: User, head: User, owner: User, frozen_clock: Any, days: int, is_over: bool
) -> None:
    """The licence ends in twenty days."""
    services.sign(measure=services.propose(shop=shop, officer=inspector, **WORDS | {"days": days}), supervisor=head)
    frozen_clock.move(days=days)
    assert services.end_due() == 1 and state(shop) == ("expired" if is_over else "valid")
    told = Message.objects.get(person=owner, kind="licensing.measure_ended")
    assert ("renew it now" in told.body_en, "in force again" in told.body_en) == (is_over, not is_over)
    assert ("فيلزم تجديده الآن" in told.body_ar, "إلى السريان" in told.body_ar) == (is_over, not is_over)


def test_the_page_says_until_when_to_object_and_leads_to_the_failed_inspection(
    shop: Shop, inspector: User, head: User, owner: User, frozen_clock: Any
) -> None:
    inspections.inspector("drawn", shop.branch_id)
    row = inspections.ordered(shop)
    new_licences.finish(row, "failed")
    failed = Inspection.objects.get(pk=row.pk)
    services.sign(measure=services.propose(shop=shop, officer=inspector, **WORDS | {"days": None}, inspection=failed), supervisor=head)
    until = queries.objection_until(Measure.objects.get())

    def page() -> str:
        return signed_in(owner).get(f"/en/health-licence/{shop.public_id}/renew/").content.decode().partition("<main")[2]

    assert until is not None and f'datetime="{until}"' in page() and f"/en/inspections/{failed.public_id}/" in page()
    frozen_clock.move(days=(until - clock.today()).days + 1)
    assert "You can object in writing" not in page(), "the control: the time to object is over"


def test_it_is_lifted_by_two(shop: Shop, inspector: User, head: User, other_head: User) -> None:
    row = services.propose(shop=shop, officer=head, **WORDS | {"kind": "closure", "days": None, "code": "danger"})
    with pytest.raises(NotPermitted):
        services.sign(measure=row, supervisor=head)
    services.sign(measure=row, supervisor=other_head)
    services.ask_lift(measure=row, officer=head, text="Put right.")
    with pytest.raises(NotPermitted):
        services.lift(measure=row, supervisor=head)
    services.lift(measure=row, supervisor=other_head)
    assert state(shop) == "valid" and Measure.objects.get().ending == "lifted"


@pytest.mark.parametrize("first", ["measure", "payment"])
@pytest.mark.parametrize("paid", ["", "again"])
def test_a_reversed_payment_and_a_measure_are_two_reasons(
    make_shop: Any, owner: User, inspector: User, head: User, shop: Shop, first: str, paid: str
) -> None:
    case, bill = health.submit(shop=shop, applicant=owner, service=DUPLICATE)
    health.take_payment(case=case)
    health.issue_renewal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))
    assert bill.state == "due", "the payment is reversed: the bill is due again"
    if first == "payment":
        health.hold_licence(case=case)
    row = services.sign(measure=services.propose(shop=shop, officer=inspector, **WORDS), supervisor=head)
    if first == "measure":
        health.hold_licence(case=case)
    if paid:
        bills = type(payments.bill_of(case.key)).objects  # type: ignore[union-attr]
        without_guards()
        bills.filter(pk=bill.pk).update(state="paid")
        health.take_payment(case=Case.objects.get(pk=case.pk))
        assert state(shop) == "suspended", "paid again, but the measure runs"
    lifted(row, inspector, head)
    assert state(shop) == ("valid" if paid else "suspended")
    assert Message.objects.filter(person=head, kind="licensing.licence_unpaid").count() == 1, "once for one reversal"
    if not paid:
        assert HealthLicence.objects.get(shop=shop, is_current=True).document.last_event.reason == "payment_voided"  # type: ignore[union-attr]


def test_a_report_that_it_rests_on_is_one_against_the_shop(
    make_shop: Callable[..., Shop], shop: Shop, inspector: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = {"V-1": ReportFact(shop.pk, "عرض", "Display outside", "م", "a"), "V-2": ReportFact(make_shop().pk, "عرض", "Other", "م", "a")}
    monkeypatch.setitem(REPORTS, "violations", facts.get)
    for number in ("V-2", "V-3"):
        with pytest.raises(Refused, match="other_report"):
            services.propose(shop=shop, officer=inspector, report=number, **WORDS)
    row = services.propose(shop=shop, officer=inspector, report="V-1", **WORDS)
    page = signed_in(inspector).get(reverse("admin:measure", args=[row.public_id])).content.decode()
    assert "Display outside" in page or "عرض" in page


def test_a_request_for_lifting_is_taken_back_or_not_signed(
    shop: Shop, measure: Measure, inspector: User, head: User, other_head: User
) -> None:
    services.ask_lift(measure=measure, officer=head, text="The drain is closed.")
    measure.refresh_from_db()
    services.reject_lift(measure=measure, user=head)  # with one supervisor nobody else could sign it
    with pytest.raises(Refused):
        services.lift(measure=measure, supervisor=other_head)
    services.ask_lift(measure=measure, officer=inspector, text="Closed.")
    measure.refresh_from_db()
    services.reject_lift(measure=measure, user=head)
    found = AuditEvent.objects.filter(subject=shop.key, action__startswith="measure.lift").order_by("pk")
    actions = [action.partition(".")[2] for action in found.values_list("action", flat=True)]
    assert actions == ["lift_asked", "lift_withdrawn", "lift_asked", "lift_declined"]
    lifted(measure, inspector, head)
    assert state(shop) == "valid"


@pytest.mark.parametrize("lost", ["shop_closed", "not_licensed"])
def test_what_is_lost_before_the_second_signature(shop: Shop, proposed: Measure, head: User, lost: str) -> None:
    if lost == "shop_closed":
        Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today())
    else:
        documents.revoke(HealthLicence.objects.get(shop=shop).document, reason="tests", actor=BY)
    with pytest.raises(Refused) as refusal:
        services.sign(measure=proposed, supervisor=head)
    assert refusal.value.code == lost and not Block.objects.exists()
    services.reject(measure=proposed, user=head)


def test_the_list_goes_on_on_another_page(shop: Shop, measure: Measure, head: User, monkeypatch: pytest.MonkeyPatch) -> None:
    services.propose(shop=shop, officer=head, **WORDS | {"kind": "closure"})
    monkeypatch.setattr("licensing.admin.measures.LISTED", 1)
    client, listed = signed_in(head), reverse("admin:measures")
    assert "?page=2" in client.get(listed).content.decode()
    page = client.get(f"{listed}?page=2").content.decode()
    assert measure.public_id in page and "?page=1" in page and "?page=3" not in page


def paid_duplicate(shop: Shop, owner: User) -> Case:
    """A duplicate whose licence waits for its seal; its bill stays due, as after a reversal."""
    case, _bill = health.submit(shop=shop, applicant=owner, service=DUPLICATE)
    health.take_payment(case=case)
    return Case.objects.select_related("applicant", "branch").get(pk=case.pk)


@pytest.mark.parametrize("with_measure", [False, True])
def test_an_unpaid_licence_that_was_replaced_does_not_come_back(
    shop: Shop, owner: User, inspector: User, head: User, with_measure: bool
) -> None:
    first = paid_duplicate(shop, owner)
    health.issue_renewal(case=first)
    old = HealthLicence.objects.get(shop=shop, is_current=True).document
    second = paid_duplicate(shop, owner)
    proposal = services.propose(shop=shop, officer=inspector, **WORDS) if with_measure else None
    row = services.sign(measure=proposal, supervisor=head) if proposal is not None else None
    health.hold_licence(case=first)
    health.issue_renewal(case=second)
    if row is not None:
        lifted(row, inspector, head)
    else:
        health.take_payment(case=Case.objects.get(pk=first.pk))  # paid again
    old.refresh_from_db()
    assert old.state == "superseded" and not list(invariants.findings())


def test_of_two_measures_the_last_one_gives_the_licence_back(shop: Shop, measure: Measure, inspector: User, head: User) -> None:
    closure = services.propose(shop=shop, officer=inspector, **WORDS | {"kind": "closure"})
    services.sign(measure=closure, supervisor=head)
    lifted(measure, inspector, head)
    assert state(shop) == "suspended"
    lifted(closure, inspector, head)
    assert state(shop) == "valid"


def test_a_licence_that_is_issued_meanwhile_is_suspended_and_replaces_the_old_one_afterwards(
    shop: Shop, owner: User, inspector: User, head: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = HealthLicence.objects.get(shop=shop)
    case, _bill = health.submit(shop=shop, applicant=owner, service=DUPLICATE)
    health.take_payment(case=case)
    row = services.sign(measure=services.propose(shop=shop, officer=inspector, **WORDS), supervisor=head)
    health.issue_renewal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))
    assert state(shop) == "suspended" and not list(invariants.findings())
    told = Message.objects.get(person=owner, kind="licensing.renewal_issued")
    assert "suspended until that has ended" in told.body_en and "hang it" not in told.body_en and "suspended" in told.short_en
    monkeypatch.setattr(payments, "bill_of", lambda _subject: None)  # no bank here: nothing is due
    lifted(row, inspector, head)
    old.document.refresh_from_db()
    assert (state(shop), old.document.live_state) == ("valid", "superseded")


def test_a_renewal_that_is_paid_meanwhile_is_paid_back(shop: Shop, owner: User, inspector: User, head: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("licensing.health.services.issue.owe_back", lambda **facts: None)
    case = health.submit_renewal(shop=shop, applicant=owner)
    services.sign(measure=services.propose(shop=shop, officer=inspector, **WORDS), supervisor=head)
    health.take_payment(case=Case.objects.get(pk=case.pk))
    assert Case.objects.get(pk=case.pk).state == "refused" and Renewal.objects.get(case=case).new_licence is None


@pytest.mark.parametrize(
    ("facts", "code"),
    [({"days": 91}, "too_long"), ({"code": "danger"}, "unknown_reason"), ({"code": "x"}, "unknown_reason"), ({"again": 1}, "open_already")],
)
def test_what_is_refused(shop: Shop, inspector: User, facts: dict[str, Any], code: str) -> None:
    if facts.pop("again", None):
        services.propose(shop=shop, officer=inspector, **WORDS)
    with pytest.raises(Refused) as refusal:
        services.propose(shop=shop, officer=inspector, **WORDS | facts)
    assert refusal.value.code == code


def test_only_staff_of_the_branch(shop: Shop, proposed: Measure, inspector: User, owner: User) -> None:
    away = StaffFactory(supervisor=True, login="away", branch_id="JA" if shop.branch_id != "JA" else "HA")
    for user in (away, inspector, owner):
        with pytest.raises(NotPermitted):
            services.sign(measure=proposed, supervisor=user)


def test_the_pages_lead_from_the_proposal_to_the_lifting(shop: Shop, inspector: User, head: User) -> None:
    first, second = signed_in(inspector), signed_in(head)
    listed = reverse("admin:measures")
    form = {"shop_no": shop.commercial_license_no, "kind": "closure", "code": "danger", "days": "5", "text": "Gas."}
    assert first.post(listed, form | {"days": "x"}).status_code == 400
    assert first.post(listed, form | {"days": "900"}).status_code == 409
    page = first.post(listed, form)["Location"]
    row = Measure.objects.get()
    assert 'name="sign"' not in first.get(page).content.decode() and 'name="sign"' in second.get(page).content.decode()
    second.post(page, {"sign": "1"})
    row.refresh_from_db()
    assert row.is_in_force and state(shop) == "suspended" and 'name="sign"' not in second.get(page).content.decode()
    assert first.post(page, {"ask_lift": "1", "text": ""}).status_code == 400
    first.post(page, {"ask_lift": "1", "text": "Repaired."})
    assert second.post(page, {"sign": "1"}).status_code == 409 and state(shop) == "suspended", "a page that is out of date"
    assert 'name="reject_lift"' in first.get(page).content.decode() and 'name="lift"' in second.get(page).content.decode()
    first.post(page, {"reject_lift": "1"})
    assert second.post(page, {"lift": "1"}).status_code == 409
    first.post(page, {"ask_lift": "1", "text": "Repaired."})
    second.post(page, {"lift": "1"})
    assert state(shop) == "valid" and second.get(listed).status_code == 200 and second.get(page).status_code == 200
    assert second.post(page, {"sign": "1"}).status_code == 409


# What the database refuses, each with the harm that comes without the guard.


def write(row: Measure, **facts: object) -> None:
    Measure.objects.filter(pk=row.pk).update(**facts)


def signed(by: User) -> dict[str, object]:
    return {"signed_by": by, "signed_at": clock.now(), "first_day": clock.today(), "last_day": clock.today()}


@pytest.mark.guards
def test_nobody_signs_their_own_and_one_of_a_kind_is_open(shop: Shop, proposed: Measure, inspector: User) -> None:
    for attack in (lambda: write(proposed, **signed(inspector)), lambda: insert(proposed)):
        with pytest.raises(IntegrityError), transaction.atomic():
            attack()


def insert(row: Measure, **facts: object) -> None:
    row.pk, row.public_id, row._state.adding = None, "m" * 26, True
    for name, value in facts.items():
        setattr(row, name, value)
    row.save(force_insert=True)


@pytest.mark.guards
def test_a_measure_is_not_born_in_force(proposed: Measure, head: User) -> None:
    attack = lambda: insert(Measure.objects.get(pk=proposed.pk), kind="closure", **signed(head))  # noqa: E731
    assert_refused(attack, "guard:not_proposed")
    without_guards()
    assert gets_through(attack)


@pytest.mark.guards
def test_an_ended_or_signed_measure_does_not_change(measure: Measure, inspector: User, head: User, other_head: User) -> None:
    attacks = [lambda: write(measure, signed_by=other_head), lambda: write(measure, text="x"), lambda: write(measure, days=90)]
    for attack in attacks:
        assert_refused(attack, "guard:frozen")
    lifted(measure, inspector, head)
    attacks.append(lambda: write(measure, ending="", ended_at=None, ended_by=None))
    assert_refused(attacks[-1], "guard:frozen")
    assert_refused(lambda: Measure.objects.filter(pk=measure.pk).delete(), "guard:never_deleted")
    without_guards()
    assert all(gets_through(attack) for attack in attacks)


@pytest.mark.guards
def test_no_licence_is_suspended_for_a_measure_that_nobody_signed(shop: Shop, proposed: Measure) -> None:
    def attack() -> None:
        documents.suspend(HealthLicence.objects.get(shop=shop).document, reason=effects.MEASURE, actor=BY)

    assert_refused(attack, "guard:no_measure")
    without_guards()
    assert gets_through(attack)


@pytest.mark.guards
def test_no_licence_comes_back_while_a_measure_runs(shop: Shop, measure: Measure) -> None:
    def attack() -> None:
        documents.resume(HealthLicence.objects.get(shop=shop).document, reason="paid_again", actor=BY)

    assert_refused(attack, "guard:measure_runs")
    without_guards()
    assert gets_through(attack)
