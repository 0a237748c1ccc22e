"""Who may take a step in the books."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.kernel.errors import NotPermitted
from payments.services import roles
from payments.states import CASHIER, CHECKER
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("lost", ["is_active", "is_staff"])
def test_a_closed_account_takes_no_step_though_its_role_still_stands(lost: str) -> None:
    cashier = StaffFactory(groups=[CASHIER], login="cashier")
    assert roles.require_role(cashier, CASHIER).role == CASHIER
    setattr(cashier, lost, False)
    assert cashier.groups.filter(name=CASHIER).exists()
    with pytest.raises(NotPermitted) as refused:
        roles.require_role(cashier, CASHIER)
    assert refused.value.code == "not_your_role"


def test_another_role_takes_no_step(payer: Any) -> None:
    for person in (StaffFactory(groups=[CASHIER], login="cashier"), payer):
        with pytest.raises(NotPermitted):
            roles.require_role(person, CHECKER)
