"""The maker and the publisher see what a draft changes, in every table of the rulebook."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from municipality.accounts.models import User
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.rulebook import differences, services
from municipality.rulebook.models import BoardFeeRule, FeeRule, RuleSet
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker() -> User:
    ensure_roles()
    return StaffFactory(groups=["rule_maker"], login="second-maker")


def next_draft(subject: str, maker: User) -> RuleSet:
    published = RuleSet.objects.filter(subject=subject, published_at__isnull=False).order_by("-version")[0]
    return services.copy_as_draft(ruleset=published, maker=maker, actor=Actor("rule_maker", maker.key))


def test_a_changed_fee_is_shown_old_beside_new_to_both_persons(rules: None, maker: User) -> None:
    draft = next_draft("fees.health", maker)
    fee = draft.fees.get(code="renewal")
    draft.fees.filter(pk=fee.pk).update(fils=12_500)
    checker = StaffFactory(groups=["rule_publisher"], login="second-checker")
    for user, name in ((maker, "rulebook_ruleset_change"), (checker, "rulebook_ruleset_publish")):
        page = signed_in(user).get(reverse(f"admin:{name}", args=[draft.pk]))
        (change,) = page.context["row_changes"]
        assert (fee.label_ar in change.row, "10.000" in change.before, "12.500" in change.after) == (True, True, True)
        assert "<del>" in page.content.decode()


def test_two_editions_are_compared_in_few_statements(rules: None, maker: User, django_assert_max_num_queries: Any) -> None:
    draft = next_draft("fees.health", maker)
    draft.fees.update(fils=12_500)
    before = differences.previous(draft)
    with django_assert_max_num_queries(3):
        assert differences.changes(draft, before)


def test_a_copy_changes_nothing_in_any_subject(rules: None, maker: User) -> None:
    for subject in RuleSet.objects.values_list("subject", flat=True).distinct():
        draft = next_draft(subject, maker)
        assert differences.changes(draft, differences.previous(draft)) == [], subject


def test_rows_that_come_and_go_are_shown_with_their_values(rules: None, maker: User) -> None:
    draft = next_draft("fees.boards", maker)
    gone = draft.board_fees.order_by("pk")[0]
    BoardFeeRule.objects.filter(pk=gone.pk).delete()
    values = differences.changes(draft, differences.previous(draft))
    (name,) = {change.row for change in values}
    assert name == f"{gone.get_board_class_display()} · {gone.get_medium_display()}" and not any(change.after for change in values)
    first = RuleSet.objects.create(
        subject="fees.testing",
        version=1,
        instrument_ar="قرار",
        instrument_en="Resolution",
        first_day=clock.today(),
        made_by=maker,
        made_at=clock.now(),
    )
    FeeRule.objects.create(ruleset=first, code="x", label_ar="رسم", label_en="Fee", article_ar="م", article_en="a", fils=5, unit="year")
    new = differences.changes(first, differences.previous(first))
    assert differences.previous(first) is None and not any(change.before for change in new) and len(new) > 4
