"""Subjects with files: apps register their slots, and who may write and read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from municipality.accounts.requests import Visitor
from municipality.kernel import subjects
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text


@dataclass(frozen=True)
class Slot:
    """A slot for at most `most` files; `photo` offers the camera first.

    `by_staff` says which side writes to it, where both sides write to files of the subject: True only staff, False only people.
    """

    code: str
    label: Text
    hint: Text = ""
    most: int = 1
    photo: bool = False
    by_staff: bool | None = None


def _no_slots(subject: str) -> Collection[str]:
    return ()


def _nothing_hidden(user: Any, subject: str) -> Collection[str]:
    return ()


def _nothing_held(subject: str) -> Collection[int]:
    return ()


def _same_sender(subject: str, sender: Any) -> Any:
    return sender


@dataclass(frozen=True)
class Prefix:
    """The rules for files of subjects `prefix:<id>`. All callables take the whole subject key, at every request.

    `slots` returns the slots of a subject by code (none for an unknown subject), `locked` the codes of those that may not be written
    to now, `owner` the owner of a file by its sender (None: the sender). `hidden` returns the codes of slots that a user who may read the
    others does not see now, `held` the primary keys of uploads that are never removed. Files of `ownerless` subjects have no owner: it
    must not be seen from whom they came. Their service receives them (`services.begin_ownerless`), with limits of its own.
    """

    may_write: Callable[[Any, str], bool]
    may_read: Callable[[Any, str], bool]
    slots: Callable[[str], Mapping[str, Slot]]
    locked: Callable[[str], Collection[str]] = _no_slots
    owner: Callable[[str, Any], Any] = _same_sender
    ownerless: bool = False
    hidden: Callable[[Any, str], Collection[str]] = _nothing_hidden
    held: Callable[[str], Collection[int]] = _nothing_held


PREFIXES: Registry[Prefix] = Registry()


def prefix_of(subject: str) -> Prefix | None:
    """The rules of a subject; None for an unknown or invalid one."""
    try:
        return PREFIXES.get(subjects.parse(subject).kind)
    except ValueError:
        return None


def slot_of(subject: str, code: str) -> Slot | None:
    """A slot of a subject, or None."""
    prefix = prefix_of(subject)
    return prefix.slots(subject).get(code) if prefix else None


def held(subject: str) -> Collection[int]:
    """Primary keys of the uploads of a subject that are neither removed nor replaced, by anybody."""
    prefix = prefix_of(subject)
    return prefix.held(subject) if prefix else ()


def may_read(user: Visitor, subject: str, slot: str) -> bool:
    """Whether a user may see the files of a slot."""
    prefix = prefix_of(subject)
    return (
        prefix is not None and bool(user.is_authenticated) and prefix.may_read(user, subject) and slot not in prefix.hidden(user, subject)
    )


def may_write(user: Visitor, subject: str, slot: str) -> bool:
    """Whether a user may send to a slot, or remove from it, now."""
    prefix = prefix_of(subject)
    if prefix is None or not user.is_authenticated:
        return False
    definition = prefix.slots(subject).get(slot)
    return (
        definition is not None
        and definition.by_staff in (None, user.is_staff)
        and slot not in prefix.locked(subject)
        and prefix.may_write(user, subject)
    )
