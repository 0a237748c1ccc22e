"""The words that an applicant receives from the desk: coded text of the rulebook, and an addition in both languages.

A preview and the message that is kept come out of the same context and the same templates, so that they cannot differ.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.registry import KINDS, MessageKind, MessageText
from municipality.notifications.texts import Bilingual
from municipality.review import queries
from municipality.review.models import Decision
from municipality.review.notifications import Accepted, CorrectionsAsked, RefusedByOfficer
from municipality.review.registry import Item, reviewable
from municipality.rulebook.queries import Reason

NOTE_LENGTH = 500  # characters
_ARABIC, _LATIN = re.compile("[\u0621-\u064a]"), re.compile("[A-Za-z]")


@dataclass(frozen=True)
class CorrectionRequest:
    """One thing to correct: a coded reason, the field or file it concerns, and an addition in both languages or in none."""

    code: str
    target: str
    note_ar: str = ""
    note_en: str = ""


@dataclass(frozen=True)
class Worded:
    """The same with the words of the rulebook and the name of the field, as they are sent."""

    code: str
    target: str
    label_ar: str
    label_en: str
    text_ar: str
    text_en: str
    note_ar: str
    note_en: str

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Preview:
    """A message as it goes out, in both languages: title, body and short text each."""

    ar: MessageText
    en: MessageText


def note(ar: str, en: str) -> tuple[str, str]:
    """An addition without spaces at its ends. Raises Refused("note_both_languages") unless both are there in their own letters, or
    neither, and Refused("note_long") above 500 characters."""
    ar, en = ar.strip(), en.strip()
    if (ar or en) and not (_ARABIC.search(ar) and _LATIN.search(en)):
        raise Refused("note_both_languages", _("Write the addition in Arabic and in English, or leave both empty."))
    if max(len(ar), len(en)) > NOTE_LENGTH:
        raise Refused("note_long", _("The addition is longer than 500 characters."))
    return ar, en


def worded(case: Case, asked: Sequence[CorrectionRequest], items: Sequence[Item] | None = None) -> list[Worded]:
    """The words for a list of corrections, in its order.

    Raises Refused: "nothing_asked", "unknown_code", "unknown_target" (also for a reason that belongs to another field), "asked_twice"
    and those of `note`.
    """
    if not asked:
        raise Refused("nothing_asked", _("Choose at least one thing to correct."))
    if len({(a.code, a.target) for a in asked}) != len(asked):
        raise Refused("asked_twice", _("The same thing is asked for twice."))
    reasons = {r.code: r for r in queries.replies(case).reasons_of("correction")}
    targets = {i.name: i for i in (reviewable(case).items(case) if items is None else items) if i.may_correct}
    return [_word(a, reasons, targets) for a in asked]


def _word(asked: CorrectionRequest, reasons: Mapping[str, Reason], targets: Mapping[str, Item]) -> Worded:
    reason, item = reasons.get(asked.code), targets.get(asked.target)
    if reason is None:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    if item is None or reason.target not in ("", asked.target):
        raise Refused("unknown_target", _("Choose the field or file that this reason is about."))
    ar, en = note(asked.note_ar, asked.note_en)
    labels = {}
    for language in ("ar", "en"):
        with translation.override(language):
            labels[language] = str(item.label)
    return Worded(asked.code, asked.target, labels["ar"], labels["en"], reason.text_ar, reason.text_en, ar, en)


def reason_of(case: Case, kind: str, code: str) -> Reason:
    """A coded reason of a kind. Raises Refused("unknown_code")."""
    found = next((r for r in queries.replies(case).reasons_of(kind) if r.code == code), None)
    if found is None:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    return found


# --- Contexts: what the templates of the messages are filled with -----------------------------------------------------------


def corrections_context(case: Case, items: Sequence[Worded], until: dt.date) -> dict[str, Any]:
    return {"case": case, "until": until, "items": Bilingual(_listed(items, "ar"), _listed(items, "en"))}


def _listed(items: Sequence[Worded], language: str) -> str:
    lines = []
    for number, item in enumerate(items, 1):
        label, text, addition = (getattr(item, f"{part}_{language}") for part in ("label", "text", "note"))
        lines.append("\n".join(filter(None, [f"{number}. {label}: {text}", addition])))
    return "\n\n".join(lines)


def refusal_context(decision: Decision, until: dt.date) -> dict[str, Any]:
    words = (
        "\n\n".join(filter(None, [text, article, addition]))
        for text, article, addition in (
            (decision.text_ar, decision.article_ar, decision.note_ar),
            (decision.text_en, decision.article_en, decision.note_en),
        )
    )
    return {"case": decision.case, "until": until, "reason": Bilingual(*words)}


def acceptance_context(case: Case, note_ar: str, note_en: str) -> dict[str, Any]:
    return {"case": case, "note": Bilingual(note_ar, note_en), "has_bill": reviewable(case).has_bill}


def answer_by(case: Case) -> dt.date:
    """The last day to answer corrections that are asked for today."""
    return clock.today() + dt.timedelta(days=queries.limits(case).limits["answer_days"].value)


def object_by(case: Case) -> dt.date:
    """The last day to object to a refusal that is signed today."""
    return clock.today() + dt.timedelta(days=queries.limits(case).limits["objection_days"].value)


# --- Previews ---------------------------------------------------------------------------------------------------------------


def preview_corrections(*, case: Case, asked: Sequence[CorrectionRequest]) -> Preview:
    """What the applicant receives if this is asked for today. Raises as `worded` does."""
    return _preview(CorrectionsAsked, corrections_context(case, worded(case, asked), answer_by(case)))


def preview_refusal(*, case: Case, code: str, note_ar: str = "", note_en: str = "") -> Preview:
    """What the applicant receives if this refusal is signed today. Raises Refused as `reason_of` and `note` do."""
    return preview_decision(draft_refusal(case, code, note_ar, note_en))


def preview_acceptance(*, case: Case, note_ar: str = "", note_en: str = "") -> Preview:
    """What the applicant receives if the case is accepted."""
    return _preview(Accepted, acceptance_context(case, *note(note_ar, note_en)))


def preview_decision(decision: Decision) -> Preview:
    """What the applicant receives if this decision is signed today: for the second person, word for word."""
    if decision.outcome == "second_round":
        items = [Worded(**item) for item in decision.items]
        return _preview(CorrectionsAsked, corrections_context(decision.case, items, answer_by(decision.case)))
    if decision.outcome == "accept":
        return _preview(Accepted, acceptance_context(decision.case, decision.note_ar, decision.note_en))
    return _preview(RefusedByOfficer, refusal_context(decision, object_by(decision.case)))


def draft_refusal(case: Case, code: str, note_ar: str, note_en: str) -> Decision:
    """An unsaved refusal with its words. Raises Refused."""
    reason = reason_of(case, "refusal", code)
    ar, en = note(note_ar, note_en)
    return Decision(
        case=case,
        outcome="refuse",
        code=code,
        article_ar=reason.article_ar,
        article_en=reason.article_en,
        text_ar=reason.text_ar,
        text_en=reason.text_en,
        note_ar=ar,
        note_en=en,
    )


def _preview(kind: type[MessageKind], context: Mapping[str, Any]) -> Preview:
    declared = KINDS[kind.kind]
    return Preview(declared.texts(context, "ar"), declared.texts(context, "en"))
