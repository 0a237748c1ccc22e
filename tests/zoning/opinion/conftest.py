"""A plot near a school, a planner and a supervisor of its branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from shapely.affinity import translate

from municipality.accounts.models import User
from municipality.documents import seal
from municipality.places.models import Area
from municipality.review.models import Assignment
from tests import desk_acts
from tests.factories.accounts import StaffFactory
from tests.factories.opinions import paid
from tests.factories.review import OfficerFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.models import BodyAnswer, Opinion, Plot
from zoning.opinion.services import consultations

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
