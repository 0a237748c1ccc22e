"""Paying out refunds: proposed by one person, approved by another, sent once, settled by the bank's answer."""

from __future__ import annotations

import datetime as dt
import logging
import re
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from payments import rules
from payments.models import Attempt, BankMessageKind, Bill, Direction, GatewayMessage, RefundDue, RefundWay
from payments.providers import provider_named
from payments.providers.port import BankReply, GatewayUnreachable, NotConfigured
from payments.queries import taken_fils, was_found
from payments.services import ledger
from payments.services.roles import require_role
from payments.states import CASHIER, CHECKER, ON_ITS_WAY, AttemptState, RefundState

log = logging.getLogger(__name__)
ME = system("payments")
S = RefundState
_REFERENCE = re.compile(r"[A-Za-z0-9-]{4,40}")


def remaining_of(refund: RefundDue) -> int:
    """What remains of a payment for this refund, in fils: less the other refunds that are paid out or on their way."""
    others = RefundDue.objects.filter(attempt=refund.attempt_id, state__in=[*ON_ITS_WAY, S.PAID_OUT]).exclude(pk=refund.pk)
    return taken_fils([refund.attempt_id])[refund.attempt_id] - sum(others.values_list("fils", flat=True))


def is_by_hand(refund: RefundDue) -> bool:
    """Whether an amount goes back outside the gateway only: two people found it in the bank's records, no answer of the bank says it."""
    return was_found(refund.attempt)


def refund_reasons() -> list[Reason]:
    """Reasons for refunds, of the rulebook in force. Raises Refused("no_edition")."""
    return rulebook.edition("replies.money", clock.today()).reasons_of("refund")


def _locked(refund: RefundDue) -> RefundDue:
    """The refund, with its payment and itself locked."""
    Attempt.objects.select_for_update().get(pk=refund.attempt_id)
    return RefundDue.objects.select_for_update(of=("self",)).select_related("attempt", "allocation").get(pk=refund.pk)


def _stale_refusal() -> Refused:
    return Refused("stale", _("What is left of the payment changed while the page was open. Nothing was changed; please look at it again."))


def _require_seen(row: RefundDue, seen: int | None) -> None:
    """Raises Refused("unseen") where something was proposed or found since the page that showed the event `seen` as the last one."""
    if seen is not None and seen != row.last_event_id:
        sentence = _("What was proposed or found changed while the page was open. Nothing was changed; please look at it again.")
        raise Refused("unseen", sentence)


@transaction.atomic
def propose_refund(
    *, refund: RefundDue, proposed_by: User, code: str, way: str = RefundWay.GATEWAY, remaining_fils: int, bank_reference: str = ""
) -> None:
    """Propose to pay a refund out with a coded reason, by the gateway or by hand with the bank's reference.

    `remaining_fils` is what the page showed (`remaining_of`). Raises NotPermitted, TransitionRefused, Refused: bad_code,
    bad_reference, by_hand_only, stale, another_on_its_way, too_much.
    """
    actor = require_role(proposed_by, CASHIER)
    row = _locked(refund)
    if code not in {reason.code for reason in refund_reasons()}:
        raise Refused("bad_code", _("Please choose a reason."))
    if way not in RefundWay.values or (way == RefundWay.BY_HAND) != bool(_REFERENCE.fullmatch(bank_reference)):
        raise Refused("bad_reference", _("A refund outside the gateway needs the bank's reference; one through the gateway has none yet."))
    if way != RefundWay.BY_HAND and is_by_hand(row):
        raise Refused("by_hand_only", _("The bank never confirmed this payment, so its amount goes back outside the gateway."))
    remaining = remaining_of(row)
    if remaining != remaining_fils:
        raise _stale_refusal()
    _require_no_other(row)
    if row.fils > remaining:
        raise Refused("too_much", _("Less than this is left of the payment."))
    transition(
        row,
        "propose",
        actor=actor,
        reason=code,
        data={"way": way, "remaining": remaining},
        code=code,
        way=way,
        remaining_fils=remaining,
        bank_reference=bank_reference,
        proposed_by=proposed_by,
        proposed_at=clock.now(),
        approved_by=None,
        approved_at=None,
        found_paid=None,
        found_by=None,
    )
    record("refund.proposed", subject=row.key, actor=actor, data={"code": code, "way": way, "fils": row.fils, "remaining": remaining})
    refund.state, refund.last_event = row.state, row.last_event


def _require_no_other(row: RefundDue) -> None:
    if RefundDue.objects.filter(attempt=row.attempt_id, state__in=ON_ITS_WAY).exclude(pk=row.pk).exists():
        raise Refused("another_on_its_way", _("Another amount of the same payment is on its way. Its outcome must be known first."))


@transaction.atomic
def send_back_refund(*, refund: RefundDue, checker: User, seen: int | None = None) -> None:
    """Reject a proposal; `seen` as in `approve_refund`. Raises NotPermitted, TransitionRefused, Refused("unseen")."""
    actor = require_role(checker, CHECKER)
    row = _locked(refund)
    _require_seen(row, seen)
    transition(row, "send_back", actor=actor, reason="not_approved")
    record("refund.sent_back", subject=row.key, actor=actor, data={"code": row.code})


@transaction.atomic
def approve_refund(*, refund: RefundDue, approved_by: User, remaining_fils: int, seen: int | None = None) -> None:
    """Approve a proposal as the second person: it is sent once, or booked at once if it was paid by hand.

    `seen` is the primary key of the last event when the page showed the proposal; None where no page did. Raises NotPermitted (another
    role, own proposal), TransitionRefused (approved or taken back meanwhile), Refused: stale, unseen, another_on_its_way, not_confirmed.
    """
    actor = require_role(approved_by, CHECKER)
    row = _locked(refund)
    if row.proposed_by_id == approved_by.pk:
        raise NotPermitted("own_proposal", _("The person who proposes cannot approve."))
    remaining = remaining_of(row)
    if not remaining == remaining_fils == row.remaining_fils or row.fils > remaining:
        raise _stale_refusal()
    _require_seen(row, seen)
    _require_no_other(row)
    transition(row, "approve", actor=actor, data={"remaining": remaining}, approved_by=approved_by, approved_at=clock.now())
    failpoint("refund.approving")
    data = {"code": row.code, "way": row.way, "fils": row.fils, "remaining": remaining}
    record("refund.approved", subject=row.key, actor=actor, data=data)
    if row.way == RefundWay.BY_HAND:
        _require_confirmed(row.attempt)
        _record_paid_out(row, {"reference": row.bank_reference})
    else:
        enqueue("payments.send_refund", key=f"{row.key}:{row.last_event_id}", due_at=_earliest_sending(row.attempt), refund_id=row.pk)
    refund.state, refund.last_event = row.state, row.last_event


def _require_confirmed(attempt: Attempt) -> None:
    """Raises Refused("not_confirmed") before the confirming inquiry, which may find that the bank reversed the payment."""
    if Job.objects.filter(kind="payments.confirm", key__startswith=f"attempt:{attempt.pk}:").exclude(state=JobState.DONE).exists():
        raise Refused(
            "not_confirmed",
            _("The bank is still to be asked whether it kept this payment; that takes a quarter of an hour. Nothing was changed."),
        )


def _earliest_sending(attempt: Attempt) -> dt.datetime:
    """The earliest time to send: after the confirming inquiry."""
    settled = attempt.settled_at or clock.now()
    return max(clock.now(), settled + dt.timedelta(seconds=settings.KNET_CONFIRM_DELAY_SECONDS + 2 * rules.RECHECK_SECONDS))


def send_refund(*, refund_id: int) -> None:
    """Call the gateway once. After a crash it does not call again but inquires about the outcome."""
    with transaction.atomic():
        row = _locked(RefundDue.objects.get(pk=refund_id))
        if row.state == S.SENDING:
            _mark_unknown(row, "interrupted")
            return
        if row.state != S.APPROVED:
            return
        transition(row, "send", actor=ME, sent_at=clock.now())
    failpoint("refund.sending")
    try:
        reply = provider_named(row.attempt.provider).refund(trackid=row.attempt.trackid, fils=row.fils)
    except NotConfigured:
        _record_outcome(refund_id, "refused", "gateway_unavailable")
        return
    except GatewayUnreachable as failure:
        _save_messages(row.attempt, failure.request, failure.response, {"failure": failure.reason})
        _record_outcome(refund_id, "unknown", "no_answer")
        return
    failpoint("refund.sent")
    _save_messages(row.attempt, reply.request, reply.response, reply.decoded)
    outcome = rules.judge_refund(reply.answer, trackid=row.attempt.trackid, fils=row.fils)
    _record_outcome(refund_id, outcome, "not_understood" if outcome == "unknown" else "refused_by_bank", reply)


@transaction.atomic
def _save_messages(attempt: Attempt, request: str, response: str, decoded: dict[str, str]) -> None:
    now = clock.now()
    GatewayMessage.objects.create(direction=Direction.OUT, kind=BankMessageKind.REFUND_REQUEST, attempt=attempt, raw=request, at=now)
    GatewayMessage.objects.create(
        direction=Direction.IN, kind=BankMessageKind.REFUND_RESPONSE, attempt=attempt, raw=response, decoded=decoded, at=now
    )


@transaction.atomic
def _record_outcome(refund_id: int, outcome: str, reason: str, reply: BankReply | None = None) -> None:
    row = _locked(RefundDue.objects.get(pk=refund_id))
    if row.state not in (S.SENDING, S.UNKNOWN):
        return
    if outcome == "paid":
        reference = reply.answer.ref[:40] if reply else ""
        _record_paid_out(row, {"reference": reference}, bank_reference=reference or row.bank_reference)
    elif outcome == "refused":
        _record_failed(row, reason, {"result": reply.answer.error_code[:40] or reply.answer.result[:40]} if reply else {})
    elif row.state == S.SENDING:
        _mark_unknown(row, reason)


def _record_paid_out(row: RefundDue, data: dict[str, Any], **changes: Any) -> None:
    """Record that a refund was paid out. In the caller's transaction, payment and refund locked."""
    transition(row, "pay_out", actor=ME, data=data, paid_out_at=clock.now(), **changes)
    if row.allocation is not None:
        transition(Bill.objects.select_for_update().get(pk=row.allocation.bill_id), "return", actor=ME, data={"refund": row.key})
    elif row.attempt.state == AttemptState.REFUND_DUE:
        transition(row.attempt, "return", actor=ME, data={"refund": row.key})
    ledger.book_paid_out(row)
    enqueue("payments.tell_paid_out", key=row.key, refund_id=row.pk)
    record("refund.paid_out", subject=row.key, actor=ME, data={"fils": row.fils, "way": row.way})


def _record_failed(row: RefundDue, reason: str, data: dict[str, Any]) -> None:
    transition(row, "fail", actor=ME, reason=reason, data=data)
    record("refund.failed", subject=row.key, actor=ME, data={"reason": reason, **data})
    log.error("refund of payment %s was not paid out: %s", row.attempt.trackid, reason)


def _mark_unknown(row: RefundDue, reason: str) -> None:
    transition(row, "doubt", actor=ME, reason=reason)
    record("refund.unknown", subject=row.key, actor=ME, data={"reason": reason})
    log.error("nobody knows whether the refund of payment %s was paid out: %s", row.attempt.trackid, reason)
    for step, minutes in enumerate(rules.REFUND_MINUTES):
        due_at = clock.now() + dt.timedelta(minutes=minutes)
        enqueue("payments.ask_refund", key=f"{row.key}:{row.last_event_id}:{step}", due_at=due_at, refund_id=row.pk)


def ask_refund(*, refund_id: int) -> None:
    """Inquire about a refund with an unknown outcome (`rules.judge_credit`)."""
    row = RefundDue.objects.select_related("attempt").get(pk=refund_id)
    if row.state != S.UNKNOWN:
        return
    attempt = row.attempt
    try:
        reply = provider_named(attempt.provider).inquire(trackid=attempt.trackid, fils=attempt.fils)
    except GatewayUnreachable as failure:
        _save_messages(attempt, failure.request, failure.response, {"failure": failure.reason})
        return
    _save_messages(attempt, reply.request, reply.response, reply.decoded)
    paid_before = RefundDue.objects.filter(attempt=attempt, state=S.PAID_OUT, way=RefundWay.GATEWAY).values_list("fils", flat=True)
    outcome = rules.judge_credit(reply.answer, trackid=attempt.trackid, before=sum(paid_before), fils=row.fils)
    if outcome == "paid":
        _record_outcome(refund_id, "paid", "", None)
    elif outcome == "unpaid" and row.sent_at is not None and clock.now() - row.sent_at >= rules.REFUND_UNPAID_AFTER:
        _record_outcome(refund_id, "refused", "not_at_bank")


def settle_from_statement(*, refund_id: int, reference: str) -> None:
    """Record a refund with an unknown outcome as paid out, because a statement of the bank lists it."""
    with transaction.atomic():
        row = _locked(RefundDue.objects.get(pk=refund_id))
        if row.state == S.UNKNOWN:
            _record_paid_out(row, {"statement": True}, bank_reference=reference[:40])


@transaction.atomic
def look_up_refund(*, refund: RefundDue, found_by: User, is_paid: bool, bank_reference: str = "") -> None:
    """Record what a person found at the bank about a refund. Raises NotPermitted, TransitionRefused, Refused("bad_reference")."""
    actor = require_role(found_by, CASHIER)
    row = _locked(refund)
    if is_paid != bool(_REFERENCE.fullmatch(bank_reference)):
        raise Refused("bad_reference", _("A refund that was paid out has a reference at the bank; one that was not has none."))
    transition(row, "look_up", actor=actor, data={"paid": is_paid}, found_paid=is_paid, found_by=found_by, bank_reference=bank_reference)
    record("refund.looked_up", subject=row.key, actor=actor, data={"paid": is_paid})


@transaction.atomic
def confirm_finding(*, refund: RefundDue, confirmed_by: User, agrees: bool, seen: int | None = None) -> None:
    """Confirm a finding or not, as the second person, `seen` as in `approve_refund`.

    Raises NotPermitted (another role, own finding), TransitionRefused, Refused("unseen").
    """
    actor = require_role(confirmed_by, CHECKER)
    row = _locked(refund)
    if row.state != S.LOOKED_UP:
        raise TransitionRefused("no_such_move", _("Another person decided meanwhile. Nothing was changed."))
    if row.found_by_id == confirmed_by.pk:
        raise NotPermitted("own_proposal", _("The person who proposes cannot approve."))
    _require_seen(row, seen)
    record("refund.finding_decided", subject=row.key, actor=actor, data={"agrees": agrees, "paid": bool(row.found_paid)})
    if not agrees:
        transition(row, "disagree", actor=actor)
    elif row.found_paid:
        _record_paid_out(row, {"reference": row.bank_reference, "by": confirmed_by.key})
    else:
        _record_failed(row, "not_at_bank", {"by": confirmed_by.key})
