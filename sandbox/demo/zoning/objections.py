"""What people say against zoning: an objection to an opinion that waits at another branch, a contest of a layer that waits, one decided."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import Group

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.places.models import Branch
from municipality.review.services import staff
from sandbox.demo.licensing.queue import attach, run_idle_jobs
from sandbox.demo.loading import Loading
from sandbox.demo.platform.messages import mark_sent
from sandbox.demo.zoning.opinions import SKILL
from zoning.contests import services as contests
from zoning.contests.files import PROOF
from zoning.models import Layer, Opinion, Plot
from zoning.objections import queries
from zoning.objections import services as objections
from zoning.opinion.states import OPINION, OpinionState

BRANCH = "FA"
OBJECTED = "الشرط غير لازم: للمحل مدخل من الشارع الرئيسي، والصورة المرفقة مع الطلب تبيّنه."
WAITING = ("سكن استثماري", "وثيقة الملكية تذكر سكناً استثمارياً.")
DECIDED = ("سكن خاص", "الجيران كلهم سكن خاص.", "يذكر المخطط التنظيمي استعمالاً تجارياً لهذه القسيمة.", "المادة 3")


def run(loading: Loading) -> str:
    planner, days_before = _planner(loading), lambda days: loading.anchor - dt.timedelta(days=days)
    issued = Opinion.objects.filter(case__service=OPINION, case__state=OpinionState.ISSUED).order_by("-pk")
    with clock.at(days_before(2)):
        rows = issued.select_related("case__applicant", "document")
        opinion = next((one for one in rows if queries.last_day(one) is not None), None)  # none where nothing can be sealed
        if opinion is not None:
            person, lot = opinion.case.applicant, Branch.objects.get(pk=BRANCH)
            objections.file(case=opinion.case, person=person, words=OBJECTED, lot=lambda _among: lot)
    people = User.objects.filter(is_staff=False, shops=None, civil_id_digest__gt="").order_by("-pk")
    others = [one for one in people[:3] if opinion is None or one.pk != opinion.case.applicant_id][:2]
    plots = Plot.objects.filter(area__governorate__branch=BRANCH, valid_to__isnull=True, number__in=("1", "4")).order_by("pk")[:2]
    layer = Layer.objects.get(pk="land_use")
    texts = ((WAITING[0], WAITING[1]), (DECIDED[0], DECIDED[1]))
    sent = []
    for one, plot, (should_be, reason), days in zip(others, plots, texts, (3, 12), strict=True):
        with clock.at(days_before(days)):
            sent.append(contests.contest(plot=plot, layer=layer, person=one, should_be=should_be, reason=reason))
            attach(one, sent[-1].key, PROOF.code)
    with clock.at(days_before(5)):
        contests.decide(contest=sent[1], outcome="refused", answer=DECIDED[2], article=DECIDED[3], decided_by=planner)
    with clock.at(loading.anchor):
        run_idle_jobs()
    mark_sent(loading)
    return f"{int(opinion is not None)} objection to an opinion, {len(sent)} contests of a layer"


def _planner(loading: Loading) -> User:
    """The planner of the other branch, who gets the desk of an officer and their field of work."""
    supervisor = User.objects.filter(groups__name="supervisor", branch=BRANCH).order_by("pk")[0]
    planner = User.objects.get(groups__name="planner", branch=BRANCH)
    with clock.at(loading.anchor - dt.timedelta(days=60)):
        planner.groups.add(Group.objects.get(name="officer"))
        staff.give_skill(officer=planner, code=SKILL, given_by=supervisor)
    return planner
