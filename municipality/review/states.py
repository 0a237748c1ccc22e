"""The states of queue entries, and the moves of the cases in the queue."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import Move, move, workflow
from municipality.ui.texts import Text


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
    # The case keeps its number.
    move("release", [P.HELD, P.ANSWERED, P.COUNTERSIGN], to=P.WAITING, needs_reason=True, label=_("Back to the queue")),
    move("propose", P.HELD, to=P.COUNTERSIGN, may="officer", label=_("Send for a second signature")),
    move("return", P.COUNTERSIGN, to=P.ANSWERED, may="supervisor", needs_reason=True, label=_("Back to the officer")),
    move("send_signed", P.COUNTERSIGN, to=P.AWAY, may="supervisor", label=_("Sign the second round")),
    move("take_back", P.COUNTERSIGN, to=P.HELD, may="officer", label=_("Change the proposal")),
    move("leave", [P.WAITING, P.HELD, P.AWAY, P.ANSWERED, P.COUNTERSIGN], to=P.LEFT, label=_("Leave the queue")),
)
# States in which a case is assigned to an officer.
WITH_OFFICER = (P.HELD, P.AWAY, P.ANSWERED, P.COUNTERSIGN)
APPROVE, ASK, ANSWER = _("Approve"), _("Ask for corrections"), _("Send the corrections")


def desk_moves(
    study: str,
    *,
    corrections: str,
    countersign: str,
    accepted: str,
    refused: str,
    accept: Text = APPROVE,
    ask_corrections: Text = ASK,
    answer: Text = ANSWER,
) -> tuple[Move, ...]:
    """The moves of a case under study (`registry.MOVES`), between states of its service.

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
        # A change of the promised day keeps the state.
        move("move_promise", study, to=study, label=_("The decision date has changed")),
        move("move_promise_signing", countersign, to=countersign, label=_("The decision date has changed")),
    )
