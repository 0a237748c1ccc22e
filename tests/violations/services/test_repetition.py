"""Whose earlier reports count as a repetition, and what an annulled one counted for: the sums of later ones that it had raised."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.notifications.models import Message
from municipality.rulebook import queries as rulebook
from payments.models import Bill
from shops.claims import services as claims
from shops.models import RegisteredOwner, Shop
from shops.office.services import merges
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import NOURA, SALIM, StaffFactory
from tests.factories.payments import AttemptFactory
from tests.violations.conftest import pay
from violations import invariants, queries, repeats
from violations.models import Violation
from violations.services import notices, relief, repetition, settlements, terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def twice(write: Callable[..., Violation], frozen_clock: Clock, owner: Any) -> tuple[Violation, Violation]:
    """A report and, days later, another one of the same offence, whose sum it doubles."""
    first = write("VND-01")
    frozen_clock.move(days=2)
    second = write("VND-01")
    assert (fils(first), fils(second), second.repeat_count) == (100_000, 200_000, 1)
    notices.record_opening(violation=second, person=owner)
    return first, Violation.objects.get(pk=second.pk)


def fils(row: Violation) -> int:
    order = queries.order_of(row)
    assert order is not None
    return order.fils


def annulled(row: Violation) -> None:
    clerk, authority = (
        StaffFactory(groups=[group], login=group, branch_id=row.branch_id) for group in ("violation_clerk", "violation_authority")
    )
    asked = relief.ask_annulment(violation=row, code="written_twice", note_ar="", asked_by=clerk)
    relief.allow_annulment(annulment=asked, allowed_by=authority)


def test_the_unpaid_sum_of_a_later_report_falls_with_the_first(twice: tuple[Violation, Violation], owner: Any) -> None:
    first, second = twice
    bill = settlements.bill_for(violation=second, person=owner)
    annulled(first)
    order = queries.order_of(second)
    assert order is not None and (order.fils, order.percent, order.version, order.ground) == (100_000, 100, 2, "no_repetition")
    assert Bill.objects.get(pk=bill.pk).state == "void"
    assert settlements.bill_for(violation=second, person=owner).total_fils == 100_000
    told = Message.objects.get(kind="violations.sum_reduced", person=owner)
    assert "no longer stands" in told.body_en and "لم تعد قائمة" in told.body_ar
    page = signed_in(owner).get(f"/en/violations/{second.public_id}/").content.decode()
    assert "1 time before" not in page and "100.000" in page
    assert list(invariants.findings()) == []


def test_what_was_paid_stays_and_the_office_is_told(twice: tuple[Violation, Violation], owner: Any) -> None:
    first, second = twice
    second = pay(second, owner)
    annulled(first)
    assert fils(second) == 200_000 and repetition.is_raised_for_nothing(second, queries.order_of(second))
    clerk = signed_in(StaffFactory(groups=["violation_clerk"], login="reads", branch_id=second.branch_id))
    page = clerk.get(f"/admin/office/{second.public_id}/").content.decode()
    assert "زِيد المبلغ للتكرار" in page


def test_a_shop_that_changed_hands_takes_no_repetition_away(
    write: Callable[..., Violation], shop: Shop, stranger: Any, frozen_clock: Clock
) -> None:
    write("VND-01")
    frozen_clock.move(days=2)
    second = write("VND-01", civil_id=SALIM)
    assert second.repeat_count == 1 and second.party == shop.owner
    transfer(shop=shop, to=stranger, source="case:01", actor=system("tests"))
    second = Violation.objects.get(pk=second.pk)
    assert not repetition.count_now(second) and not repetition.is_raised_for_nothing(second, queries.order_of(second))


def test_another_repetition_keeps_the_percentage(
    write: Callable[..., Violation], twice: tuple[Violation, Violation], frozen_clock: Clock
) -> None:
    """The red control: of three, the third still repeats the second."""
    first, second = twice
    frozen_clock.move(days=2)
    third = write("VND-01")
    annulled(first)
    assert (fils(second), fils(third)) == (100_000, 200_000)


def test_what_was_at_the_bank_then_is_reduced_by_the_sweep(twice: tuple[Violation, Violation], owner: Any) -> None:
    first, second = twice
    attempt = AttemptFactory(bills=[settlements.bill_for(violation=second, person=owner)])
    annulled(first)
    assert fils(second) == 200_000 and repetition.sweep() == 0, "the bank may still take it"
    with transaction.atomic():
        transition(attempt, "decline", actor=system("tests"))
        attempt.allocations.update(is_open=False)
    assert repetition.sweep() == 1 and fils(second) == 100_000
    assert repetition.sweep() == 0


def test_a_sum_that_cannot_be_settled_any_more_is_told_without_a_last_day(
    twice: tuple[Violation, Violation], owner: Any, frozen_clock: Clock
) -> None:
    first, second = twice
    assert second.settle_until is not None
    frozen_clock.set(clock.start_of(second.settle_until) + dt.timedelta(days=1, hours=9))
    assert terms.lapse_due() >= 1
    annulled(first)
    told = Message.objects.get(kind="violations.sum_reduced", person=owner)
    assert fils(second) == 100_000 and "last day" not in told.body_en and "آخر يوم" not in told.body_ar


def test_a_plan_keeps_its_parts(twice: tuple[Violation, Violation], owner: Any) -> None:
    first, second = twice
    terms.agree_plan(violation=second, person=owner, count=2)
    annulled(first)
    assert fils(second) == 200_000


def test_of_two_who_are_reported_at_one_shop_neither_repeats_the_other(write: Callable[..., Violation], frozen_clock: Clock) -> None:
    counts = []
    for civil_id in ("", NOURA, "", NOURA):
        counts.append(write("VND-01", civil_id=civil_id).repeat_count)
        frozen_clock.move(days=2)
    assert counts == [0, 0, 1, 1]


def test_what_a_former_holder_did_is_no_repetition_of_who_took_the_shop_over(
    write: Callable[..., Violation], shop: Shop, stranger: Any, frozen_clock: Clock
) -> None:
    write("VND-01")
    frozen_clock.move(days=2)
    transfer(shop=shop, to=stranger, source="case:01", actor=system("tests"))
    frozen_clock.move(days=2)
    shop.refresh_from_db()
    assert write("VND-01", shop=shop).repeat_count == 0
    offence = rulebook.edition(queries.OFFENCES, clock.today()).offences["VND-01"]
    assert repeats.repeats_at(shop, [offence], clock.now()) == {"VND-01": 1}


def test_whoever_held_the_shop_all_along_by_a_claim_has_its_repetitions(
    write: Callable[..., Violation], shop: Shop, stranger: Any, frozen_clock: Clock
) -> None:
    write("VND-01")
    digest = stranger.civil_id_digest
    RegisteredOwner.objects.create(commercial_license_no=shop.commercial_license_no, owner_digest=digest, source="moci", as_of=clock.now())
    claims.claim_by_register(shop=shop, person=stranger)
    frozen_clock.move(days=2)
    shop.refresh_from_db()
    assert shop.owner == stranger and write("VND-01", shop=shop).repeat_count == 1


def test_what_was_reported_at_an_entry_counts_at_the_one_it_was_merged_into(
    write: Callable[..., Violation], make_shop: Callable[..., Shop], shop: Shop, owner: Any, stranger: Any, frozen_clock: Clock
) -> None:
    entry = make_shop(owner=stranger)
    pay(write("VND-01"), owner)
    pay(write("VND-01", shop=entry), stranger)
    into = make_shop()
    clerk, keeper = (StaffFactory(groups=[group], login=group) for group in ("register_clerk", "register_keeper"))
    for one in (shop, entry):
        asked = merges.propose(shop=one, into=into, note_ar="الرقم نفسه في المحضر والعنوان واحد", asked_by=clerk)
        merges.allow(merge=asked, allowed_by=keeper)
    frozen_clock.move(days=2)
    assert write("VND-01", shop=into).repeat_count == 1, "not what another holder did at an entry"
