"""The refusal of a claim as a sealed document with its reason, its article and the way to object."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from municipality.acting import queries as acting
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import take
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.failpoints import failpoint
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.services import refusals as papers
from shops.claims import queries
from shops.claims.notifications import ClaimRefusalReady
from shops.claims.states import CLAIM, ClaimState
from shops.models import Claim, Shop

SYSTEM = system("shops")
KIND = "shops.claim_refusal"
REQUEST = ("المطالبة بمحل", "Claim of a shop")
SUBJECTS = {"replies.claim": ("نصوص الردود", "Replies"), "checks.claim": ("قائمة التدقيق", "Checklist")}


def write_refusal(*, case: Case) -> None:
    """Render and seal outside, then put the refusal on the claim in one short transaction. Safe to run any number of times.

    Raises documents' RendererMissing or SignerMissing where a capability is away; nothing leaves unsigned.
    """
    claim = queries.claim_of(case)
    if case.state != ClaimState.REFUSED or claim.refusal_id is not None:
        return
    document = _drafted(case, claim)
    content = papers.draw(document, names=SUBJECTS)
    failpoint("claim_refusal.sealed")
    with transaction.atomic():
        locked = Claim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
        if locked.refusal_id is not None:
            return
        document = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        documents.activate(document, content=content, media_type="application/pdf", actor=SYSTEM)
        Claim.objects.filter(pk=locked.pk).update(refusal=document)
        context = {"case": case, "shop": claim.shop}
        send(ClaimRefusalReady, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)


@transaction.atomic
def _drafted(case: Case, claim: Claim) -> Document:
    """The numbered draft: the same one at every try. Raises LookupError without a signed refusal."""
    Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    found = Document.objects.filter(kind=KIND, subject=case.key, state="draft").first()
    if found:
        return found
    decision = review.decision_of(case)
    if decision is None or decision.outcome != "refuse" or not decision.is_signed:
        raise LookupError(f"{case.reference} has no signed refusal")
    return documents.draft(
        kind=KIND,
        number=take(f"CRF-{case.branch_id}-{clock.today().year}"),
        subject=case.key,
        holder_key=case.applicant.key,
        facts=json.loads(json.dumps(papers.facts_of(case, decision, request=REQUEST, applicant=claim.organisation))),
        public_facts=public_facts(claim.shop),
    )


def public_facts(shop: Shop) -> dict[str, Any]:
    """What the check page shows: the shop, never who claimed or holds it."""
    return {
        "trade_name": [shop.name_ar, shop.name_en],
        "activity": [shop.activity.name_ar, shop.activity.name_en],
        "area": [shop.area.name_ar, shop.area.name_en],
        "branch": [shop.branch.name_ar, shop.branch.name_en],
    }


def opened_to(user: Any) -> QuerySet[Any] | None:
    """Refusals of the claims in which a person acts for another now; they stay their holder's."""
    if not acting.grants(user, CLAIM):
        return None
    rows = Claim.objects.filter(case__in=cases.delegated_to(user).values("pk"), refusal__isnull=False)
    return rows.values_list("refusal", flat=True)
