"""By a join, a report that a result did not solve goes back neither to who wrote that result nor to who signed it."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.accounts.models import User
from municipality.kernel.errors import Refused
from reports.models import Report
from reports.triage import draws, queries, services
from reports.triage.services import rows
from tests.factories import report_steps, reports
from tests.factories.accounts import StaffFactory
from tests.factories.inspections import inspector

pytestmark = pytest.mark.django_db


def fresh(row: Report) -> Report:
    return Report.objects.select_related("inspector", "shop", "last_event").get(pk=row.pk)


def with_inspector(row: Report, user: User) -> Report:
    """The report, with an inspector of the test's choice."""
    row = fresh(row)
    return fresh(row if row.inspector == user else report_steps.moved(row, "draw_again", inspector=user))


@pytest.fixture
def unsolved(row: Report) -> Report:
    """A report whose result solved nothing, with another inspector now."""
    report_steps.answered(report_steps.closed(row), is_solved=False)
    services.assign(row)
    return fresh(row)


@pytest.fixture
def closer(unsolved: Report) -> User:
    return unsolved.closures.get().closed_by


def join(row: Report, into: Report) -> None:
    services.merge(report=row, into=into, inspector=row.inspector, why="x")  # type: ignore[arg-type]


def test_it_is_not_joined_with_a_report_of_who_closed_it(unsolved: Report, closer: User) -> None:
    other = with_inspector(reports.assigned(), closer)
    with pytest.raises(Refused, match="closed_before"):
        join(unsolved, other)
    assert fresh(unsolved).state == "assigned"
    join(other, unsolved)
    assert fresh(unsolved).inspector != closer, "the other way round it is with who was drawn after the answer"


@pytest.mark.parametrize("over", [False, True], ids=["at once", "through another report"])
def test_who_closed_or_signed_it_does_not_get_what_it_was_joined_with(unsolved: Report, closer: User, over: bool, inspectors: Any) -> None:
    third = inspector("third", "HA", scope=["SHP", "CLN"])
    signer = unsolved.closures.get().signed_by
    assert signer is not None and unsolved.inspector is not None
    User.objects.filter(pk=signer.pk).update(branch="HA")
    StaffFactory(groups=["supervisor"], login="another", branch=unsolved.branch)
    other = with_inspector(reports.assigned(), third)
    join(unsolved, other)
    if over:
        end = with_inspector(reports.assigned(), unsolved.inspector)
        join(fresh(other), end)
        other = end
    able = set(draws.able(fresh(other), on=None))
    assert closer not in able and {third, unsolved.inspector} <= able
    assert not rows.may_sign(fresh(other), User.objects.get(pk=signer.pk))
    report_steps.proposed(fresh(other))
    found = queries.to_sign(User.objects.get(pk=signer.pk)).get()
    assert found == other and found.may_be_unsolved


def test_nor_a_part_of_what_it_was_joined_with(unsolved: Report, closer: User) -> None:
    other = with_inspector(reports.assigned(), unsolved.inspector)  # type: ignore[arg-type]
    join(unsolved, other)
    parts = [services.joins.ReportPart(code, "x") for code in ("waste", "hazard")]
    part = services.split(report=fresh(other), inspector=unsolved.inspector, parts=parts)[0]  # type: ignore[arg-type]
    assert closer not in draws.able(part, on=None)
