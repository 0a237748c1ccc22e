"""How inspections, their answers and photos read on pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from licensing.inspections import queries
from licensing.inspections.forms import PLACE, limits_of
from licensing.inspections.questions import GivenAnswer
from licensing.inspections.states import InspectionState as S
from licensing.models import AnswerValue, Inspection, InspectionAnswer, InspectionVisit
from municipality.accounts.models import User
from municipality.fieldwork.queries import evidence_of
from municipality.ui.templatetags.portal import bilingual, ltr
from municipality.ui.texts import Text
from municipality.uploads import queries as uploads
from municipality.uploads.states import UploadState

# Tag and words of each state.
STATES: dict[str, tuple[str, Text]] = {
    S.REQUESTED: ("warn", _("A day is to be chosen")),
    S.APPOINTED: ("wait", _("Appointed")),
    S.PASSED: ("ok", pgettext_lazy("inspection", "Passed")),
    S.FAILED: ("bad", pgettext_lazy("inspection", "Not passed")),
    S.CANCELLED: ("wait", pgettext_lazy("inspection", "Cancelled")),
}


@dataclass(frozen=True)
class AnswerLine:
    """One answer with what was asked: `photos` are addresses, `before` what the owner had answered where it differs."""

    question: Text
    limits: Text
    article: Text
    text: Text
    meets: bool
    is_must: bool
    note: str
    photos: Sequence[str] = ()
    before: Text = ""

    @property
    def tag(self) -> tuple[str, Text]:
        if self.meets:
            return "ok", _("met")
        return ("bad", _("not met")) if self.is_must else ("warn", _("advice"))


def text_of(answer: GivenAnswer | InspectionAnswer) -> Text:
    """`Yes`, or the measure with its unit."""
    if answer.hundredths is None:
        return AnswerValue(answer.value).label
    number = f"{Decimal(answer.hundredths) / 100:f}".rstrip("0").rstrip(".") if answer.hundredths % 100 else str(answer.hundredths // 100)
    return format_html("{} {}", ltr(number), bilingual(answer.rule, "unit"))


def line_of(answer: GivenAnswer | InspectionAnswer, photos: Sequence[str] = (), before: Text = "") -> AnswerLine:
    rule = answer.rule
    words = bilingual(rule, "question"), limits_of(rule), bilingual(rule, "article")
    return AnswerLine(*words, text_of(answer), answer.meets, rule.is_must, answer.note, photos, before)


def result_lines(inspection: Inspection, photos: Mapping[str, Sequence[str]]) -> list[AnswerLine]:
    """The answers of the inspector with `photos_of` their visit, and what the owner had answered otherwise; two queries."""
    found, before = queries.answers_of(inspection), queries.answers_of(inspection, by_owner=True)
    differing = {one.pk: text_of(other) for one, other in queries.differences(found, before)}
    return [line_of(answer, photos.get(answer.rule.code, []), differing.get(answer.pk, "")) for answer in found]


def self_check_lines(inspection: Inspection) -> list[AnswerLine]:
    """What the owner answered before the visit, each with its photos; two queries."""
    answers, photos = queries.answers_of(inspection, by_owner=True), defaultdict[str, list[str]](list)
    for upload in uploads.ready(inspection.key) if answers else ():
        photos[upload.slot].append(reverse("uploads:look", args=[upload.public_id]))
    return [line_of(answer, photos[answer.rule.code]) for answer in answers]


def photos_of(visit: InspectionVisit | None) -> dict[str, list[str]]:
    """The addresses of the photos of a visit, by the code of their question; PLACE has those of none."""
    found: dict[str, list[str]] = {PLACE: []}
    for mark in evidence_of(visit.visit_id if visit is not None else None):
        if mark.upload.state == UploadState.READY:
            found.setdefault(mark.kind, []).append(reverse("uploads:look", args=[mark.upload.public_id]))
    return found


def unchecked_photos(visit: InspectionVisit | None) -> int:
    """How many photos of a visit are not accepted yet, and are not shown."""
    waiting = (UploadState.RECEIVING, UploadState.CHECKING)
    return evidence_of(visit.visit_id).filter(upload__state__in=waiting).count() if visit is not None else 0


def drawings_of(inspection: Inspection, user: User) -> list[str]:
    """The addresses of the stored drawings of a place that a user may open, newest first."""
    return [reverse("uploads:look", args=[row.public_id]) for row in queries.drawings(inspection) if uploads.readable(user, row.public_id)]
