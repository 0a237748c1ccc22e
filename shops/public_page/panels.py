"""The panels of corrections and replies on the pages of their cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.panels import CaseDetail, Fact, NextStep
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import queries as review
from municipality.ui.templatetags.portal import bilingual, day, ltr, term
from shops.models import Shop
from shops.public_page import facts, queries
from shops.public_page.states import CORRECTION, REPLY, PageState
from shops.registry import finding_of

G = PageState


def corrections(user: User, cases: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, queue and facts of corrections."""
    return {case.key: [_correction(case)] for case in cases if case.service == CORRECTION}


def replies(user: User, cases: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, queue and facts of replies."""
    return {case.key: [_reply(case)] for case in cases if case.service == REPLY}


def _correction(case: Case) -> CaseDetail:
    row = queries.correction_of(case)
    shown_facts = [
        Fact(_("Shop"), bilingual(row.shop, "name")),
        Fact(_("What is to be corrected"), row.get_fact_display()),
        Fact(_("The page said"), facts.display(row.fact, row.before)),
        Fact(_("What is right"), facts.display(row.fact, row.proposed)),
        Fact(_("Why"), term(row.why)),
    ]
    return _detail(case, row.shop, shown_facts, _("The page is corrected"))


def _reply(case: Case) -> CaseDetail:
    row = queries.reply_of(case)
    finding = finding_of(row.finding)
    shown_facts = [
        Fact(_("Shop"), bilingual(row.shop, "name")),
        Fact(_("Finding"), bilingual(finding, "name") if finding is not None else _("not on the page any more")),
        Fact(_("Your reply"), term(row.text)),
    ]
    return _detail(case, row.shop, shown_facts, _("The reply is published"))


def _detail(case: Case, shop: Shop, shown_facts: list[Fact], granted: Any) -> CaseDetail:
    withdrawable = case.state in WORKFLOWS[case.service].moves["withdraw"].sources
    decision = review.decision_of(case) if case.state == G.REFUSED else None
    if decision is not None:
        shown_facts.append(Fact(_("Reason of the refusal"), bilingual(decision, "text"), bilingual(decision, "article")))
    page = reverse("shops:shop", args=[shop.public_id])
    entry = review.position(case) if case.is_open else None
    queue = [Fact(_("Requests before this one"), ltr(entry.ahead))] if entry is not None else []
    if entry is not None and case.due_on is not None:
        queue.append(Fact(_("Answer by"), day(case.due_on)))
    if case.is_open:
        step = NextStep(
            _("The request is with the Municipality"),
            _("You do not need to do anything now. We send you a message with the answer."),
            label=_("Nothing for you to do"),
        )
    else:
        titles = {G.GRANTED: granted, G.REFUSED: _("The request is refused")}
        step = NextStep(titles.get(G(case.state), _("This request is closed")), "", page, _("To the page of the shop"), label=_("Answer"))
    return CaseDetail(
        by_officer=True,
        queue=queue,
        next_step=step,
        facts=shown_facts,
        actions=[(_("Withdraw the request"), reverse("shops:withdraw_page", args=[case.public_id]))] if withdrawable else [],
    )
