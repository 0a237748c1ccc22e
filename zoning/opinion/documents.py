"""The opinion as a sealed letter: question, outcome with its text, against the instant answer, consulted bodies, validity."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from municipality.documents.facts import EditionLabel, LetterDate, LetterFacts, LetterRow, LetterSection
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.ui.texts import both
from zoning.answer.forms import floor_name
from zoning.models import Agreement, BodyAnswer, Consultation, Opinion, OpinionDraft, OpinionOutcome
from zoning.objections import queries as objections
from zoning.opinion import queries

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


@dataclass(frozen=True, kw_only=True)
class OpinionFacts(LetterFacts):
    kind, name, reason = "zoning.opinion", _("Zoning opinion"), "Formal zoning opinion"
    single_page = False  # conditions of the bodies may be long
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
        LetterRow("الرأي", "Opinion", *both(OpinionOutcome(draft.outcome).label), lead=True),
        place,
        *_ended(opinion, first),
        _question(opinion),
        LetterRow("مقدم الطلب", "Applicant", case.applicant.name_ar, case.applicant.name_en),
        LetterRow("الجواب الفوري", "Instant answer", *both(OpinionOutcome(opinion.instant_outcome).label)),
        LetterRow("مقارنةً بالجواب الفوري", "Against the instant answer", *_comparison(draft)),
        *_changed(opinion),
        *_reason(opinion, draft),
        LetterRow("الطلب", "Request", case.reference, case.reference),
        *_replaced(opinion),
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
        days=(LetterDate("صدر في", "Issued on", first), LetterDate("صالح حتى", "Valid until", last), *_objection(opinion, draft, first)),
        rows=tuple(rows),
        sections=tuple(sections),
        editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in _stamps(opinion)),
        issued_at=clock.now(),
    )


def _stamps(opinion: Opinion) -> list[str]:
    """The editions of the rules on zoning; those of an objection's case are others, so that of the instant answer is added."""
    stamps = [*review.stamps_of(opinion.case), *filter(None, [opinion.instant_edition])]
    return list(dict.fromkeys(stamp for stamp in stamps if stamp.startswith("zoning.")))


def _objection(opinion: Opinion, draft: OpinionDraft, first: dt.date) -> list[LetterDate]:
    """Until when it can be objected to; an opinion that replaces another cannot."""
    until = objections.until(draft, first) if opinion.first_id is None else None
    return [LetterDate("الاعتراض في البوابة حتى", "Object on the portal until", until)] if until is not None else []


def _replaced(opinion: Opinion) -> list[LetterRow]:
    old = opinion.first.document if opinion.first is not None else None
    return [LetterRow("يحل محل", "Replaces", old.number, old.number)] if old is not None else []


def _ended(opinion: Opinion, today: dt.date) -> list[LetterRow]:
    """That the plot has ended since it was asked about."""
    day = opinion.plot.valid_to
    if day is None or day > today:
        return []
    ar, en = f"لم تعد القسيمة قائمة منذ {day.isoformat()}", f"This plot has not existed since {day.isoformat()}"
    return [LetterRow("حالة القسيمة", "State of the plot", ar, en)]


def _changed(opinion: Opinion) -> list[LetterRow]:
    """The instant answer of the day of issue, where layers or rules changed it since the request."""
    outcome = queries.changed_outcome(opinion)
    return [LetterRow("الجواب الفوري يوم الإصدار", "Instant answer on the day of issue", *both(outcome.label))] if outcome else []


def _question(opinion: Opinion) -> LetterRow:
    if opinion.activity is None or opinion.floor is None:
        return LetterRow("السؤال", "Question", "ما الذي يجوز بناؤه؟", "What may be built?")
    activity, (ar, en) = opinion.activity, both(lazy(floor_name, str)(opinion.floor))
    return LetterRow("النشاط والدور", "Activity and floor", f"{activity.name_ar}، {ar}", f"{activity.name_en}, {en}")


def _comparison(draft: OpinionDraft) -> tuple[str, str]:
    ar, en = both(Agreement(draft.agreement).label)
    is_signed_twice = draft.agreement == Agreement.DEVIATES
    return (f"{ar}، بتوقيع ثانٍ", f"{en}, signed by a second person") if is_signed_twice else (ar, en)


def _reason(opinion: Opinion, draft: OpinionDraft) -> list[LetterRow]:
    reason = review.replies(opinion.case).reasons.get(draft.code)
    return [LetterRow("السبب", "Reason", reason.text_ar, reason.text_en)] if reason is not None else []


def _answer(body: Consultation) -> tuple[str, str]:
    """`Kuwait Fire Force: no answer by 2026-11-25`: the day on which it was found silent, since its letter may have left late."""
    if not body.answer:
        day = clock.day_of(body.silent_at or body.due_at).isoformat()
        return f"{body.name_ar}: لم تجب حتى {day}", f"{body.name_en}: no answer by {day}"
    ar, en = both(BodyAnswer(body.answer).label)
    words = f". {body.words}" if body.words else ""
    return f"{body.name_ar}: {ar}{words}", f"{body.name_en}: {en}{words}"
