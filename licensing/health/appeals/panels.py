"""The case page of an appeal, and the next step of a request that can be appealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from licensing.health.appeals import queries
from licensing.health.appeals.states import APPEAL, APPEAL_WORKFLOW, AppealState
from licensing.health.files import APPEAL_SLOT
from licensing.models import Appeal
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.panels import CaseDetail, Fact, FileLine, NextStep
from municipality.review.panels import answer_days, queue_facts, waiting_step
from municipality.ui.templatetags.portal import bilingual, day_hijri, moment, ref, term
from municipality.uploads import queries as uploads

A = AppealState


def case_page(user: User, listed: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, files and facts of appeals."""
    case_ids = [case.pk for case in listed if case.service == APPEAL]
    if not case_ids:
        return {}
    related = ("case__branch", "refusal__case", "decision")
    return {row.case.key: [_detail(row)] for row in Appeal.objects.filter(case__in=case_ids).select_related(*related)}


def _detail(row: Appeal) -> CaseDetail:
    case, first = row.case, row.refusal.case
    files = []
    if row.decision is not None:
        files.append(
            FileLine(_("Decision on an appeal"), row.decision.number, reverse("document", args=[row.decision.number]), _("sealed file"))
        )
    withdrawable = case.state in APPEAL_WORKFLOW.moves["withdraw"].sources
    return CaseDetail(
        by_officer=True,
        next_step=_next_step(row),
        files=files,
        files_expected=_("The decision appears here as a sealed file.") if case.is_open else "",
        sent=[Fact(_("Text of the appeal"), term(row.words), moment(row.filed_at))],
        sent_files=[
            FileLine(APPEAL_SLOT.label, upload.name, reverse("uploads:look", args=[upload.public_id]))
            for upload in uploads.ready(first.key, APPEAL_SLOT.code)
        ],
        facts=[
            Fact(_("Refused request"), ref(first.reference)),
            Fact(_("Reason of the refusal"), bilingual(row.refusal, "text"), bilingual(row.refusal, "article")),
            Fact(_("Decided in"), bilingual(case.branch, "name"), _("chosen by lot among the branches that did not refuse")),
            *answer_days(case, row.answer_by),
        ],
        queue=queue_facts(case),
        actions=[(_("Withdraw the appeal"), reverse("licensing:withdraw_appeal", args=[case.public_id]))] if withdrawable else [],
    )


def _next_step(row: Appeal) -> NextStep:
    if row.case.is_open:
        return waiting_step()
    page, button = reverse("cases:case", args=[row.refusal.case.public_id]), _("To the request")
    if row.case.state == A.ALLOWED:
        return NextStep(
            _("The appeal is allowed"), _("The refusal is set aside. The page of the request shows what comes next."), page, button
        )
    text = _("The refusal stands. The message about the decision says until when you can go to court. You can also start a new request.")
    return NextStep(_("The appeal has ended"), text, page, button, label=_("Decision"))


def after_refusal(case: Case, step: NextStep) -> NextStep:
    """The next step of a refused request: its appeal, where there is one or one can be filed; else the given one."""
    appeal = queries.appeal_read(case)
    if appeal is not None:
        url, button = reverse("cases:case", args=[appeal.case.public_id]), _("To the appeal")
        if appeal.case.is_open:
            return replace(step, text=_("You appealed against this decision; another branch decides."), url=url, button=button)
        if appeal.case.state != A.ALLOWED:
            return replace(step, text=_("Your appeal has ended: the refusal stands."), more=(button, url))
        if case.last_event is not None and case.last_event.move == "countersign":
            overtaken = _("Your appeal was allowed, but the request does not go on: something else has come since.")
            return replace(step, text=overtaken, url=url, button=button)
        return step  # it went on, and was refused later for a reason of its own
    until = queries.last_day(case)
    if until is None:
        return step
    text = format_html("{} {} {}.", step.text, _("You may appeal online until"), day_hijri(until))
    appeal_url = reverse("licensing:appeal", args=[case.public_id])
    return replace(step, text=text, url=appeal_url, button=_("Appeal"), more=(step.button, step.url))
