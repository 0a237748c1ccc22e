"""Documents of violations, rendered and sealed outside of a transaction; idempotent."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import LIVE
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.review import queries as review
from shops.models import Shop
from shops.register import queries as shops
from violations import documents as papers
from violations import queries
from violations.models import Objection, Violation
from violations.states import NO_NOTICE, ObjectionState

SYSTEM = system("violations")
CLEARANCE_LIMIT = AttemptLimit("clearance", 30, 3600)  # per person: rendering and sealing takes about two seconds within the request


def write_notice(*, violation_id: int) -> None:
    """Issue the warning or the notice of a violation; the notice supersedes the warning.

    None is issued of what ended without an offence meanwhile. Raises as `documents.issue`.
    """
    row = Violation.objects.only("number", "warning_number").get(pk=violation_id)
    kind, number = (papers.NoticeFacts, row.number) if row.number else (papers.WarningFacts, row.warning_number)
    if number is None:
        return

    def new(row: Violation) -> Document:
        return documents.draft(
            kind=kind.kind,
            number=number,
            subject=row.key,
            holder_key=next((person.key for person in queries.people_of(row)), ""),
            facts=papers.notice_facts(row).dump(),
            public_facts={"area": [row.area.name_ar, row.area.name_en], "branch": [row.branch.name_ar, row.branch.name_en]},
        )

    def link(row: Violation, document: Document) -> None:
        Violation.objects.filter(pk=row.pk).update(notice=document)
        if row.notice is not None:
            documents.supersede(row.notice, by=document, actor=SYSTEM)

    related = ("notice", "shop__organisation", "area", "branch", "inspector", "party")
    waiting = Violation.objects.filter(pk=violation_id).exclude(notice__number=number).exclude(state__in=NO_NOTICE)
    waiting = waiting.select_related(*related)
    documents.issue(kind, waiting=waiting, draft_lookup={"number": number}, new=new, link=link, actor=SYSTEM)


def revoke_notice(row: Violation, *, reason: str, actor: Actor) -> None:
    """Revoke the notice or warning of a violation that ended without an offence (`states.NO_NOTICE`). In the caller's transaction."""
    if row.notice_id is None:
        return
    notice = Document.objects.select_for_update(of=("self",)).get(pk=row.notice_id)
    if notice.state in LIVE:
        documents.revoke(notice, reason=reason, actor=actor)


def write_decision(*, case_id: int) -> None:
    """Issue the decision about an objection, upheld or refused. Raises as `documents.issue`."""
    case = Case.objects.get(pk=case_id)

    def new(objection: Objection) -> Document:
        case = objection.case
        return documents.draft(
            kind=papers.DecisionFacts.kind,
            number=next_number(f"VOD-{clock.today().year}"),
            subject=case.key,
            holder_key=case.holder_key,
            facts=_decision_facts(objection).dump(),
            public_facts={"branch": [case.branch.name_ar, case.branch.name_en]},
        )

    def link(objection: Objection, document: Document) -> None:
        Objection.objects.filter(pk=objection.pk).update(decision=document)

    decided = Objection.objects.filter(case=case_id, decision=None, case__state__in=(ObjectionState.UPHELD, ObjectionState.REFUSED))
    waiting = decided.select_related("violation", "case__applicant", "case__branch")
    documents.issue(papers.DecisionFacts, waiting=waiting, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def _decision_facts(objection: Objection) -> papers.DecisionFacts:
    case = objection.case
    decision = review.decision_of(case)
    if decision is None:
        raise LookupError(f"{case.reference} has no decision")
    is_upheld = case.state == ObjectionState.UPHELD
    texts = {name: getattr(decision, name) for name in ("text_ar", "text_en", "article_ar", "article_en", "note_ar", "note_en")}
    if is_upheld and not texts["text_ar"]:
        reasons = review.replies(case).reasons
        reason = reasons["undefended" if objection.is_undefended else "objection_upheld"]
        texts |= {"text_ar": reason.text_ar, "text_en": reason.text_en}
    event = case.last_event
    decided_at = decision.signed_at or (event.at if event else clock.now())
    # The day that the refusal gave, as its message says; the period may have been extended since.
    back = objection.violation.events.filter(move="back_to_settlement").order_by("-pk").first()
    until = back.data.get("settle_until") if back is not None and not is_upheld else None
    settle_until = dt.date.fromisoformat(until) if until else None
    return papers.decision_facts(objection, decided_at=decided_at, texts=texts, is_upheld=is_upheld, settle_until=settle_until)


def clearance(*, person: User, shop: Shop | None = None) -> Document:
    """Issue a certificate that nothing is owed now, for a person or one shop of theirs.

    Raises NotPermitted for another's shop, Refused: owes, too_often; RendererMissing, SignerMissing.
    """
    if shop is not None and not shops.held_by(person).filter(pk=shop.pk).exists():
        raise NotPermitted("not_yours", _("This shop is not yours."))

    def new(row: User) -> Document:
        rows = queries.concerning(row) if shop is None else queries.of_shop(shop)
        if queries.owed(rows).exists():
            raise Refused("owes", _("A violation is still open. The certificate is issued once nothing is outstanding."))
        if not CLEARANCE_LIMIT.take(row.key):
            refusal = Refused("too_often", _("Too many certificates were issued within this hour. Please try again in an hour."))
            refusal.status = 429
            raise refusal
        about, branch = ("مخالفات الشخص ومحلاته", "violations of the person and their shops"), ("", "")
        if shop is not None:
            about, branch = (shop.name_ar, shop.name_en), (shop.branch.name_ar, shop.branch.name_en)
        checked = rows.count()
        return documents.draft(
            kind=papers.ClearanceFacts.kind,
            number=next_number(f"VCL-{clock.today().year}"),
            subject=shop.key if shop is not None else row.key,
            holder_key=row.key,
            valid_from=clock.today(),
            valid_to=clock.today(),
            facts=papers.clearance_facts(name=(row.name_ar, row.name_en), about=about, branch=branch, checked=checked).dump(),
        )

    waiting = User.objects.filter(pk=person.pk)
    document = documents.issue(papers.ClearanceFacts, waiting=waiting, draft_lookup=None, new=new, actor=actor_of(person))
    if document is None:
        raise LookupError(f"{person.key} is gone")
    return document
