"""A transfer is called off while it is paid, on PostgreSQL: one of both happens, and neither waits for the other for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, transaction

from licensing.health.services import issue
from licensing.health.transfers import services as transfers
from municipality.cases.models import Case
from shops.models import Shop
from tests import desk_acts
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.review import OfficerFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(600)]


def test_taking_back_and_paying_lock_in_the_same_order(make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        shop: Shop = make_shop()
        noura, officer = PersonFactory(noura=True), OfficerFactory(branch_id=shop.branch_id, skills=["health"])
        row = transfers.ask(shop=shop, person=owner, number=NOURA)
        case = transfers.agree(transfer=row, user=noura)
        desk_acts.approve(officer)
    is_paid = threading.Event()

    def after(act: Callable[..., Any], event: Callable[[], Any]) -> Callable[..., Any]:
        def both(*args: Any, **kwargs: Any) -> Any:
            event()
            return act(*args, **kwargs)

        return both

    # Who takes back holds its locks until the payment holds the case, or one second.
    monkeypatch.setattr(transfers, "named_access", after(transfers.named_access, lambda: is_paid.wait(1)))
    monkeypatch.setattr(issue, "lost_condition", after(issue.lost_condition, is_paid.set))
    unpaid = Case.objects.get(pk=case.pk)
    ends = at_once(lambda: transfers.take_back(transfer=row, person=owner), lambda: issue.take_payment(case=unpaid))
    assert not [one for one in ends if isinstance(one, OperationalError)], ends
    assert len([one for one in ends if isinstance(one, Exception)]) == 1, ends
    assert Case.objects.get(pk=case.pk).state in ("withdrawn", "approved")
