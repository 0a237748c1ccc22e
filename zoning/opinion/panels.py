"""The case page of an opinion: what is needed from the applicant, the two answers, bodies, like cases; and the hooks of its bill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.translation import gettext as _

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.panels import CaseDetail, Fact, FileLine, MoneyLine, NextStep, PageBlock, Record
from municipality.documents.models import Document
from municipality.incidents.requests import with_last_day
from municipality.kernel import clock
from municipality.review import queries as review
from municipality.review.panels import corrections_step, queue_facts, waiting_step
from municipality.ui.templatetags.portal import bilingual, day, day_hijri, ltr, moment, ref, term
from municipality.ui.texts import Text
from municipality.uploads import queries as uploads
from municipality.uploads.models import Upload
from payments import queries as payments
from payments.models import Bill
from payments.registry import PaidOutcome, PaymentStep
from payments.states import BillState
from zoning.models import Consultation, Opinion, OpinionDraft, OpinionOutcome, RuleTask
from zoning.models.opinions import Agreement
from zoning.objections import queries as objections
from zoning.opinion import queries
from zoning.opinion.labels import AGREEMENT_TAGS, TAGS, ground, plot_name, question
from zoning.opinion.letters import answers_until, came_back
from zoning.opinion.states import OPINION, OpinionState

S = OpinionState
NOT_IN_FORCE = ("expired", "suspended")  # of `Document.live_state`


def case_page(user: User, listed: Sequence[Case]) -> dict[str, list[CaseDetail]]:
    """Next step, answers, bodies, like cases, files, money and facts of opinions."""
    return {case.key: [_detail(queries.shown(case))] for case in listed if case.service == OPINION}


def _detail(opinion: Opinion) -> CaseDetail:
    case, document = opinion.case, opinion.document
    account, until = payments.account_of(case.key), objections.last_day(opinion, is_shown=True)
    bill = account.bill
    files = (
        [FileLine(_("Zoning opinion"), document.number, reverse("document", args=[document.number]), _("sealed file"))] if document else []
    )
    files += [FileLine(_("Receipt"), number, reverse("payments:receipt", args=[number])) for number in account.receipts]
    uploaded = list(uploads.ready(opinion.files_key))
    files += decision_files(opinion, uploaded)
    withdrawn = reverse("zoning:opinion_withdraw", args=[case.public_id])
    withdrawals = [(_("Withdraw the request"), withdrawn)] if case.state == S.AWAITING_PAYMENT else []
    return CaseDetail(
        by_officer=True,
        next_step=_next_step(opinion, bill, until),
        blocks=blocks(opinion),
        files=files,
        files_expected=_files_expected(bill) if case.is_open else "",
        sent_files=[
            FileLine(queries.SLOTS[row.slot].label, row.name, reverse("uploads:look", args=[row.public_id]))
            for row in uploaded
            if row.slot in queries.SLOTS
        ],
        money=[MoneyLine(bilingual(line, "label"), line.fils, bilingual(line, "formula")) for line in account.lines],
        total_fils=bill.total_fils if bill else None,
        refund_fils=account.refund_fils,
        queue=queue_facts(case, is_promised=True),
        facts=[
            Fact(_("Question"), question(opinion.activity, opinion.floor)),
            Fact(_("Plot"), plot_name(opinion.plot)),
            Fact(_("Who asks"), opinion.get_asker_display()),
            *([Fact(_("Valid until"), day_hijri(document.valid_to))] if document else []),
            *_related(opinion, until),
        ],
        actions=[*withdrawals, *_objecting(opinion, until)],
    )


def decision_files(opinion: Opinion, uploaded: Sequence[Upload]) -> list[FileLine]:
    """The signed decision on the plot that an opinion rests on, among the files of its key; nothing before the opinion is signed."""
    slot = queries.decision_slot(opinion)
    rows = [row for row in uploaded if row.slot == slot.code] if queries.shows_draft(opinion.case) else []
    return [FileLine(slot.label, row.name, reverse("uploads:look", args=[row.public_id])) for row in rows]


def _files_expected(bill: Bill | None) -> str:
    return _("The receipt and the sealed opinion appear here.") if bill is not None else _("The sealed opinion appears here.")


def _related(opinion: Opinion, until: dt.date | None) -> list[Fact]:
    """What this opinion replaces, what replaced it, and until when it can be objected to."""
    old, by = (opinion.first.document if opinion.first else None), (opinion.document.replaced_by if opinion.document else None)
    facts = [Fact(_("Opinion objected to"), ref(old.number))] if old is not None else []
    facts += [Fact(_("Replaced by"), ref(by.number))] if by is not None else []
    return facts + ([Fact(_("You can object until"), day_hijri(until))] if until is not None else [])


def _objecting(opinion: Opinion, until: dt.date | None) -> list[tuple[Text, str]]:
    """The link to object while one may, and to the objection afterwards."""
    if until is not None:
        label = _("Object to the opinion") if opinion.document is not None else _("Object to the refusal")
        return [(label, reverse("zoning:objection", args=[opinion.case.public_id]))]
    is_decided = opinion.document is not None or opinion.case.state == S.REFUSED
    objection = objections.objection_to(opinion.case_id) if is_decided else None
    return [(_("To the objection"), reverse("cases:case", args=[objection.case.public_id]))] if objection is not None else []


def _next_step(opinion: Opinion, bill: Bill | None, until: dt.date | None) -> NextStep:
    text: Text
    case, document = opinion.case, opinion.document
    page = reverse("cases:case", args=[case.public_id])
    if case.state == S.CORRECTIONS:
        return corrections_step(case, reverse("zoning:opinion_corrections", args=[case.public_id]))
    if bill is not None and bill.state == BillState.DUE and case.state in (S.AWAITING_PAYMENT, S.ISSUED, S.REFUSED, S.EXPIRED):
        if payments.status_of(bill).step in ("checking", "review"):
            text = _("Do not pay again. This page shows the answer as soon as the bank gives it.")
            return NextStep(_("We are checking with the bank"), text, page, _("Look again"))
        text = (
            with_last_day(_("The study begins as soon as the fee is paid."), case)
            if document is None
            else _("The opinion is in force again after payment.")
        )
        if not case.is_open and (document is None or document.is_expired):
            text = _("The bank took your payment back. The study was made, so its fee is due again.")
        return NextStep(_("Pay the fee"), text, reverse("payments:pay", args=[bill.public_id]), _("Pay by KNET"))
    if case.state == S.COUNTERSIGN and _is_draft_proposed(case):
        text = _("The draft waits for the second signature. You get a message at each step.")
        return NextStep(_("Nothing is needed from you now"), text, label=_("Nothing for you to do"))
    if case.state == S.DECIDED:
        text = _("It will be sealed within a minute. You can leave this page; we will send you a message.")
        return NextStep(_("The opinion is being sealed"), text, page, _("Look again"))
    if document is not None and document.replaced_by is not None:
        text = _("After an objection a new opinion took its place. The old one stays readable; its check says that it was replaced.")
        url = reverse("document", args=[document.replaced_by.number])
        return NextStep(_("This opinion was replaced"), text, url, _("Download the new opinion"), label=_("Decision"))
    if document is not None and document.live_state in NOT_IN_FORCE:
        return not_in_force(document, opinion.first or opinion)
    if document is not None:
        text = _("The sealed opinion says its outcome, how it was reached, and until when it is valid.")
        if until is not None:
            text = format_html("{} {} {}.", text, _("You can object until"), day_hijri(until))
        more = next(iter(_objecting(opinion, until)), None)
        url, button = reverse("document", args=[document.number]), _("Download the opinion")
        return NextStep(_("The opinion is ready"), text, url, button, label=_("Done"), more=more)
    if case.is_open:
        return waiting_step()
    url = reverse("zoning:plot", args=[opinion.plot.public_id])
    decision = objections.decision_of(case) if case.state == S.REFUSED else None
    title = _("The request is refused") if decision else _("This request is closed")
    text = bilingual(decision, "text") if decision else _("You can ask again from the page of the plot.")
    return NextStep(title, text, url, _("To the plot"), label=_("Decision"))


def not_in_force(document: Document, first: Opinion) -> NextStep:
    """That an opinion is one of NOT_IN_FORCE; the fee of a study anew is that of the `first` one."""
    title, url = _("The opinion is not in force"), reverse("document", args=[document.number])
    if document.is_expired:
        text = _("Its last day is over. You can ask again from the page of the plot.")
        return NextStep(title, text, url, _("Download the opinion"), label=_("Decision"))
    text = _("The bank took a payment back. The opinion is in force again once the fee is paid on the page of the first request.")
    return NextStep(title, text, reverse("cases:case", args=[first.case.public_id]), _("To the request"), label=_("Decision"))


# --- Blocks ------------------------------------------------------------------------------------------------------------------


def _is_draft_proposed(case: Case) -> bool:
    """Whether what waits for the second signature is the draft, and not a refusal of the request."""
    decision = objections.decision_of(case)
    return decision is None or decision.outcome == "accept"


def blocks(opinion: Opinion) -> list[PageBlock]:
    """The instant answer beside the opinion, the consulted bodies, and like cases."""
    draft = queries.draft_of(opinion) if opinion.case.state in queries.SHOWS_DRAFT else None
    found = [answers_block(opinion, draft)]
    rows = queries.consultations_of(opinion.case_id) if opinion.case.state != S.AWAITING_PAYMENT else []  # asked once it is paid
    if rows:
        found.append(_bodies(rows))
    found.append(like_block(opinion, queries.like_cases(opinion)))
    return found


def answers_block(opinion: Opinion, draft: OpinionDraft | None, title: Text = "") -> PageBlock:
    """The instant answer, a draft, and how they agree; another title where a page shows two."""
    outcome = OpinionOutcome(opinion.instant_outcome)
    grounds = [ground(row) for row in opinion.instant_grounds]
    edition = [_edition(opinion.instant_edition)] if opinion.instant_edition else []
    asked = question(opinion.activity, opinion.floor)
    records = [Record(_("Instant answer"), TAGS[outcome], outcome.label, lines=[asked, *grounds, *edition])]
    if draft is not None:
        lines = [term(bilingual(draft, "text")), *_why(opinion, draft)]
        records.append(Record(_("Opinion of the planner"), TAGS[draft.outcome], draft.get_outcome_display(), lines=lines))
        records.append(Record(_("Against the instant answer"), AGREEMENT_TAGS[draft.agreement], draft.get_agreement_display()))
    if title:  # what another case decided
        return PageBlock(f"answers-{opinion.pk}", title, records=records)
    return PageBlock("answers", _("Instant answer and opinion"), records=records)


def _edition(stamp: str) -> Text:
    """The number of an edition of the rules; its stamp ends with it."""
    return format_html("{}: {}", _("Edition of the rules"), ltr(stamp.rpartition(" v")[2]))


def _why(opinion: Opinion, draft: OpinionDraft) -> list[Text]:
    """The coded reason of a draft, and the task that it opened; none without a code."""
    if not draft.code:
        return []
    reason = review.replies(opinion.case).reasons.get(draft.code)
    why = (
        _("Why it deviates from the instant answer")
        if draft.agreement == "deviates"
        else _("Why it differs from most of the similar opinions")
    )
    if draft.agreement == "deviates" and draft.is_unlike:
        why = _("Why it deviates from the instant answer and from most of the similar opinions")
    lines: list[Text] = [format_html("{}: {}. {}", why, bilingual(reason, "label"), bilingual(reason, "text"))] if reason else []
    task: RuleTask | None = getattr(opinion, "task", None)
    if task is not None:
        is_late = not task.done_at and task.due_on < clock.today()
        until = _("not done; it was due on") if is_late else _("to be done by")
        state = _("done") if task.done_at else format_html("{} {}", until, day(task.due_on))
        lines.append(format_html("{}: {}", _("The rule or layer is looked at"), state))
    return lines


def _bodies(rows: Sequence[Consultation]) -> PageBlock:
    silent = {row.code: times for row in rows if (times := getattr(row, "silent_times", None))}
    note = _(
        "Each body has a deadline; if one stays silent, the study goes on. If it is one about health or safety, the opinion cannot permit "
        "what is asked."
    )
    actions = [(_("Who stayed silent, month by month"), reverse("zoning:silence"))]
    return PageBlock("bodies", _("Bodies consulted"), records=[body(row, silent) for row in rows], note=note, actions=actions)


def body(row: Consultation, silent: dict[str, int]) -> Record:
    """One consulted body of `with_letters` with question, deadline and answer; `silent` is how often each was silent this month."""
    lines = [bilingual(row, "question")]
    until = None if row.silent_at else answers_until(row)
    if until is not None:
        lines.append(format_html("{}: {}", _("To answer by"), moment(until)))
    if row.answer:
        state, label = ("bad" if row.answer == "objection" else "ok"), row.get_answer_display()
        lines += [term(row.words)] if row.words else []
        lines.append(format_html("{}: {}", _("Answer recorded"), moment(row.answered_at)))
    elif row.silent_at:
        state, label = "warn", _("Silent")
        times = _("Silent this month: %(count)s") % {"count": silent.get(row.code, 0)}
        lines += [_("No answer by the deadline; the study goes on. Silence is not approval."), times]
    elif came_back(row):
        state, label = "warn", _("Letter came back")
        lines.append(_("The time of this body to answer begins anew on the day on which the letter to it is sent again."))
    elif until is None:
        state, label = "warn", _("Letter not sent yet")
        lines.append(_("The time of this body to answer begins on the day on which the letter to it is sent."))
    else:
        state, label = "wait", _("Asked")
    if row.is_safety and row.answer not in ("no_objection", "conditions"):
        lines.append(_("About health or safety: the opinion cannot permit this without the agreement of this body."))
    return Record(bilingual(row, "name"), state, label, lines=lines)


def like_block(opinion: Opinion, alike: Sequence[queries.LikeCase]) -> PageBlock:
    """The five nearest earlier opinions, without names."""
    records = []
    for one in alike:
        title: Text = format_html(_("{metres} m away"), metres=ltr(number_format(round(one.metres), force_grouping=True)))
        if not round(one.metres):
            title = _("On this plot")
        facts = format_html("{} · {}", day(one.on), _edition(one.edition)) if one.edition else day(one.on)
        standing = _("Against the instant answer of that day: %(agreement)s") % {"agreement": Agreement(one.agreement).label}
        records.append(Record(title, TAGS[one.outcome], OpinionOutcome(one.outcome).label, lines=[facts, standing]))
    return PageBlock(
        "alike",
        _("Like cases nearby"),
        records=records,
        empty=_("No earlier opinion on the same kind of activity and land."),
        note=_("The five nearest, without names. An opinion that differs from most of them needs a reason."),
    )


def paid_outcome(bill: Bill) -> PaidOutcome | None:
    """What the payment brought, on its result page."""
    opinion = Opinion.objects.select_related("case", "document").filter(case__public_id=bill.subject.partition(":")[2]).first()
    if opinion is not None and opinion.document is not None and opinion.document.live_state == "valid":
        number = opinion.document.number
        act = (_("Download the opinion"), reverse("document", args=[number]))
        return PaidOutcome(is_done=True, title=_("The opinion is ready"), label=_("Zoning opinion"), reference=number, act=act)
    if opinion is None or opinion.case.state not in (S.AWAITING_PAYMENT, S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN):
        return None
    steps = [
        PaymentStep("done", _("Payment confirmed"), moment(bill.last_event.at) if bill.last_event is not None else ""),
        PaymentStep("now", _("A planner studies the request"), _("In order of arrival; nobody picks a case.")),
        PaymentStep("next", _("The sealed opinion can be downloaded"), format_html("{} {}", _("Promised for"), day(opinion.case.due_on))),
    ]
    act = (_("To the request"), reverse("cases:case", args=[opinion.case.public_id]))
    is_done = opinion.case.state != S.AWAITING_PAYMENT
    return PaidOutcome(is_done=is_done, label=_("Request"), reference=opinion.case.reference, steps=steps, act=act)
