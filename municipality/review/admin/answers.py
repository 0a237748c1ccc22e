"""Form data of the desk: requested corrections and answers of the checklist."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from municipality.review import texts
from municipality.review.queries import CheckLine
from municipality.review.registry import Item, Reviewable
from municipality.review.texts import CorrectionRequest, Preview
from municipality.rulebook.queries import Reason, RulebookEdition

ANSWERS = ("yes", "no", "na")


@dataclass(frozen=True)
class Choice:
    """A coded reason for a correction of a field or file, with its form data."""

    value: str  # target.code, the value of its checkbox
    reason: Reason
    is_chosen: bool
    note_ar: str
    note_en: str
    checks: str = ""  # codes of the questions whose "no" this reason answers, separated by spaces

    @property
    def name_ar(self) -> str:
        return f"note_ar.{self.value}"

    @property
    def name_en(self) -> str:
        return f"note_en.{self.value}"


@dataclass(frozen=True)
class Target:
    """A field or file that may be corrected, with its reasons."""

    item: Item
    choices: list[Choice]
    about: str = ""  # codes of the questions whose "no" leads here, separated by spaces
    is_no: bool = False  # one of them is answered with no

    @property
    def key(self) -> str:
        """What its part of the page depends on beside language and edition, while no additions are typed."""
        choices = [(choice.value, choice.is_chosen, choice.checks) for choice in self.choices]
        return repr((str(self.item.label), bool(self.item.before), self.about, choices))

    @property
    def is_open(self) -> bool:
        return any(choice.is_chosen for choice in self.choices)


def targets(
    items: Iterable[Item],
    replies: RulebookEdition,
    lines: Iterable[CheckLine],
    typed: Mapping[str, Any] | None,
    leads_to: Mapping[str, Collection[str]],
) -> list[Target]:
    """The fields and files that may be corrected. A reason without a target is for files.

    Reasons are ticked as in `typed`; where that is None, those whose question of the checklist is answered with no. A question and a
    reason match if they are about the same field; where nothing proves the field yet (`Item.proof`), the reason is about that file, and
    where it may be about either (`Item.is_file_unsure`), none is ticked. `leads_to` names the items of each question (`led_to`). First
    comes what an answer of no leads to, then what is ticked, then what changed.
    """
    items, lines = list(items), list(lines)
    reasons = replies.reasons_of("correction")
    proofs = {item.name: item.proof for item in items if item.proof}
    unsure = {item.name for item in items if item.is_file_unsure}
    known = [line for line in lines if line.check.about and line.check.about not in unsure]
    checks = [(line, proofs.get(line.check.about, line.check.about)) for line in known]
    chosen = set(_values(typed, "ask")) if typed is not None else {about for line, about in checks if line.answer == "no"}
    result = []
    for item in items:
        fitting = [r for r in reasons if r.target == item.name or (not r.target and item.is_file and (item.files or not item.is_optional))]
        if item.may_correct and fitting:
            codes = " ".join(line.check.code for line, about in checks if about == item.name)
            fitting.sort(key=lambda reason: not reason.target)
            choices = [_choice(item, reason, chosen, codes if reason.target else "", typed or {}) for reason in fitting]
            led = [line for line in lines if item.name in leads_to.get(line.check.code, ())]
            led_by = " ".join(line.check.code for line in led)
            result.append(Target(item, choices, led_by, any(line.answer == "no" for line in led)))
    return sorted(result, key=lambda target: (not target.is_no, not target.is_open, not target.item.before))


def led_to(items: Iterable[Item], lines: Iterable[CheckLine], service: Reviewable) -> dict[str, set[str]]:
    """Code of each question of the checklist → names of the items whose reasons for corrections a "no" leads to."""
    items = list(items)
    files = {item.name for item in items if item.is_file}
    shown = {item.name: {item.proof} if item.proof else {item.name, item.shown_by} - {""} for item in items}
    return {
        line.check.code: shown.get(line.check.about, set())
        | set(service.leads_to.get(line.check.code, ()))
        | (files if line.check.code == service.files_check else set())
        for line in lines
    }


def _choice(item: Item, reason: Reason, chosen: set[str], checks: str, typed: Mapping[str, Any]) -> Choice:
    value = f"{item.name}.{reason.code}"
    is_chosen = value in chosen or bool(checks and item.name in chosen)
    return Choice(value, reason, is_chosen, typed.get(f"note_ar.{value}", ""), typed.get(f"note_en.{value}", ""), checks)


def correction_requests(typed: Mapping[str, Any]) -> list[CorrectionRequest]:
    """The requested corrections of a form, in its order; `texts.correction_texts` refuses invalid ones."""
    requests = []
    for value in _values(typed, "ask"):
        target, _dot, code = value.partition(".")
        requests.append(CorrectionRequest(code, target, typed.get(f"note_ar.{value}", ""), typed.get(f"note_en.{value}", "")))
    return requests


def lacking_notes(typed: Mapping[str, Any]) -> list[str]:
    """The names of the boxes of a form in which an addition is missing that is there in the other language; of ticked reasons only."""
    asked = {f".{value}" for value in _values(typed, "ask")} | {""}
    notes = dict.fromkeys(name[len("note_ar") :] for name in typed if name.startswith(("note_ar", "note_en")))
    found = [(texts.lacking(typed.get(f"note_ar{one}", ""), typed.get(f"note_en{one}", "")), one) for one in notes if one in asked]
    return [f"note_{language}{one}" for language, one in found if language]


def changed_answers(lines: Iterable[CheckLine], typed: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Code and answer of each question whose answer has changed."""
    given = [(line, typed.get(f"check.{line.check.code}", "")) for line in lines]
    return [(line.check.code, answer) for line, answer in given if answer in ANSWERS and answer != line.answer]


@dataclass(frozen=True)
class ChecklistWords:
    """How many questions are open and which are answered with no or do not apply, as sentences by their count.

    They are for the page and its script.
    """

    open: list[str]
    no: list[str]  # with NUMBERS in place of the numbers of the questions
    na: list[str]  # likewise, of those that do not apply


NUMBERS = "{numbers}"


def checklist_words(total: int) -> ChecklistWords:
    """The sentences for 0 to `total` questions, in the active language, with the agreement of its numbers."""
    counts = range(total + 1)
    return ChecklistWords(
        [ngettext("Still open: %(count)s question", "Still open: %(count)s questions", n) % {"count": n} for n in counts],
        [
            ngettext("Answered with no: question %(numbers)s", "Answered with no: questions %(numbers)s", n) % {"numbers": NUMBERS}
            for n in counts
        ],
        [ngettext("Does not apply: question %(numbers)s", "Do not apply: questions %(numbers)s", n) % {"numbers": NUMBERS} for n in counts],
    )


def with_numbers(sentences: list[str], numbers: list[int]) -> str:
    """The sentence for as many questions, with their numbers."""
    return sentences[len(numbers)].replace(NUMBERS, _(", ").join(map(str, numbers)))


def evidence(line: CheckLine, items: Iterable[Item], names: Mapping[str, Collection[str]]) -> list[Item]:
    """What answers a question: the fact that it is about, or those that its service names (`Reviewable.evidence`)."""
    wanted = {line.check.about} if line.check.about else set(names.get(line.check.code, ()))
    return [item for item in items if item.name in wanted and (item.value or item.files)]


def preview_digest(preview: Preview) -> str:
    """SHA-256 of a preview, to check that what was shown is sent."""
    return hashlib.sha256(json.dumps(asdict(preview), ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def hidden_fields(typed: Any) -> list[tuple[str, str]]:
    """The form data for the hidden fields of the preview."""
    excluded = {"csrfmiddlewaretoken", "step", "seen"}
    return [(name, value) for name, values in typed.lists() if name not in excluded for value in values]


def _values(typed: Any, name: str) -> list[str]:
    return list(typed.getlist(name)) if hasattr(typed, "getlist") else list(typed.get(name, ()))
