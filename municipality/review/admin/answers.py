"""What was typed at the desk, read and put back: corrections by field or file, coded reasons, additions, answers of the checklist."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from municipality.review.queries import CheckLine
from municipality.review.registry import Item
from municipality.review.texts import CorrectionRequest, Preview
from municipality.rulebook.queries import Edition, Reason

ANSWERS = ("yes", "no", "na")


@dataclass(frozen=True)
class Choice:
    """One coded reason that may be asked for at one field or file, with what was typed about it."""

    value: str  # target.code, the value of its box
    reason: Reason
    is_chosen: bool
    note_ar: str
    note_en: str

    @property
    def name_ar(self) -> str:
        return f"note_ar.{self.value}"

    @property
    def name_en(self) -> str:
        return f"note_en.{self.value}"


@dataclass(frozen=True)
class Target:
    """A field or file that may be corrected, with the reasons that fit it."""

    item: Item
    choices: list[Choice]

    @property
    def is_open(self) -> bool:
        return any(choice.is_chosen for choice in self.choices)


def targets(items: Iterable[Item], replies: Edition, typed: Mapping[str, Any]) -> list[Target]:
    """Everything that may be corrected. A reason without a field of its own is about files."""
    reasons = replies.reasons_of("correction")
    chosen = set(_list(typed, "ask"))
    found = []
    for item in items:
        fitting = [r for r in reasons if r.target == item.name or (not r.target and item.is_file)]
        if item.may_correct and fitting:
            found.append(Target(item, [_choice(item, reason, chosen, typed) for reason in fitting]))
    return found


def _choice(item: Item, reason: Reason, chosen: set[str], typed: Mapping[str, Any]) -> Choice:
    value = f"{item.name}.{reason.code}"
    return Choice(value, reason, value in chosen, typed.get(f"note_ar.{value}", ""), typed.get(f"note_en.{value}", ""))


def asked(typed: Mapping[str, Any]) -> list[CorrectionRequest]:
    """The corrections of a form, in its order. What is no target and code stays to be refused by `texts.worded`."""
    found = []
    for value in _list(typed, "ask"):
        target, _dot, code = value.partition(".")
        found.append(CorrectionRequest(code, target, typed.get(f"note_ar.{value}", ""), typed.get(f"note_en.{value}", "")))
    return found


def answers(lines: Iterable[CheckLine], typed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Code and answer of each question that is answered otherwise than before."""
    given = [(line, typed.get(f"check.{line.check.code}", "")) for line in lines]
    return [(line.check.code, answer) for line, answer in given if answer in ANSWERS and answer != line.answer]


def seal(preview: Preview) -> str:
    """SHA-256 over every word of a preview: what was seen is what is sent."""
    return hashlib.sha256(json.dumps(asdict(preview), ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def kept(typed: Any) -> list[tuple[str, str]]:
    """Everything typed but the step and the token, for the hidden fields of the preview."""
    apart = {"csrfmiddlewaretoken", "step", "seen"}
    return [(name, value) for name, values in typed.lists() if name not in apart for value in values]


def _list(typed: Any, name: str) -> list[str]:
    return list(typed.getlist(name)) if hasattr(typed, "getlist") else list(typed.get(name, ()))
