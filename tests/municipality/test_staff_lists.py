"""Lists of the staff pages: filters as chips, rows that can be read as cards."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from bs4 import BeautifulSoup
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from municipality.cases.models import Case
from municipality.cases.roles import ensure_roles
from municipality.ui.lists import labelled
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
CASES = "/admin/cases/case/"
LISTS = sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)


@pytest.fixture
def auditor(rules: None) -> Client:
    ensure_roles()
    return signed_in(StaffFactory(groups=["auditor"], branch_id="HA"))


def soup(client: Client, page: str) -> BeautifulSoup:
    return BeautifulSoup(client.get(page).content, "html.parser")


@pytest.mark.parametrize("name", LISTS)
def test_every_list_of_an_auditor_opens_with_a_title_and_asks_little(auditor: Client, name: str) -> None:
    url = reverse(f"admin:{name}_changelist")
    page = soup(auditor, url)
    assert page.h1 is not None and page.h1.get_text(strip=True)
    assert not page.select("#changelist-filter, .kp-scroll")
    with CaptureQueriesContext(connection) as asked:
        assert auditor.get(url).status_code == 200
    # The log says above its lines when the whole chain and its newest lines were verified.
    assert len(asked) <= 12 + 2 * (name == "audit_auditevent"), [query["sql"][:120] for query in asked.captured_queries]


def test_each_cell_below_the_heading_of_its_row_names_its_column(auditor: Client, case: Case) -> None:
    page = soup(auditor, CASES)
    heads = [head.get_text(strip=True) for head in page.select("#result_list thead th")]
    row = page.select_one("#result_list tbody tr")
    assert row is not None and case.reference in row.get_text()
    assert [cell["data-label"] for cell in row.select("td")] == heads[1:]
    assert all(cell["role"] == ("rowheader" if cell.name == "th" else "cell") for cell in row.select("th, td"))


def test_filters_are_chips_and_what_is_applied_comes_off_by_itself(auditor: Client, case: Case) -> None:
    page = soup(auditor, f"{CASES}?standing=open&branch__code__exact={case.branch_id}&q={case.reference}")
    assert [chip.get_text(strip=True) for chip in page.select("nav.kp-chips [aria-current=true]")] == ["مفتوحة"]
    off = page.select(".kp-chip--x")
    assert [dict(parse_qsl(str(chip["href"]).lstrip("?"))) for chip in off] == [
        {"standing": "open", "q": case.reference},
        {"standing": "open", "branch__code__exact": case.branch_id},
    ]
    assert len(page.select("#result_list tbody tr")) == 1
    closed = soup(auditor, f"{CASES}?standing=closed")
    assert not closed.select("#result_list") and "لا شيء في هذه القائمة" in closed.get_text()


def test_a_label_is_escaped_and_what_is_no_cell_stays() -> None:
    assert labelled('<td class="a">x</td>', '"<b>') == '<td class="a" role="cell" data-label="&quot;&lt;b&gt;"><div>x</div></td>'
    assert labelled("plain", "x") == "plain"
