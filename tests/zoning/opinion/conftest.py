"""A plot near a school, a planner and a supervisor of its branch and of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from shapely.affinity import translate

from municipality.accounts.models import User
from municipality.documents import seal
from municipality.places.models import Area
from municipality.review.models import Assignment
from municipality.review.services import desk
from tests import desk_acts
from tests.factories.accounts import StaffFactory
from tests.factories.opinions import paid
from tests.factories.review import OfficerFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.models import BodyAnswer, Opinion, Plot
from zoning.opinion.services import consultations, issue, study

AROUND = SQUARE.buffer(0.02)


@pytest.fixture
def area(rules: None) -> Area:
    return Area.objects.filter(governorate="HA").order_by("pk")[0]


@pytest.fixture
def plot(area: Area, store: Path) -> Plot:
    """A commercial plot of Hawalli; the nearest school is some 180 m away."""
    row = PlotFactory(area=area, number="12")
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    make_layer("schools", ("school", translate(SQUARE, 0.0021, 0)), kind="objects", covers=AROUND)
    return row


@pytest.fixture
def planner(db: None) -> User:
    return OfficerFactory(login="planner", groups=["officer", "planner"], branch_id="HA", skills=["zoning"])


@pytest.fixture
def head(db: None) -> User:
    return StaffFactory(supervisor=True, login="head", branch_id="HA")


@pytest.fixture
def other(db: None) -> User:
    """A planner of another branch."""
    return OfficerFactory(login="planner-JA", groups=["officer", "planner"], branch_id="JA", skills=["zoning"])


@pytest.fixture
def chief(db: None) -> User:
    """The supervisor of that branch."""
    return StaffFactory(supervisor=True, login="head-JA", branch_id="JA")


@pytest.fixture
def opinion(plot: Plot, owner: Any) -> Opinion:
    """A paid request for a women's salon, which the school forbids."""
    return paid(plot, owner)


@pytest.fixture
def held(opinion: Opinion, planner: User) -> Assignment:
    """The request on the planner's desk, its checklist answered."""
    return desk_acts.checked(desk_acts.assigned(planner))


@pytest.fixture
def heard(opinion: Opinion, planner: User, held: Assignment) -> Opinion:
    """Every body has answered without an objection."""
    for row in opinion.consultations.all():
        consultations.record_answer(consultation=row, officer=planner, answer=BodyAnswer.NO_OBJECTION)
    return opinion


@pytest.fixture
def sealed() -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)


@pytest.fixture
def issued_opinion(plot: Plot, owner: Any, planner: User, head: User, sealed: None) -> Callable[..., Opinion]:
    """Issues an opinion; without anything said, the salon is not permitted, which agrees with the instant answer."""

    def make(activity: str = "WSAL", outcome: str = "not_permitted", code: str = "") -> Opinion:
        opinion = paid(plot, owner, activity=activity)
        held = desk_acts.checked(desk_acts.assigned(planner))
        for row in opinion.consultations.all():
            consultations.record_answer(consultation=row, officer=planner, answer=BodyAnswer.NO_OBJECTION)
        study.write_draft(assignment=held, outcome=outcome, code=code, text_ar="المدرسة قريبة.", text_en="The school is near.")
        decision = desk.accept(assignment=held)
        if decision.code:
            desk.sign(decision=decision, supervisor=head)
        issue.issue_opinion(case=opinion.case)
        return Opinion.objects.select_related("case", "document").get(pk=opinion.pk)

    return make
