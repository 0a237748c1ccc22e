"""Paying an amount back: proposed by one person, approved by another, sent once, and settled by what the bank says."""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from payments import rules
from payments.models import Attempt, Bill, Direction, GatewayMessage, MessageKind, RefundDue, RefundWay
from payments.providers import provider_named
from payments.providers.port import GatewayUnreachable, NotConfigured, Reply
from payments.services import ledger
from payments.services.roles import require_role
from payments.states import CASHIER, CHECKER, ON_ITS_WAY, AttemptState, RefundState

log = logging.getLogger(__name__)
ME = system("payments")
S = RefundState
_REFERENCE = re.compile(r"[A-Za-z0-9-]{4,40}")


def remaining_of(refund: RefundDue) -> int:
    """What is left of the payment for this amount, in fils: what was taken less what went back or is on its way for others."""
    others = RefundDue.objects.filter(attempt=refund.attempt_id, state__in=[*ON_ITS_WAY, S.PAID_OUT]).exclude(pk=refund.pk)
    return Attempt.objects.values_list("fils", flat=True).get(pk=refund.attempt_id) - sum(others.values_list("fils", flat=True))


def refund_reasons() -> list[Any]:
    """The coded grounds for paying out, of the rulebook in force. Raises Refused("no_edition")."""
    return rulebook.edition("replies.money", clock.today()).reasons_of("refund")


def _locked(refund: RefundDue) -> RefundDue:
    """The row under the lock of its payment, so that no two refunds of one payment are judged at once."""
    Attempt.objects.select_for_update().get(pk=refund.attempt_id)
    return RefundDue.objects.select_for_update(of=("self",)).select_related("attempt", "allocation").get(pk=refund.pk)


def _stale() -> Refused:
    return Refused("stale", _("What is left of the payment changed while the page was open. Nothing was changed; please look at it again."))


@transaction.atomic
def propose_refund(
    *, refund: RefundDue, proposed_by: Any, code: str, way: str = RefundWay.GATEWAY, remaining_fils: int, bank_reference: str = ""
) -> None:
    """Propose to pay an amount back: for a coded ground, by the gateway or by hand with the bank's reference.

    `remaining_fils` is what the page showed as left of the payment. Raises NotPermitted, TransitionRefused, Refused: bad_code,
    bad_reference, stale, another_on_its_way.
    """
    actor = require_role(proposed_by, CASHIER)
    row = _locked(refund)
    if code not in {reason.code for reason in refund_reasons()}:
        raise Refused("bad_code", _("Please choose a reason."))
    if way not in RefundWay.values or (way == RefundWay.BY_HAND) != bool(_REFERENCE.fullmatch(bank_reference)):
        raise Refused("bad_reference", _("A refund outside the gateway needs the bank's reference; one through the gateway has none yet."))
    left = remaining_of(row)
    if left != remaining_fils:
        raise _stale()
    _refuse_others(row)
    if row.fils > left:
        raise Refused("too_much", _("So much is not left of this payment."))
    transition(
        row,
        "propose",
        actor=actor,
        reason=code,
        data={"way": way, "remaining": left},
        code=code,
        way=way,
        remaining_fils=left,
        bank_reference=bank_reference,
        proposed_by=proposed_by,
        proposed_at=clock.now(),
        approved_by=None,
        approved_at=None,
        found_paid=None,
        found_by=None,
    )
    record("refund.proposed", subject=row.key, actor=actor, data={"code": code, "way": way, "fils": row.fils, "remaining": left})
    refund.state, refund.last_event = row.state, row.last_event


def _refuse_others(row: RefundDue) -> None:
    if RefundDue.objects.filter(attempt=row.attempt_id, state__in=ON_ITS_WAY).exclude(pk=row.pk).exists():
        raise Refused("another_on_its_way", _("Another amount of the same payment is on its way. Its outcome must be known first."))


@transaction.atomic
def send_back_refund(*, refund: RefundDue, checker: Any) -> None:
    """The second person does not approve: the amount stays owed. Raises NotPermitted, TransitionRefused."""
    actor = require_role(checker, CHECKER)
    row = _locked(refund)
    transition(row, "send_back", actor=actor, reason="not_approved")
    record("refund.sent_back", subject=row.key, actor=actor, data={"code": row.code})


@transaction.atomic
def approve_refund(*, refund: RefundDue, approved_by: Any, remaining_fils: int) -> None:
    """The second person approves exactly what they read; then it is sent, once. One by hand is booked at once.

    Raises NotPermitted (another role, own proposal), TransitionRefused (approved or taken back meanwhile), Refused: stale,
    another_on_its_way, not_confirmed.
    """
    actor = require_role(approved_by, CHECKER)
    row = _locked(refund)
    if row.proposed_by_id == approved_by.pk:
        raise NotPermitted("own_proposal", _("Whoever proposes does not approve."))
    left = remaining_of(row)
    if not left == remaining_fils == row.remaining_fils or row.fils > left:
        raise _stale()
    _refuse_others(row)
    transition(row, "approve", actor=actor, data={"remaining": left}, approved_by=approved_by, approved_at=clock.now())
    failpoint("refund.approving")
    record("refund.approved", subject=row.key, actor=actor, data={"code": row.code, "way": row.way, "fils": row.fils, "remaining": left})
    if row.way == RefundWay.BY_HAND:
        _demand_confirmed(row.attempt)
        _paid_out(row, {"reference": row.bank_reference})
    else:
        enqueue("payments.send_refund", key=f"{row.key}:{row.last_event_id}", due_at=_not_before(row.attempt), refund_id=row.pk)
    refund.state, refund.last_event = row.state, row.last_event


def _demand_confirmed(attempt: Attempt) -> None:
    """Nothing leaves by hand before the inquiry that would see the bank give the same money back by itself."""
    if Job.objects.filter(kind="payments.confirm", key__startswith=f"attempt:{attempt.pk}:").exclude(state=JobState.DONE).exists():
        raise Refused(
            "not_confirmed",
            _("The bank is still to be asked whether it kept this payment; that takes a quarter of an hour. Nothing was changed."),
        )


def _not_before(attempt: Attempt) -> dt.datetime:
    """Not before the inquiry that would see the bank reverse the payment by itself."""
    settled = attempt.settled_at or clock.now()
    return max(clock.now(), settled + dt.timedelta(seconds=settings.KNET_CONFIRM_DELAY_SECONDS + 2 * rules.DOUBT_SECONDS))


def send_refund(*, refund_id: int) -> None:
    """Call the gateway once. A second run, after a crash in between, does not call again: it asks what became of the first."""
    with transaction.atomic():
        row = _locked(RefundDue.objects.get(pk=refund_id))
        if row.state == S.SENDING:
            _doubt(row, "interrupted")
            return
        if row.state != S.APPROVED:
            return
        transition(row, "send", actor=ME, sent_at=clock.now())
    failpoint("refund.sending")
    try:
        reply = provider_named(row.attempt.provider).refund(trackid=row.attempt.trackid, fils=row.fils)
    except NotConfigured:
        _end(refund_id, "refused", "gateway_unavailable")
        return
    except GatewayUnreachable as failure:
        _keep(row.attempt, failure.request, failure.response, {"failure": failure.why})
        _end(refund_id, "unknown", "no_answer")
        return
    failpoint("refund.sent")
    _keep(row.attempt, reply.request, reply.response, reply.decoded)
    meaning = rules.judge_refund(reply.answer, trackid=row.attempt.trackid, fils=row.fils)
    _end(refund_id, meaning, "not_understood" if meaning == "unknown" else "refused_by_bank", reply)


@transaction.atomic
def _keep(attempt: Attempt, request: str, response: str, decoded: dict[str, str]) -> None:
    now = clock.now()
    GatewayMessage.objects.create(direction=Direction.OUT, kind=MessageKind.REFUND_REQUEST, attempt=attempt, raw=request, at=now)
    GatewayMessage.objects.create(
        direction=Direction.IN, kind=MessageKind.REFUND_RESPONSE, attempt=attempt, raw=response, decoded=decoded, at=now
    )


@transaction.atomic
def _end(refund_id: int, meaning: str, reason: str, reply: Reply | None = None) -> None:
    row = _locked(RefundDue.objects.get(pk=refund_id))
    if row.state not in (S.SENDING, S.UNKNOWN):
        return
    if meaning == "paid":
        reference = reply.answer.ref[:40] if reply else ""
        _paid_out(row, {"reference": reference}, bank_reference=reference or row.bank_reference)
    elif meaning == "refused":
        _failed(row, reason, {"result": reply.answer.error_code[:40] or reply.answer.result[:40]} if reply else {})
    elif row.state == S.SENDING:
        _doubt(row, reason)


def _paid_out(row: RefundDue, data: dict[str, Any], **changes: Any) -> None:
    """The money is back with the payer: state, bill, ledger, message. In the caller's transaction, payment and row locked."""
    transition(row, "pay_out", actor=ME, data=data, paid_out_at=clock.now(), **changes)
    if row.allocation is not None:
        transition(Bill.objects.select_for_update().get(pk=row.allocation.bill_id), "return", actor=ME, data={"refund": row.key})
    elif row.attempt.state == AttemptState.REFUND_DUE:
        transition(row.attempt, "return", actor=ME, data={"refund": row.key})
    ledger.book_paid_out(row)
    enqueue("payments.tell_paid_out", key=row.key, refund_id=row.pk)
    record("refund.paid_out", subject=row.key, actor=ME, data={"fils": row.fils, "way": row.way})


def _failed(row: RefundDue, reason: str, data: dict[str, Any]) -> None:
    transition(row, "fail", actor=ME, reason=reason, data=data)
    record("refund.failed", subject=row.key, actor=ME, data={"reason": reason, **data})
    log.error("refund of payment %s was not paid out: %s", row.attempt.trackid, reason)


def _doubt(row: RefundDue, reason: str) -> None:
    transition(row, "doubt", actor=ME, reason=reason)
    record("refund.unknown", subject=row.key, actor=ME, data={"reason": reason})
    log.error("nobody knows whether the refund of payment %s was paid out: %s", row.attempt.trackid, reason)
    for step, minutes in enumerate(rules.REFUND_MINUTES):
        due_at = clock.now() + dt.timedelta(minutes=minutes)
        enqueue("payments.ask_refund", key=f"{row.key}:{row.last_event_id}:{step}", due_at=due_at, refund_id=row.pk)


def ask_refund(*, refund_id: int) -> None:
    """Ask the bank about the payment and read from the sum returned so far what became of a refund whose outcome is not known."""
    row = RefundDue.objects.select_related("attempt").get(pk=refund_id)
    if row.state != S.UNKNOWN:
        return
    attempt = row.attempt
    try:
        reply = provider_named(attempt.provider).inquire(trackid=attempt.trackid, fils=attempt.fils)
    except GatewayUnreachable as failure:
        _keep(attempt, failure.request, failure.response, {"failure": failure.why})
        return
    _keep(attempt, reply.request, reply.response, reply.decoded)
    paid_before = RefundDue.objects.filter(attempt=attempt, state=S.PAID_OUT, way=RefundWay.GATEWAY).values_list("fils", flat=True)
    meaning = rules.judge_credit(reply.answer, trackid=attempt.trackid, before=sum(paid_before), fils=row.fils)
    if meaning == "paid":
        _end(refund_id, "paid", "", None)
    elif meaning == "unpaid" and row.sent_at is not None and clock.now() - row.sent_at >= rules.REFUND_UNPAID_AFTER:
        _end(refund_id, "refused", "not_at_bank")


def found_in_statement(*, refund_id: int, reference: str) -> None:
    """The bank's settlement statement names a refund whose outcome was not known: it was paid out."""
    with transaction.atomic():
        row = _locked(RefundDue.objects.get(pk=refund_id))
        if row.state == S.UNKNOWN:
            _paid_out(row, {"statement": True}, bank_reference=reference[:40])


# Where the bank's answers leave it open: one person looks it up at the bank, another confirms.


@transaction.atomic
def look_up_refund(*, refund: RefundDue, found_by: Any, is_paid: bool, bank_reference: str = "") -> None:
    """What a person found in the bank's own records. Raises NotPermitted, TransitionRefused, Refused("bad_reference")."""
    actor = require_role(found_by, CASHIER)
    row = _locked(refund)
    if is_paid != bool(_REFERENCE.fullmatch(bank_reference)):
        raise Refused("bad_reference", _("A refund that was paid out has a reference at the bank; one that was not has none."))
    transition(row, "look_up", actor=actor, data={"paid": is_paid}, found_paid=is_paid, found_by=found_by, bank_reference=bank_reference)
    record("refund.looked_up", subject=row.key, actor=actor, data={"paid": is_paid})


@transaction.atomic
def confirm_finding(*, refund: RefundDue, confirmed_by: Any, agrees: bool) -> None:
    """The second person confirms what the first found, or not. Raises NotPermitted (another role, own finding), TransitionRefused."""
    actor = require_role(confirmed_by, CHECKER)
    row = _locked(refund)
    if row.state != S.LOOKED_UP:
        raise TransitionRefused("no_such_move", _("Another person decided meanwhile. Nothing was changed."))
    if row.found_by_id == confirmed_by.pk:
        raise NotPermitted("own_proposal", _("Whoever proposes does not approve."))
    record("refund.finding_decided", subject=row.key, actor=actor, data={"agrees": agrees, "paid": bool(row.found_paid)})
    if not agrees:
        transition(row, "disagree", actor=actor)
    elif row.found_paid:
        _paid_out(row, {"reference": row.bank_reference, "by": confirmed_by.key})
    else:
        _failed(row, "not_at_bank", {"by": confirmed_by.key})
