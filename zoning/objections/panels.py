"""The case page of an objection to an opinion."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.panels import CaseDetail, Fact, FileLine, NextStep
from municipality.documents.models import Document
from municipality.review import queries as review
from municipality.review.models import Decision
from municipality.review.panels import answer_days, queue_facts, waiting_step
from municipality.ui.templatetags.portal import bilingual, moment, ref, term
from municipality.uploads import queries as uploads
from zoning.models import Opinion, OpinionObjection
from zoning.objections import queries
from zoning.objections.states import OBJECTION, OBJECTION_WORKFLOW, OpinionObjectionState
from zoning.opinion import queries as opinions
from zoning.opinion.labels import plot_name, question
from zoning.opinion.panels import NOT_IN_FORCE, answers_block, decision_files, not_in_force

S = OpinionObjectionState


def case_page(user: User, listed: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, both opinions, files and facts of objections."""
    return {case.key: [_detail(queries.objection_of(case))] for case in listed if case.service == OBJECTION}


def _detail(row: OpinionObjection) -> CaseDetail:
    case, first, again = row.case, row.opinion, opinions.opinion_of(row.case)
    decision = review.decision_of(case) if not case.is_open or opinions.shows_draft(case) else None
    reasons = []
    if decision is not None and decision.text_ar and case.state != S.REFUSED:
        reasons.append(Fact(_("Reason of the decision"), bilingual(decision, "text"), bilingual(decision, "note")))
    papers = ((_("Zoning opinion"), again.document), (_("Decision on an objection to an opinion"), row.decision))
    files = [FileLine(label, one.number, reverse("document", args=[one.number]), _("sealed file")) for label, one in papers if one]
    if first.document is not None:
        label = _("Opinion that was replaced") if again.document else _("Opinion objected to")
        files.append(FileLine(label, first.document.number, reverse("document", args=[first.document.number]), _("sealed file")))
    uploaded = list(uploads.ready(first.files_key))
    files += decision_files(again, uploaded)
    withdrawable = case.state in OBJECTION_WORKFLOW.moves["withdraw"].sources
    slot, against = opinions.OBJECTION_SLOT, _("Opinion objected to")
    if first.document is None:
        against = _("Refusal objected to")
    blocks = [answers_block(first, queries.issued_draft(first), against)]
    if opinions.shows_draft(case):
        blocks.append(answers_block(again, opinions.draft_of(again), _("New opinion")))
    return CaseDetail(
        by_officer=True,
        next_step=_next_step(row, again, decision),
        blocks=blocks,
        files=files,
        files_expected=_("The decision appears here as a sealed file.") if case.is_open else "",
        sent=[Fact(_("Words of the objection"), term(row.words), moment(row.filed_at))],
        sent_files=[
            FileLine(slot.label, upload.name, reverse("uploads:look", args=[upload.public_id]))
            for upload in uploaded
            if upload.slot == slot.code
        ],
        facts=[
            Fact(against, ref(first.case.reference)),
            Fact(_("Question"), question(first.activity, first.floor)),
            Fact(_("Plot"), plot_name(first.plot)),
            *reasons,
            Fact(_("Decided in"), bilingual(case.branch, "name"), _("chosen by lot among the branches that had no part in the decision")),
            *answer_days(case, row.answer_by),
        ],
        queue=queue_facts(case),
        actions=[(_("Withdraw the objection"), reverse("zoning:withdraw_objection", args=[case.public_id]))] if withdrawable else [],
    )


def _replaced(by: Document, first: Opinion) -> NextStep:
    if by.live_state in NOT_IN_FORCE:
        return not_in_force(by, first)
    text = _("The new opinion replaces the old one, which stays readable; its check says that it was replaced.")
    if first.document is None:
        text = _("The opinion takes the place of the refusal.")
    url = reverse("document", args=[by.number])
    return NextStep(_("The objection is upheld"), text, url, _("Download the opinion"), label=_("Decision"))


def _next_step(row: OpinionObjection, again: Opinion, decision: Decision | None) -> NextStep:
    case = row.case
    if case.state == S.DECIDED:
        text = _("It will be sealed within a minute. You can leave this page; we will send you a message.")
        return NextStep(_("The opinion is being sealed"), text, reverse("cases:case", args=[case.public_id]), _("Look again"))
    if case.is_open:
        return waiting_step()
    if again.document is not None:
        return _replaced(again.document, row.opinion)
    page, button = reverse("cases:case", args=[row.opinion.case.public_id]), _("To the opinion")
    is_refusal = row.opinion.document is None
    if case.state == S.SENT_BACK:
        anew = Opinion.objects.filter(first=row.opinion_id).exclude(pk=again.pk).select_related("case", "document").get()
        if anew.document is not None:
            return _replaced(anew.document, row.opinion)
        text = _("Planners who had no part in the opinion study the question anew, without a fee. The old one stays as it is until then.")
        if not anew.case.is_open:
            text = _("The new study has ended without an opinion. Its page says why.")
        elif is_refusal:
            text = _("Planners who had no part in the refusal study the question anew, without a fee.")
        url = reverse("cases:case", args=[anew.case.public_id])
        return NextStep(_("The objection is upheld"), text, url, _("To the new study"), label=_("Decision"))
    if case.state == S.WITHDRAWN:
        text = _("The refusal stands.") if is_refusal else _("The opinion stands.")
    elif is_refusal:
        text = _("The refusal stands. The message about the decision says until when you can go to court.")
    else:
        text = _("The opinion stands. The message about the decision says until when you can go to court.")
    if decision is not None and case.state == S.REFUSED:
        text = format_html("{} {} {}", bilingual(decision, "text"), bilingual(decision, "note"), text)
    if is_refusal:
        button = _("To the request")
    return NextStep(_("The objection has ended"), text, page, button, label=_("Decision"))
