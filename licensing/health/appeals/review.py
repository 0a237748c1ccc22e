"""An appeal on the desk of the deciding officer: the refusal, the words against it, and the renewal as it was sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.health import review as renewals
from licensing.health.appeals import queries, services
from licensing.health.appeals.states import APPEAL
from licensing.health.files import APPEAL_SLOT
from licensing.models import Appeal
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import request_cache
from municipality.review.registry import Item, Reviewable
from municipality.uploads import queries as uploads


def _read(case: Case) -> Appeal:
    return request_cache.get_or_set(("licensing.appeal", case.pk), lambda: queries.appeal_of(case))


def items(case: Case) -> list[Item]:
    """The refusal and the words of the appeal with their files, then what the renewal has. Nothing of it can be corrected."""
    appeal = _read(case)
    first, refusal, language = appeal.renewal.case, appeal.refusal, "ar" if get_language() == "ar" else "en"
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
    return result + [replace(item, may_correct=False) for item in renewals.items(first)]


def flags(case: Case) -> list[str]:
    return [_("The applicant appeals against a refusal of another branch."), *renewals.flags(_read(case).renewal.case)]


def parties(case: Case) -> list[tuple[str, str]]:
    """Those of the renewal, and who acted in the appeal."""
    found = [*renewals.parties(_read(case).renewal.case), *cases.acting_roles(case)]
    return list({key: (role, key) for role, key in found}.values())


def related(case: Case) -> list[tuple[Any, str]]:
    return renewals.related(_read(case).renewal.case)


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
)
