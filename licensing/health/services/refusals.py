"""The sealed document of a refusal, with its reason, its article and how to object."""

from __future__ import annotations

from licensing.health.documents import RenewalRefusalFacts
from licensing.health.notifications import RefusalReady
from licensing.health.states import RenewalState
from licensing.models import Renewal
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.services import send
from shops.models import Shop

SYSTEM = system("licensing")


def write_refusal(*, case: Case) -> None:
    """Issue the refusal of a renewal and notify its applicant. Idempotent; raises what `documents.issue` raises."""
    if case.state != RenewalState.REFUSED:
        return

    def new(renewal: Renewal) -> Document:
        shop = Shop.objects.select_related("activity", "area", "branch").get(public_id=case.subject.partition(":")[2])
        return documents.draft(
            kind=RenewalRefusalFacts.kind,
            number=next_number(f"HRF-{case.branch_id}-{clock.today().year}"),
            subject=case.key,
            holder_key=case.holder_key,
            facts=RenewalRefusalFacts.of(case).dump(),
            public_facts=shop.public_facts(),
        )

    def link(renewal: Renewal, document: Document) -> None:
        Renewal.objects.filter(pk=renewal.pk).update(refusal=document)
        send(RefusalReady, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})

    documents.issue(
        RenewalRefusalFacts,
        waiting=Renewal.objects.filter(case=case, refusal=None),
        draft_lookup={"subject": case.key},
        new=new,
        link=link,
        actor=SYSTEM,
    )
