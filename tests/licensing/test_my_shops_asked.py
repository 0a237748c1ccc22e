"""My shops counts a request that waits to be paid or corrected as something to do, by the day that the home page gives it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from licensing.health import renewability, services
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.obligations import Duty, obligations_of
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from payments import queries as payments
from shops.public_page.holdings import HoldingsFilter, holdings_of
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.payments import AttemptFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db


def due(user: User, case: Case) -> Any:
    """The line of the shop of a case that has something to do. By its day the shop is sorted."""
    rows, _more = holdings_of(user)
    shown = HoldingsFilter({"due": "on"}, rows).apply(rows)
    (row,) = [row for row in shown if row.shop.key == case.subject]
    (line,) = row.due_lines
    (asked,) = [one for one in obligations_of(user) if one.duty == Duty.MUST and one.code in ("pay", "answer")]
    assert asked.until == line.deadline, "the day of the home page"
    assert line.deadline is None or (rows[0].shop == row.shop and row.order[1] == line.deadline)
    return line


def test_a_bill_and_corrections_of_a_licence_are_something_to_do(make_shop: Any, owner: Any, store: Path) -> None:
    make_shop(ends_in=200)
    studied = RenewalCaseFactory(shop=make_shop(ends_in=40), applicant=owner, changed=["area_m2"])
    rows, _more = holdings_of(owner)
    assert not any(row.due_lines for row in rows if row.shop.key == studied.subject), "an officer has it"
    officer = OfficerFactory()
    asked = [CorrectionRequest("area_differs", "area_m2")]
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(officer)), items=asked)
    assert obligations_of(owner)[0].until == due(owner, studied).deadline
    assert due(owner, studied).url.endswith(f"/cases/{studied.public_id}/")


def test_a_bill_of_a_licence_is_something_to_do_until_the_bank_has_it(make_shop: Any, owner: Any, store: Path) -> None:
    case = services.submit_renewal(shop=make_shop(ends_in=40), applicant=owner)
    assert due(owner, case).url.endswith(f"/cases/{case.public_id}/")
    bill = payments.bill_of(case.key)
    assert bill is not None
    AttemptFactory(payer=owner, bills=[bill])
    (row,) = holdings_of(owner)[0]
    assert row.due_lines == [] and not any(one.code == "pay" for one in obligations_of(owner))


def test_a_bill_for_boards_is_something_to_do(make_shop: Any, owner: Any, store: Path) -> None:
    shop = make_shop(ends_in=200)
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["boards"])
    case = boards.approved(shop, owner, officer).case
    assert due(owner, case).url.endswith(f"/cases/{case.public_id}/")


def test_the_list_goes_by_what_was_read_a_minute_ago_and_a_decision_by_what_stands_now(
    make_shop: Any, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.warm(monkeypatch)
    shop, client = make_shop(ends_in=-1), signed_in(owner)

    def asked(act: Callable[[], Any]) -> set[str]:
        with CaptureQueriesContext(connection) as queries:
            act()
        return {table for table in ("rulebook_ruleset", "incidents_moveddeadline") for one in queries if table in one["sql"]}

    assert asked(lambda: client.get("/en/my-shops/")) == set()
    assert asked(lambda: renewability.of_shops([shop], is_shown=True)) == set()
    assert asked(lambda: renewability.of_shops([shop])) == {"rulebook_ruleset", "incidents_moveddeadline"}
