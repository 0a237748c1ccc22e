"""What the apps above tell this one: which services may be delegated, what belongs to an organisation, how a subject is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from municipality.accounts.models import Organisation
from municipality.acting.models import Delegation
from municipality.kernel import subjects


@dataclass(frozen=True)
class Service:
    """A service in which one may act for another. `code` is its workflow.

    `is_assisted`: staff may act in it with the person's code. `waits_in_dispute`: it stands still while the ownership of its shop is
    disputed.
    """

    code: str
    name: Any
    is_assisted: bool = True
    waits_in_dispute: bool = True


@dataclass(frozen=True)
class Held:
    """Somebody holds a subject: as its owner, or as one who signs for the organisation that does."""

    organisation: Organisation | None = None


SERVICES: dict[str, Service] = {}
# Ids of organisations → a query of the subject keys that belong to them.
BELONGINGS: list[Callable[[Sequence[int]], QuerySet[Any]]] = []
# Kind of subject → who holds it by themselves: asked with a person and an id, answers the organisation they sign for, or None of it.
HOLDERS: dict[str, Callable[[Any, str], Held | None]] = {}
# What a person holds by their own right, by key with both names.
HOLDINGS: list[Callable[[Any], dict[str, tuple[str, str]]]] = []
# Subject keys → their names in Arabic and English.
NAMES: list[Callable[[Sequence[str]], dict[str, tuple[str, str]]]] = []
# Called in the transaction in which a delegation ends.
ENDED: list[Callable[[Delegation], None]] = []


def delegable(code: str, name: Any, *, is_assisted: bool = True, waits_in_dispute: bool = True) -> None:
    """A service whose people may let others act; called from an app's `ready`."""
    SERVICES[code] = Service(code, name, is_assisted, waits_in_dispute)


def belongings(organisations: Sequence[int]) -> QuerySet[Any] | None:
    """The subject keys of organisations, as a query for `subject__in`; None while no app keeps any."""
    found = [ask(organisations) for ask in BELONGINGS]
    return found[0].union(*found[1:]) if len(found) > 1 else (found[0] if found else None)


def names_of(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Arabic and English name of each subject that an app knows."""
    found: dict[str, tuple[str, str]] = {}
    for ask in NAMES:
        found |= ask(keys)
    return found


def held(person: Any, subject: str) -> Held | None:
    """Whether a person holds a subject by their own right. Raises ValueError for what is no subject key."""
    key = subjects.parse(subject)
    ask = HOLDERS.get(key.kind)
    return ask(person, key.id) if ask else None
