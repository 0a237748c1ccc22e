"""The panel of a claim on the page of its case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import may_sign, signatures
from municipality.cases.block_causes import Obstacle, Way
from municipality.cases.models import Block, Case
from municipality.cases.panels import CaseDetail, Fact, NextStep, Round
from municipality.delegation import queries as delegation
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import queries as review
from municipality.review.panels import corrections_step, queue_facts, refusal_file, refused_step, sent_files, waiting_step
from municipality.ui.templatetags.portal import bilingual, day_hijri, ltr, moment, ref, term
from shops.claims import queries
from shops.claims import services as claims
from shops.claims.states import CLAIM, ClaimState
from shops.models import Claim, ClaimGround

C = ClaimState


def case_page(user: User, cases: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, queue, rounds and facts of claims."""
    return {case.key: [_detail(case)] for case in cases if case.service == CLAIM}


def _detail(case: Case) -> CaseDetail:
    claim = queries.claim_of(case)
    withdrawable = case.state in WORKFLOWS[CLAIM].moves["withdraw"].sources
    facts = [
        Fact(_("Shop"), bilingual(claim.shop, "name")),
        Fact(_("Commercial licence"), ref(claim.shop.commercial_license_no)),
        Fact(_("Ground"), claim.get_ground_display()),
    ]
    if claim.dispute_until is not None and case.state == C.MATCHED:
        facts.append(Fact(_("May be disputed until"), day_hijri(claim.dispute_until)))
    if claim.ground == ClaimGround.DOCUMENTS and claim.dispute_until is not None and case.is_open and review.position(case) is None:
        facts.append(
            Fact(_("The holder can answer until"), day_hijri(claim.dispute_until), _("Then the claim takes its place in the queue."))
        )
    if claim.organisation is not None:
        facts.insert(0, Fact(_("Claimed for"), bilingual(claim.organisation, "name")))
    return CaseDetail(
        by_officer=True,
        queue=queue_facts(case, is_promised=True),
        rounds=_rounds(case),
        next_step=_next_step(case, claim),
        files=[refusal_file(claim.refusal)] if claim.refusal is not None else [],
        sent=[Fact(_("Your statement"), term(claim.statement), moment(case.opened_at))] if claim.statement else [],
        sent_files=sent_files(claim.files_key, queries.SLOTS) if claim.files_key else [],
        facts=facts,
        actions=[(_("Withdraw the request"), reverse("shops:withdraw", args=[case.public_id]))] if withdrawable else [],
    )


def _rounds(case: Case) -> list[Round]:
    suffix = "ar" if get_language() == "ar" else "en"
    return [
        Round(
            format_html("{} {}", _("Round"), ltr(row.number)),
            [" ".join(filter(None, [getattr(item, f"text_{suffix}"), getattr(item, f"note_{suffix}")])) for item in row.items.all()],
            row.answer_by,
            row.answered_at,
            row.closed_at is not None,
        )
        for row in review.rounds_of(case)
    ]


def _next_step(case: Case, claim: Claim) -> NextStep:
    if case.state == C.CORRECTIONS:
        return corrections_step(case, reverse("shops:corrections", args=[case.public_id]))
    if case.state in (C.IN_REVIEW, C.COUNTERSIGN):
        return waiting_step()
    if case.state in (C.MATCHED, C.GRANTED):
        return NextStep(
            _("The shop is yours"), _("It stands in your list with its licences."), reverse("shops:mine"), _("My shops"), label=_("Done")
        )
    if case.state == C.REFUSED:
        return refused_step(case, claim.refusal, "shops.refusal_document")
    return NextStep(
        _("This request is closed"),
        _("The shop stays with its holder. The steps of the request say why it was closed."),
        reverse("shops:mine"),
        _("My shops"),
    )


def _claims_against(user: User) -> Q:
    """Claims against a user and the organisations they sign for, and of shops for whose holder they may act."""
    condition = Q(holder=user)
    if may_sign(user):
        condition |= Q(holder_organisation__in=signatures(user).values("organisation"))
    for grant in delegation.grants(user, CLAIM):
        if not grant.subject:
            continue
        if grant.is_whole_organisation:
            condition |= Q(holder_organisation=grant.organisation_id)
        else:
            condition |= Q(shop__public_id=grant.subject.partition(":")[2])
    return condition


def block_titles(user: User, blocks: Sequence[Block], listed: Sequence[Any]) -> dict[int, Obstacle]:
    """What the blocks of disputed claims are about, for a list."""
    return {block.pk: Obstacle(_("A claim to this shop is disputed")) for block in blocks}


def block_causes(user: User, blocks: Sequence[Block], origin: str) -> dict[int, Obstacle]:
    """Why disputed claims block services, and what ends that."""
    title, lifted = _("A claim to this shop is disputed"), _("The decision whose the shop is ends the stop. Both sides get a message.")
    phone = settings.MUNICIPALITY_PHONE
    ways = [Way(_("Call %(hotline)s") % {"hotline": phone}, f"tel:{phone}")]
    return {block.pk: Obstacle(title, bilingual(block, "sentence"), lifted=lifted, ways=ways) for block in blocks}


# What the notice of a claim shows, and by what it is known whether the reader may dispute it.
_DISPUTED = (
    *("holder", "holder_organisation", "ground", "dispute_until", "disputed_at"),
    *("case__public_id", "case__state", "case__service"),
    *("shop__public_id", "shop__name_ar", "shop__name_en"),
)


def disputable_claims(user: User) -> list[Claim]:
    """The claims that a user may dispute now, as holder of the shop or delegate."""
    undisputed = Claim.objects.filter(_claims_against(user), disputed_at__isnull=True, case__is_open=True)
    against = list(undisputed.select_related("case", "shop").only(*_DISPUTED).order_by("pk")[:20])
    for claim in against:
        if claim.holder_id == user.pk:
            claim.holder = user
    return [claim for claim in against if claims.disputable(claim, user)]
