"""Governorates, branches and areas."""

from __future__ import annotations

import pytest

from municipality.places.models import Area
from municipality.places.queries import areas, branch_of, governorates
from municipality.places.seeds import load_places

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places(db: None) -> None:
    load_places()


def test_an_area_is_served_by_the_branch_of_its_governorate() -> None:
    area = Area.objects.get(name_en="Fahaheel")
    assert branch_of(area).code == "AH"


def test_lists_join_what_they_show(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len({area.governorate.name_ar for area in areas()}) == 6
        assert [g.branch.code for g in governorates()] == ["AH", "FA", "HA", "JA", "KU", "MU"]
