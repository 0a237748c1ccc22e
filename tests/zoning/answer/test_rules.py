"""The answer from plain values, and the table of cases that the rulebook to begin with must give."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from municipality.rulebook import seeds
from municipality.rulebook.land import LandRules, LandUse, Spacing
from zoning.answer import rules
from zoning.answer.rules import LandPart, LayerSurroundings, Nearest, answer

USE = LandUse("COMMERCIAL", "beauty", 0, 3, "permitted", "", "", "م 1", "Art. 1", True)
SPACING = Spacing("beauty", "schools", 200, "not_permitted", "", "", "م 2", "Art. 2", True)
RULES = LandRules({}, {"WSAL": "beauty"}, (USE, replace(USE, land_class="PRIVATE", outcome="not_permitted")), (SPACING,))
FAR = {"schools": LayerSurroundings(is_known=True)}
COMMERCIAL = (LandPart("COMMERCIAL", 1.0),)


def test_a_use_on_its_floor_far_from_schools_is_permitted() -> None:
    found = answer(RULES, "WSAL", 0, COMMERCIAL, FAR)
    assert found.outcome == "permitted" and found.grounds[0].use == USE and found.grounds[1].spacing == SPACING


@pytest.mark.parametrize(
    ("activity", "floor", "land", "surroundings"),
    [
        ("WSAL", 4, COMMERCIAL, FAR),  # no row decides the floor
        ("WSAL", 0, (), FAR),  # no land use at all
        ("WSAL", 0, (LandPart("COMMERCIAL", 0.8), LandPart("", 0.2)), FAR),  # a part that no layer covers
        ("WSAL", 0, (LandPart("UNHEARD", 1.0),), FAR),
        ("SPA", 0, COMMERCIAL, FAR),  # an activity without a group
        ("WSAL", 0, COMMERCIAL, {}),  # no layer of schools
        ("WSAL", 0, COMMERCIAL, {"schools": LayerSurroundings(is_known=False)}),
    ],
)
def test_what_is_unknown_is_no_data_and_never_permitted(
    activity: str, floor: int, land: tuple[LandPart, ...], surroundings: dict[str, LayerSurroundings]
) -> None:
    assert answer(RULES, activity, floor, land, surroundings).outcome == "no_data"


def test_the_control_a_rule_that_takes_absence_for_consent_permits_what_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "NO_DATA", rules.PERMITTED)
    assert answer(RULES, "WSAL", 0, (LandPart("", 1.0),), {}).outcome == "permitted"


def test_a_school_within_the_distance_refuses_with_the_metres() -> None:
    near = {"schools": LayerSurroundings(is_known=False, nearest=Nearest(186.2, "مدرسة", "School"))}
    found = answer(RULES, "WSAL", 0, COMMERCIAL, near)
    assert found.outcome == "not_permitted" and found.grounds[0].nearest == near["schools"].nearest
    at_the_limit = {"schools": LayerSurroundings(is_known=True, nearest=Nearest(200.0, "مدرسة", "School"))}
    assert answer(RULES, "WSAL", 0, COMMERCIAL, at_the_limit).outcome == "permitted"


def test_of_a_split_plot_the_gravest_part_decides_and_all_parts_are_named() -> None:
    found = answer(RULES, "WSAL", 0, (LandPart("COMMERCIAL", 0.63), LandPart("PRIVATE", 0.37)), FAR)
    assert found.outcome == "not_permitted"
    assert [ground.part.share for ground in found.grounds if ground.part] == [0.37, 0.63]


def test_of_two_rows_that_hold_a_floor_the_gravest_decides_in_either_order() -> None:
    upper = replace(USE, first_floor=2, last_floor=5, outcome="not_permitted")
    for uses in ((USE, upper), (upper, USE)):
        found = [answer(replace(RULES, uses=uses), "WSAL", floor, COMMERCIAL, FAR).outcome for floor in (0, 2, 3, 5)]
        assert found == ["permitted", "not_permitted", "not_permitted", "not_permitted"], uses


# The rulebook to begin with, by class, floor and group: Permitted, Conditional, Not permitted; `-` is no data.
GROUPS = ("beauty", "fitness", "services", "vehicles", "retail", "workshops", "nursery", "food_service", "food_shops", "kitchen")
TABLE = {
    ("PRIVATE", 0): "NNNNNNCNNN",
    ("PRIVATE", 2): "NNNNNNNNNN",
    ("INVESTMENT", 0): "PCPNPNCCPN",
    ("INVESTMENT", 1): "PCPNPNCCPN",
    ("INVESTMENT", 2): "NNNNNNNNNN",
    ("COMPLEX", 0): "CNCNCNNNCN",
    ("COMMERCIAL", -1): "PPPNPN-CPC",
    ("COMMERCIAL", 0): "PPPNPNCCPC",
    ("COMMERCIAL", 5): "PPPNPNNCPN",
    ("INDUSTRIAL", 0): "NNCPNPNCCP",
    ("CRAFT", 0): "NNPPCPNCCC",
    ("SERVICE", 0): "CPPPCNNCPN",
    ("PUBLIC", 0): "NNCNNNNNCN",
    ("AGRICULTURAL", 0): "NNNNNNNNNN",
    ("AGRICULTURAL", 3): "----------",
}
LETTERS = {"P": "permitted", "C": "conditional", "N": "not_permitted", "-": "no_data"}


@pytest.fixture(scope="module")
def seeded() -> LandRules:
    data = tomllib.loads((seeds.DATA / "zoning.toml").read_text(encoding="utf8"))["edition"][0]
    blank = {"condition_ar": "", "condition_en": ""}
    uses = tuple(LandUse(**blank | row) for row in seeds._land_uses(data))
    groups = {code: group for group, codes in data["groups"].items() for code in codes}
    return LandRules(
        {row["code"]: row for row in data["land_class"]}, groups, uses, tuple(Spacing(**blank | row) for row in data["spacing"])
    )


@pytest.mark.parametrize(
    ("land_class", "floor", "group", "letter"),
    [(*place, group, letter) for place, letters in TABLE.items() for group, letter in zip(GROUPS, letters, strict=True)],
)
def test_the_rulebook_answers_as_the_table_says(seeded: LandRules, land_class: str, floor: int, group: str, letter: str) -> None:
    activity = next(code for code, one in seeded.groups.items() if one == group)
    around = {rule.layer: LayerSurroundings(is_known=True) for rule in seeded.spacings}
    found = answer(seeded, activity, floor, (LandPart(land_class, 1.0),), around)
    assert found.outcome == LETTERS[letter]
    for ground in found.grounds:
        rule = ground.use or ground.spacing
        assert rule is None or (rule.article_ar and rule.article_en)
        assert ground.outcome != "conditional" or (ground.use and ground.use.condition_ar and ground.use.condition_en)


def test_no_two_rows_decide_the_same_floor(seeded: LandRules) -> None:
    taken = [(row.land_class, row.group, floor) for row in seeded.uses for floor in range(row.first_floor, row.last_floor + 1)]
    assert len(taken) == len(set(taken)) and {row.land_class for row in seeded.uses} == set(seeded.classes)
