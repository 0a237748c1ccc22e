"""What the database refuses of inspections, each with its red control: without the guards the same statement goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from licensing.inspections import questions
from licensing.models import Inspection, InspectionAnswer, InspectionEvent, InspectionVisit
from municipality.accounts.models import User
from municipality.fieldwork.models import Visit
from municipality.kernel import clock
from municipality.review.models import ConflictOfInterest, Party
from municipality.rulebook.models import InspectionRule
from shops.models import Shop
from tests.database_guards import assert_refused, gets_through, without_guards
from tests.factories import inspections
from tests.factories.accounts import OrganisationFactory, PersonFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(shop: Shop, inspectors: list[User], frozen_clock: Any) -> Inspection:
    """An inspection on its day."""
    row = inspections.appointed(inspections.ordered(shop))
    frozen_clock.move(days=(row.day - clock.today()).days)  # type: ignore[operator]
    return row


def visit_of(user: User) -> Visit:
    return Visit.objects.create(key=str(uuid4()), sender=user, started_at=clock.now(), received_at=clock.now())


def event(row: Inspection, move: str, to: str) -> None:
    facts = {"workflow": row.workflow_name, "move": move, "from_state": row.state, "to_state": to, "at": clock.now()}
    InspectionEvent.objects.create(subject=row, actor_key="x", actor_role="x", **facts)


def visited(row: Inspection, outcome: str, by: User | None = None) -> None:
    InspectionVisit.objects.create(inspection=row, visit=visit_of(by or row.inspector), outcome=outcome)


def answered(row: Inspection, **values: Any) -> None:
    rule = values.pop("rule", None) or next(rule for rule in questions.asked(row) if rule.code == values.get("code", "layout"))
    values.pop("code", None)
    InspectionAnswer.objects.create(**({"inspection": row, "rule": rule, "value": "yes", "meets": True} | values))


def changed(row: Inspection, **values: Any) -> None:
    Inspection.objects.filter(pk=row.pk).update(**values)


def other_of(row: Inspection) -> User:
    return User.objects.filter(groups__name="inspector").exclude(pk=row.inspector_id).order_by("pk")[0]


def passed_with_a_failing_answer(row: Inspection) -> None:
    questions.write(row, inspections.answers(row, area=3), by_owner=False)
    visited(row, "passed")
    event(row, "pass", "passed")


def passed_with_too_few(row: Inspection) -> None:
    questions.write(row, inspections.answers(row)[1:], by_owner=False)
    visited(row, "passed")
    event(row, "pass", "passed")


def passed_without_the_question_of_licensed_shops(row: Inspection) -> None:
    questions.write(row, [one for one in inspections.answers(row) if one.rule.code != "licence"], by_owner=False)
    visited(row, "passed")
    event(row, "pass", "passed")


def failed_without_a_finding(row: Inspection) -> None:
    questions.write(row, inspections.answers(row), by_owner=False)
    visited(row, "failed")
    event(row, "fail", "failed")


def missed_once(row: Inspection) -> None:
    visited(row, "nobody")
    event(row, "fail", "failed")


def like(row: Inspection, **values: Any) -> None:
    """Another inspection with the facts of this one."""
    facts = {field.attname: getattr(row, field.attname) for field in Inspection._meta.concrete_fields}
    for name in ("id", "public_id", "last_event_id", "day", "part", "ended_at", "put_right_by"):
        facts.pop(name)
    facts |= {"state": "requested", "reference": uuid4().hex[:20], "shop_id": row.shop_id} | values
    Inspection.objects.create(**facts)


def of_somebody_tied(row: Inspection, key: str = "", **values: Any) -> None:
    """With the owner, or with somebody else by `key`."""
    officer = other_of(row)
    ConflictOfInterest.objects.create(
        officer=officer, party_key=key or row.contact.key, kind="relative", declared_by=officer, declared_at=clock.now()
    )
    ended(row)
    like(row, **({"inspector_id": officer.pk} | values))


def of_the_organisation(row: Inspection) -> None:
    organisation = OrganisationFactory()
    assert row.shop is not None
    Shop.objects.filter(pk=row.shop.pk).update(owner=None, organisation=organisation)
    of_somebody_tied(row, f"organisation:{organisation.public_id}")


def of_the_manager(row: Inspection) -> None:
    manager = PersonFactory(noura=True)
    assert row.shop is not None
    Shop.objects.filter(pk=row.shop.pk).update(manager_civil_id_digest=manager.civil_id_digest)
    of_somebody_tied(row, manager.key)


def of_a_party(row: Inspection) -> None:
    party, case = PersonFactory(noura=True), RenewalCaseFactory(shop=row.shop, applicant=row.contact, changed=["trade_name"])
    Party.objects.create(case=case, key=party.key, role="licensee")
    of_somebody_tied(row, party.key, case_id=case.pk, shop_id=None)


def ended(row: Inspection) -> None:
    inspections.visited(row, inspections.found(row, layout="no"))


def not_asked(row: Inspection) -> InspectionRule:
    return InspectionRule.objects.get(ruleset=row.checklist, code="spa_area")


def rule_of(row: Inspection, code: str) -> InspectionRule:
    return InspectionRule.objects.get(ruleset=row.checklist, code=code)


def owner_after(row: Inspection) -> None:
    ended(row)
    answered(row, by_owner=True)


def moved_twice(row: Inspection) -> None:
    changed(row, was_moved=True)
    event(row, "move", "appointed")


def again(row: Inspection, **values: Any) -> None:
    ended(row)
    like(row, previous_id=row.pk, **({"inspector_id": other_of(row).pk} | values))


def again_after_passed(row: Inspection) -> None:
    inspections.visited(row, inspections.found(row))
    like(row, previous_id=row.pk, inspector_id=other_of(row).pk)


def layman(row: Inspection) -> None:
    ended(row)
    like(row, inspector_id=StaffFactory(groups=["inspector"], login="layman", branch_id=row.branch_id).pk)


ATTACKS: dict[str, tuple[str, Callable[[Inspection], None]]] = {
    "another inspector": ("not_drawn", lambda row: changed(row, inspector=other_of(row))),
    "another draw": ("not_drawn", lambda row: changed(row, draw={})),
    "another checklist": ("frozen", lambda row: changed(row, reason="other")),
    "moved back": ("frozen", lambda row: (changed(row, was_moved=True), changed(row, was_moved=False))[0]),
    "moved twice": ("moved_already", moved_twice),
    "a state without its event": ("state_without_event", lambda row: changed(row, state="passed", ended_at=clock.now())),
    "a conflict of interest": ("conflict_of_interest", of_somebody_tied),
    "a conflict with the organisation": ("conflict_of_interest", of_the_organisation),
    "a conflict with the manager": ("conflict_of_interest", of_the_manager),
    "a conflict with a party of the request": ("conflict_of_interest", of_a_party),
    "the same inspector again": ("same_inspector", lambda row: again(row, inspector_id=row.inspector_id)),
    "again after one that did not fail": ("not_failed", again_after_passed),
    "no warrant": ("not_by_inspector", layman),
    "women's premises": ("not_by_inspector", lambda row: (ended(row), like(row, activity_id="WSAL"))[0]),
    "a visit of another": ("other_inspector", lambda row: visited(row, "passed", other_of(row))),
    "an answer to what is not asked": ("other_answer", lambda row: answered(row, rule=not_asked(row), value="number", hundredths=20_000)),
    "met without being met": ("other_answer", lambda row: answered(row, value="no", meets=True)),
    "a measure below the least": (
        "other_answer",
        lambda row: answered(row, rule=rule_of(row, "area"), value="number", hundredths=1_199, meets=True),
    ),
    "not here where it applies": ("other_answer", lambda row: answered(row, value="not_here", meets=False)),
    "a self-check after the visit": ("ended_already", owner_after),
    "passed with a failing answer": ("not_passed", passed_with_a_failing_answer),
    "passed with too few answers": ("not_passed", passed_with_too_few),
    "passed without an answer about the licence": ("not_passed", passed_without_the_question_of_licensed_shops),
    "passed without a visit": ("not_passed", lambda row: event(row, "pass", "passed")),
    "failed without a finding": ("not_failed", failed_without_a_finding),
    "failed after one miss": ("not_failed", missed_once),
    "missed without a visit": ("not_visited", lambda row: event(row, "miss", "requested")),
    "another result": ("frozen", lambda row: (ended(row), changed(row, put_right_by=clock.today()))[0]),
    "deleted": ("never_deleted", lambda row: Inspection.objects.filter(pk=row.pk)._raw_delete("default")),  # type: ignore[attr-defined,func-returns-value]
}


@pytest.mark.parametrize("name", ATTACKS)
def test_the_database_refuses_and_alone_it_gets_through(name: str, row: Inspection) -> None:
    code, attack = ATTACKS[name]
    assert_refused(lambda: attack(row), f"guard:{code}")
    row.refresh_from_db()
    without_guards()
    assert gets_through(lambda: attack(row))


def test_answers_and_visits_are_insert_only(row: Inspection) -> None:
    ended(row)
    assert_refused(lambda: InspectionAnswer.objects.filter(inspection=row).update(meets=True), "guard:insert_only")
    assert_refused(lambda: row.visits.update(outcome="passed"), "guard:insert_only")
