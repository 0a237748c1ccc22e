"""What the public lookup and the pages behind it ask of the database, in a process that has served pages before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.browsers import signed_in
from tests.factories.accounts import SALIM
from tests.serving import warm
from violations.models import Violation

pytestmark = pytest.mark.django_db
START = "/en/violations/"
AROUND = ("SAVEPOINT", "RELEASE", "ROLLBACK")  # of the test's transaction, where a request has none or its own


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def asked(act: Callable[[], Any], status: int) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert act().status_code == status
    return [query["sql"] for query in queries if not query["sql"].startswith(AROUND)]


def test_a_lookup_asks_at_most_seven_times(write: Callable[..., Violation], monkeypatch: pytest.MonkeyPatch) -> None:
    row = write()
    warm(monkeypatch)
    right = {"number": row.number, "last_four": SALIM[-4:]}
    found = asked(lambda: Client().post(START, right), 302)
    assert len(found) <= 5 + 2, "\n".join(found)  # two counts are taken, of two statements each, and given back together
    missed = asked(lambda: Client().post(START, right | {"last_four": "0000"}), 200)
    assert len(missed) <= 5 + 1 + 2, "\n".join(missed)  # the page is shown again, with the periods in force


def test_the_page_of_a_found_report_asks_a_fixed_number_of_times(write: Callable[..., Violation], monkeypatch: pytest.MonkeyPatch) -> None:
    row = write()
    warm(monkeypatch)
    client = Client()
    client.post(START, {"number": row.number, "last_four": SALIM[-4:]})
    found = asked(lambda: client.get(f"{START}{row.public_id}/"), 200)
    assert len(found) <= 6, "\n".join(found)


def test_the_list_of_a_person_asks_the_same_for_one_and_for_many(write: Callable[..., Violation], owner: Any) -> None:
    client = signed_in(owner)
    write("CLN-03")
    one = asked(lambda: client.get(f"{START}mine/"), 200)
    for offence in ("CLN-01", "CLN-06", "SHP-04", "SHP-02"):
        write(offence)
    many = asked(lambda: client.get(f"{START}mine/"), 200)
    assert len(one) == len(many) <= 5, "\n".join(many)
