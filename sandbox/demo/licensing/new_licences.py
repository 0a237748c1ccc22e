"""New shops of the demo: one whose location is approved, and one that waits for an officer."""

from __future__ import annotations

import datetime as dt
from itertools import islice
from typing import Any

from licensing.health.new_licence import queries
from licensing.health.new_licence.places import place_of_answers
from licensing.health.new_licence.services import requests
from licensing.health.new_licence.states import NEW_LICENCE
from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.services import desk, queue, staff
from sandbox.demo.licensing.past_cases import run_licensing_jobs
from sandbox.demo.licensing.queue import attach, read, run_idle_jobs
from sandbox.demo.loading import Loading
from sandbox.demo.platform.messages import mark_sent
from zoning.models import Plot

BRANCH, ACTIVITY, SKILL = "HA", "BARB", "health"
NAMES = (("صالون الضفاف", "Al Difaf Salon"), ("صالون المرسى الجديد", "New Al Marsa Salon"))
MANAGER = "290010100038"


def run(loading: Loading) -> str:
    """A request whose location an officer approved: before the health queue fills, so that nothing else is handed out."""
    sent = loading.anchor - dt.timedelta(days=6)
    case = _send(loading, 0, sent)
    officer = User.objects.filter(groups__name="officer", branch=BRANCH).order_by("login")[0]
    supervisor = User.objects.filter(groups__name="supervisor", branch=BRANCH).order_by("pk")[0]
    with clock.at(sent + dt.timedelta(hours=2)):
        staff.give_skill(officer=officer, code=SKILL, given_by=supervisor)
        assignment = queue.next_case(officer=officer)
        if assignment is None or assignment.place.case_id != case.pk:
            raise ValueError("the queue has other cases")
    with clock.at(sent + dt.timedelta(hours=2, minutes=20)):  # a later moment: the timeline puts moves of one moment before the hand-out
        read(case, officer)
        desk.check_all(assignment=assignment, answers={question.code: "yes" for question in review.questions(case)})
        desk.accept(assignment=assignment)
    run_licensing_jobs(loading)
    return _done(loading)


def run_waiting(loading: Loading) -> str:
    """A request that no officer has seen yet."""
    _send(loading, 1, loading.anchor - dt.timedelta(minutes=15))
    return _done(loading)


def _done(loading: Loading) -> str:
    run_idle_jobs()
    mark_sent(loading)
    return f"{Case.objects.filter(service=NEW_LICENCE).count()} requests for new health licences"


def _send(loading: Loading, number: int, moment: dt.datetime) -> Case:
    person = User.objects.filter(is_staff=False, shops=None, civil_id_digest__gt="").order_by("pk")[number]
    with clock.at(moment):
        answers = _answers(number)
        draft = requests.keep(person=person, answers=answers)
        for slot in queries.SLOTS:
            attach(person, requests.files_key(draft), slot, f"Area: {answers['area_m2']} m2" if slot == "drawing" else "")
        total = sum(line.fils for line in requests.least_lines(answers, queries.editions()))
        mark = place_of_answers(answers).mark
        return requests.submit(draft=draft, person=person, version=draft.version, expected_fils=total, expected_zoning=mark)


def _answers(number: int) -> dict[str, Any]:
    """A barber shop on the ground floor of a plot on which the activity is permitted."""
    plots = Plot.objects.filter(area__governorate__branch=BRANCH, valid_to=None).order_by("pk")
    permitted = (row for row in plots.iterator() if place_of_answers(_at(row, number)).answer.outcome == "permitted")
    plot = next(islice(permitted, number, None))
    name_ar, name_en = NAMES[number]
    return _at(plot, number) | {
        "holder": "me",
        "name_ar": name_ar,
        "name_en": name_en,
        "area_m2": 48,
        "manager_name_ar": "علي الصالح",
        "manager_name_en": "Ali Al-Saleh",
        **civil_ids.fields(MANAGER),
        "term": "usual",
    }


def _at(plot: Plot, number: int) -> dict[str, Any]:
    address = {"block": plot.block, "street": "12", "building": "", "plot": plot.number, "floor": "0", "unit": "1"}
    return {"activity": ACTIVITY, "area": plot.area_id, "paci_number": f"9900000{number}", **address}
