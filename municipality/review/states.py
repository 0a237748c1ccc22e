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


State = QueueEntryState
QUEUE_ENTRY_WORKFLOW = workflow(
    "review.queueentry",
    State.WAITING,
    move("draw", State.WAITING, to=State.HELD, may="officer", label=_("Next case")),
    move("give_back", State.HELD, to=State.WAITING, may="officer", needs_reason=True, label=_("Give back to the queue")),
    move("send_away", State.HELD, to=State.AWAY, may="officer", label=_("Ask for corrections")),
    move("answer", State.AWAY, to=State.ANSWERED, label=_("The applicant answered")),
    # Where the legal time for the decision runs on meanwhile.
    move("go_on", State.AWAY, to=State.ANSWERED, label=_("The time to answer is over")),
    move("take_up", State.ANSWERED, to=State.HELD, may="officer", label=_("Take up again")),
    # The case keeps its number.
    move("release", [State.HELD, State.ANSWERED, State.COUNTERSIGN], to=State.WAITING, needs_reason=True, label=_("Back to the queue")),
    move("propose", State.HELD, to=State.COUNTERSIGN, may="officer", label=_("Send for a second signature")),
    move("return", State.COUNTERSIGN, to=State.ANSWERED, may="supervisor", needs_reason=True, label=_("Back to the officer")),
    move("send_signed", State.COUNTERSIGN, to=State.AWAY, may="supervisor", label=_("Sign the second round")),
    move("take_back", State.COUNTERSIGN, to=State.HELD, may="officer", label=_("Change the proposal")),
    move("leave", [State.WAITING, State.HELD, State.AWAY, State.ANSWERED, State.COUNTERSIGN], to=State.LEFT, label=_("Leave the queue")),
)
# States in which a case is assigned to an officer.
WITH_OFFICER = (State.HELD, State.AWAY, State.ANSWERED, State.COUNTERSIGN)
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


def second_signature_moves(study: str, *, countersign: str, accepted: str) -> tuple[Move, ...]:
    """The moves of a case whose approval may need a second signature (`registry.Reviewable.second_signature`)."""
    return (
        move("propose_acceptance", study, to=countersign, may="officer", needs_reason=True, label=_("Propose to approve")),
        move("sign_acceptance", countersign, to=accepted, may="supervisor", needs_reason=True, label=_("Sign the approval")),
    )
