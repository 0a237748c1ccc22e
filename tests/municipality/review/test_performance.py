"""Figures of decisions: equal to plain SQL over the ledger, each bar opens its cases, small counts stay out of the file."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime

from licensing.health.appeals import services as appeals
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.cases.models import Case, Figure
from municipality.cases.roles import ensure_roles
from municipality.cases.services import compute_figures
from municipality.kernel import clock, worktime
from municipality.review import performance, public_queue, study_times
from municipality.review.services import desk
from municipality.rulebook import queries as rulebook
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory, UserFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
FIGURES, CASES, EXPORT = "/admin/desk/figures/", "/admin/desk/figures/cases/", "/admin/desk/figures/export/"
HEALTH = "licensing.renewal"


@pytest.fixture
def supervisor(rules: None) -> User:
    ensure_roles()
    return StaffFactory(supervisor=True, login="chief", branch_id="HA")


@pytest.fixture
def decided(make_shop: Any, supervisor: User, frozen_clock: Clock) -> list[Case]:
    """Seven decisions: accepted after none to four days, the last two too late, one sent back first, one refused and set aside."""
    officer, cases = OfficerFactory(), []
    for days in range(5):
        person = UserFactory()
        RenewalCaseFactory(shop=make_shop(owner=person), applicant=person, changed=["area_m2"])
        frozen_clock.move(days=3 * days)
        cases.append(desk_acts.approve(officer))
    person = UserFactory()
    RenewalCaseFactory(shop=make_shop(owner=person), applicant=person, changed=["area_m2"])
    assignment = desk_acts.assigned(officer)
    proposal = desk.propose_refusal(assignment=desk_acts.checked(assignment), code="layout_changed")
    desk.send_back(decision=proposal, supervisor=supervisor, code="words_unclear", answers=desk_acts.ALL_YES)
    cases.append(desk_acts.approve(officer))
    person = UserFactory()
    RenewalCaseFactory(shop=make_shop(owner=person), applicant=person, changed=["area_m2"])
    refused = desk_acts.refuse(officer, supervisor)
    OfficerFactory(login="elsewhere", branch_id="JA", skills=["objections"])
    appeals.file(case=refused, person=person, words="x")
    desk_acts.approve(User.objects.get(login="elsewhere"))
    return [*cases, Case.objects.get(pk=refused.pk)]


def from_the_ledger() -> list[tuple[Any, ...]]:
    """The same figures by SQL over queue, events, clocks and cases."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.started_at, k.paused_minutes, k.promised_minutes, k.promised_days, e.at, k.due_at,"
            " EXISTS (SELECT 1 FROM cases_caseevent v WHERE v.subject_id = c.id AND v.move IN ('return', 'reopen')),"
            " EXISTS (SELECT 1 FROM cases_caseevent v WHERE v.subject_id = c.id AND v.move = 'allow_appeal')"
            " FROM review_queueentry p JOIN cases_case c ON c.id = p.case_id JOIN review_queueentryevent e ON e.subject_id = p.id"
            " JOIN review_clock k ON k.case_id = c.id"
            " WHERE e.move = 'leave' AND e.reason IN ('accepted', 'refused') AND c.branch_id = 'HA' AND c.service = 'licensing.renewal'"
        )
        return list(cursor.fetchall())


def test_the_figures_equal_the_ledger(decided: list[Case], supervisor: User) -> None:
    (line,) = performance.lines(supervisor)
    rows = from_the_ledger()
    assert (line.branch.pk, line.service, line.decided) == ("HA", HEALTH, len(rows)) == ("HA", HEALTH, 7)

    def instant(value: Any) -> Any:
        found = parse_datetime(value) if isinstance(value, str) else value  # SQLite gives texts, without their zone
        return found if found is None or found.tzinfo else found.replace(tzinfo=dt.UTC)

    calendar = rulebook.calendar()
    used = [worktime.working_minutes_between(calendar, instant(row[0]), instant(row[4])) - row[1] for row in rows]
    days = sorted(minutes * row[3] / row[2] for minutes, row in zip(used, rows, strict=True))
    assert (line.half, line.ninety) == (days[3], days[6]) and days[6] > 5
    assert line.count("late") == sum(instant(row[4]) > instant(row[5]) for row in rows) == 2
    assert line.count("reopened") == sum(bool(row[6]) for row in rows) == 1
    assert (line.refused, line.count("overturned")) == (1, sum(bool(row[7]) for row in rows)) == (1, 1)
    assert line.count("rounds") == 0


def test_the_public_page_of_the_queue_has_the_same_figures(decided: list[Case], supervisor: User) -> None:
    """One source: what a supervisor reads of a field of work is what the public reads of it."""
    (line,) = performance.lines(supervisor)
    (public,) = (one for one in public_queue.compute(clock.now()).lines if one.branch.pk == "HA" and one.decided)
    assert public.decided == line.decided and public_queue.FIGURE_DAYS == performance.DAYS
    assert public.half_days == study_times.whole_days(line.half)
    assert public.in_time_percent == round(100 * (line.decided - line.count("late")) / line.decided)


def test_the_service_card_and_the_interface_have_the_same_figures(decided: list[Case], supervisor: User, make_shop: Any) -> None:
    """Studied requests only: what is issued at once, without an officer, is none of them."""
    (line,) = performance.lines(supervisor)
    assert line.half is not None and line.ninety is not None
    compute_figures()
    figure = Figure.objects.get(service=HEALTH)
    half, ninety = study_times.whole_days(line.half), study_times.whole_days(line.ninety)
    assert (figure.count, figure.half, figure.ninety) == (line.decided, half, ninety)
    health = next(one for one in Client().get("/api/v1/services/").json() if one["code"] == "health")
    assert (health["half_within_working_days"], health["ninety_percent_within_working_days"]) == (half, ninety)
    for address in ("/en/", "/en/health-licence/"):
        body = " ".join(Client().get(address).content.decode().split())
        assert "Without changes: <b>usually within a minute of paying</b>" in re.sub(r"\s+", " ", body), address
        assert f"half were decided within {half} working day" in body and "<b>5 working days</b>" in body, address


def test_one_late_decision_changes_the_card_at_the_next_run(
    decided: list[Case], supervisor: User, make_shop: Any, frozen_clock: Clock
) -> None:
    def card(share: int) -> bool:
        page = " ".join(Client().get("/en/health-licence/").content.decode().split())
        return f"{share}% were decided after the promised time" in page

    compute_figures()
    assert card(round(100 * 2 / 7))
    person = UserFactory()
    RenewalCaseFactory(shop=make_shop(owner=person), applicant=person, changed=["area_m2"])
    frozen_clock.move(days=20)
    desk_acts.approve(OfficerFactory(login="another"))
    assert card(round(100 * 2 / 7)), "until the next run"
    compute_figures()
    assert card(round(100 * 3 / 8)) and len(from_the_ledger()) == 8


def test_too_few_studied_requests_make_no_figure(decided: list[Case], supervisor: User) -> None:
    compute_figures()
    assert Figure.objects.filter(service=HEALTH).exists()
    with clock.at(clock.now() + dt.timedelta(days=100)):
        compute_figures()
    assert not Figure.objects.filter(service=HEALTH).exists()
    body = Client().get("/en/health-licence/").content.decode()
    assert "half were decided" not in body and "<b>5 working days</b>" in body


def test_figures_of_something_else_than_the_ledger_would_be_found(
    decided: list[Case], supervisor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: where accepted cases alone are counted, the figures differ from the ledger."""
    monkeypatch.setattr(performance, "DECIDED", ("accepted",))
    assert performance.lines(supervisor)[0].decided != len(from_the_ledger())


def test_the_page_has_a_chart_and_a_table_for_each_figure_by_few_statements(
    decided: list[Case], supervisor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.warm(monkeypatch)
    client = signed_in(supervisor)
    html = client.get(FIGURES).content.decode()
    content = html.split('id="content"', 1)[1]
    assert content.count('<figure class="kp-bars"') == content.count("<details") == 6
    assert "viewBox" not in html.split("<figure", 1)[1].rsplit("</figure>", 1)[0]
    assert f"{CASES}?branch=HA&amp;service={HEALTH}&amp;counted=late" in html
    with CaptureQueriesContext(connection) as asked:
        performance.lines(supervisor)
    assert len(asked) <= 6  # roles, branches, editions and one for all cases


def test_each_bar_opens_its_cases(decided: list[Case], supervisor: User) -> None:
    client = signed_in(supervisor)
    every = client.get(f"{CASES}?branch=HA&service={HEALTH}").content.decode()
    assert all(case.reference in every for case in decided)
    late = client.get(f"{CASES}?branch=HA&service={HEALTH}&counted=late").content.decode()
    assert [case.reference in late for case in decided] == [False, False, False, True, True, False, False]
    again = client.get(f"{CASES}?branch=HA&service={HEALTH}&counted=overturned").content.decode()
    assert decided[6].reference in again and decided[0].reference not in again
    assert client.get(f"{CASES}?counted=nothing").status_code == 404


def test_the_whole_line_of_a_bar_is_its_link_and_the_list_says_what_it_counts(decided: list[Case], supervisor: User) -> None:
    client = signed_in(supervisor)
    client.cookies["staff_language"] = "en"
    html = client.get(FIGURES).content.decode()
    late = next(link for link in re.findall(r"<a href=.*?</a>", html, re.DOTALL) if "counted=late" in link)
    assert "<svg" in late and "2 of 7" in late
    address = re.search(r'href="([^"]+)"', late)
    assert address is not None
    opened = client.get(address[1].replace("&amp;", "&")).content.decode()
    assert re.search(r"<h1>.*Hawalli.*: decided after the promised time</h1>", opened)
    rows = re.findall(r"<tr role=\"row\">\s*<th scope=\"row\"[^>]*>.*?</tr>", opened, re.DOTALL)
    assert len(rows) == 2 and "2 requests, decided in the last 90 days." in opened
    assert re.search(r"\d\.\d working days", rows[1]) and "Approval" in rows[1] and "enewal" in rows[1]
    refused = client.get(f"{CASES}?branch=HA&service={HEALTH}&counted=overturned").content.decode()
    assert "Refusal" in refused and "less than 0.1 working day" in refused, "a short time is not 0.0 days"


def test_of_no_refusal_none_is_set_aside(make_shop: Any, owner: Any, supervisor: User) -> None:
    RenewalCaseFactory(shop=make_shop(), applicant=owner, changed=["area_m2"])
    desk_acts.approve(OfficerFactory())
    client = signed_in(supervisor)
    client.cookies["staff_language"] = "en"
    html = client.get(FIGURES).content.decode()
    assert "No request was refused in this time" in html and "0 of 0" not in html and "counted=overturned" not in html
    assert "كل شريط يفتح طلباته" in signed_in(supervisor).get(FIGURES).content.decode()


def test_small_counts_stay_out_of_the_file(decided: list[Case], supervisor: User) -> None:
    answer = signed_in(supervisor).get(EXPORT)
    header, row = answer.content.decode("utf-8-sig").strip().split("\r\n")
    cells = row.split(",")
    assert cells[2] == "7" and cells[5:] == ["<5", "0", "<5", "<5", "<5"]
    assert len(header.split(",")) == len(cells)
    assert AuditEvent.objects.filter(action="review.figures_exported", actor_key=supervisor.key).count() == 1


def test_a_supervisor_reads_their_own_branch_an_auditor_all_and_others_nothing(decided: list[Case], supervisor: User) -> None:
    auditor, elsewhere = StaffFactory(groups=["auditor"], login="auditor"), StaffFactory(supervisor=True, login="chief-JA", branch_id="JA")
    assert {(line.branch.pk, line.service) for line in performance.lines(auditor)} == {("HA", HEALTH), ("JA", "licensing.appeal")}
    assert {line.branch.pk for line in performance.lines(elsewhere)} == {"JA"}
    assert performance.lines(User.objects.get(login="officer")) == []
    page = signed_in(elsewhere).get(f"{CASES}?branch=HA&service={HEALTH}").content.decode()
    assert decided[0].reference not in page
    for url in (FIGURES, CASES, EXPORT):
        assert signed_in(User.objects.get(login="officer")).get(url).status_code == 403
