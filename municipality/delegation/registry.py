"""What the apps above tell this one: which services may be delegated, what belongs to an organisation, how a subject is called."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from municipality.accounts.models import Organisation, User
from municipality.delegation.models import Delegation
from municipality.kernel import subjects
from municipality.kernel.registry import Registry


@dataclass(frozen=True)
class Service:
    """A service in which one may act for another.

    `is_assisted`: staff may act in it with the person's code. `waits_in_dispute`: it stands still while the ownership of its shop is
    disputed.
    """

    name: Any
    is_assisted: bool = True
    waits_in_dispute: bool = True


@dataclass(frozen=True)
class Held:
    """Somebody holds a subject: as its owner, or as one who signs for the organisation that does."""

    organisation: Organisation | None = None


@dataclass(frozen=True)
class Ownership:
    """Whose a row is, asked for one user: `is_own` if it is theirs by their own right.

    `owners` are the primary keys of those who may let others act about it, by a right that covers one of `subjects` in `service`
    (an empty one: in the service that is asked for). `kinds` are those of `Grant.kind` that reach it.
    """

    is_own: bool
    owners: Collection[int]
    subjects: Sequence[str]
    service: str = ""
    kinds: Collection[str] = ("delegate", "clerk", "assistant")


# By the label of the model, as `shops.Shop`.
OWNERSHIPS: Registry[Callable[[Any, Any], Ownership]] = Registry()
# By the code of the workflow.
SERVICES: Registry[Service] = Registry()
# Ids of organisations → a query of the subject keys that belong to them.
BELONGINGS: Registry[Callable[[Sequence[int]], QuerySet[Any]]] = Registry()
# Kind of subject → who holds it by themselves: asked with a person and an id, answers the organisation they sign for, or None of it.
HOLDERS: Registry[Callable[[Any, str], Held | None]] = Registry()
# What a person holds by their own right, by key with both names.
HOLDINGS: Registry[Callable[[Any], dict[str, tuple[str, str]]]] = Registry()
# Subject keys → their names in Arabic and English.
NAMES: Registry[Callable[[Sequence[str]], dict[str, tuple[str, str]]]] = Registry()
# Called in the transaction in which a delegation ends.
ENDED: Registry[Callable[[Delegation], None]] = Registry()


def belongings(organisations: Sequence[int]) -> QuerySet[Any] | None:
    """The subject keys of organisations, as a query for `subject__in`; None while no app keeps any."""
    found = [ask(organisations) for ask in BELONGINGS.values()]
    return found[0].union(*found[1:]) if len(found) > 1 else (found[0] if found else None)


def names_of(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Arabic and English name of each subject that an app knows."""
    found: dict[str, tuple[str, str]] = {}
    for ask in NAMES.values():
        found |= ask(keys)
    return found


def held(person: User, subject: str) -> Held | None:
    """Whether a person holds a subject by their own right. Raises ValueError for what is no subject key."""
    key = subjects.parse(subject)
    ask = HOLDERS.get(key.kind)
    return ask(person, key.id) if ask else None
