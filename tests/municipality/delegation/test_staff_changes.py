"""A consent does not outlive the role, the branch or the account of the member of staff who holds it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from municipality.accounts.models import User
from municipality.accounts.services import staff
from municipality.audit.models import AuditEvent
from municipality.delegation import queries as delegation
from municipality.delegation.models import Consent
from municipality.delegation.services import consents
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from tests.browsers import signed_in
from tests.interleaving import acting_before
from tests.municipality.delegation.delegates import Tray, ask, code_for

pytestmark = pytest.mark.django_db
OPERATOR = Actor("operator", "system:console")
CHANGES: dict[str, Callable[..., Any]] = {
    "role": partial(staff.change_account, branch=None, roles=["officer"], actor=OPERATOR),
    "branch": partial(staff.change_account, branch="AH", roles=None, actor=OPERATOR),
    "no_branch": partial(staff.change_account, branch="", roles=None, actor=OPERATOR),
    "account": partial(staff.close_account, actor=OPERATOR),
}


def opened(clerk: User, tray: type[Tray]) -> Consent:
    consent = ask(clerk)
    return consents.enter_code(consent=consent, staff=clerk, typed=code_for(consent, tray))


@pytest.mark.parametrize("change", CHANGES)
def test_an_open_consent_ends_with_what_its_employee_loses(change: str, owner: User, clerk: User, tray: type[Tray], make_shop: Any) -> None:
    make_shop()
    row = opened(clerk, tray)
    client = signed_in(clerk)
    assert client.get("/en/my-shops/").status_code == 200
    CHANGES[change](user=clerk)
    row.refresh_from_db()
    assert row.closed_at is not None and not delegation.open_consents().exists()
    act = AuditEvent.objects.get(action="consent.closed")
    assert (act.subject, act.actor_key, act.actor_role) == (row.key, OPERATOR.key, "operator")
    assert client.get("/en/my-shops/").status_code in (302, 403)
    if change == "account":
        staff.reopen_account(user=clerk, actor=OPERATOR)
        assert not delegation.open_consents().exists()


@pytest.mark.parametrize("change", CHANGES)
def test_without_the_registered_end_the_employee_goes_on(
    change: str, owner: User, clerk: User, tray: type[Tray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control."""
    monkeypatch.delitem(staff.STAFF_CHANGED, "consents")
    row = opened(clerk, tray)
    CHANGES[change](user=clerk)
    row.refresh_from_db()
    assert row.is_open


def test_a_code_that_waits_ends_too_and_a_change_that_takes_nothing_ends_nothing(owner: User, clerk: User, tray: type[Tray]) -> None:
    row = opened(clerk, tray)
    staff.change_account(user=clerk, branch="HA", roles=["counter", "officer"], actor=OPERATOR)
    row.refresh_from_db()
    assert row.is_open
    waiting = ask(clerk)
    staff.change_account(user=clerk, branch=None, roles=["officer"], actor=OPERATOR)
    assert consents.pending(clerk, waiting.public_id) is None and not Consent.objects.filter(closed_at=None).exists()


def test_a_role_lost_while_the_code_is_entered_opens_nothing(owner: User, clerk: User, tray: type[Tray]) -> None:
    consent = ask(clerk)
    code = code_for(consent, tray)
    lost = acting_before('UPDATE "delegation_consent"', lambda: User.objects.get(pk=clerk.pk).groups.clear())
    with lost, pytest.raises(NotPermitted, match="not_at_the_counter"):
        consents.enter_code(consent=consent, staff=clerk, typed=code)
    assert not delegation.open_consents().exists()


def test_without_the_second_look_the_lost_role_opens_the_consent(
    owner: User, clerk: User, tray: type[Tray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control."""
    consent = ask(clerk)
    code = code_for(consent, tray)
    monkeypatch.setattr(consents, "require_role", lambda staff: None)
    with acting_before('UPDATE "delegation_consent"', lambda: User.objects.get(pk=clerk.pk).groups.clear()):
        assert consents.enter_code(consent=consent, staff=clerk, typed=code).is_open
