"""Objections on the desk of the deciding officer: facts and statements, without names of shop, party or inspector."""

from __future__ import annotations

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock, request_cache
from municipality.review.registry import Item, Reviewable
from municipality.rulebook import queries as rulebook
from municipality.ui.dates import day_text
from municipality.ui.templatetags.portal import kwd
from municipality.ui.texts import Text
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from violations import queries, rules, units
from violations.files import SIGNED, SLOTS
from violations.models import Objection, Violation
from violations.notifications import ObjectionRefused, ObjectionUpheld
from violations.services import objections, repetition
from violations.states import OBJECTION


def _read(case: Case) -> Objection:
    return request_cache.get_or_set(("violations.objection", case.pk), lambda: objections.objection_of(case))


def _named(row: dict[str, str], part: str) -> str:
    return row[f"{part}_ar" if get_language() == "ar" else f"{part}_en"]


def _measure(row: Violation) -> str:
    """What was measured, in words with its unit; empty where it is one of what is counted."""
    unit = row.offence_facts["unit"]
    if unit in rules.COUNTED and row.quantity_hundredths == rules.HUNDRED:
        return ""
    return units.measure(unit, row.quantity_hundredths, row.months)


def _repeats(before: int) -> str:
    """How often the same violation was seen before, in words; empty for the first time."""
    return ngettext("seen %(count)s time before", "seen %(count)s times before", before) % {"count": before} if before else ""


def items(case: Case) -> list[Item]:
    """Facts, statements of both sides and files; nothing identifies a person or place."""
    objection = _read(case)
    row = objection.violation
    offence = row.offence_facts
    reasons = rulebook.edition(queries.REPLIES, clock.day_of(objection.filed_at)).reasons
    reason = reasons[objection.ground]
    order = queries.order_of(row)
    defence = getattr(objection, "defence", None)
    facts: list[tuple[str, Text, Text, bool]] = [
        ("offence", _("Violation"), _named(offence, "name"), False),
        ("article", _("Article"), _named(offence, "article"), False),
        ("seen", _("Seen on"), day_text(clock.day_of(row.seen_at)), False),
        ("measure", _("Measure"), _measure(row), False),
        ("repeats", _("Repetition"), _repeats(repetition.count_now(row)), False),
        ("note", _("What the violation report says"), row.note_ar or "—", False),
        ("amount", _("Settlement"), kwd(order.fils) if order is not None else _("none"), False),
        ("ground", _("Ground of the objection"), reason.label_ar if get_language() == "ar" else reason.label_en, False),
        ("words", _("Words of the objection"), objection.words, True),
        ("defence", _("Defence of the violation report"), defence.words if defence is not None else _("none yet"), False),
    ]
    facts += [(f"answer_{row.round}", _("Answer"), row.words, False) for row in objection.additions.order_by("round") if row.words]
    result = [Item(name, label, value, may_correct=may_correct, mark=str(value)) for name, label, value, may_correct in facts if value]
    uploads_by_slot: dict[str, list[Upload]] = {}
    for upload in uploads.of(row.key).filter(state=UploadState.READY):
        uploads_by_slot.setdefault(upload.slot, []).append(upload)
    for code, slot in SLOTS.items():
        if code == SIGNED:  # it names the shop or party, and the badge
            continue
        if code in uploads_by_slot or code == "objection":
            rows = uploads_by_slot.get(code, [])
            mark = ",".join(upload.sha256 for upload in rows)
            result.append(Item(code, slot.label, is_file=True, files=rows, may_correct=code == "objection", mark=mark))
    return result


def flags(case: Case) -> list[str]:
    """Sentences: why an officer decides. Annulment of an undefended violation report is proposed."""
    objection = _read(case)
    sentences = [
        _("The party objects."),
        _("Upholding the objection annuls the violation report; refusing it leaves the report in force. A lower sum is not decided here."),
    ]
    if objection.violation.is_paper:
        sentences.append(_("Carried over from paper: what the branch holds of it comes with its defence, if it sends one."))
    if objection.is_undefended:
        sentences.append(_undefended(objection))
    return sentences


def _undefended(objection: Objection) -> str:
    """By whom the annulment is proposed, and that the officer still decides."""
    text = _("Undefended: the branch that wrote the violation report had until %(day)s to defend it, and sent nothing.")
    proposal = _("By the rule, the portal then proposes annulment; the officer decides.")
    return f"{text % {'day': day_text(objection.defend_by)}} {proposal}"


def parties(case: Case) -> list[tuple[str, str]]:
    """(role, key) of everybody with an interest, for conflicts of interest: party, shop, licensee and inspector."""
    row = _read(case).violation
    interested = [("applicant", case.applicant.key), *cases.acting_roles(case)]
    if row.inspector is not None:
        interested.append(("inspector", row.inspector.user.key))
    if row.party is not None and row.party.key != case.applicant.key:
        interested.append(("party", row.party.key))
    if row.shop is not None:
        interested.append(("shop", row.shop.key))
        if row.shop.owner is not None and row.shop.owner.key != case.applicant.key:
            interested.append(("licensee", row.shop.owner.key))
    return list({key: (role, key) for role, key in interested}.values())


def related(case: Case) -> list[tuple[str, str]]:
    """Empty: other cases of the shop would identify it."""
    return []


REVIEWED = Reviewable(
    service=OBJECTION,
    skill=objections.SKILL,
    replies=queries.REPLIES,
    checks=queries.CHECKS,
    limits="limits.review",
    items=items,
    flags=flags,
    parties=parties,
    related=related,
    accepted=objections.upheld,
    refused=objections.refused,
    accepted_message=ObjectionUpheld,
    refused_message=ObjectionRefused,
    message_context=objections.message_context,
    legal_time=objections.legal_time,
    accept_label=gettext_lazy("Uphold the objection"),
    accepted_label=gettext_lazy("Objection upheld"),
    evidence={"read_both": ("note", "words", "defence"), "report_falls": ("note", "measure", "words", "defence")},
    is_blind=True,
    compares=False,
)
