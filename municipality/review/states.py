"""A place in the queue, from the day a request comes in until a decision takes it out, and the moves of the cases in it."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import Move, move, workflow


class QueueEntryState(models.TextChoices):
    WAITING = "waiting", _("Waiting for an officer")
    HELD = "held", _("With an officer")
    AWAY = "away", _("Waiting for the applicant")
    ANSWERED = "answered", _("Answered, waiting for its officer")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    LEFT = "left", _("Out of the queue")


P = QueueEntryState
PLACE = workflow(
    "review.queueentry",
    P.WAITING,
    move("draw", P.WAITING, to=P.HELD, may="officer", label=_("Next case")),
    move("give_back", P.HELD, to=P.WAITING, may="officer", needs_reason=True, label=_("Give back to the queue")),
    move("send_away", P.HELD, to=P.AWAY, may="officer", label=_("Ask for corrections")),
    move("answer", P.AWAY, to=P.ANSWERED, label=_("The applicant answered")),
    move("take_up", P.ANSWERED, to=P.HELD, may="officer", label=_("Take up again")),
    # An absent or idle officer loses the case, the case never its place.
    move("release", [P.HELD, P.ANSWERED, P.COUNTERSIGN], to=P.WAITING, needs_reason=True, label=_("Back to the queue")),
    move("propose", P.HELD, to=P.COUNTERSIGN, may="officer", label=_("Send for a second signature")),
    move("return", P.COUNTERSIGN, to=P.ANSWERED, may="supervisor", needs_reason=True, label=_("Back to the officer")),
    move("send_signed", P.COUNTERSIGN, to=P.AWAY, may="supervisor", label=_("Sign the second round")),
    move("take_back", P.COUNTERSIGN, to=P.HELD, may="officer", label=_("Change the proposal")),
    move("leave", [P.WAITING, P.HELD, P.AWAY, P.ANSWERED, P.COUNTERSIGN], to=P.LEFT, label=_("Leave the queue")),
)
# States in which an officer holds the case, and in which the clock of the promise stands still.
WITH_OFFICER = (P.HELD, P.AWAY, P.ANSWERED, P.COUNTERSIGN)
PAUSED = (P.AWAY,)
APPROVE, ASK, ANSWER = _("Approve"), _("Ask for corrections"), _("Send the corrections")


def desk_moves(
    study: str,
    *,
    corrections: str,
    countersign: str,
    accepted: str,
    refused: str,
    accept: Any = APPROVE,
    ask_corrections: Any = ASK,
    answer: Any = ANSWER,
) -> tuple[Move, ...]:
    """The moves that the desk makes with a case under study (`registry.MOVES`), between the states of its service.

    `accept`, `ask_corrections` and `answer` are the labels of these moves.
    """
    return (
        move("ask_corrections", study, to=corrections, may="officer", label=ask_corrections),
        move("answer", corrections, to=study, may="applicant", label=answer),
        move("accept", study, to=accepted, may="officer", label=accept),
        move("propose_refusal", study, to=countersign, may="officer", needs_reason=True, label=_("Propose to refuse")),
        move("take_back", countersign, to=study, may="officer", label=_("Change the proposal")),
        move("return", countersign, to=study, may="supervisor", needs_reason=True, label=_("Back to the officer")),
        move("countersign", countersign, to=refused, may="supervisor", needs_reason=True, label=_("Sign the refusal")),
        move("reopen", countersign, to=study, needs_reason=True, label=_("Back to the queue")),
        # A holiday announced late moves the promised day; the state stays.
        move("move_promise", study, to=study, label=_("The promised day moved")),
        move("move_promise_signing", countersign, to=countersign, label=_("The promised day moved")),
    )
