"""Every page of every role over real HTTP: no transaction of a test surrounds a request and hides what a view does outside one."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from municipality.cases.roles import ensure_roles
from payments.admin import differences
from tests.architecture.access_matrix import ROWS, staff
from tests.architecture.crawl import Crawl, Portal, crawl, not_asked, not_opened
from tests.architecture.routes import patterns
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = [
    *(pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(1800)),
    pytest.mark.django_db(transaction=True),
]
MOST_OTHERWISE = 15  # of some 900 visits: a second wish of a kind after the first was granted
EXPORT = "/admin/payments/difference/export.csv"


def assert_sound(found: Crawl) -> None:
    """Nothing failed or may be kept, every address was asked, and whatever somebody may open was opened."""
    assert (found.failed, found.kept) == ([], [])
    assert not_asked(patterns(), found.statuses) == []
    assert not_opened(found.to_be_opened, found.statuses) == []
    assert len(found.otherwise) <= MOST_OTHERWISE, found.otherwise


def test_no_page_fails_when_it_is_read() -> None:
    with crawl() as found:
        found.visits(lambda visit: visit.post is None and not visit.before)
        found.rows("GET")
        assert_sound(found)


def test_no_page_fails_when_it_is_sent_a_form() -> None:
    with crawl() as found:
        found.visits(lambda visit: visit.post is not None or bool(visit.before))
        found.rows("POST")
        assert_sound(found)


def test_an_address_that_nobody_asks_or_opens_is_found() -> None:
    seen = {"closed/": {403, 404}, "old/": {404, 200}}
    assert not_asked(["ar/new/", "en/new/", "en/old/", "other/"], seen) == ["new/", "other/"]
    assert not_opened(["closed/", "old/"], seen) == ["closed/"]


def exported() -> Crawl:
    """A cashier takes the differences out."""
    ensure_roles()
    cashier = signed_in(StaffFactory(groups=["cashier"]))
    sample: Any = SimpleNamespace(sessions={"cashier": cashier.session.session_key})
    with Portal().running() as portal:
        found = Crawl(sample, {}, portal)
        found.row(staff(EXPORT, "", "", cashier=""), "cashier", "GET")
    return found


def test_what_is_recorded_outside_a_transaction_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control: the export as it was."""
    assert any(row.path == EXPORT for row in ROWS)
    monkeypatch.setattr(differences, "transaction", SimpleNamespace(atomic=nullcontext))
    (failure,) = exported().failed
    assert failure.startswith(f"cashier GET {EXPORT}: 500") and "an act and its record commit together" in failure


def test_the_export_is_recorded_in_a_transaction_of_its_own() -> None:
    found = exported()
    assert found.failed == [] and found.statuses["admin/payments/difference/export.<slug:kind>"] == {200}
