"""An appeal on the desk of the deciding officer: the refusal, the words against it, and the request as it was sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.health.appeals import queries, services
from licensing.health.appeals.states import APPEAL
from licensing.health.files import APPEAL_SLOT
from licensing.models import Appeal
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import request_cache
from municipality.review.registry import Item, Reviewable, SecondSignature, reviewable
from municipality.uploads import queries as uploads


def _read(case: Case) -> Appeal:
    return request_cache.get_or_set(("licensing.appeal", case.pk), lambda: queries.appeal_of(case))


def _first(case: Case, name: str) -> Any:
    """What the service of the refused request says of it."""
    first = _read(case).refusal.case
    return getattr(reviewable(first), name)(first)


def items(case: Case) -> list[Item]:
    """The refusal and the words of the appeal with their files, then what the request has. Nothing of it can be corrected."""
    appeal = _read(case)
    first, refusal, language = appeal.refusal.case, appeal.refusal, "ar" if get_language() == "ar" else "en"
    texts = (
        ("refusal", _("Reason of the refusal"), getattr(refusal, f"text_{language}")),
        ("article", _("Article"), getattr(refusal, f"article_{language}")),
        ("note", _("Explanation"), getattr(refusal, f"note_{language}")),
        ("words", _("Text of the appeal"), appeal.words),
    )
    result = [Item(name, label, value, may_correct=False, mark=str(value)) for name, label, value in texts if value]
    files = list(uploads.ready(first.key, APPEAL_SLOT.code))
    if files:
        mark = ",".join(upload.sha256 for upload in files)
        result.append(Item(APPEAL_SLOT.code, APPEAL_SLOT.label, is_file=True, files=files, may_correct=False, mark=mark))
    return result + [replace(item, may_correct=False) for item in reviewable(first).items(first)]


def flags(case: Case) -> list[str]:
    return [_("The applicant appeals against a refusal of another branch."), *_first(case, "flags")]


def parties(case: Case) -> list[tuple[str, str]]:
    """Those of the request, and who acted in the appeal."""
    found = [*_first(case, "parties"), *cases.acting_roles(case)]
    return list({key: (role, key) for role, key in found}.values())


def related(case: Case) -> list[tuple[Any, str]]:
    return _first(case, "related")


def second_signature(case: Case) -> SecondSignature | None:
    """What the request itself would need to be approved."""
    return _first(case, "second_signature")


REVIEWED = Reviewable(
    service=APPEAL,
    skill=services.SKILL,
    replies=queries.REPLIES,
    checks=queries.CHECKS,
    limits=queries.LIMITS,
    items=items,
    flags=flags,
    parties=parties,
    related=related,
    accepted=services.allowed,
    refused=services.refused,
    to_court=True,
    is_blind_until_decided=True,
    second_signature=second_signature,
)
