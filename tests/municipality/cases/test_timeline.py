"""How single steps of a case are called."""

from __future__ import annotations

from municipality.cases.models import CaseEvent
from municipality.cases.timeline import TIMELINES, Timeline
from municipality.kernel.workflow import WORKFLOWS

RENEWAL = "licensing.renewal"


def step(move: str, source: str, target: str) -> CaseEvent:
    return CaseEvent(workflow=RENEWAL, move=move, from_state=source, to_state=target)


def test_a_move_that_leaves_the_state_as_it_is_is_called_by_its_own_name() -> None:
    bare = Timeline(titles=TIMELINES[RENEWAL].titles, path=(), next_actor={}, notes={})
    stays = step("move_promise", "in_review", "in_review")
    assert bare.title(stays) == WORKFLOWS[RENEWAL].moves["move_promise"].label == TIMELINES[RENEWAL].title(stays)
    # Any other move is told by where it leads.
    assert bare.title(step("send_to_officer", "draft", "in_review")) == bare.titles["in_review"] != bare.title(stays)
