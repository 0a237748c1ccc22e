"""What files may be sent about: apps above say for their subjects who may send and see, and which slots there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from municipality.accounts.requests import Visitor
from municipality.kernel import subjects
from municipality.kernel.registry import Registry


@dataclass(frozen=True)
class Slot:
    """One place for files. `label` and `hint` are lazy texts; `most` files fit; `photo` offers the camera first."""

    code: str
    label: Any
    hint: Any = ""
    most: int = 1
    photo: bool = False


def _nothing(subject: str) -> Collection[str]:
    return ()


def _sender(subject: str, sender: Any) -> Any:
    return sender


@dataclass(frozen=True)
class Prefix:
    """Who may send and see files about subjects `prefix:<id>`. All are asked at every request, with the whole subject key.

    `slots` gives the slots of a subject by code (none where there is no such subject); `locked` those that may not be
    written to now, such as all but the ones that a correction asks for; `owner`, asked with whoever sends one, whose
    files they are (None: the sender's).
    """

    may_write: Callable[[Any, str], bool]
    may_read: Callable[[Any, str], bool]
    slots: Callable[[str], Mapping[str, Slot]]
    locked: Callable[[str], Collection[str]] = _nothing
    owner: Callable[[str, Any], Any] = _sender


PREFIXES: Registry[Prefix] = Registry()


def prefix_of(subject: str) -> Prefix | None:
    """Who decides about a subject; None for one that nobody registered or that is no subject key."""
    try:
        return PREFIXES.get(subjects.parse(subject).kind)
    except ValueError:
        return None


def slot_of(subject: str, code: str) -> Slot | None:
    """A slot of a subject, if both are there."""
    prefix = prefix_of(subject)
    return prefix.slots(subject).get(code) if prefix else None


def may_read(user: Visitor, subject: str) -> bool:
    """Whether a user may see the files of a subject."""
    prefix = prefix_of(subject)
    return prefix is not None and bool(user.is_authenticated) and prefix.may_read(user, subject)


def may_write(user: Visitor, subject: str, slot: str) -> bool:
    """Whether a user may send to a slot, or remove from it, now."""
    prefix = prefix_of(subject)
    return (
        prefix is not None
        and bool(user.is_authenticated)
        and slot in prefix.slots(subject)
        and slot not in prefix.locked(subject)
        and prefix.may_write(user, subject)
    )
