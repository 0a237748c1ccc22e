"""The keys of what a public number names, for the search of the audit log: each app registers its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from municipality.kernel.registry import Registry

# Each takes a number in capitals, as it stands on papers, and returns the keys of the subjects that it names.
SUBJECTS: Registry[Callable[[str], Iterable[str]]] = Registry()


def keys_of(number: str) -> set[str]:
    """The subject keys that a public number names, in all apps; empty for an unknown one."""
    return {key for named in SUBJECTS.values() for key in named(number)} if number else set()
