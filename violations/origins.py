"""What a violation report may begin from in a service above: the facts that it begins with, and the tie once it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from municipality.accounts.models import User
from municipality.kernel import subjects
from municipality.kernel.registry import Registry
from violations.models import JudicialWarrant, Violation


@dataclass(frozen=True)
class FieldOrigin:
    """By the key of its subject: `initial` returns the first values of the form, `written` is called in the transaction of the report.

    `key_of` returns the key of the subject that a violation report began from, or an empty text.
    """

    initial: Callable[[str, JudicialWarrant], dict[str, Any]]
    written: Callable[[str, Violation, User], None]
    key_of: Callable[[Violation], str]


ORIGINS: Registry[FieldOrigin] = Registry()  # by the kind of the subject, such as "report"


def of_key(key: str) -> FieldOrigin | None:
    """The origin of a subject's key; None for an unknown or invalid one."""
    try:
        return ORIGINS.get(subjects.parse(key).kind)
    except ValueError:
        return None


def key_of(violation: Violation) -> str:
    """The key of the subject that a violation report began from; an empty text for one that was written by itself."""
    return next(filter(None, (ORIGINS[kind].key_of(violation) for kind in ORIGINS)), "")
