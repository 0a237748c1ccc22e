"""An objection on the desk of the deciding planner: the opinion, the words against it, and the question as it was studied."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import request_cache
from municipality.kernel.errors import Refused
from municipality.review import queries as review
from municipality.review.registry import Item, Reviewable, SecondSignature
from municipality.uploads import queries as uploads
from zoning.models import OpinionObjection, OpinionOutcome
from zoning.objections import queries, services
from zoning.objections.notifications import OpinionObjectionUpheld
from zoning.objections.states import OBJECTION
from zoning.opinion import queries as opinions
from zoning.opinion import review as opinion_review
from zoning.opinion.services import study


def _read(case: Case) -> OpinionObjection:
    return request_cache.get_or_set(("zoning.objection", case.pk), lambda: queries.objection_of(case))


def items(case: Case) -> list[Item]:
    """The opinion and the words against it with their files, then what its study had. Nothing of it can be corrected."""
    objection = _read(case)
    draft, refusal = queries.issued_draft(objection.opinion), queries.refusal_of(objection.opinion)
    language = "ar" if get_language() == "ar" else "en"
    texts = (
        ("refusal", _("Reason of the refusal"), getattr(refusal, f"text_{language}", "")),
        ("article", _("Article"), getattr(refusal, f"article_{language}", "")),
        ("note", _("Explanation"), getattr(refusal, f"note_{language}", "")),
        ("first", _("Opinion objected to"), draft.get_outcome_display() if draft else ""),
        ("first_text", _("Text of the opinion"), getattr(draft, f"text_{language}", "")),
        ("words", _("Words of the objection"), objection.words),
    )
    found = [Item(name, label, value, may_correct=False, mark=str(value)) for name, label, value in texts if value]
    slot = opinions.OBJECTION_SLOT
    files = list(uploads.ready(objection.opinion.files_key, slot.code))
    if files:
        mark = ",".join(upload.sha256 for upload in files)
        found.append(Item(slot.code, slot.label, is_file=True, files=files, may_correct=False, mark=mark))
    chosen = review.replies(case).reasons.get(objection.study_code)
    if chosen is not None:
        found.append(Item("new_study", _("The question is studied anew"), getattr(chosen, f"text_{language}"), may_correct=False))
    return found + [replace(item, may_correct=False) for item in opinion_review.items(case)]


def flags(case: Case) -> list[str]:
    said = _("The applicant objects to an opinion of another branch.")
    if _read(case).opinion.document_id is None:
        said = _("The applicant objects to a refusal by another branch.")
    return [said, *opinion_review.flags(case)]


def second_signature(case: Case) -> SecondSignature | None:
    """That of a new study, always; of a new opinion, as of any other. Raises Refused as `study.second_signature`, and same_outcome."""
    objection = queries.objection_of(case)
    if not objection.study_code:
        first, draft = queries.issued_draft(objection.opinion), opinions.draft_of(opinions.opinion_of(case))
        if draft is not None and first is not None and draft.outcome == first.outcome == OpinionOutcome.NOT_PERMITTED:
            text = _("The draft says what the opinion says. Refuse the objection, or have the question studied anew.")
            raise Refused("same_outcome", text)
        return study.second_signature(case)
    reason = review.replies(case).reasons[objection.study_code]
    return SecondSignature(reason.code, reason.text_ar, reason.text_en, [{"new_study": True}])


REVIEWED = Reviewable(
    service=OBJECTION,
    skill=services.SKILL,
    replies=queries.REPLIES,
    checks=queries.CHECKS,
    limits=queries.LIMITS,
    items=items,
    flags=flags,
    parties=lambda case: list({key: (role, key) for role, key in [("applicant", case.applicant.key), *cases.acting_roles(case)]}.values()),
    related=lambda case: [],
    accepted=services.upheld,
    refused=services.refused,
    second_signature=second_signature,
    accepted_message=OpinionObjectionUpheld,
    accept_label=gettext_lazy("Uphold the objection"),
    is_blind_until_decided=True,
    same_activity=opinion_review.same_activity,
    to_court=True,
    role="planner",
    waited_until=opinion_review.waited_until,
    compares=False,
    approved=("question", "first", "draft", "new_study"),
)
