"""The refusal as a sealed document with its reason, its article and the way to object."""

from __future__ import annotations

import json

from django.db import transaction

from licensing.health import documents as licence_documents
from licensing.health import queries
from licensing.health.notifications import RefusalReady
from licensing.health.states import RenewalState
from licensing.models import Renewal
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import take
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.failpoints import failpoint
from municipality.notifications.services import send
from municipality.review import queries as review
from shops.models import Shop

SYSTEM = system("licensing")
KIND = "licensing.refusal"


def write_refusal(*, case: Case) -> None:
    """Render and seal outside, then put the refusal on the case in one short transaction. Safe to run any number of times.

    Raises documents' RendererMissing or SignerMissing where a capability is away; nothing leaves unsigned.
    """
    renewal = queries.renewal_of(case)
    if renewal is None or case.state != RenewalState.REFUSED or renewal.refusal_id is not None:
        return
    document = _drafted(case)
    content = licence_documents.refusal(document)
    failpoint("refusal.sealed")
    with transaction.atomic():
        locked = Renewal.objects.select_for_update(of=("self",)).get(pk=renewal.pk)
        if locked.refusal_id is not None:
            return
        document = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        documents.activate(document, content=content, media_type="application/pdf", actor=SYSTEM)
        Renewal.objects.filter(pk=locked.pk).update(refusal=document)
        send(RefusalReady, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})


@transaction.atomic
def _drafted(case: Case) -> Document:
    """The numbered draft: the same one at every try. Raises LookupError without a signed refusal."""
    Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    found = Document.objects.filter(kind=KIND, subject=case.key, state="draft").first()
    if found:
        return found
    decision = review.decision_of(case)
    if decision is None or decision.outcome != "refuse" or not decision.is_signed:
        raise LookupError(f"{case.reference} has no signed refusal")
    shop = Shop.objects.select_related("activity", "area", "branch").get(public_id=case.subject.partition(":")[2])
    return documents.draft(
        kind=KIND,
        number=take(f"HRF-{case.branch_id}-{clock.today().year}"),
        subject=case.key,
        holder_key=case.applicant.key,
        facts=json.loads(json.dumps(licence_documents.refusal_facts(case, decision))),
        public_facts=licence_documents.public_facts(shop),
    )
