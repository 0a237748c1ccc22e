"""Sizes of boards from outlines on synthetic photos, against the sizes of the boards; and outlines that cannot be measured."""

from __future__ import annotations

import dataclasses

import pytest

from licensing.signage.drawing.measuring import Drawn, measure
from licensing.signage.drawing.perspective import Wall
from municipality.kernel.errors import Refused
from tests.licensing.signage.drawing.cameras import SIZE, Camera

# Place before the wall, turn to the right and upwards in degrees, focal length as a share of the photo's width.
CAMERAS = [
    Camera(1.5, 1.6, 5, 0, 0, 0.7),
    Camera(1.5, 1.6, 9, 0, 0, 1.2),
    Camera(1.5, 1.6, 9, 0, 8, 0.9),
    Camera(1.5, 1.6, 9, 0, 15, 0.7),
    Camera(3.1, 1.6, 9, -10, 8, 0.9),
    Camera(-1.8, 1.6, 9, 20, 8, 0.7),
    Camera(-1.8, 1.6, 9, 20, 15, 0.7),
    Camera(-4.8, 1.6, 9, 35, 0, 0.9),
    Camera(9.0, 1.5, 9, -40, 8, 1.2),
    Camera(5.6, 1.7, 5, -40, 8, 0.7),
]
WIDTH, HEIGHT = 3.2, 2.4  # metres of the shutter
BOARDS = [(-0.4, 2.7, 4.1, 0.9), (0.2, 1.0, 0.6, 1.2)]  # left, bottom, width, height in metres: above the shutter, on it


def drawn(camera: Camera, board: tuple[float, float, float, float], height: float | None = HEIGHT) -> Drawn:
    return Drawn(SIZE, camera.rectangle(0, 0, WIDTH, HEIGHT), WIDTH, height, camera.rectangle(*board))


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("board", BOARDS)
def test_the_area_is_right_within_two_percent_in_perspective(camera: Camera, board: tuple[float, float, float, float]) -> None:
    measured = measure(drawn(camera, board))
    assert measured.width * measured.height == pytest.approx(board[2] * board[3], rel=0.02)
    assert (measured.width, measured.height) == (pytest.approx(board[2], rel=0.015), pytest.approx(board[3], rel=0.015))


def test_without_the_mapping_of_the_wall_the_area_is_wrong() -> None:
    """The control: sides measured on the photo, with the width of the rectangle as their scale."""
    camera, board = CAMERAS[8], BOARDS[0]
    known, outline = camera.rectangle(0, 0, WIDTH, HEIGHT), camera.rectangle(*board)
    scale = WIDTH / (known[1][0] - known[0][0])
    area = (outline[1][0] - outline[0][0]) * (outline[3][1] - outline[0][1]) * scale * scale
    assert abs(area / (board[2] * board[3]) - 1) > 0.1


@pytest.mark.parametrize("camera", [CAMERAS[n] for n in (0, 1, 4, 5, 6, 8, 9)])
def test_the_width_alone_is_enough_where_the_perspective_tells_the_height(camera: Camera) -> None:
    measured = measure(drawn(camera, BOARDS[0], None))
    assert measured.width * measured.height == pytest.approx(4.1 * 0.9, rel=0.02)


def test_where_it_does_not_the_height_is_asked_for() -> None:
    with pytest.raises(Refused) as refused:
        measure(drawn(CAMERAS[7], BOARDS[0], None))
    assert refused.value.code == "height_needed"


PLAIN = Drawn((4000, 3000), [(1000, 1000), (2000, 1000), (2000, 1800), (1000, 1800)], 2.0, 1.6, [(1000, 200), (3000, 200), (3000, 600)])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"outline": [(1000, 200), (4001, 200), (3000, 600)]}, "outside"),
        ({"outline": [(1000, 200), (3000, 600), (3000, 200), (1000, 600)]}, "crossed"),
        ({"outline": [(1000, 200), (1001, 200), (1001, 201), (1000, 201)]}, "too_small"),
        ({"outline": [(1000, 200), (2000, 200), (3000, 200), (1500, 200)]}, "too_small"),
        ({"outline": [(1000, 200), (1000, 200), (1000, 200)]}, "too_small"),
        ({"known": [(2000, 1000), (1000, 1000), (1000, 1800), (2000, 1800)]}, "not_a_rectangle"),
        ({"known": [(1000, 1000), (2000, 1000), (1200, 1200), (1000, 1800)]}, "not_a_rectangle"),
        ({"known": [(1000, 1000), (1100, 1080), (1100, 1720), (1000, 1800)], "outline": [(0, 0), (4000, 0), (4000, 3000)]}, "too_far"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_sentence(change: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        measure(dataclasses.replace(PLAIN, **change))
    assert (refused.value.code, str(refused.value.sentence) != "") == (code, True)


def test_an_outline_of_any_shape_is_measured_by_the_rectangle_round_it() -> None:
    measured = measure(PLAIN)
    assert (round(measured.width, 6), round(measured.height, 6)) == (4.0, 0.8)


def test_the_mapping_takes_the_corners_to_the_unit_square() -> None:
    corners = [(120.0, 80.0), (900.0, 150.0), (860.0, 700.0), (100.0, 640.0)]
    wall = Wall(corners)
    for corner, expected in zip(corners, [(0, 0), (1, 0), (1, 1), (0, 1)], strict=True):
        assert wall.on_wall(corner) == (pytest.approx(expected[0], abs=1e-9), pytest.approx(expected[1], abs=1e-9))
