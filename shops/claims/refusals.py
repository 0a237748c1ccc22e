"""The sealed document of a refused claim, with its reason, its article and how to object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.delegation import queries as delegation
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.services import send
from municipality.review.services.refusals import RefusalFacts
from shops.claims.notifications import ClaimRefusalReady
from shops.claims.states import CLAIM, ClaimState
from shops.models import Claim

SYSTEM = system("shops")


@dataclass(frozen=True, kw_only=True)
class ClaimRefusalFacts(RefusalFacts):
    kind = "shops.claim_refusal"
    request = ("المطالبة بمحل", "Claim of a shop")
    subjects = {
        "replies.claim": ("نصوص الردود", "Replies"),
        "checks.claim": ("قائمة التدقيق", "Checklist"),
        "calendar": ("التقويم", "Calendar"),
    }


def write_refusal(*, case: Case) -> None:
    """Issue the refusal of a claim and notify its applicant. Idempotent; raises what `documents.issue` raises."""
    if case.state != ClaimState.REFUSED:
        return

    def new(claim: Claim) -> Document:
        return documents.draft(
            kind=ClaimRefusalFacts.kind,
            number=next_number(f"CRF-{case.branch_id}-{clock.today().year}"),
            subject=case.key,
            holder_key=case.holder_key,
            facts=ClaimRefusalFacts.of(case, applicant=claim.organisation).dump(),
            public_facts=claim.shop.public_facts(),
        )

    def link(claim: Claim, document: Document) -> None:
        Claim.objects.filter(pk=claim.pk).update(refusal=document)
        context = {"case": case, "shop": claim.shop}
        send(ClaimRefusalReady, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)

    related = ("organisation", "shop__area", "shop__activity", "shop__branch")
    documents.issue(
        ClaimRefusalFacts,
        waiting=Claim.objects.filter(case=case, refusal=None).select_related(*related),
        draft_lookup={"subject": case.key},
        new=new,
        link=link,
        actor=SYSTEM,
    )


def opened_to(user: User) -> QuerySet[Any] | None:
    """Refusals of the claims in which a user acts for somebody else."""
    if not delegation.grants(user, CLAIM):
        return None
    rows = Claim.objects.filter(case__in=cases.delegated_to(user).values("pk"), refusal__isnull=False)
    return rows.values_list("refusal", flat=True)
