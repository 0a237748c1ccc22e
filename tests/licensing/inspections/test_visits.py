"""The visit: what it gives, that it counts once, who may make it, and what follows."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from licensing.inspections import queries, questions, services
from licensing.inspections.registry import INSPECTED
from licensing.inspections.services import appointments, visits
from licensing.inspections.services.self_checks import send_self_check
from licensing.models import Inspection
from municipality.accounts.models import User
from municipality.fieldwork.services import ConfirmationNeeded
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.models import ConflictOfInterest
from shops.models import Shop
from tests.browsers import signed_in
from tests.database_guards import without_guards
from tests.factories import inspections
from tests.factories.accounts import OrganisationFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from violations.models import JudicialWarrant

pytestmark = pytest.mark.django_db


def code_of(row: Inspection, found: visits.VisitFindings, inspector: User | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        visits.assess(inspection=row, inspector=inspector or row.inspector, found=found)
    return refusal.value.code


@pytest.mark.parametrize("why", ["tied", "without a warrant"])
def test_who_may_not_inspect_records_no_result_before_another_is_drawn(row: Inspection, why: str) -> None:
    if why == "tied":
        facts = {"party_key": row.shop.key, "kind": "relative", "declared_by": row.inspector, "declared_at": clock.now()}  # type: ignore[union-attr]
        ConflictOfInterest.objects.create(officer=row.inspector, **facts)
    else:
        JudicialWarrant.objects.filter(user=row.inspector).update(last_day=clock.today() - dt.timedelta(days=1))
    assert code_of(row, inspections.found(row)) == code_of(row, inspections.nobody()) == "not_able"


def test_all_that_must_be_met_is_passed(row: Inspection) -> None:
    made = inspections.visited(row, inspections.found(row, first_aid="no"))
    assert (row.state, row.passed, made.outcome) == ("passed", True, "passed")
    answers = queries.answers_of(row)
    assert {answer.rule.code for answer in answers if not answer.meets} == {"first_aid"}, "advice does not fail"
    assert Message.objects.filter(kind="licensing.inspection_passed", person=row.contact).count() == 1


def test_failed_with_findings_and_looked_at_again_by_another(row: Inspection, inspectors: list[User], frozen_clock: Any) -> None:
    inspections.visited(row, inspections.found(row, area=8, workers="no"))
    assert (row.state, row.passed, questions.failed_codes(row.pk)) == ("failed", False, {"area", "workers"})
    assert row.put_right_by == clock.today() + dt.timedelta(days=30)
    assert "2" in Message.objects.get(kind="licensing.inspection_failed").body_en
    again = services.ask_again(inspection=row, person=row.contact)
    assert again.inspector != row.inspector and again.checklist == row.checklist
    assert {rule.code for rule in questions.asked(again)} == {"area", "workers"}
    with pytest.raises(Refused) as refusal:
        services.ask_again(inspection=row, person=row.contact)
    assert refusal.value.code == "open_already"
    again = inspections.appointed(again)
    frozen_clock.move(days=(again.day - clock.today()).days)
    (cleanliness,) = [rule for rule in questions.others(again) if rule.code == "cleanliness"]
    found = inspections.found(again)
    without_reason = replace(found, answers=[*found.answers, questions.GivenAnswer(cleanliness, "no")])
    assert code_of(again, without_reason) == "unasked"
    inspections.visited(again, replace(found, answers=[*found.answers, questions.GivenAnswer(cleanliness, "no", None, "مكشوف")]))
    assert (again.state, questions.failed_codes(again.pk)) == ("failed", {"cleanliness"})


def test_nobody_there_twice_is_failed(row: Inspection, frozen_clock: Any) -> None:
    inspections.visited(row, inspections.nobody())
    assert (row.state, row.misses, row.day) == ("requested", 1, None)
    row = inspections.appointed(row)
    frozen_clock.move(days=(row.day - clock.today()).days)
    inspections.visited(row, inspections.nobody())
    assert (row.state, row.misses) == ("failed", 2)
    again = services.ask_again(inspection=row, person=row.contact)
    assert len(questions.asked(again)) == len(questions.rules_of(again)), "nothing was answered, so all is asked"


def test_only_the_drawn_inspector_on_the_day_with_all_answers(row: Inspection, inspectors: list[User], frozen_clock: Any) -> None:
    found = inspections.found(row)
    (other,) = [one for one in inspectors if one != row.inspector]
    assert code_of(row, found, other) == "not_drawn"
    assert code_of(row, replace(found, answers=found.answers[1:])) == "unanswered"
    assert code_of(row, replace(found, sent=inspections.sent(started_at=clock.now() + dt.timedelta(hours=1)))) == "from_the_future"
    assert code_of(row, replace(found, sent=inspections.sent(started_at=clock.now() - dt.timedelta(hours=30)))) == "too_late"
    early = inspections.sent(started_at=clock.now() - dt.timedelta(hours=20))
    assert code_of(row, replace(found, sent=early)) == "too_early"
    frozen_clock.move(days=1)
    assert code_of(row, inspections.nobody()) == "other_day"


def test_one_key_is_one_visit_and_a_changed_result_is_asked_again(row: Inspection) -> None:
    found = inspections.found(row)
    assessment = visits.assess(inspection=row, inspector=row.inspector, found=found)
    confirmed = visits.confirmation(assessment, inspection=row, inspector=row.inspector, found=found)
    failing = replace(found, answers=inspections.answers(row, layout="no"))
    for what, value in ((found, ""), (failing, confirmed)):
        with pytest.raises(ConfirmationNeeded):
            visits.record_visit(inspection=row, inspector=row.inspector, found=what, confirmed=value)
    made, new = visits.record_visit(inspection=row, inspector=row.inspector, found=found, confirmed=confirmed)
    same, second = visits.record_visit(inspection=row, inspector=row.inspector, found=found, confirmed=confirmed)
    assert (made.pk, new, second) == (same.pk, True, False)
    row.refresh_from_db()
    assert code_of(row, inspections.found(row)) == "not_appointed"


def test_its_request_is_told_in_the_same_transaction(shop: Shop, inspectors: list[User], frozen_clock: Any) -> None:
    case = RenewalCaseFactory(shop=shop, applicant=shop.owner, changed=["area_m2"])
    row = inspections.appointed(inspections.ordered(shop, case=case, is_new=True))
    assert "licence" not in {rule.code for rule in questions.asked(row)}, "a place without a licence has none to display"
    frozen_clock.move(days=(row.day - clock.today()).days)
    told: list[bool] = []

    def follow(inspection: Inspection) -> None:
        told.append(inspection.passed)
        if len(told) == 1:
            raise RuntimeError("the request cannot go on")

    INSPECTED.register(case.service, follow)
    try:
        with pytest.raises(RuntimeError):
            inspections.visited(row, inspections.found(row))
        row.refresh_from_db()
        assert row.state == "appointed" and not row.visits.exists()
        inspections.visited(row, inspections.found(row, layout="no"))
    finally:
        del INSPECTED[case.service]
    assert told == [True, False]
    services.attach(case=case, shop=shop)
    assert queries.public_results([shop], most=3)[shop.pk][0][0] == row


def test_results_of_a_merged_entry_stand_at_the_shop(row: Inspection, shop: Shop, make_shop: Any) -> None:
    inspections.visited(row, inspections.found(row, layout="no"))
    into = make_shop(activity_id="BARB")
    assert list(queries.public_results([shop, into], most=3)) == [shop.pk], "the control"
    without_guards()  # two people merge shops
    Shop.objects.filter(pk=shop.pk).update(merged_into=into)
    ((result, short),) = queries.public_results([into], most=3)[into.pk]
    assert result == row and [answer.rule.code for answer in short] == ["layout"]


def test_what_the_owner_answered_otherwise_is_listed(row: Inspection) -> None:
    send_self_check(inspection=row, person=row.contact, answers=inspections.answers(row, area=20))
    with pytest.raises(Refused) as refusal:
        send_self_check(inspection=row, person=row.contact, answers=inspections.answers(row))
    assert refusal.value.code == "sent_already"
    inspections.visited(row, inspections.found(row, area=15, fire="no"))
    pairs = queries.differences(queries.answers_of(row), queries.answers_of(row, by_owner=True))
    assert {(one.rule.code, one.hundredths, other.hundredths) for one, other in pairs} == {("area", 1500, 2000), ("fire", None, None)}
    with pytest.raises(Refused) as refusal:
        send_self_check(inspection=row, person=row.contact, answers=[])
    assert refusal.value.code == "over"


def test_numbers_are_compared_with_the_limits(shop: Shop, women: User) -> None:
    spa = inspections.ordered(shop, activity="SPA")
    rules = {rule.code: rule for rule in questions.rules_of(spa)}
    area, salon, floor = (rules[code] for code in ("spa_area", "spa_salon", "spa_floor"))
    assert [questions.meets(area, "number", value) for value in (17_999, 18_000)] == [False, True]
    assert questions.meets(salon, "not_here", None) and not questions.meets(area, "not_here", None)
    assert [questions.meets(floor, "number", value) for value in (0, 100, 200, 300)] == [False, True, True, False]
    assert not questions.meets(floor, "number", None)


def test_a_supervisor_orders_one_of_a_licensed_shop(shop: Shop, inspectors: list[User], make_shop: Any) -> None:
    head = StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)
    with pytest.raises(NotPermitted):
        services.order_of_shop(shop=shop, supervisor=inspectors[0], reason="شكوى")
    for reason, place, code in (("", shop, "reason_missing"), ("شكوى", make_shop(ends_in=None), "not_licensed")):
        with pytest.raises(Refused) as refusal:
            services.order_of_shop(shop=place, supervisor=head, reason=reason)
        assert refusal.value.code == code
    row = services.order_of_shop(shop=shop, supervisor=head, reason="شكوى من الجيران")
    assert (row.contact, row.case, row.reason) == (shop.owner, None, "شكوى من الجيران")
    assert "شكوى" in Message.objects.get(kind="licensing.inspection_ordered").body_ar


def test_a_shop_of_which_nobody_has_an_account_is_inspected_too(shop: Shop, inspectors: list[User], frozen_clock: Any) -> None:
    shop.owner, shop.organisation = None, OrganisationFactory()
    shop.save(update_fields=["owner", "organisation"])
    head = StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)
    row = services.order_of_shop(shop=shop, supervisor=head, reason="شكوى من الجيران")
    assert row.contact is None and not Message.objects.exists()
    page = signed_in(head).get("/admin/inspections/order/").content.decode()
    assert row.reference in page and "يُعلن ورقياً" in page
    frozen_clock.move(days=(row.choose_by - clock.today()).days + 1)
    assert appointments.set_overdue() == 1, "the portal sets the day"
    row.refresh_from_db()
    assert row.day is not None
    frozen_clock.move(days=(row.day - clock.today()).days)
    assert "ورقياً عن طريق الفرع" in signed_in(row.inspector).get(f"/admin/inspections/{row.public_id}/").content.decode()


def test_who_has_an_account_by_the_time_of_the_result_is_told(shop: Shop, inspectors: list[User], owner: User, frozen_clock: Any) -> None:
    Shop.objects.filter(pk=shop.pk).update(owner=None, organisation=OrganisationFactory())
    head = StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)
    row = services.order_of_shop(shop=Shop.objects.get(pk=shop.pk), supervisor=head, reason="شكوى من الجيران")
    frozen_clock.move(days=(row.choose_by - clock.today()).days + 1)
    appointments.set_overdue()
    row.refresh_from_db()
    frozen_clock.move(days=((row.day or clock.today()) - clock.today()).days)
    Shop.objects.filter(pk=shop.pk).update(owner=owner, organisation=None)
    inspections.visited(Inspection.objects.get(pk=row.pk), inspections.found(row, fire="no"))
    assert Message.objects.get(kind="licensing.inspection_failed").person == owner
