"""The decision of an objection as a sealed letter."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from municipality.documents.facts import EditionLabel, LetterDate, LetterFacts, LetterRow, LetterSection
from municipality.kernel import clock
from municipality.review import queries as review
from zoning.models import OpinionObjection, OpinionOutcome
from zoning.objections import queries
from zoning.objections.states import OpinionObjectionState
from zoning.opinion import documents as opinion_documents
from zoning.opinion import queries as opinions

SUBJECTS = {
    queries.LIMITS: ("مدد الاعتراض", "Periods of objections"),
    queries.REPLIES: ("نصوص الردود", "Replies"),
    queries.CHECKS: ("قائمة التدقيق", "Checklist"),
    opinions.LIMITS: ("مدد الرأي", "Periods of opinions"),
    "calendar": ("التقويم", "Calendar"),
}
OUTCOMES = {
    "stands": ("رُفض الاعتراض وبقي القرار قائماً", "Refused: the decision stands"),
    "anew": ("قُبل الاعتراض ويُدرس السؤال من جديد", "Upheld: the question is studied anew"),
    "replaced": ("قُبل الاعتراض ويحل رأي جديد محل السابق", "Upheld: a new opinion replaces the old one"),
    "instead": ("قُبل الاعتراض ويحل رأي محل الرفض", "Upheld: an opinion takes the place of the refusal"),
}
FOLLOWS = {
    "stands": ("يجوز اللجوء إلى القضاء الإداري خلال المدة القانونية.", "You can go to the administrative court within the legal time."),
    "anew": (
        "يبقى الرأي السابق على حاله إلى أن يصدر رأي جديد، ولا يُستحق رسم آخر.",
        "The old opinion stays as it is until a new one is issued. No further fee is due.",
    ),
    "instead": ("يصدر الرأي في مستند مستقل، ولا يُستحق رسم آخر.", "The opinion is issued as a document of its own. No further fee is due."),
    "again": ("يُدرس السؤال من جديد دون رسم.", "The question is studied anew without a fee."),
    "replaced": ("ينتهي الرأي السابق يوم صدور الرأي الجديد.", "The old opinion ends on the day on which the new one is issued."),
}


@dataclass(frozen=True, kw_only=True)
class ObjectionDecisionFacts(LetterFacts):
    kind, name, reason = "zoning.objection_decision", _("Decision on an objection to an opinion"), "Decision on an objection"
    single_page = False
    title, english_title = "قرار في اعتراض على رأي تنظيمي", "Decision on an objection to a zoning opinion"


def facts_of(objection: OpinionObjection) -> ObjectionDecisionFacts:
    """The facts of a decided objection. Raises LookupError for one without a decision."""
    case, opinion = objection.case, objection.opinion
    decision = review.decision_of(case)
    if decision is None:
        raise LookupError(f"{case.reference} has no decision")
    paper = opinion.document  # None for the refusal of a request
    upheld = "anew" if objection.study_code else "replaced" if paper else "instead"
    outcome = "stands" if case.state == OpinionObjectionState.REFUSED else upheld
    draft = opinions.draft_of(opinions.opinion_of(case)) if outcome in ("replaced", "instead") else None
    follows = FOLLOWS["again" if outcome == "anew" and paper is None else outcome]
    lines = (
        ("السبب", "Reason", decision.text_ar, decision.text_en),
        ("السند", "Legal ground", decision.article_ar, decision.article_en),
        ("إيضاح", "Explanation", decision.note_ar, decision.note_en),
    )
    sections = [LetterSection("نص الرأي الجديد", "Text of the new opinion", (draft.text_ar,), (draft.text_en,))] if draft else []
    elsewhere = ("نظر الاعتراض فرع لم يشارك في القرار.", "A branch that had no part in the decision decided the objection.")
    sections.append(LetterSection("ما بعد القرار", "What follows", *zip(elsewhere, follows, strict=True)))
    decided_at = decision.signed_at or decision.made_at
    return ObjectionDecisionFacts(
        title_ar=ObjectionDecisionFacts.title,
        title_en=ObjectionDecisionFacts.english_title,
        number_label_ar="رقم القرار",
        number_label_en="Decision number",
        branch_ar=case.branch.name_ar,
        branch_en=case.branch.name_en,
        days=(
            LetterDate("قُدم الاعتراض في", "Filed on", clock.day_of(objection.filed_at)),
            LetterDate("صدر في", "Decided on", clock.day_of(decided_at)),
        ),
        rows=(
            LetterRow("القرار", "Decision", *OUTCOMES[outcome], lead=True),
            LetterRow("مقدم الاعتراض", "Applicant", case.applicant.name_ar, case.applicant.name_en),
            LetterRow("الرأي", "Opinion", paper.number, paper.number)
            if paper
            else LetterRow("الطلب المرفوض", "Refused request", opinion.case.reference, opinion.case.reference),
            LetterRow("الاعتراض", "Objection", case.reference, case.reference),
            *([LetterRow("الرأي الجديد", "New opinion", *opinion_documents.both(OpinionOutcome(draft.outcome).label))] if draft else []),
            *(LetterRow(label_ar, label_en, ar, en) for label_ar, label_en, ar, en in lines if ar),
        ),
        sections=tuple(sections),
        editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in review.stamps_of(case)),
        issued_at=decided_at,
    )
