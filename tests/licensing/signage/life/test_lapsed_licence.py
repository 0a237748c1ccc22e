"""A licence whose last boards were removed or have lapsed has ended, whatever last day its paper names."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.models import Board, BoardRequest
from licensing.signage.life import services
from licensing.signage.validity import licensed_on
from municipality.accounts.models import User
from municipality.kernel import clock
from tests.browsers import signed_in

pytestmark = pytest.mark.django_db


def past(board: Board, frozen_clock: Any) -> None:
    """Go to the day after the last day of a board."""
    assert board.last_day is not None
    frozen_clock.move(days=(board.last_day - clock.today()).days + 1)


def checked(licensed: BoardRequest, client: Any) -> tuple[str, str]:
    """The state in the interface, and the check page."""
    assert licensed.document is not None
    code = licensed.document.code
    page = client.get(f"/verify/{code}", follow=True, headers={"accept-language": "en"})
    return client.get(f"/api/v1/verify/{code}").json()["state"], page.content.decode()


def test_one_board_removed_and_the_other_lapsed_leave_no_valid_licence(
    licensed: BoardRequest, board: Board, box: Board, owner: User, client: Any, frozen_clock: Any
) -> None:
    services.end_by_holder(board=box, person=owner, day=clock.today())
    state, page = checked(licensed, client)
    assert state == "valid" and "This document is valid today." in page, "the front is licensed still"
    past(board, frozen_clock)
    licensed.refresh_from_db()
    assert licensed.document is not None and licensed.document.live_state == "valid", "its paper names the last day of the box"
    state, page = checked(licensed, client)
    assert state == "expired" and "This document is valid today." not in page
    assert "No board of this licence is licensed any more." in page and "This document was genuine; its period has ended." in page
    assert not licensed_on(clock.today()).exists()
    case = signed_in(owner).get(f"/en/cases/{licensed.case.public_id}/").content.decode()
    assert "The licence is not in force" in case and "The licence is ready" not in case
    shown = client.get(f"/en/boards/{board.public_id}/").content.decode()
    assert "Licensed board</h1>" not in shown and "Board whose licence has ended" in shown


def test_the_licence_is_valid_while_one_of_its_boards_is(
    licensed: BoardRequest, board: Board, box: Board, owner: User, client: Any, frozen_clock: Any
) -> None:
    past(board, frozen_clock)
    assert checked(licensed, client)[0] == "valid", "the box is licensed for a year more"
    past(box, frozen_clock)
    state, page = checked(licensed, client)
    assert state == "expired" and "No board of this licence is licensed any more." not in page, "the days on the paper say it"
