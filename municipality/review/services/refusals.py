"""A signed refusal as a sealed paper, the same for every service: its reason with the article, and the way to object."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from municipality.cases.models import Case
from municipality.documents.contexts import Edition, RefusalFacts
from municipality.documents.models import Document
from municipality.documents.rendering import render
from municipality.documents.signing import sign_pdf, signer
from municipality.kernel import clock
from municipality.review.models import Decision
from municipality.rulebook import queries as rulebook

TEMPLATE = "documents/refusal.html"
PRINTED = ("replies.", "checks.", "conditions.")  # editions that a refusal names


def facts_of(case: Case, decision: Decision, *, request: tuple[str, str], applicant: Any = None) -> dict[str, Any]:
    """What a signed refusal will state, as plain values kept beside the bytes. `request` names what was asked for, in Arabic and
    English; `applicant` is the organisation that asked, where it was one."""
    limit = rulebook.edition("limits.review", clock.today()).limits["objection_days"]
    decided_at = decision.signed_at or clock.now()
    asked = applicant or case.applicant
    return {
        "case_reference": case.reference,
        "request": list(request),
        "trade_name": [case.title_ar, case.title_en],
        "applicant": [asked.name_ar, asked.name_en],
        "branch": [case.branch.name_ar, case.branch.name_en],
        "opened_on": clock.day_of(case.opened_at).isoformat(),
        "decided_at": decided_at.isoformat(),
        "code": decision.code,
        "reason": [decision.text_ar, decision.text_en],
        "article": [decision.article_ar, decision.article_en],
        "note": [decision.note_ar, decision.note_en],
        "digest": decision.digest,
        "object_until": (clock.day_of(decided_at) + dt.timedelta(days=limit.value)).isoformat(),
        "object_ground": [limit.article_ar, limit.article_en],
        "editions": [stamp for stamp in case.editions if stamp.startswith(PRINTED)],
    }


def draw(document: Document, *, names: Mapping[str, tuple[str, str]]) -> bytes:
    """Render and seal a drafted refusal from the facts it keeps; `names` are those of the rulebook's subjects, in both languages.

    Raises RendererMissing, SignerMissing, FactsRefused.
    """
    f = document.facts
    sealer = signer()
    printed = RefusalFacts(
        number=document.number,
        case_reference=f["case_reference"],
        request_ar=f["request"][0],
        request_en=f["request"][1],
        trade_name_ar=f["trade_name"][0],
        trade_name_en=f["trade_name"][1],
        applicant_ar=f["applicant"][0],
        applicant_en=f["applicant"][1],
        branch_ar=f["branch"][0],
        branch_en=f["branch"][1],
        opened_on=dt.date.fromisoformat(f["opened_on"]),
        decided_at=dt.datetime.fromisoformat(f["decided_at"]),
        reason_ar=f["reason"][0],
        reason_en=f["reason"][1],
        article_ar=f["article"][0],
        article_en=f["article"][1],
        note_ar=f["note"][0],
        note_en=f["note"][1],
        object_until=dt.date.fromisoformat(f["object_until"]),
        object_ground_ar=f["object_ground"][0],
        object_ground_en=f["object_ground"][1],
        editions=tuple(edition_of(stamp, names) for stamp in f["editions"]),
        verification_code=document.code,
        verification_url=f"{settings.PORTAL_URL}/verify/{document.code}",
        verification_address=f"{settings.PORTAL_URL.partition('://')[2]}/verify",
        sealed_by=sealer.certificate_subject,
        demo=settings.DEMO,
    )
    content = render(
        TEMPLATE,
        printed.context(),
        title=f"قرار رفض {document.number}",
        attachment=printed.as_json(),
        single_page=True,
        at=printed.decided_at,
    )
    return sign_pdf(content, reason="Refusal", at=clock.now())


def edition_of(stamp: str, names: Mapping[str, tuple[str, str]]) -> Edition:
    """An edition such as `replies.health v2` as a paper names it."""
    subject, _space, version = stamp.rpartition(" ")
    name_ar, name_en = names.get(subject, (subject, subject))
    return Edition(name_ar, name_en, version)
