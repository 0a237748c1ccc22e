"""Finding areas as people spell them."""

from __future__ import annotations

import pytest

from municipality.places.models import Area
from municipality.places.queries import areas, branch_of, find_areas, governorates
from municipality.places.seeds import load_places

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _places(db: None) -> None:
    load_places()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("السالميه", "Salmiya"),
        ("سالمية", "Salmiya"),
        ("ضاحية الجابرية", "Jabriya"),
        ("منطقة حولى", "Hawalli"),
        ("انجفه", "Anjafa"),
        ("salmiya", "Salmiya"),
        ("  Abu   Halifa ", "Abu Halifa"),
        ("ضاحية القمر", ""),
    ],
)
def test_an_area_is_found_however_it_is_spelled(typed: str, found: str) -> None:
    names = [area.name_en for area in find_areas(typed)]
    assert (found in names) if found else not names


def test_nothing_typed_finds_nothing() -> None:
    assert not find_areas("  ").exists()


def test_an_area_is_served_by_the_branch_of_its_governorate() -> None:
    area = Area.objects.get(name_en="Fahaheel")
    assert branch_of(area).code == "AH"


def test_lists_join_what_they_show(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert len({area.governorate.name_ar for area in areas()}) == 6
        assert [g.branch.code for g in governorates()] == ["AH", "FA", "HA", "JA", "KU", "MU"]
