"""Formal opinions in several states: agreeing ones, one that deviates with two signatures, one with a silent body, one to be paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from random import Random

from django.contrib.auth.models import Group

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.models import Assignment
from municipality.review.services import desk, queue, staff
from municipality.rulebook import queries as rulebook
from payments.models import Bill
from sandbox.demo.licensing.past_cases import run_licensing_jobs
from sandbox.demo.licensing.queue import attach, run_idle_jobs
from sandbox.demo.loading import Loading
from sandbox.demo.payments import Payment, pay
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.seeds import seeded
from zoning.models import Plot
from zoning.opinion import queries
from zoning.opinion.services import consultations, issue, requests, study

BRANCH, SKILL = "HA", "zoning"
TEXTS = {
    "permitted": (
        "النشاط مسموح به في هذا الدور وفق جدول الاستعمالات.",
        "The activity is among the uses of this floor.",
    ),
    "conditional": ("مسموح بشرط أن يكون المدخل من الشارع الرئيسي.", "Permitted on condition that the entrance is from the main street."),
    "not_permitted": ("النشاط غير مسموح به في هذا الموقع.", "The activity is not permitted in this place."),
    "limits": ("تطبق حدود البناء المنشورة لهذا الاستعمال.", "The published building limits of this use apply."),
}


@dataclass(frozen=True)
class _Scenario:
    """One request, sent `days` before the anchor; `ends` is issued, signing, silent or unpaid; "" as the outcome agrees."""

    days: int
    activity: str | None
    ends: str
    outcome: str = ""
    code: str = ""


SCENARIOS = (
    _Scenario(34, "LAUN", "issued"),
    _Scenario(29, "LAUN", "issued"),
    _Scenario(27, "WSAL", "issued"),
    _Scenario(22, "LAUN", "issued", "conditional", "layer_outdated"),
    _Scenario(17, None, "issued"),
    _Scenario(13, "LAUN", "issued"),
    _Scenario(7, "WSAL", "silent"),
    _Scenario(4, "LAUN", "signing", "conditional", "special_decision"),
    _Scenario(1, "WSAL", "unpaid"),
)


def run(loading: Loading) -> str:
    rng, planners = seeded("opinions step"), _planners(loading)
    people = list(User.objects.filter(is_staff=False, shops=None, civil_id_digest__gt="").order_by("-pk"))
    for scenario, plot, person in zip(SCENARIOS, _plots(), cycle(people), strict=False):
        sent = loading.instant(loading.day(-scenario.days), rng) - dt.timedelta(hours=1)
        with clock.at(sent):
            case, bill = _order(scenario, plot, person)
        if scenario.ends == "unpaid":
            continue
        _pay(bill, sent, rng)
        _study(scenario, case, planners, min(sent + dt.timedelta(hours=21), loading.anchor - dt.timedelta(minutes=50)))
    run_licensing_jobs(loading, "zoning")
    with clock.at(loading.anchor):
        silent = consultations.mark_silent()
        run_idle_jobs()
    mark_sent(loading)
    return f"{Case.objects.filter(service='zoning.opinion').count()} requests for an opinion, {silent} silent bodies"


def _planners(loading: Loading) -> list[User]:
    """The two planners, who get the desk of an officer and their field of work."""
    supervisor = User.objects.filter(groups__name="supervisor", branch=BRANCH).order_by("pk")[0]
    planners = list(User.objects.filter(groups__name="planner", branch=BRANCH).order_by("login"))
    desk_role = Group.objects.get(name="officer")
    with clock.at(loading.anchor - dt.timedelta(days=60)):
        for planner in planners:
            planner.groups.add(desk_role)
            staff.give_skill(officer=planner, code=SKILL, given_by=supervisor)
    return planners


def _plots() -> list[Plot]:
    """Commercial plots of the branch, one of each block first."""
    found: list[Plot] = []
    numbers = [str(number) for number in (1, 4, 7, 10, 2, 5, 8, 11)]
    rows = Plot.objects.filter(area__governorate=BRANCH, valid_to__isnull=True, number__in=numbers)
    for plot in sorted(rows.select_related("area__governorate"), key=lambda plot: (numbers.index(plot.number), plot.pk)):
        if len(found) < len(SCENARIOS) and queries.instant(plot, "LAUN", 0).land_class == "COMMERCIAL":
            found.append(plot)
    return found


def _order(scenario: _Scenario, plot: Plot, person: User) -> tuple[Case, Bill]:
    given = {"asker": "owner", "activity": scenario.activity, "floor": 0 if scenario.activity else None}
    draft = requests.begin(plot=plot, person=person, answers=given)
    fees, files = rulebook.editions((queries.FEES, queries.FILES), clock.today())
    for slot, least in queries.slots(files, "owner").items():
        if least:
            attach(person, requests.files_key(draft), slot)
    return requests.submit(draft=draft, person=person, version=draft.version, expected_fils=queries.fee_line(fees).fils)


def _pay(bill: Bill, sent: dt.datetime, rng: Random) -> None:
    paid = sent + dt.timedelta(minutes=6)
    pay([Payment(bill, paid - dt.timedelta(minutes=2), paid)], rng)
    with clock.at(paid):
        issue.paid(bill.pk)


def _study(scenario: _Scenario, case: Case, planners: Sequence[User], begin: dt.datetime) -> None:
    """A planner takes the oldest request, bodies answer, and the opinion is written; a deviation is signed where it is issued."""
    with clock.at(begin):
        planner = next(one for one in planners if not Assignment.objects.filter(officer=one, ended_at__isnull=True).exists())
        assignment = queue.next_case(officer=planner)
    if assignment is None:
        return
    opinion = queries.opinion_of(case)
    with clock.at(begin + dt.timedelta(minutes=20)):
        for row in opinion.consultations.order_by("pk"):
            if scenario.ends != "silent" or not row.is_safety:
                consultations.record_answer(consultation=row, officer=planner, answer="no_objection")
        outcome = scenario.outcome or opinion.instant_outcome
        if scenario.ends == "silent" or outcome not in opinion.outcomes:
            return
        code = scenario.code or ("place_differs" if queries.is_unlike(outcome, queries.like_cases(opinion)) else "")
        ar, en = TEXTS[outcome]
        study.write_draft(assignment=assignment, outcome=outcome, code=code, text_ar=ar, text_en=en)
        desk.check_all(assignment=assignment, answers={question.code: "yes" for question in review.questions(case)})
        decision = desk.accept(assignment=assignment)
    if decision.code and scenario.ends == "issued":
        with clock.at(begin + dt.timedelta(minutes=40)):
            supervisor = User.objects.filter(groups__name="supervisor", branch=BRANCH).order_by("pk")[0]
            desk.sign(decision=decision, supervisor=supervisor)
