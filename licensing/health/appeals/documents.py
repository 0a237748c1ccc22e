"""The decision of an appeal as a sealed letter."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from licensing.health.appeals import queries
from licensing.health.appeals.states import AppealState
from licensing.models import Appeal
from municipality.documents.facts import EditionLabel, LetterDate, LetterFacts, LetterRow, LetterSection
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.models import Decision

SUBJECTS = {
    queries.LIMITS: ("مدد التظلم", "Periods of appeals"),
    queries.REPLIES: ("نصوص الردود", "Replies"),
    queries.CHECKS: ("قائمة التدقيق", "Checklist"),
    "calendar": ("التقويم", "Calendar"),
}


@dataclass(frozen=True, kw_only=True)
class AppealDecisionFacts(LetterFacts):
    kind, name, reason = "licensing.appeal_decision", _("Decision on an appeal"), "Decision on an appeal"
    title, english_title = "قرار في تظلم", "Decision on an appeal"


def facts_of(appeal: Appeal) -> AppealDecisionFacts:
    """The facts of a decided appeal. Raises LookupError for one without a decision."""
    case, first = appeal.case, appeal.refusal.case
    decision = review.decision_of(case)
    if decision is None:
        raise LookupError(f"{case.reference} has no decision")
    is_allowed = case.state == AppealState.ALLOWED
    decided_at = decision.signed_at or decision.made_at
    outcome = (
        ("قُبل التظلم وأُلغي قرار الرفض", "Allowed: the refusal is set aside")
        if is_allowed
        else ("رُفض التظلم", "Refused: the refusal stands")
    )
    return AppealDecisionFacts(
        title_ar=AppealDecisionFacts.title,
        title_en=AppealDecisionFacts.english_title,
        number_label_ar="رقم القرار",
        number_label_en="Decision number",
        branch_ar=case.branch.name_ar,
        branch_en=case.branch.name_en,
        days=(
            LetterDate("قُدم التظلم في", "Filed on", clock.day_of(appeal.filed_at)),
            LetterDate("صدر في", "Decided on", clock.day_of(decided_at)),
        ),
        rows=(
            LetterRow("القرار", "Decision", *outcome, lead=True),
            LetterRow("مقدم التظلم", "Applicant", case.applicant.name_ar, case.applicant.name_en),
            LetterRow("الاسم التجاري", "Trade name", case.title_ar, case.title_en),
            LetterRow("الطلب المرفوض", "Refused request", first.reference, first.reference),
            LetterRow("التظلم", "Appeal", case.reference, case.reference),
            *_reason(decision),
        ),
        sections=(_after(is_allowed, goes_on=first.events.filter(move="allow_appeal").exists()),),
        editions=tuple(EditionLabel.of(stamp, SUBJECTS) for stamp in review.stamps_of(case)),
        issued_at=decided_at,
    )


def _reason(decision: Decision) -> list[LetterRow]:
    """Reason, article and note, as far as the decision has them."""
    lines = (
        ("السبب", "Reason", decision.text_ar, decision.text_en),
        ("السند", "Legal ground", decision.article_ar, decision.article_en),
        ("إيضاح", "Explanation", decision.note_ar, decision.note_en),
    )
    return [LetterRow(label_ar, label_en, ar, en) for label_ar, label_en, ar, en in lines if ar]


def _after(is_allowed: bool, *, goes_on: bool) -> LetterSection:
    """What follows; `goes_on`: the request was opened again with the decision, since nothing had come since its refusal."""
    if not is_allowed:
        next_ar, next_en = (
            "يجوز اللجوء إلى القضاء الإداري خلال المدة القانونية.",
            "You can go to the administrative court within the legal time.",
        )
    elif goes_on:
        next_ar, next_en = "يُستكمل الطلب في صفحته في البوابة.", "The request goes on on its page in the portal."
    else:
        next_ar, next_en = (
            "لا يُستكمل الطلب لوجود طلب آخر على المحل أو الموقع نفسه، أو لانتقال المحل إلى صاحب آخر، أو لأن المطلوب لم يعد ترخيصه ممكناً.",
            "The request does not go on: there is another one about the same shop or place, the shop has another holder by now, or what was"
            " asked for can no longer be licensed.",
        )
    return LetterSection(
        "ما بعد القرار",
        "What follows",
        ("نظر التظلم فرع لم يشارك في قرار الرفض.", next_ar),
        ("A branch that had no part in the refusal decided the appeal.", next_en),
    )
