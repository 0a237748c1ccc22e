"""The supervisor's figures: each equals what SQL says of the ledger, each leads to its rows, and the file tells of nobody."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from lxml import html

from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.places.models import Area, Branch
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.violations.conftest import pay
from violations import figures
from violations.admin.figure_labels import LABELS
from violations.models import Team, Violation
from violations.services import court, notices, objections, relief, terms, violation_reports

pytestmark = pytest.mark.django_db
FIGURES = "/admin/office/figures/"
# Of the ledger, written down without the portal's own code: name → what an event must be.
SQL = {
    "recorded": "e.move IN ('warn', 'order', 'charge')",
    "warned": "e.move = 'warn'",
    "corrected": "e.move = 'accept_correction'",
    "minutes": "e.to_state IN ('ordered', 'unsettleable') AND e.from_state IN ('recorded', 'warned')",
    "served": "e.move LIKE 'serve%%'",
    "ordered": "e.move = 'order'",
    "settled": "e.move = 'settle' AND e.from_state <> 'overdue' AND v.state = 'paid'",
    "objected": "e.to_state = 'objected'",
    "overturned": "e.move = 'uphold_objection'",
    "undefended": "e.move = 'object' AND EXISTS (SELECT 1 FROM violations_objection o JOIN cases_case c ON c.id = o.case_id "
    "JOIN audit_auditevent a ON a.subject = 'case:' || c.public_id WHERE o.violation_id = v.id AND a.action = 'objection.undefended')",
    "annulled": "e.to_state = 'annulled' AND e.move = 'annul'",
    "waived": "e.to_state = 'waived'",
    "reduced": "e.move = 'reduce'",
    "referred": "e.to_state = 'referred'",
    "judged": "e.from_state = 'referred'",
    "acquitted": "e.to_state = 'acquitted'",
}


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture
def supervisor(rules: None) -> Any:
    return StaffFactory(groups=["supervisor"], branch_id="HA")


@pytest.fixture
def year(
    write: Callable[..., Violation],
    make_shop: Callable[..., Any],
    make_inspector: Callable[..., Any],
    owner: Any,
    inspector: Any,
    decider: Any,
    frozen_clock: Clock,
) -> dict[str, Violation]:
    """One violation report of every fate, by two teams, in two areas."""
    women = make_inspector("women", womens=True)
    other = Area.objects.filter(governorate="HA").order_by("pk")[1]
    decider("JA")
    clerk, second = (
        StaffFactory(groups=["violation_clerk", "violation_authority", "court_clerk"], login=name) for name in ("clerk", "second")
    )
    second_shop, third_shop = make_shop(), make_shop()
    rows = {
        "paid": write("CLN-03", by=women),
        "lapsed": write("CLN-03", shop=second_shop, area=other, by=women),
        "reduced": write("CLN-03", shop=third_shop),
        "corrected": write("SHP-04"),
        "warned": write("SHP-04", shop=second_shop, area=other),
        "charged": write("CLN-06"),
        "objected": write("CLN-01"),
        "waived": write("CLN-01", shop=second_shop),
        "annulled": write("CLN-02"),
    }
    frozen_clock.move(days=2)
    for name in ("paid", "lapsed", "charged", "objected"):
        notices.record_opening(violation=rows[name], person=owner)
    violation_reports.accept_correction(violation=rows["corrected"], inspector=inspector)
    objections.file(violation=rows["objected"], person=owner, ground="facts_wrong", words="الرصيف نظيف في الصورة.")
    frozen_clock.move(days=1)
    pay(Violation.objects.get(pk=rows["paid"].pk), owner)
    asked = relief.ask_annulment(violation=rows["annulled"], code="form_defect", note_ar="", asked_by=clerk)
    relief.allow_annulment(annulment=asked, allowed_by=second)
    for name, percent in (("waived", 0), ("reduced", 50)):
        wanted = relief.ask_relief(violation=rows[name], code="hardship", note_ar="", percent=percent, asked_by=clerk)
        relief.allow_relief(relief=wanted, allowed_by=second)
    frozen_clock.move(days=70)
    objection = Violation.objects.get(pk=rows["objected"].pk).objection
    objections.close_defence(objection_id=objection.pk)
    terms.lapse_due()
    batch = court.refer(clerk=clerk)
    assert batch.referrals.count() >= 2
    lapsed = Violation.objects.get(pk=rows["lapsed"].pk)
    ruling = court.enter_judgment(violation=lapsed, ruling_no="7", ruled_on=clock.today(), fils=None, clerk=clerk)
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=second, ruling_no="7", fils=None)
    return {name: Violation.objects.get(pk=row.pk) for name, row in rows.items()}


def from_sql(name: str, more: str = "", *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT v.id) FROM violations_violation v JOIN violations_violationevent e ON e.subject_id = v.id "
            f"JOIN violations_judicialwarrant i ON i.id = v.inspector_id WHERE {SQL[name]} {more}",
            values,
        )
        return int(cursor.fetchone()[0])


def test_each_figure_equals_what_the_ledger_says(year: dict[str, Violation]) -> None:
    total, by_team = figures.lines(Violation.objects.all(), "team")
    assert total.counts == {name: from_sql(name) for name in SQL}
    told = {name for name, many in total.counts.items() if many}
    assert told >= {"corrected", "settled", "objected", "undefended", "annulled", "waived", "reduced", "referred", "judged", "acquitted"}, (
        "each fate is there"
    )
    for line in by_team:
        assert line.counts == {name: from_sql(name, "AND i.team_id = %s", line.key) for name in SQL}, line.key
    for split, column in (("offence", "v.offence"), ("area", "v.area_id")):
        whole, lines = figures.lines(Violation.objects.all(), split)
        assert whole.counts == total.counts
        for line in lines:
            assert line.counts == {name: from_sql(name, f"AND {column} = %s", line.key) for name in SQL}, line.key


def test_a_settlement_that_the_bank_took_back_no_longer_counts(year: dict[str, Violation]) -> None:
    assert figures.lines(Violation.objects.all(), "team")[0].counts["settled"] == 1
    with transaction.atomic():
        transition(year["paid"], "reopen", actor=system("bank"), reason="taken_back")
    assert figures.lines(Violation.objects.all(), "team")[0].counts["settled"] == 0
    assert not figures.with_figure(Violation.objects.all(), "settled").exists()


def test_spans_are_the_nearest_ranks_of_the_ledger(year: dict[str, Violation]) -> None:
    total, _lines = figures.lines(Violation.objects.all(), "team")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.at, (SELECT min(m.at) FROM violations_violationevent m WHERE m.subject_id = s.subject_id AND m.move IN "
            "('order', 'charge')) FROM violations_violationevent s WHERE s.move IN ('serve', 'serve_charge')"
        )
        days = sorted((_instant(end) - _instant(begin)).total_seconds() / 86400 for end, begin in cursor.fetchall())
    served = total.spans["service"]
    assert served is not None
    assert served.count == len(days) == total.counts["served"]
    assert (served.median, served.ninety) == (days[(len(days) + 1) // 2 - 1], days[-(-9 * len(days) // 10) - 1])
    assert served.median == pytest.approx(2, abs=0.2)


def _instant(value: Any) -> dt.datetime:
    return value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)


@pytest.mark.parametrize(("percent", "expected"), [(50, 2), (90, 4), (25, 1), (100, 4), (1, 1)])
def test_a_percentile_is_one_of_the_values(percent: int, expected: int) -> None:
    assert figures.nearest([1, 2, 3, 4], percent) == expected


def test_each_number_leads_to_its_rows(year: dict[str, Violation], supervisor: Any) -> None:
    client = signed_in(supervisor)
    for split in ("team", "offence", "area"):
        found = html.fromstring(client.get(f"{FIGURES}?by={split}").content.decode())
        links = found.xpath("//table[1]//td/a")
        assert len(links) > 10
        for link in links:
            answer = client.get(link.get("href"))
            assert answer.status_code == 200
            rows = html.fromstring(answer.content.decode()).xpath("//ul[@id='minutes']/li")
            assert len(rows) == int(link.text), link.get("href")
        bars = found.xpath("//figure//li")
        assert bars
        for bar in bars:
            many = int(bar.xpath("string(b/text())"))
            assert len(html.fromstring(client.get(bar.xpath("a/@href")[0]).content.decode()).xpath("//ul[@id='minutes']/li")) == many


def test_a_supervisor_counts_their_own_branch_and_the_auditor_all(year: dict[str, Violation], supervisor: Any) -> None:
    Team.objects.create(code="JA-M", branch=Branch.objects.get(pk="JA"), name_ar="فريق الجهراء", name_en="Jahra team")
    elsewhere = StaffFactory(groups=["supervisor"], login="ja", branch_id="JA")
    assert "kp-bars" not in signed_in(elsewhere).get(FIGURES).content.decode()
    assert "kp-bars" in signed_in(supervisor).get(FIGURES).content.decode()
    assert "kp-bars" in signed_in(StaffFactory(groups=["auditor"])).get(FIGURES).content.decode()
    for role in ("officer", "violation_clerk", "court_clerk", "inspector"):
        assert signed_in(StaffFactory(groups=[role], login=f"no-{role}")).get(FIGURES).status_code == 403


def exported(user: Any, query: str = "") -> list[list[str]]:
    answer = signed_in(user).get(f"{FIGURES}?form=csv&{query}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = answer.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_file_hides_small_numbers(year: dict[str, Violation], supervisor: Any) -> None:
    heads, *rows = exported(supervisor)
    assert len(heads) == len(rows[0])
    total = rows[-1]
    recorded = 1 + list(LABELS).index("recorded")
    assert total[recorded] == "9"
    numbers = [value for row in rows for value in row[1 : 1 + len(LABELS)] if value.isdigit()]
    assert not [value for value in numbers if 0 < int(value) < 5]
    spans = [row[1 + len(LABELS) :] for row in rows]
    assert not [value for row in spans for value in row[::3] if value.isdigit() and 0 < int(value) < 5]
    act = AuditEvent.objects.get(action="figures.exported")
    assert act.actor_key == supervisor.key
    assert act.data["by"] == "team"


@pytest.mark.parametrize(
    ("counts", "veils"),
    [
        ([0, 0], [False, False]),
        ([7, 9], [False, False]),
        ([3, 9, 8], [True, False, True]),  # 8 goes too: 20 in all, less 9 and 8, is 3
        ([3, 4, 8], [True, True, False]),
        ([3, 0, 0], [True, False, False]),  # alone: the sum is 3 itself, and hidden
    ],
)
def test_what_would_tell_a_hidden_number_is_hidden_too(counts: list[int], veils: list[bool]) -> None:
    assert figures.hidden(counts) == veils


def test_a_name_is_no_formula_in_the_file(year: dict[str, Violation], supervisor: Any) -> None:
    Team.objects.filter(code="HA-M").update(name_ar='=HYPERLINK("http://x.example","a")')
    names = [row[0] for row in exported(supervisor)]
    assert '\'=HYPERLINK("http://x.example","a")' in names
    assert not [name for name in names if name.startswith("=")]
