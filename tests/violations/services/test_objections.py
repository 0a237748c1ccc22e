"""An objection: blind, elsewhere, defended or not, answered in time or refused by silence."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.formats import date_format

from licensing.health.states import RENEWAL
from municipality.accounts.models import Signatory
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.places.models import Branch
from municipality.review.services import desk, queue
from municipality.review.services.other_branch import choose_branch_by_lot
from municipality.uploads import registry
from municipality.uploads import services as upload_services
from shops.registry import with_open_sums
from tests import desk_acts
from tests.conftest import Clock
from tests.factories.uploads import UploadFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import decide, pay
from violations import invariants, review
from violations.models import Objection, Violation
from violations.services import blocks, dues, objections, settlements, terms

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 11, 24)


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


def test_an_objection_goes_to_another_branch_and_payment_stands_still(served: Violation, owner: Any) -> None:
    settlements.bill_for(violation=served, person=owner)
    objection = ObjectionFactory(violation=served, person=owner)
    assert objection.case.branch_id != served.branch_id
    assert (fresh(served).state, objection.keeps_price, objection.answer_by) == ("objected", True, DAY + dt.timedelta(days=30))
    assert objection.defend_by == dt.date(2026, 11, 29)  # Wednesday, Thursday, Sunday
    with pytest.raises(Refused, match="nothing_payable"):
        settlements.bill_for(violation=served, person=owner)
    assert served.shop is not None and not list(dues.dues(owner))
    assert with_open_sums([served.shop]), "a transfer of the shop waits for its end"
    assert list(invariants.findings()) == []
    with pytest.raises(Refused, match="objected_once"):
        ObjectionFactory(violation=fresh(served), person=owner)


def test_an_objection_waits_for_its_own_file_that_is_still_arriving(served: Violation, owner: Any) -> None:
    about = {"owner": owner, "subject": served.key, "slot": "objection"}
    paper = upload_services.begin(name="p.jpg", size=900, **about)
    with pytest.raises(Refused, match="files_waiting"):
        ObjectionFactory(violation=served, person=owner)
    assert fresh(served).state == "ordered" and registry.may_write(owner, served.key, "objection"), "nothing is locked yet"
    upload_services.remove(paper, user=owner)
    UploadFactory(**about)
    ObjectionFactory(violation=served, person=owner)


def test_photos_of_the_inspector_that_are_on_their_way_keep_no_objection_waiting(served: Violation, owner: Any, inspector: Any) -> None:
    upload_services.begin(owner=inspector, subject=served.key, slot="photos", name="p.jpg", size=900)
    ObjectionFactory(violation=served, person=owner)
    assert Objection.objects.filter(violation=served).exists()


def test_a_thousand_choices_hit_nobody_of_the_issuing_branch(rules: None, decider: Callable[..., Any]) -> None:
    for branch in ("HA", "JA", "FA", "MU"):
        decider(branch)
    chosen = Counter(choose_branch_by_lot("HA", skill=objections.SKILL)[0].pk for _turn in range(1000))
    assert set(chosen) == {"JA", "FA", "MU"}
    assert min(chosen.values()) > 200  # by lot, not by habit


@pytest.mark.guards
def test_the_database_refuses_an_objection_at_home(served: Violation, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objections, "choose_branch_by_lot", lambda issued_by, _lot, skill: (Branch.objects.get(pk=issued_by), [issued_by]))
    with pytest.raises(IntegrityError, match="objection_at_home"), transaction.atomic():
        ObjectionFactory(violation=served, person=owner)


def test_whoever_decides_sees_neither_shop_nor_owner_nor_inspector(served: Violation, owner: Any, inspector: Any) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    shown = str([(item.label, item.value, item.before) for item in review.items(objection.case)]) + str(review.flags(objection.case))
    for name in (owner.name_ar, owner.name_en, "الموج", "Al Mawj", inspector.name_ar, served.inspector.badge_no):
        assert name not in shown
    assert review.related(objection.case) == []


def test_an_upheld_objection_annuls_and_keeps_the_number(served: Violation, owner: Any, decider: Callable[..., Any]) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    decide(objection, decider, uphold=True)
    row = fresh(served)
    assert (row.state, row.number) == ("annulled", served.number)
    message = _told(owner, objection)
    assert (message.kind, f"Violation {row.number} is annulled" in message.body_en) == ("violations.objection_upheld", True)
    assert list(invariants.findings()) == []


@pytest.mark.parametrize("uphold", [True, False])
def test_whoever_else_signs_is_told_of_the_decision_too(
    signed_by_two: Violation, owner: Any, stranger: Any, decider: Callable[..., Any], uphold: bool
) -> None:
    objection = ObjectionFactory(violation=signed_by_two, person=owner)
    decide(objection, decider, uphold=uphold)
    kind = f"violations.objection_{'upheld' if uphold else 'refused'}"
    assert _told(owner, objection).kind == _told(stranger, objection).kind == kind


@pytest.mark.parametrize("uphold", [True, False])
def test_who_signs_is_told_once_of_the_decision_after_the_applicant_left(
    signed_by_two: Violation, owner: Any, stranger: Any, decider: Callable[..., Any], uphold: bool
) -> None:
    objection = ObjectionFactory(violation=signed_by_two, person=owner)
    Signatory.objects.filter(person=owner).update(
        first_day=clock.today() - dt.timedelta(days=9), last_day=clock.today() - dt.timedelta(days=1)
    )
    decide(objection, decider, uphold=uphold)
    assert _told(stranger, objection).kind == f"violations.objection_{'upheld' if uphold else 'refused'}"
    told = Message.objects.filter(person=owner, subject_key=objection.case.key)
    assert [row.kind for row in told] == ["violations.objection_filed"]


def _told(person: Any, objection: Objection) -> Message:
    """The one message about the decision."""
    messages = Message.objects.filter(person=person, subject_key=objection.case.key).exclude(kind="violations.objection_filed")
    return messages.exclude(kind="review.in_review").get()


def test_a_no_says_that_the_report_holds_and_only_then_is_an_objection_refused(
    served: Violation, owner: Any, decider: Callable[..., Any]
) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    assignment = desk_acts.assigned(decider(objection.case.branch_id))
    desk.check_all(assignment=assignment, answers={"read_both": "yes"})
    desk.check_all(assignment=assignment, answers={"report_falls": "no"})
    with pytest.raises(Refused):
        desk.accept(assignment=assignment)
    desk.propose_refusal(assignment=assignment, code="facts_proved")


def test_a_refused_objection_of_the_last_day_keeps_the_price(
    served: Violation, owner: Any, decider: Callable[..., Any], frozen_clock: Clock
) -> None:
    frozen_clock.move(days=14)
    objection = ObjectionFactory(violation=served, person=owner)
    frozen_clock.move(days=9)
    decide(objection, decider, uphold=False)
    row = fresh(served)
    assert (row.state, row.settle_until) == ("ordered", clock.today() + dt.timedelta(days=14))
    message = _told(owner, objection)
    assert message.kind == "violations.objection_refused" and "The facts are proved" in message.body_en
    with translation.override("en"):
        until = date_format(clock.today() + dt.timedelta(days=14), "DATE_FORMAT")
    assert f"settle it again, at the same amount as before, until {until}" in message.body_en
    assert pay(row, owner).state == "paid"


def test_an_objection_after_the_settlement_period_does_not_open_it_again(
    served: Violation, owner: Any, decider: Callable[..., Any], frozen_clock: Clock
) -> None:
    frozen_clock.move(days=15)
    terms.lapse_due()
    objection = ObjectionFactory(violation=fresh(served), person=owner)
    assert not objection.keeps_price
    decide(objection, decider, uphold=False)
    assert fresh(served).state == "overdue" and "settle it again" not in _told(owner, objection).body_en


def test_silence_is_refusal_and_is_told_on_the_day(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    frozen_clock.move(days=30)
    objections.lapse(objection_id=objection.pk)
    assert Case.objects.get(pk=objection.case_id).state == "in_review"
    frozen_clock.move(days=1)
    objections.lapse(objection_id=objection.pk)
    objections.lapse(objection_id=objection.pk)  # again changes nothing
    assert Case.objects.get(pk=objection.case_id).state == "lapsed"
    message = Message.objects.get(person=owner, kind="violations.objection_refused")
    assert "counts as a refusal" in message.body_en
    assert fresh(served).state == "ordered"


def test_a_report_that_nobody_defends_is_marked(served: Violation, owner: Any, inspector: Any, frozen_clock: Clock) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    objections.close_defence(objection_id=objection.pk)
    assert not Objection.objects.get().is_undefended  # its days still run
    frozen_clock.move(days=6)
    objections.close_defence(objection_id=objection.pk)
    assert Objection.objects.get().is_undefended
    with translation.override("en"):
        assert any("Undefended" in flag for flag in review.flags(objection.case))
    with pytest.raises(Refused, match="too_late"):
        objections.defend(objection=objection, inspector=inspector, words="كان هناك")


def test_only_its_writer_defends_a_report_and_once(
    served: Violation, owner: Any, inspector: Any, make_inspector: Any, frozen_clock: Clock
) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    with pytest.raises(NotPermitted, match="not_writer"):
        objections.defend(objection=objection, inspector=make_inspector("second"), words="كان هناك")
    objections.defend(objection=objection, inspector=inspector, words="الصور تبين الأكياس")
    with pytest.raises(Refused, match="defended"):
        objections.defend(objection=objection, inspector=inspector, words="مرة أخرى")
    frozen_clock.move(days=6)
    objections.close_defence(objection_id=objection.pk)
    assert not Objection.objects.get().is_undefended


def test_a_withdrawn_objection_leads_back(served: Violation, owner: Any, stranger: Any) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    with pytest.raises(NotPermitted):
        objections.withdraw(objection=objection, person=stranger)
    objections.withdraw(objection=objection, person=owner)
    assert fresh(served).state == "ordered"
    assert list(invariants.findings()) == []


def test_an_objection_ends_what_was_stopped(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    row = served
    frozen_clock.move(days=15)
    terms.lapse_due()
    frozen_clock.set(clock.start_of(row.block_from))  # type: ignore[arg-type]
    assert blocks.place_due() == 1
    assert cases.active_blocks(row.shop.key, RENEWAL)  # type: ignore[union-attr]
    with pytest.raises(Refused, match="objection_over"):
        ObjectionFactory(violation=fresh(row), person=owner)


@pytest.mark.parametrize(
    ("more", "code"), [({"ground": "whim"}, "unknown_ground"), ({"words": "  "}, "no_words"), ({"words": "ا" * 4001}, "too_long")]
)
def test_an_objection_needs_a_ground_and_words(served: Violation, owner: Any, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        ObjectionFactory(violation=served, person=owner, **more)
    assert refused.value.code == code


def test_a_question_of_the_decider_is_answered_in_words(served: Violation, owner: Any, decider: Callable[..., Any]) -> None:
    objection = ObjectionFactory(violation=served, person=owner)
    assignment = queue.next_case(officer=decider(objection.case.branch_id))
    assert assignment is not None
    desk.ask_corrections(assignment=assignment, items=[desk.CorrectionRequest("ask_words", "words", "", "")])
    with pytest.raises(Refused, match="no_words"):
        objections.answer(objection=objection, person=owner, words=" ")
    objections.answer(objection=objection, person=owner, words="كانت للمحل المجاور")
    assert "كانت للمحل المجاور" in str([item.value for item in review.items(objection.case)])
