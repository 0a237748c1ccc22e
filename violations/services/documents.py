"""Papers drawn and sealed outside, linked in one short transaction; safe to run any number of times."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import Limit
from municipality.accounts.models import actor_of
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import take
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.failpoints import failpoint
from municipality.review import queries as review
from shops.models import Shop
from shops.register import queries as shops
from violations import documents as papers
from violations import queries
from violations.models import Objection, Violation
from violations.services.objections import objection_of
from violations.states import ObjectionState, ViolationState

SYSTEM = system("violations")
MADE = Limit("clearance", 30, 3600)  # a person: each one is drawn and sealed while they wait, some two seconds of a processor
V = ViolationState


def write_notice(*, violation_id: int) -> None:
    """Draw the warning, later the minute, which takes its place. Raises documents' RendererMissing or SignerMissing."""
    row = _violation(violation_id)
    kind, number = (papers.MINUTE, row.number) if row.number else (papers.WARNING, row.warning_number)
    if number is None or (row.notice is not None and row.notice.number == number):
        return
    document = _notice_draft(row, kind, number)
    content = papers.notice(document)
    failpoint("notice.sealed")
    with transaction.atomic():
        locked = Violation.objects.select_for_update(of=("self",)).select_related("notice").get(pk=row.pk)
        document = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        if document.state != DocumentState.DRAFT:
            return
        before = locked.notice
        documents.activate(document, content=content, media_type="application/pdf", actor=SYSTEM)
        Violation.objects.filter(pk=locked.pk).update(notice=document)
        if before is not None:
            documents.supersede(before, by=document, actor=SYSTEM)


def _violation(violation_id: int) -> Violation:
    return Violation.objects.select_related("notice", "shop", "area", "branch", "inspector", "party").get(pk=violation_id)


@transaction.atomic
def _notice_draft(row: Violation, kind: str, number: str) -> Document:
    """The draft under the violation's own number: the same one at every try."""
    Violation.objects.select_for_update(of=("self",)).get(pk=row.pk)
    found = Document.objects.filter(kind=kind, number=number).first()
    if found is not None:
        return found
    holder = next((person.key for person in queries.people_of(row)), "")
    return documents.draft(
        kind=kind,
        number=number,
        subject=row.key,
        holder_key=holder,
        facts=json.loads(json.dumps(papers.notice_facts(row))),
        public_facts={"area": [row.area.name_ar, row.area.name_en], "branch": [row.branch.name_ar, row.branch.name_en]},
    )


def write_decision(*, case_id: int) -> None:
    """Draw the decision about an objection, upheld or refused. Raises documents' RendererMissing or SignerMissing."""
    case = Case.objects.select_related("applicant", "branch").get(pk=case_id)
    objection = objection_of(case)
    if objection.decision_id is not None or case.state not in (ObjectionState.UPHELD, ObjectionState.REFUSED):
        return
    document = _decision_draft(case, objection)
    content = papers.decision(document)
    failpoint("decision.sealed")
    with transaction.atomic():
        locked = Objection.objects.select_for_update(of=("self",)).get(pk=objection.pk)
        if locked.decision_id is not None:
            return
        document = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        documents.activate(document, content=content, media_type="application/pdf", actor=SYSTEM)
        Objection.objects.filter(pk=locked.pk).update(decision=document)


@transaction.atomic
def _decision_draft(case: Case, objection: Objection) -> Document:
    Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    found = Document.objects.filter(kind=papers.DECISION, subject=case.key).exclude(state=DocumentState.REVOKED).first()
    if found is not None:
        return found
    decision = review.decision_of(case)
    if decision is None:
        raise LookupError(f"{case.reference} has no decision")
    is_upheld = case.state == ObjectionState.UPHELD
    words = {name: getattr(decision, name) for name in ("text_ar", "text_en", "article_ar", "article_en", "note_ar", "note_en")}
    if is_upheld and not words["text_ar"]:
        reasons = queries.rulebook.edition(queries.REPLIES, clock.today()).reasons
        reason = reasons["undefended" if objection.is_undefended else "objection_upheld"]
        words |= {"text_ar": reason.text_ar, "text_en": reason.text_en}
    event = case.last_event
    facts = papers.decision_facts(
        objection, decided_at=decision.signed_at or (event.at if event else clock.now()), words=words, is_upheld=is_upheld
    )
    return documents.draft(
        kind=papers.DECISION,
        number=take(f"VOD-{clock.today().year}"),
        subject=case.key,
        holder_key=case.applicant.key,
        facts=json.loads(json.dumps(facts)),
        public_facts={"branch": facts["branch"]},
    )


UNPAID = (V.ORDERED, V.UNSETTLEABLE, V.OBJECTED, V.INSTALMENTS, V.OVERDUE, V.REFERRED, V.JUDGED)


def clearance(*, person: Any, shop: Shop | None = None) -> Document:
    """A sealed certificate that nothing is owed, for the person or one shop of theirs, true at this instant.

    Raises NotPermitted for a shop of somebody else, Refused("owes") while anything stands, Refused("too_often"), and documents'
    RendererMissing or SignerMissing.
    """
    if shop is not None and not shops.held_by(person).filter(pk=shop.pk).exists():
        raise NotPermitted("not_yours", _("This shop is not yours."))
    with transaction.atomic():
        rows = queries.concerning(person) if shop is None else Violation.objects.filter(shop=shop)
        if rows.filter(state__in=UNPAID).exists():
            raise Refused("owes", _("A violation is not ended yet. The certificate is made once nothing stands any more."))
        if not MADE.take(person.key):
            refusal = Refused("too_often", _("Many certificates were made within this hour. The next can be made in an hour."))
            refusal.status = 429
            raise refusal
        about = [shop.name_ar, shop.name_en] if shop is not None else ["مخالفات الشخص ومحلاته", "violations of the person and their shops"]
        branch = shop.branch if shop is not None else None
        facts = papers.clearance_facts(
            name=[person.name_ar, person.name_en],
            subject_label=about,
            branch=[branch.name_ar, branch.name_en] if branch is not None else ["بلدية الكويت", "Kuwait Municipality"],
            checked=rows.exclude(state__in=UNPAID).count(),
        )
        document = documents.draft(
            kind=papers.CLEARANCE,
            number=take(f"VCL-{clock.today().year}"),
            subject=shop.key if shop is not None else person.key,
            holder_key=person.key,
            valid_from=clock.today(),
            valid_to=clock.today(),
            facts=json.loads(json.dumps(facts)),
            public_facts={},
        )
    content = papers.clearance(document)
    with transaction.atomic():
        locked = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
        documents.activate(locked, content=content, media_type="application/pdf", actor=actor_of(person))
    return locked
