"""What the apps above register: services that may be delegated, owners of rows, subjects of organisations and their names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from municipality.accounts.models import Organisation, User
from municipality.delegation.models import Delegation
from municipality.kernel import subjects
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text


@dataclass(frozen=True)
class DelegableService:
    """A service in which one may act for another.

    `is_assisted`: staff may act in it with the person's code. `waits_in_dispute`: it is suspended while the ownership of its shop is
    disputed. `is_delegable` is False where the cases are about neither a shop nor an organisation, since a delegation covers
    only these. `page` is the name of the address of its page for a shop, by the public id; empty: My shops leads there.
    """

    name: Text
    is_assisted: bool = True
    waits_in_dispute: bool = True
    is_delegable: bool = True
    page: str = ""


@dataclass(frozen=True)
class Held:
    """How a person holds a subject: as its owner, or by signing for `organisation`, which owns it."""

    organisation: Organisation | None = None


@dataclass(frozen=True)
class Ownership:
    """The owners of a row, and whether a given user is one (`is_own`).

    `owners` are primary keys of the people whose grants apply to it, if they cover one of `subjects` in `service` (if empty: in the
    service passed to `authorize`) and are of one of `kinds` (`Grant.kind`).
    """

    is_own: bool
    owners: Collection[int]
    subjects: Sequence[str]
    service: str = ""
    kinds: Collection[str] = ("delegate", "clerk", "assistant")


# By the label of the model, such as `shops.Shop`: (row, user) → its ownership.
OWNERSHIPS: Registry[Callable[[Any, User], Ownership]] = Registry()
# By the code of the workflow.
SERVICES: Registry[DelegableService] = Registry()
# Primary keys of organisations → a queryset of the subject keys that belong to them.
BELONGINGS: Registry[Callable[[Sequence[int]], QuerySet[Any]]] = Registry()
# By the kind of subject: (primary key of a person, public id of a subject) of several → how each person holds theirs, where they do.
HOLDERS: Registry[Callable[[Collection[tuple[int, str]]], dict[tuple[int, str], Held]]] = Registry()
# Person → the subjects that they hold, key → (Arabic name, English name).
HOLDINGS: Registry[Callable[[User], dict[str, tuple[str, str]]]] = Registry()
# Subject keys → their names in Arabic and English.
NAMES: Registry[Callable[[Sequence[str]], dict[str, tuple[str, str]]]] = Registry()
# Called in the transaction in which a delegation ends.
ENDED: Registry[Callable[[Delegation], None]] = Registry()


def belongings(organisations: Sequence[int]) -> QuerySet[Any] | None:
    """The subject keys of organisations, as a queryset for `subject__in`; None if no app has registered any."""
    querysets = [keys_of(organisations) for keys_of in BELONGINGS.values()]
    return querysets[0].union(*querysets[1:]) if len(querysets) > 1 else (querysets[0] if querysets else None)


def names_of(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The Arabic and English names of subjects, by key; unknown keys are left out."""
    names: dict[str, tuple[str, str]] = {}
    for names_in in NAMES.values():
        names |= names_in(keys)
    return names


def holding_of(person: User, subject: str) -> Held | None:
    """How a person holds a subject, or None. Raises ValueError for an invalid subject key."""
    return holdings_of([(person.pk, subject)]).get((person.pk, subject))


def holdings_of(pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], Held]:
    """How people (primary keys) hold subjects, where they do; as many queries for many pairs as for one. Raises as `holding_of`."""
    by_kind: dict[str, dict[tuple[int, str], tuple[int, str]]] = {}
    for pair in pairs:
        key = subjects.parse(pair[1])
        by_kind.setdefault(key.kind, {})[(pair[0], key.id)] = pair
    found = ((asked, HOLDERS[kind](asked)) for kind, asked in by_kind.items() if kind in HOLDERS)
    return {asked[pair]: held for asked, holds in found for pair, held in holds.items()}
