"""The address that measures a drawing: digits of both kinds, what is missing, and hostile values."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
DRAWN = {
    "size": "4000x3000",
    "known": "1000,1000 2000,1000 2000,1800 1000,1800",
    "outline": "1000,200 3000,200 3000,600 1000,600",
    "known_width": "2",
    "known_height": "1.6",
}


def answer(client: Client, language: str = "en", **changed: str) -> tuple[int, dict[str, Any]]:
    response = client.get(f"/{language}/boards/measure/", DRAWN | changed)
    return response.status_code, response.json()


def test_width_height_and_area_in_metres(client: Client) -> None:
    assert answer(client) == (200, {"width": "4.00", "height": "0.80", "text": "4.00 × 0.80 metres: 3.20 m²"})
    assert answer(client, known_width="٢", known_height="١٫٦")[1]["width"] == "4.00"


def test_the_problem_is_said_in_the_language_of_the_page(client: Client) -> None:
    crossed = "1000,200 3000,600 3000,200 1000,600"
    assert answer(client, outline=crossed) == (400, {"problem": "Two sides cross: move the corners so that they follow the edge round."})
    assert "يتقاطع" in answer(client, "ar", outline=crossed)[1]["problem"]
    assert answer(client, known="", known_width="") == (400, {"problem": "Next: the black frame is moved to the door or shutter."})
    assert answer(client, outline="", known_width="") == (400, {"problem": "Next: the blue frame is moved to the board."})
    assert answer(client, known_width="") == (400, {"problem": "Next: the width of the door or shutter in metres."})


@pytest.mark.parametrize(
    "changed",
    [
        {"size": "0x3000"},
        {"size": "99999999x1"},
        {"known": "1,1"},
        {"known": "1000,1000 2000,1000 2000,1800 1000,1800 1000,1400"},
        {"outline": "nan,nan inf,1 1,1"},
        {"outline": "1e9,1 2,2 3,3"},
        {"outline": " ".join(["1,1"] * 13)},
        {"outline": ""},
        {"known_width": "-1"},
        {"known_width": "NaN"},
        {"known_height": "0"},
        {"known": "1,1 1,1 1,1 1,1"},
    ],
)
def test_whatever_is_sent_the_answer_is_a_sentence(client: Client, changed: dict[str, str]) -> None:
    status, said = answer(client, **changed)
    assert status == 400 and said["problem"]
