"""Workflows: tables of states and of the moves between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from municipality.kernel.errors import TransitionRefused


@dataclass(frozen=True)
class Move:
    """A move between states. `may` is the role of the actor, `label` the text on pages.

    `reopens`: it leaves a final state, so that a closed row is open again.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    may: str
    label: Any = ""
    needs_reason: bool = False
    reopens: bool = False


@dataclass(frozen=True)
class Workflow:
    name: str
    initial: str
    moves: dict[str, Move] = field(default_factory=dict)
    finals: frozenset[str] = frozenset()

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """Every (move, from, to), first ("", "", initial) for the insertion of a row."""
        yield "", "", self.initial
        for move in self.moves.values():
            for source in move.sources:
                yield move.name, source, move.target

    def move(self, name: str, state: str) -> Move:
        """The move `name` from `state`. Raises TransitionRefused."""
        move = self.moves.get(name)
        if move is None or state not in move.sources:
            raise TransitionRefused("no_such_move", workflow=self.name, move=name, state=state)
        return move

    def open_moves(self, state: str, role: str) -> list[Move]:
        """The moves of `role` from `state`."""
        return [m for m in self.moves.values() if state in m.sources and m.may == role]


WORKFLOWS: dict[str, Workflow] = {}


def move(
    name: str,
    source: str | Iterable[str],
    *,
    to: str,
    may: str = "system",
    label: Any = "",
    needs_reason: bool = False,
    reopens: bool = False,
) -> Move:
    sources = (source,) if isinstance(source, str) else tuple(source)
    return Move(name, tuple(str(s) for s in sources), str(to), may, label, needs_reason, reopens)


def workflow(name: str, initial: str, *moves: Move) -> Workflow:
    """Declare a workflow. Raises ValueError for a second one of the same name, and for two moves of one name."""
    if name in WORKFLOWS:
        raise ValueError(f"workflow {name} is declared twice")
    sources = {s for m in moves if not m.reopens for s in m.sources}
    finals = frozenset(m.target for m in moves if m.target not in sources)
    WORKFLOWS[name] = table = Workflow(name, str(initial), {m.name: m for m in moves}, finals)
    if len(table.moves) != len(moves):
        raise ValueError(f"workflow {name} names a move twice")
    return table
