"""Ordering an opinion: from the draft to the payment, answers to corrections, and what ends a request early."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.delegation.authorization import authorize
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.jobs.services import enqueue
from municipality.kernel import clock, subjects
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.subjects import SubjectKey
from municipality.notifications.services import send
from municipality.review.services import case_clock, corrections, queue
from municipality.rulebook import queries as rulebook
from municipality.uploads import queries as upload_queries
from municipality.uploads import services as uploads
from payments.models import Bill
from payments.services import issue_bill, void_bill_of
from zoning.answer import queries as answers
from zoning.imports import undo
from zoning.models import Opinion, Plot
from zoning.opinion import queries
from zoning.opinion.notifications import OpinionLapsed, OpinionPaid, OpinionSubmitted
from zoning.opinion.services import consultations
from zoning.opinion.states import OPINION, OpinionState

SYSTEM = system("zoning")
PAGE = "question"  # the one page of a draft
REQUEST_LIMIT = AttemptLimit("zoning_opinions", 20, 86_400)  # a person, a day


def files_key(draft: Draft) -> str:
    """The subject key of the documents of an opinion, as a draft and afterwards."""
    return f"opinion:{draft.public_id}"


@transaction.atomic
def begin(*, plot: Plot, person: User, answers: dict[str, Any]) -> Draft:
    """The person's draft about a plot, with who asks and the question. Raises Refused("plot_ended")."""
    _require_present(plot)
    draft = drafts.begin(person=person, service=OPINION, subject=str(SubjectKey("plot", plot.public_id)))
    return drafts.answer(draft=draft, page=PAGE, answers=answers, version=draft.version)


def _require_present(plot: Plot) -> None:
    if (plot.valid_to is not None and plot.valid_to <= clock.today()) or undo.takes_back(plot):
        raise Refused("plot_ended", _("This plot does not exist any more. Ask about the plot that it has become."))


def draft_about(plot: Plot, person: User) -> Draft | None:
    """The person's open draft about a plot, or None."""
    subject = str(SubjectKey("plot", plot.public_id))
    return Draft.objects.filter(person=person, service=OPINION, subject=subject, closed_at__isnull=True).first()


def plot_of(draft: Draft) -> Plot:
    """The plot that a draft is about."""
    return Plot.objects.select_related("area__governorate").get(public_id=subjects.parse(draft.subject).id)


def submit(*, draft: Draft, person: User, version: int, expected_fils: int) -> tuple[Case, Bill]:
    """Submit a draft: case, opinion with the instant answer of now, bill and message in one transaction.

    `version` is that of the draft on the page. Raises Refused: plot_ended, files_waiting, no_documents, price_changed, no_outline,
    draft_closed, draft_changed, too_often (status 429).
    """
    if not REQUEST_LIMIT.take(person.key):
        refusal = Refused("too_often", _("You have sent as many as a day allows. Please send the rest tomorrow."))
        refusal.status = 429
        raise refusal
    return _submit(draft, person, version, expected_fils)


@transaction.atomic
def _submit(draft: Draft, person: User, version: int, expected_fils: int) -> tuple[Case, Bill]:
    draft = drafts.lock_open(draft)
    if draft.version != version:
        raise Refused("draft_changed", _("The question has been changed on another page. Check it below and send again."))
    given, key, today, actor = draft.answers[PAGE], files_key(draft), clock.today(), actor_of(person)
    plot = plot_of(draft)
    _require_present(plot)
    rules = rulebook.editions(queries.EDITIONS, today)
    fees, limits, files = rules[0], rules[1], rules[4]
    uploads.refuse_waiting(key)
    if missing := upload_queries.missing(key, queries.slots(files, given["asker"])):
        names = _(", ").join(str(queries.SLOTS[slot].label) for slot in missing)
        raise Refused("no_documents", _("Still missing: %(documents)s. Add it and send again.") % {"documents": names})
    line = queries.fee_line(fees)
    if line.fils != expected_fils:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    instant = queries.instant(plot, given["activity"], given["floor"])
    uses = answers.rules_on(today)
    title_ar = f"القسيمة {plot.number}، قطعة {plot.block}، {plot.area.name_ar}"
    title_en = f"Plot {plot.number}, block {plot.block}, {plot.area.name_en}"
    case = open_case(
        service=OPINION,
        subject=str(SubjectKey("plot_opinion", draft.public_id)),
        title_ar=title_ar[:140],
        title_en=title_en[:140],
        applicant=person,
        branch=queries.branch_of(plot),
        series="ZO",
        editions=[*rules, *([uses] if uses is not None else []), rulebook.calendar_edition()],
        actor=actor,
    )
    Opinion.objects.create(
        case=case,
        plot=plot,
        asker=given["asker"],
        activity_id=given["activity"],
        floor=given["floor"],
        files_key=key,
        **vars(instant),
    )
    drafts.send(draft=draft, sent_as=case.key, actor=actor)
    advance(case, "submit", actor=actor)
    bill = issue_bill(
        kind=OPINION,
        subject=case.key,
        payer=person,
        title_ar=f"الرأي التنظيمي: {case.title_ar}",
        title_en=f"Zoning opinion: {case.title_en}",
        lines=[line],
        actor=actor,
    )
    unpaid_days = limits.limits["unpaid_days"].value
    due_at = clock.end_of(clock.today() + dt.timedelta(days=unpaid_days))
    enqueue("zoning.close_unpaid", key=case.public_id, due_at=due_at, case_id=case.pk)
    context = {"case": case, "until": today + dt.timedelta(days=unpaid_days)}
    send(OpinionSubmitted, person=person, key=case.public_id, subject_key=case.key, context=context)
    return case, bill


@transaction.atomic
def take_payment(*, case: Case) -> None:
    """The payment is confirmed: the case joins the queue of planners, and the bodies are asked. Raises Refused when the case is closed."""
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=case.pk)
    if locked.state != OpinionState.AWAITING_PAYMENT:
        raise Refused("case_closed")
    advance(locked, "pay", actor=SYSTEM, due_on=case_clock.promised_day(queries.limits_of(locked)))
    queue.join(case=locked, actor=SYSTEM)
    consultations.ask(queries.opinion_of(locked))
    locked.refresh_from_db()
    context = {"case": locked, "due_on": locked.due_on}
    send(OpinionPaid, person=locked.applicant, key=locked.public_id, subject_key=locked.key, context=context)


@transaction.atomic
def withdraw(*, case: Case, person: User) -> None:
    """Withdraw an unpaid request. Raises Refused("payment_open") while the bank has not answered, NotPermitted for other users."""
    actor = authorize(person, case).actor
    void_bill_of(case, actor)
    advance(case, "withdraw", actor=actor)


@transaction.atomic
def close_unpaid(*, case: Case) -> None:
    """Close a request that was not paid in the rulebook's time; does nothing in another state."""
    if case.state != OpinionState.AWAITING_PAYMENT:
        return
    void_bill_of(case, SYSTEM)
    advance(case, "expire", actor=SYSTEM)
    send(OpinionLapsed, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})


def answer_corrections(*, case: Case, person: User) -> None:
    """Send the documents that were asked for. Raises what `corrections.answer_with_files` does."""
    corrections.answer_with_files(case=case, person=person, slots=queries.SLOTS, key=queries.key_of(case))


def lapse_unanswered() -> int:
    """Close requests whose corrections were not answered in the rulebook's time. Returns how many."""
    return corrections.lapse_unanswered(service=OPINION, sweep="zoning.lapse", message=OpinionLapsed, actor=SYSTEM)


def drop_files() -> int:
    """Delete the documents of closed drafts that were never sent. Returns how many."""
    return drafts.drop_unsent_files("opinion", sweep="zoning.drop_files", actor=SYSTEM)
