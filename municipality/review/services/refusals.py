"""The facts of refusal documents; services declare subclasses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case
from municipality.documents.facts import BilingualText, EditionLabel, Facts, day
from municipality.kernel import clock
from municipality.review import queries

PRINTED = ("replies.", "checks.", "conditions.", "calendar ")  # editions that a refusal names


@dataclass(frozen=True, kw_only=True)
class RefusalFacts(Facts):
    """The facts of a refusal: request, reason with its article, note, and the deadline to object. Staff are not named.

    A subclass sets the name of the request and those of rulebook subjects, in Arabic and English.
    """

    name = _("Decision refusing a request")
    template = "documents/refusal.html"
    title = "قرار رفض"
    reason = "Refusal"
    issued_field = "decided_at"
    qr_label = "رمز الاستجابة للتحقق من القرار"
    appeals_online: ClassVar[bool] = False  # whether the page of the request takes an appeal
    request: ClassVar[tuple[str, str]]
    subjects: ClassVar[Mapping[str, tuple[str, str]]]

    case_reference: str
    request_ar: str
    request_en: str
    trade_name_ar: str
    trade_name_en: str
    applicant_ar: str
    applicant_en: str
    branch_ar: str
    branch_en: str
    opened_on: dt.date
    decided_at: dt.datetime
    reason_ar: str
    reason_en: str
    article_ar: str
    article_en: str
    note_ar: str
    note_en: str
    object_until: dt.date
    object_ground_ar: str
    object_ground_en: str
    editions: tuple[EditionLabel, ...]

    def context(self) -> dict[str, Any]:
        return {
            **super().context(),
            "trade_name": BilingualText(self.trade_name_ar, self.trade_name_en),
            "applicant": BilingualText(self.applicant_ar, self.applicant_en),
            "reason": BilingualText(self.reason_ar, self.reason_en),
            "article": BilingualText(self.article_ar, self.article_en),
            "note": BilingualText(self.note_ar, self.note_en),
            "object_ground": BilingualText(self.object_ground_ar, self.object_ground_en),
            "opened_on": day(self.opened_on),
            "decided_on": day(clock.day_of(self.decided_at)),
            "object_until": day(self.object_until),
        }

    @classmethod
    def of(cls, case: Case, *, applicant: Any = None) -> Self:
        """The facts of a refused case; `applicant` is the organisation, where one applied. Raises LookupError without a signed refusal."""
        decision = queries.decision_of(case)
        if decision is None or decision.outcome != "refuse" or not decision.is_signed:
            raise LookupError(f"{case.reference} has no signed refusal")
        limit = queries.edition_for(case, "limits.review").limits["objection_days"]
        decided_at = decision.signed_at or clock.now()
        person = applicant or case.applicant
        return cls(
            case_reference=case.reference,
            request_ar=cls.request[0],
            request_en=cls.request[1],
            trade_name_ar=case.title_ar,
            trade_name_en=case.title_en,
            applicant_ar=person.name_ar,
            applicant_en=person.name_en,
            branch_ar=case.branch.name_ar,
            branch_en=case.branch.name_en,
            opened_on=clock.day_of(case.opened_at),
            decided_at=decided_at,
            reason_ar=decision.text_ar,
            reason_en=decision.text_en,
            article_ar=decision.article_ar,
            article_en=decision.article_en,
            note_ar=decision.note_ar,
            note_en=decision.note_en,
            object_until=queries.appeal_until(decision),
            object_ground_ar=limit.article_ar,
            object_ground_en=limit.article_en,
            editions=tuple(EditionLabel.of(stamp, cls.subjects) for stamp in queries.stamps_of(case) if stamp.startswith(PRINTED)),
        )
