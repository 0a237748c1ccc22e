"""Governorates, branches and areas from their file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from municipality.places.models import Area, Branch, Governorate
from municipality.places.seeds import AREAS, GOVERNORATES, load_places, read_areas

ARABIC = re.compile("[\u0621-\u064a]")
HEADER = "governorate,name_ar,name_en,latitude,longitude,source,doubt,note\n"


def test_the_file_holds_186_areas_of_six_governorates_in_both_languages() -> None:
    rows = read_areas()
    assert len(rows) == 186
    assert {row.governorate for row in rows} == set(GOVERNORATES)
    for row in rows:
        assert ARABIC.search(row.name_ar) and not re.search("[A-Za-z]", row.name_ar)
        assert re.search("[A-Za-z]", row.name_en) and not ARABIC.search(row.name_en)


def test_points_lie_in_kuwait() -> None:
    points = [(row.latitude, row.longitude) for row in read_areas() if row.latitude is not None and row.longitude is not None]
    assert len(points) == 26
    assert all(28.53 <= latitude <= 30.09 and 46.54 <= longitude <= 48.48 for latitude, longitude in points)


def test_every_doubt_is_marked() -> None:
    doubts = {row.name_en: row.doubt for row in read_areas() if row.doubt == "disputed"}
    assert set(doubts) == {"Nahdha", "Qairawan", "Jaber Al-Ahmad", "Sulaibiya Industrial"}
    assert all(row.doubt in ("assigned", "uncertain") for row in read_areas() if row.source == "R")


@pytest.mark.django_db
def test_loading_writes_six_governorates_with_a_branch_each() -> None:
    assert load_places() == {"governorates": 6, "branches": 6, "areas": 186}
    assert set(Governorate.objects.values_list("iso", flat=True)) == {"KW-KU", "KW-HA", "KW-FA", "KW-AH", "KW-JA", "KW-MU"}
    assert all(branch.governorate_id == branch.code for branch in Branch.objects.all())
    assert Area.objects.count() == 186


@pytest.mark.django_db
def test_loading_again_keeps_every_row(django_assert_max_num_queries: Any) -> None:
    load_places()
    before = list(Area.objects.order_by("pk").values_list("pk", "name_ar"))
    with django_assert_max_num_queries(8):
        load_places()
    assert list(Area.objects.order_by("pk").values_list("pk", "name_ar")) == before


@pytest.mark.django_db
def test_loading_mends_a_spelling_that_was_changed() -> None:
    load_places()
    Area.objects.filter(name_en="Salmiya").update(name_en="Somewhere")
    load_places()
    assert Area.objects.filter(name_en="Salmiya").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("XX,حولي,Hawalli,,,W,,\n", "unknown governorate"),
        ("HA,,Hawalli,,,W,,\n", "no name"),
        ("HA,حولي,Hawalli,,,W,,\nHA,حولى,Hawally,,,W,,\n", "given twice"),
    ],
)
def test_a_bad_file_is_refused_before_anything_is_written(tmp_path: Path, lines: str, why: str) -> None:
    path = tmp_path / "areas.csv"
    path.write_text(HEADER + lines, encoding="utf8")
    with pytest.raises(CommandError, match=why):
        call_command("load_places", file=path)
    assert not Governorate.objects.exists()
    # The same call with the good file does write.
    call_command("load_places", file=AREAS)
    assert Governorate.objects.count() == 6
