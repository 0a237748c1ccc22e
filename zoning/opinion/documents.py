"""The opinion as a sealed letter: question, outcome with its text, against the instant answer, consulted bodies, validity."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from municipality.documents.facts import EditionLabel, LetterDate, LetterFacts, LetterRow, LetterSection
from municipality.kernel import clock
from municipality.review import queries as review
from zoning.answer.forms import floor_name
from zoning.models import Consultation, Opinion, OpinionDraft

SUBJECTS = {
    "zoning.uses": ("استعمالات الأراضي", "Uses of land"),
    "zoning.bodies": ("الجهات المستشارة", "Consulted bodies"),
    "fees.opinion": ("الرسوم", "Fees"),
    "limits.opinion": ("المدد", "Periods"),
    "replies.opinion": ("نصوص الردود", "Replies"),
    "checks.opinion": ("قائمة التدقيق", "Checklist"),
    "files.opinion": ("المستندات", "Documents"),
    "calendar": ("التقويم", "Calendar"),
}
OUTCOMES = {
    "permitted": ("مسموح", "Permitted"),
    "conditional": ("مسموح بشروط", "Permitted with conditions"),
    "not_permitted": ("غير مسموح", "Not permitted"),
    "limits": ("تطبق حدود البناء المنشورة", "The published building limits apply"),
    "other_limits": ("تطبق حدود بناء أخرى", "Other building limits apply"),
    "no_data": ("لا بيانات", "No data"),
}
AGREEMENTS = {
    "agrees": ("يوافق الجواب الفوري", "Agrees with the instant answer"),
    "deviates": ("يخالف الجواب الفوري، بتوقيع ثانٍ", "Deviates from the instant answer, signed by a second person"),
    "completes": ("يفصل فيما لم تحسمه البيانات", "Decides what the data leave open"),
}
ANSWERS = {
    "no_objection": ("لا مانع", "No objection"),
    "conditions": ("لا مانع بشروط", "No objection, with conditions"),
    "objection": ("اعتراض", "Objection"),
}


@dataclass(frozen=True, kw_only=True)
class OpinionFacts(LetterFacts):
    kind, name, reason = "zoning.opinion", _("Zoning opinion"), "Formal zoning opinion"
    title, english_title = "رأي تنظيمي رسمي", "Formal zoning opinion"


def facts_of(opinion: Opinion, draft: OpinionDraft, bodies: list[Consultation], first: dt.date, last: dt.date) -> OpinionFacts:
    """The facts of an opinion that was signed as `draft`, valid from one day to another. Nobody is named but the applicant."""
    case, plot = opinion.case, opinion.plot
    place = LetterRow(
        "القسيمة",
        "Plot",
        f"القسيمة {plot.number}، قطعة {plot.block}، {plot.area.name_ar}",
        f"Plot {plot.number}, block {plot.block}, {plot.area.name_en}",
    )
    rows = [
        LetterRow("الرأي", "Opinion", *OUTCOMES[draft.outcome], lead=True),
        place,
        _question(opinion),
        LetterRow("مقدم الطلب", "Applicant", case.applicant.name_ar, case.applicant.name_en),
        LetterRow("الجواب الفوري", "Instant answer", *OUTCOMES[opinion.instant_outcome]),
        LetterRow("المقارنة", "Comparison", *AGREEMENTS[draft.agreement]),
        *_reason(opinion, draft),
        LetterRow("الطلب", "Request", case.reference, case.reference),
    ]
    sections = [LetterSection("نص الرأي", "Text of the opinion", (draft.text_ar,), (draft.text_en,))]
    if bodies:
        answers = [_answer(body) for body in bodies]
        sections.append(
            LetterSection("الجهات المستشارة", "Consulted bodies", tuple(ar for ar, _en in answers), tuple(en for _ar, en in answers))
        )
    return OpinionFacts(
        title_ar=OpinionFacts.title,
        title_en=OpinionFacts.english_title,
        number_label_ar="رقم الرأي",
        number_label_en="Opinion number",
        branch_ar=case.branch.name_ar,
        branch_en=case.branch.name_en,
        days=(LetterDate("صدر في", "Issued on", first), LetterDate("صالح حتى", "Valid until", last)),
        rows=tuple(rows),
        sections=tuple(sections),
        editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in review.stamps_of(case) if stamp.startswith("zoning.")),
        issued_at=clock.now(),
    )


def _question(opinion: Opinion) -> LetterRow:
    if opinion.activity is None or opinion.floor is None:
        return LetterRow("السؤال", "Question", "ما الذي يجوز بناؤه؟", "What may be built?")
    floors = {}
    for language in ("ar", "en"):
        with translation.override(language):
            floors[language] = floor_name(opinion.floor)
    activity = opinion.activity
    texts = f"{activity.name_ar}، {floors['ar']}", f"{activity.name_en}, {floors['en']}"
    return LetterRow("النشاط والدور", "Activity and floor", *texts)


def _reason(opinion: Opinion, draft: OpinionDraft) -> list[LetterRow]:
    reason = review.replies(opinion.case).reasons.get(draft.code)
    return [LetterRow("السبب", "Reason", reason.text_ar, reason.text_en)] if reason is not None else []


def _answer(body: Consultation) -> tuple[str, str]:
    """`Kuwait Fire Force: no answer by 2026-11-25`, with the day in digits."""
    if not body.answer:
        day = clock.day_of(body.due_at).isoformat()
        return f"{body.name_ar}: لم تجب حتى {day}", f"{body.name_en}: no answer by {day}"
    ar, en = ANSWERS[body.answer]
    words = f". {body.words}" if body.words else ""
    return f"{body.name_ar}: {ar}{words}", f"{body.name_en}: {en}{words}"
