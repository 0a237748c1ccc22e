"""The result of an inspection, or the wish for another one, at the moment at which its request ends, on PostgreSQL.

One waits for the other, and none is thrown out.
"""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import transaction

from licensing.health.new_licence.services import requests
from licensing.inspections import questions
from licensing.inspections.services import orders, visits
from licensing.models import Inspection
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from tests.factories import inspections, new_licences
from tests.threads import PATIENCE, at_once
from zoning.models import Plot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.mark.parametrize("ending", ["withdrawn", "expired"])
def test_a_result_and_the_end_of_its_request_at_once(
    plot: Plot, owner: User, officer: User, inspectors: Any, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    with transaction.atomic():
        case = new_licences.waiting_for_inspection(owner, officer).case
        row = inspections.appointed(Inspection.objects.select_related("contact").get(case=case))
        Inspection.objects.filter(pk=row.pk).update(day=clock.today())
    row = Inspection.objects.select_related("case", "inspector", "activity", "shop", "contact").get(pk=row.pk)
    found = inspections.found(row)
    assessment = visits.assess(inspection=row, inspector=row.inspector, found=found)
    confirmed = visits.confirmation(assessment, inspection=row, inspector=row.inspector, found=found)
    has_inspection, has_case = Event(), Event()
    write, cancel = questions.write, requests._cancel_inspection

    def write_late(*args: Any, **kwargs: Any) -> None:
        """Stop with the inspection locked until the request is locked by its end, if nothing keeps that away."""
        has_inspection.set()
        has_case.wait(PATIENCE)
        write(*args, **kwargs)

    def cancel_late(*args: Any) -> None:
        has_case.set()
        cancel(*args)

    def end() -> None:
        assert has_inspection.wait(20)
        if ending == "withdrawn":
            requests.withdraw(case=case, person=owner)
        else:
            requests.expire(case=case, state="inspection")

    monkeypatch.setattr(questions, "write", write_late)
    monkeypatch.setattr(requests, "_cancel_inspection", cancel_late)
    result = partial(visits.record_visit, inspection=row, inspector=row.inspector, found=found, confirmed=confirmed)
    recorded, ended = at_once(result, end)
    assert not isinstance(recorded, Exception), recorded
    assert ended is None or isinstance(ended, Refused), ended
    row.refresh_from_db()
    assert row.state == "passed" and new_licences.fresh(case).case.state == "awaiting_payment"


def ask_while_it_ends(owner: User, officer: User, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[str]]:
    """Ask for another inspection while the withdrawal of the request is not committed: the answer, and the states of its inspections."""
    with transaction.atomic():
        case = new_licences.pass_inspection(new_licences.waiting_for_inspection(owner, officer), outcome="failed").case
    failed = Inspection.objects.select_related("case", "contact").get(case=case)
    is_closing, is_ordered = Event(), Event()
    cancel, draw = requests._cancel_inspection, orders.draw

    def cancel_late(*args: Any) -> None:
        """Stop with the request closed until another inspection is ordered, if nothing keeps that away."""
        cancel(*args)
        is_closing.set()
        is_ordered.wait(PATIENCE)

    def draw_seen(**facts: Any) -> Any:
        is_ordered.set()
        return draw(**facts)

    def ask() -> Any:
        assert is_closing.wait(20)
        return orders.ask_again(inspection=failed, person=owner)

    monkeypatch.setattr(requests, "_cancel_inspection", cancel_late)
    monkeypatch.setattr(orders, "draw", draw_seen)
    ended, asked = at_once(partial(requests.withdraw, case=case, person=owner), ask)
    assert not isinstance(ended, Exception), ended
    return asked, list(Inspection.objects.filter(case=case).order_by("pk").values_list("state", flat=True))


def test_no_other_inspection_is_ordered_of_a_request_that_ends(
    plot: Plot, owner: User, officer: User, inspectors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, states = ask_while_it_ends(owner, officer, monkeypatch)
    assert isinstance(asked, Refused) and asked.code == "request_closed", asked
    assert states == ["failed"]


def test_red_control_without_the_lock_it_is_ordered(
    plot: Plot, owner: User, officer: User, inspectors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orders, "lock_request", lambda _inspection: None)
    _asked, states = ask_while_it_ends(owner, officer, monkeypatch)
    assert states == ["failed", "requested"], "an inspector is sent to a shop whose request was withdrawn"
