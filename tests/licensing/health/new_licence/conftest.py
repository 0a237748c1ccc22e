"""A commercial plot of Hawalli, an officer and a supervisor of its branch, two inspectors, and the seal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from municipality.accounts.models import User
from municipality.documents import seal
from municipality.places.models import Area
from tests.factories import inspections
from tests.factories.accounts import StaffFactory
from tests.factories.review import OfficerFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.models import Plot

AROUND = SQUARE.buffer(0.02)


@pytest.fixture
def plot(rules: None, store: Path) -> Plot:
    """Plot 12 of block 3: commercial land without a school near."""
    row = PlotFactory(area=Area.objects.filter(governorate="HA").order_by("pk")[0], number="12")
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    make_layer("schools", kind="objects", covers=AROUND)
    return row


@pytest.fixture
def officer(rules: None, store: Path) -> User:
    return OfficerFactory(login="officer", branch_id="HA", skills=["health"])


@pytest.fixture
def head(rules: None) -> User:
    return StaffFactory(supervisor=True, login="head", branch_id="HA")


@pytest.fixture
def inspectors(rules: None) -> list[User]:
    return [inspections.inspector(login) for login in ("inspector", "colleague")]


@pytest.fixture
def sealed(store: Path) -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)


@pytest.fixture
def housing(rules: None, store: Path) -> Any:
    """Plot 12 on land for private housing, where a barber shop is not permitted."""
    row = PlotFactory(area=Area.objects.filter(governorate="HA").order_by("pk")[0], number="12")
    make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)
    return row
