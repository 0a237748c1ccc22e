"""What a public number or a name names, for the search of the two logs, and the branch of a viewer: each app registers its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db.models import Expression, Value

from municipality.kernel.registry import Registry

# Each takes a number in capitals, as it stands on papers, and returns the keys of the subjects that it names.
SUBJECTS: Registry[Callable[[str], Iterable[str]]] = Registry()

# Each takes the whole name of a person, and returns the keys of those who have it.
PEOPLE: Registry[Callable[[str], Iterable[str]]] = Registry()

# By the kind of a key, such as `staff`: key → the expression of the code of their branch now, empty without one.
BRANCH_OF: Registry[Callable[[str], Expression]] = Registry()


def branch_of(key: str) -> Expression:
    """The code of the branch of a viewer, as an expression of the statement that inserts it; empty for a kind that has none."""
    kind = key.partition(":")[0]
    return BRANCH_OF[kind](key) if kind in BRANCH_OF else Value("")


def people_of(name: str) -> set[str]:
    """The keys of the people with a name, in all apps; empty where there are none."""
    return {key for named in PEOPLE.values() for key in named(name)} if name else set()


def keys_of(number: str) -> set[str]:
    """The subject keys that a public number names, in all apps; empty for an unknown one."""
    return {key for named in SUBJECTS.values() for key in named(number)} if number else set()
