"""The rules of boards at their boundaries, in each edition, on their days, and in both languages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import translation

from licensing.models import Board, BoardCheck
from licensing.signage.checks import results_of
from licensing.signage.labels import failure, question
from municipality.rulebook import queries as rulebook
from municipality.rulebook.boards import BoardLimit
from zoning.answer.places import PlaceLand
from zoning.models import Plot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]
FIRST, BEFORE, AMENDED = dt.date(2023, 11, 1), dt.date(2025, 12, 31), dt.date(2026, 1, 1)
NAMES = {"PRIVATE": ("سكن خاص", "Private housing"), "MODEL": ("سكن نموذجي", "Model housing"), "COMMERCIAL": ("تجاري", "Commercial")}


def board(**facts: Any) -> Board:
    """A commercial light box that stands on the ground, but for `facts`."""
    box = {"board_class": "commercial", "medium": "light_box", "width_cm": 200, "height_cm": 100, "is_standing": True, "subject": "goods"}
    return Board(**box | facts)


def land(*codes: str, is_whole: bool = True, plot: bool = True) -> PlaceLand:
    return PlaceLand(Plot() if plot else None, codes, is_whole, NAMES)


def limits(day: dt.date) -> tuple[BoardLimit, ...]:
    return rulebook.edition("rules.boards", day).board_limits


def check(one: Board, kind: str, day: dt.date = AMENDED, place: PlaceLand | None = None) -> BoardCheck | None:
    """The result of a kind of rule by the edition of a day; None where no rule holds."""
    found = results_of(one, limits(day), day, lambda: place or land("COMMERCIAL"))
    rows = [result for result in found if result.kind == kind]
    assert len(rows) <= 1
    return rows[0] if rows else None


def outcome(one: Board, kind: str, day: dt.date = AMENDED, place: PlaceLand | None = None) -> str:
    result = check(one, kind, day, place)
    return result.outcome if result is not None else "no rule"


@pytest.mark.parametrize(("kind", "fact"), [("height", "top_cm"), ("distance", "next_cm")])
@pytest.mark.parametrize("day", [FIRST, BEFORE])
def test_before_the_amendment_no_rule_names_height_or_distance(kind: str, fact: str, day: dt.date) -> None:
    assert outcome(board(**{fact: 1}), kind, day) == "no rule"


@pytest.mark.parametrize(("top", "said"), [(500, "passes"), (501, "fails"), (1, "passes"), (None, "unknown")])
def test_a_free_standing_board_is_five_metres_high_at_most(top: int | None, said: str) -> None:
    assert outcome(board(top_cm=top), "height") == said
    assert outcome(board(top_cm=top, is_standing=False), "height") == "no rule"


@pytest.mark.parametrize(("away", "said"), [(30_000, "passes"), (29_999, "fails"), (None, "unknown")])
def test_free_standing_commercial_boards_are_three_hundred_metres_apart(away: int | None, said: str) -> None:
    assert outcome(board(next_cm=away), "distance") == said
    assert outcome(board(next_cm=away, board_class="introductory"), "distance") == "no rule"


@pytest.mark.parametrize("day", [FIRST, BEFORE, AMENDED])
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"subject": "tobacco"}, "fails"),
        ({"subject": "tobacco", "approval": "MOH 12"}, "fails"),
        ({"subject": "medical"}, "fails"),
        ({"subject": "medical", "approval": "MOH 12"}, "passes"),
        ({"subject": "goods"}, "passes"),
        ({"subject": "shop"}, "passes"),
        ({"subject": ""}, "unknown"),
    ],
)
def test_tobacco_is_banned_and_medicine_without_an_approval(facts: dict[str, str], said: str, day: dt.date) -> None:
    assert outcome(board(**facts), "subject", day) == said


@pytest.mark.parametrize("day", [FIRST, BEFORE, AMENDED])
@pytest.mark.parametrize(("width", "said"), [(400, "passes"), (401, "fails"), (399, "passes")])
def test_a_share_of_the_front_is_an_assumption_that_stops_nothing(width: int, said: str, day: dt.date) -> None:
    result = check(board(medium="fascia", is_standing=False, width_cm=width, front_cm=400), "share", day)
    assert result is not None and (result.outcome, result.is_assumption, result.stops) == (said, True, False)


def test_a_share_just_above_its_limit_is_not_rounded_down_to_it() -> None:
    result = check(board(medium="glass", is_standing=False, width_cm=10_001, front_cm=10_000), "share")
    assert result is not None and (result.measured_value, result.outcome, result.measured_en) == (1001, "fails", "100.1%")
    assert outcome(board(medium="glass", is_standing=False, front_cm=None), "share") == "unknown"


@pytest.mark.parametrize("medium", ["screen", "moving_screen"])
@pytest.mark.parametrize(
    ("place", "said"),
    [
        (land("PRIVATE"), "fails"),
        (land("MODEL"), "fails"),
        (land("MODEL", "PRIVATE"), "fails"),
        (land("COMMERCIAL"), "passes"),
        (land("COMMERCIAL", "PRIVATE"), "unknown"),
        (land("PRIVATE", is_whole=False), "unknown"),
        (land(is_whole=False), "unknown"),
        (land(plot=False, is_whole=False), "unknown"),
    ],
)
def test_no_electronic_board_in_private_or_model_housing(medium: str, place: PlaceLand, said: str) -> None:
    screen = board(medium=medium, is_standing=False)
    assert outcome(screen, "land", AMENDED, place) == said
    assert outcome(screen, "land", BEFORE, place) == "no rule"
    assert outcome(board(), "land", AMENDED, place) == "no rule", "a light box is no screen"


def test_zoning_is_asked_for_screens_only() -> None:
    def never() -> PlaceLand:
        raise AssertionError("nobody asked")

    results_of(board(), limits(AMENDED), AMENDED, never)
    with pytest.raises(AssertionError, match="nobody asked"):
        results_of(board(medium="screen"), limits(AMENDED), AMENDED, never)


def rule(**facts: Any) -> BoardLimit:
    texts = {"article_ar": "مادة", "article_en": "Article 7", "is_assumption": False, "first_day": None, "last_day": None}
    codes = {"board_class": "", "medium": "", "land_class": "", "subject": "", "is_standing": False, "is_lifted_by_approval": False}
    return BoardLimit(**{"kind": "height", "most_cm": 500, "least_cm": None, "most_permille": None} | codes | texts | facts)


@pytest.mark.parametrize(("day", "holds"), [(1, False), (2, True), (3, True), (4, True), (5, False)])
def test_a_rule_holds_from_its_first_to_its_last_day(day: int, holds: bool) -> None:
    one = rule(first_day=dt.date(2026, 3, 2), last_day=dt.date(2026, 3, 4))
    found = results_of(board(top_cm=501), [one], dt.date(2026, 3, day), land)
    assert [result.outcome for result in found] == (["fails"] if holds else [])


def test_of_two_limits_the_strictest_counts_and_an_assumption_stands_beside_the_law() -> None:
    rows = [rule(), rule(most_cm=400, medium="light_box"), rule(most_cm=300, is_assumption=True)]
    found = results_of(board(top_cm=350), rows, AMENDED, land)
    assert [(row.limit_value, row.outcome, row.is_assumption) for row in found] == [(400, "passes", False), (300, "fails", True)]
    apart = [rule(kind="distance", most_cm=None, least_cm=metres) for metres in (100, 200)]
    assert [row.limit_value for row in results_of(board(next_cm=150), apart, AMENDED, land)] == [200]


SENTENCES = [
    (
        "height",
        {"top_cm": 620},
        "Board 2 is 6.20 m high with its base. Allowed: at most 5.00 m (Advertising regulation with the amendment of December 2025)."
        " Make it lower.",
        "ارتفاع اللوحة 2 مع قاعدتها 6.20 م. المسموح: 5.00 م على الأكثر (لائحة الإعلانات بتعديل ديسمبر 2025). يُرجى خفضها.",
    ),
    (
        "distance",
        {"next_cm": 25_050},
        "Board 2 is 250.50 m from the next free-standing board. Allowed: at least 300.00 m (Advertising regulation with the amendment of"
        " December 2025). Choose another place.",
        "تبعد اللوحة 2 عن أقرب لوحة قائمة 250.50 م. المسموح: 300.00 م على الأقل (لائحة الإعلانات بتعديل ديسمبر 2025)."
        " يُرجى اختيار مكان آخر.",
    ),
    (
        "projection",
        {"is_standing": False, "projection_cm": 120},
        "Board 2 stands 1.20 m out from the wall. Allowed: at most 1.00 m (The amendment of December 2025 regulates projecting boards; no"
        " figure was found, an assumption). Make it flatter.",
        "تبرز اللوحة 2 عن الجدار 1.20 م. المسموح: 1.00 م على الأكثر (ينظم تعديل ديسمبر 2025 اللوحات البارزة؛ لم يوجد نص بالمقدار، افتراض)."
        " يُرجى تقليل بروزها.",
    ),
    (
        "land",
        {"medium": "screen"},
        "Board 2 is electronic. Land use of the place: Private housing. Rule: not allowed on: Private housing, Model housing (Advertising"
        " regulation with the amendment of December 2025). Choose another medium.",
        "اللوحة 2 إلكترونية. استعمال الأرض في المكان: سكن خاص. القاعدة: محظور على: سكن خاص، سكن نموذجي"
        " (لائحة الإعلانات بتعديل ديسمبر 2025). يُرجى اختيار نوع آخر.",
    ),
    (
        "subject",
        {"subject": "medical"},
        "Board 2 advertises: A medicine or a medical operation, without an official approval. Rule: only with an official approval: A"
        " medicine or a medical operation (Advertising regulation, MD 599/2023). Change what it advertises, or name the"
        " approval.",
        "تعلن اللوحة 2 عن: دواء أو عملية طبية بلا موافقة رسمية. القاعدة: بموافقة رسمية فقط: دواء أو عملية طبية"
        " (لائحة الإعلانات، القرار الوزاري 599/2023). يُرجى تغيير ما تعلن عنه أو ذكر الموافقة.",
    ),
]


@pytest.mark.parametrize(("kind", "facts", "english", "arabic"), SENTENCES, ids=[one[0] for one in SENTENCES])
def test_a_broken_rule_is_said_in_both_languages(kind: str, facts: dict[str, Any], english: str, arabic: str) -> None:
    result = check(board(**facts), kind, place=land("PRIVATE"))
    assert result is not None and result.outcome == "fails"
    said = []
    for language in ("en", "ar"):
        with translation.override(language):
            said.append(failure(2, result))
    assert said == [english, arabic]


def test_what_was_not_measured_is_a_question_with_its_rule() -> None:
    result = check(board(medium="screen"), "land", place=land(plot=False, is_whole=False))
    assert result is not None
    with translation.override("en"):
        said = question(1, result)
    assert said.startswith("Board 1, Land use of the place: not measured (the plot of the shop is not known). Rule: not allowed on:")
