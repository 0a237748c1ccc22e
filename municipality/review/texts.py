"""The texts that applicants receive from the desk: coded texts of the rulebook, and a note in both languages.

Previews and messages are rendered from the same contexts and templates.
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
from municipality.notifications.registry import MESSAGE_KINDS, MessageKind, MessageText
from municipality.notifications.texts import Bilingual
from municipality.review import queries
from municipality.review.models import CorrectionRound, Decision
from municipality.review.notifications import Accepted, CorrectionsAsked, RefusedByOfficer
from municipality.review.registry import Item, reviewable
from municipality.rulebook.queries import Reason
from municipality.ui.templatetags.portal import bilingual

NOTE_LENGTH = 500  # characters
_ARABIC, _LATIN = re.compile("[\u0621-\u064a]"), re.compile("[A-Za-z]")


@dataclass(frozen=True)
class CorrectionRequest:
    """A requested correction: a coded reason, the field or file, and a note in both languages or in none."""

    code: str
    target: str
    note_ar: str = ""
    note_en: str = ""


@dataclass(frozen=True)
class CorrectionText:
    """A requested correction with the text of the rulebook and the label of the field, as it is sent."""

    code: str
    target: str
    label_ar: str
    label_en: str
    text_ar: str
    text_en: str
    note_ar: str
    note_en: str

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Preview:
    """A message in both languages."""

    ar: MessageText
    en: MessageText


NOTE_IN_BOTH = _("Write the addition in Arabic and in English, or leave both empty.")


def lacking(ar: str, en: str) -> str:
    """The language, `ar` or `en`, in which an addition is missing; empty where both are there in their own script, or neither."""
    ar, en = ar.strip(), en.strip()
    if not ar and not en:
        return ""
    return "ar" if not _ARABIC.search(ar) else "" if _LATIN.search(en) else "en"


def note(ar: str, en: str) -> tuple[str, str]:
    """A stripped note. Raises Refused("note_both_languages") unless both languages are there in their own script, or neither, and
    Refused("note_long") above NOTE_LENGTH."""
    ar, en = ar.strip(), en.strip()
    if lacking(ar, en):
        raise Refused("note_both_languages", NOTE_IN_BOTH)
    if max(len(ar), len(en)) > NOTE_LENGTH:
        raise Refused("note_long", _("The addition is longer than 500 characters."))
    return ar, en


def correction_texts(case: Case, requests: Sequence[CorrectionRequest], items: Sequence[Item] | None = None) -> list[CorrectionText]:
    """The texts of requested corrections, in their order.

    Raises Refused: nothing_asked, unknown_code, unknown_target (also for a reason of another field), asked_twice, asked_of_one, and those
    of `note`.
    """
    if not requests:
        raise Refused("nothing_asked", _("Choose at least one thing to correct."))
    if len({(a.code, a.target) for a in requests}) != len(requests):
        raise Refused("asked_twice", _("The same thing is asked for twice."))
    reasons = {r.code: r for r in queries.replies(case).reasons_of("correction")}
    items = reviewable(case).items(case) if items is None else items
    targets = {i.name: i for i in items if i.may_correct}
    found = [_correction_text(a, reasons, targets) for a in requests]
    _refuse_two_about_one(found, reasons, items)
    return found


def facts_shown(items: Sequence[Item]) -> dict[str, str]:
    """By the name of a file: the fact that it shows."""
    return {item.shown_by or item.proof: item.name for item in items if item.shown_by or item.proof}


def _refuse_two_about_one(corrections: Sequence[CorrectionText], reasons: Mapping[str, Reason], items: Sequence[Item]) -> None:
    """Raises Refused("asked_of_one") for two coded reasons about one fact, itself or the file that shows it: only one can be true.

    A file that shows no fact of the request may lack several things at once.
    """
    shown = facts_shown(items)
    files = {item.name for item in items if item.is_file} - set(shown)
    said: dict[str, CorrectionText] = {}
    for correction in corrections:
        if not reasons[correction.code].target or correction.target in files:
            continue  # of a file as such: unreadable and expired go together
        other = said.setdefault(shown.get(correction.target, correction.target), correction)
        if other is not correction:
            first, second = (f"«{bilingual(reasons[row.code], 'label')}»" for row in (other, correction))
            sentence = _("%(first)s and %(second)s are about the same thing and cannot both be true. Keep the one that fits.")
            raise Refused("asked_of_one", sentence % {"first": first, "second": second})


def _correction_text(request: CorrectionRequest, reasons: Mapping[str, Reason], targets: Mapping[str, Item]) -> CorrectionText:
    reason, item = reasons.get(request.code), targets.get(request.target)
    if reason is None:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    if item is None or reason.target not in ("", request.target):
        raise Refused("unknown_target", _("Choose the field or file that this reason is about."))
    ar, en = note(request.note_ar, request.note_en)
    labels = {}
    for language in ("ar", "en"):
        with translation.override(language):
            labels[language] = str(item.label)
    return CorrectionText(request.code, request.target, labels["ar"], labels["en"], reason.text_ar, reason.text_en, ar, en)


def reason_of(case: Case, kind: str, code: str) -> Reason:
    """A coded reason of a kind. Raises Refused("unknown_code")."""
    reason = next((r for r in queries.replies(case).reasons_of(kind) if r.code == code), None)
    if reason is None:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    return reason


# --- Contexts: what the templates of the messages are filled with -----------------------------------------------------------


def corrections_context(case: Case, items: Sequence[CorrectionText], until: dt.date) -> dict[str, Any]:
    legal_time = reviewable(case).legal_time(case)
    return {
        "case": case,
        "until": until,
        "refused_after": legal_time.last_day if legal_time is not None else None,
        "items": Bilingual(_numbered_list(items, "ar"), _numbered_list(items, "en")),
    }


def _numbered_list(items: Sequence[CorrectionText], language: str) -> str:
    lines = []
    for number, item in enumerate(items, 1):
        label, text, addition = (getattr(item, f"{part}_{language}") for part in ("label", "text", "note"))
        lines.append("\n".join(filter(None, [f"{number}. {label}: {text}", addition])))
    return "\n\n".join(lines)


def refusal_context(decision: Decision, until: dt.date) -> dict[str, Any]:
    texts = (
        "\n\n".join(filter(None, [text, article, addition]))
        for text, article, addition in (
            (decision.text_ar, decision.article_ar, decision.note_ar),
            (decision.text_en, decision.article_en, decision.note_en),
        )
    )
    service = reviewable(decision.case)
    own = service.message_context(decision.case)
    return {"case": decision.case, "until": until, "reason": Bilingual(*texts), "to_court": service.to_court} | own


def acceptance_context(case: Case, note_ar: str, note_en: str) -> dict[str, Any]:
    service = reviewable(case)
    fils = service.bill_fils(case) if service.bill_fils is not None else None
    own = service.message_context(case)
    return {"case": case, "note": Bilingual(note_ar, note_en), "has_bill": bool(fils), "is_free": fils == 0} | own


def answer_deadline(case: Case) -> dt.date:
    """The last day to answer corrections that are requested today; not beyond what a legal time for the decision leaves."""
    day = clock.today() + dt.timedelta(days=queries.limits(case).limits["answer_days"].value)
    legal_time = reviewable(case).legal_time(case)
    return day if legal_time is None else min(day, legal_time.answer_by)


def require_time_to_answer(case: Case) -> dt.date:
    """`answer_deadline`. Raises Refused("no_time_to_ask") where the legal time for the decision leaves no day for an answer."""
    day = answer_deadline(case)
    if day <= clock.today():
        raise Refused("no_time_to_ask", _("The legal time for the decision leaves no day for an answer. Please decide on what is there."))
    return day


def objection_deadline(case: Case) -> dt.date:
    """The last day to appeal against a refusal that is signed today, or to go to court where that comes next."""
    limit = "court_days" if reviewable(case).to_court else "objection_days"
    return clock.today() + dt.timedelta(days=queries.limits(case).limits[limit].value)


# --- Previews ---------------------------------------------------------------------------------------------------------------


def preview_corrections(*, case: Case, asked: Sequence[CorrectionRequest]) -> Preview:
    """The message if these corrections are requested today. Raises as `correction_texts` and `require_time_to_answer` do."""
    return _preview(CorrectionsAsked, corrections_context(case, correction_texts(case, asked), require_time_to_answer(case)))


def preview_refusal(*, case: Case, code: str, note_ar: str = "", note_en: str = "") -> Preview:
    """The message if this refusal is signed today. Raises Refused as `reason_of` and `note` do."""
    return preview_decision(draft_refusal(case, code, note_ar, note_en))


def preview_acceptance(*, case: Case, note_ar: str = "", note_en: str = "") -> Preview:
    """The message if the case is accepted."""
    return _preview(reviewable(case).accepted_message or Accepted, acceptance_context(case, *note(note_ar, note_en)))


def preview_decision(decision: Decision) -> Preview:
    """The message if this decision is signed today."""
    if decision.outcome == "second_round":
        items = [CorrectionText(**item) for item in decision.items]
        return _preview(CorrectionsAsked, corrections_context(decision.case, items, answer_deadline(decision.case)))
    if decision.outcome == "accept":
        return preview_acceptance(case=decision.case, note_ar=decision.note_ar, note_en=decision.note_en)
    message = reviewable(decision.case).refused_message or RefusedByOfficer
    return _preview(message, refusal_context(decision, objection_deadline(decision.case)))


def draft_refusal(case: Case, code: str, note_ar: str, note_en: str) -> Decision:
    """An unsaved refusal with its texts. Raises Refused, also for a missing answer where nothing was asked for."""
    reason = reason_of(case, "refusal", code)
    if code == queries.AFTER_ROUND and not CorrectionRound.objects.filter(case=case).exists():
        raise Refused("nothing_was_asked", _("No corrections were asked for in this request. Please choose another reason."))
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
    declared = MESSAGE_KINDS[kind.kind]
    return Preview(declared.texts(context, "ar"), declared.texts(context, "en"))
