"""What a service tells the desk about its cases: the services above register here, the desk never imports them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from municipality.cases.models import Case
from municipality.kernel.registry import Registry
from municipality.kernel.workflow import WORKFLOWS

# Moves that the workflow of a reviewed service has; the states they join are the service's own.
MOVES = frozenset(
    {
        *("ask_corrections", "answer", "accept", "propose_refusal", "take_back", "return", "countersign"),
        "reopen",  # a proposal falls because its officer lost the case
        # The promised day moved, the state stays: one move for each state in which the clock runs.
        *("move_promise", "move_promise_signing"),
    }
)


@dataclass(frozen=True)
class Item:
    """One field or file of a case, as the officer reads it and as a correction may name it.

    `name` is the target of corrections; `before` is what the register said (empty where nothing changed); `source` and
    `at` say where the value comes from. Contact details (e-mail, phone) are never an item.
    """

    name: str
    label: Any
    value: Any = ""
    before: Any = ""
    source: Any = ""
    at: Any = None
    is_file: bool = False
    files: Sequence[Any] = ()  # uploads, for a file slot
    may_correct: bool = True
    # What tells one value from another: two standings of an item are the same when their marks are.
    mark: str = ""


@dataclass(frozen=True)
class Reviewable:
    """A service whose cases an officer decides. Its workflow has the moves of `MOVES`.

    Each callable takes the case. `accepted` and `refused` run in the decision's transaction.
    """

    service: str
    skill: str
    replies: str  # subject of the rulebook's reply texts
    checks: str  # subject of the rulebook's checklist
    limits: str  # subject of the rulebook's limits of the study
    items: Callable[[Case], list[Item]]
    flags: Callable[[Case], list[str]]  # sentences: why this case came to a person
    parties: Callable[[Case], list[tuple[str, str]]]  # (role, subject key)
    related: Callable[[Case], list[tuple[Any, str]]]  # all cases and licences of this shop: label, link or ""
    accepted: Callable[[Case], None]
    refused: Callable[[Case], None]
    # Whoever decides sees neither the applicant's name nor other cases: items and related lines name nobody.
    is_blind: bool = False
    # Whether a bill follows an approval, which the message then says.
    has_bill: bool = False


def _check_moves(service: str, entry: Reviewable) -> None:
    missing = MOVES - set(WORKFLOWS[service].moves)
    if missing:
        raise ValueError(f"{service} lacks the moves {', '.join(sorted(missing))}")


# By the code of the workflow, which has the moves of `MOVES`.
REVIEWABLES: Registry[Reviewable] = Registry(_check_moves)


def reviewable(case: Case) -> Reviewable:
    """Raises KeyError for a service that no officer decides."""
    return REVIEWABLES[case.service]
