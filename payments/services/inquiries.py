"""Inquiries at the bank; only their answers settle a payment."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.db import transaction

from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue, retry_dead
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.failpoints import failpoint
from municipality.kernel.transitions import transition
from payments import rules
from payments.models import Attempt, BankMessageKind, Direction, GatewayMessage, Inquiry
from payments.providers import provider_named
from payments.providers.port import BankReply, GatewayUnreachable
from payments.rules import InquiryOutcome
from payments.services.attempts import enqueue_now, enqueue_step
from payments.services.reviews import close_finding, free_bills
from payments.services.settlement import settle, void_attempt
from payments.states import AT_BANK, OPEN, UNPAID, AttemptState

log = logging.getLogger(__name__)
ME = system("payments")
DIFFERENCE = "difference"  # why staff ask


def ask(attempt: Attempt) -> Inquiry | None:
    """Inquire about an attempt and store both messages. None without a usable answer."""
    try:
        reply = provider_named(attempt.provider).inquire(trackid=attempt.trackid, fils=attempt.fils)
    except GatewayUnreachable as failure:
        now = clock.now()
        with transaction.atomic():
            _store(attempt, Direction.OUT, BankMessageKind.INQUIRY_REQUEST, failure.request, {}, now)
            _store(attempt, Direction.IN, BankMessageKind.INQUIRY_RESPONSE, failure.response, {"failure": failure.reason}, now)
        log.warning("inquiry of attempt %s got no answer: %s", attempt.pk, failure.reason)
        return None
    failpoint("payments.inquired")
    return _record_answer(attempt, reply)


@transaction.atomic
def _record_answer(attempt: Attempt, reply: BankReply) -> Inquiry:
    now, answer = clock.now(), reply.answer
    _store(attempt, Direction.OUT, BankMessageKind.INQUIRY_REQUEST, reply.request, {}, now)
    message = _store(attempt, Direction.IN, BankMessageKind.INQUIRY_RESPONSE, reply.response, reply.decoded, now)
    known_payment_id = Attempt.objects.values_list("payment_id", flat=True).get(pk=attempt.pk)
    outcome = rules.judge(answer, trackid=attempt.trackid, fils=attempt.fils, payment_id=known_payment_id)
    reused = answer.payment_id and Attempt.objects.filter(payment_id=answer.payment_id).exclude(pk=attempt.pk).exists()
    reused = reused or (answer.tran_id and Attempt.objects.filter(tran_id=answer.tran_id).exclude(pk=attempt.pk).exists())
    if outcome is InquiryOutcome.CAPTURED and reused:
        outcome = InquiryOutcome.MISMATCH
    return Inquiry.objects.create(
        attempt=attempt,
        message=message,
        result=answer.result[:120],
        outcome=outcome,
        fils=answer.fils,
        trackid=answer.trackid[:40],
        payment_id=answer.payment_id[:40],
        agrees=not reused and rules.agrees(answer, trackid=attempt.trackid, fils=attempt.fils, payment_id=known_payment_id),
        at=now,
    )


def _store(attempt: Attempt, direction: str, kind: str, raw: str, decoded: dict[str, str], now: dt.datetime) -> GatewayMessage:
    return GatewayMessage.objects.create(direction=direction, kind=kind, attempt=attempt, raw=raw, decoded=decoded, at=now)


def inquire(*, attempt_id: int, step: int = 0, why: str = "", turn: int = 0) -> None:
    """Inquire as a step of the schedule (from 1) or outside it (0), act on the answer and enqueue the next inquiry.

    About a payment that the bank reversed only for a difference of the daily match.
    """
    attempt = Attempt.objects.get(pk=attempt_id)
    if attempt.state not in (*AT_BANK, *UNPAID) and not (attempt.state == AttemptState.VOIDED and why == DIFFERENCE):
        return
    inquiry = ask(attempt)
    if inquiry is not None:
        act_on(inquiry, is_last=_is_last(attempt, step))
    elif _is_last(attempt, step):
        _mark_unanswered(attempt_id)
    with transaction.atomic():
        attempt = Attempt.objects.get(pk=attempt_id)
        if attempt.state not in (*AT_BANK, *UNPAID):
            return
        if step:
            next_step = rules.next_step(step, is_open=attempt.state in OPEN, is_plain_refusal=_is_plain_refusal(attempt))
            if next_step:
                enqueue_step(attempt, next_step)
        elif attempt.state in (AttemptState.REDIRECTED, AttemptState.CONFIRMING) and turn + 1 < len(rules.EAGER_SECONDS):
            enqueue_now(attempt, why or "ack", delay=rules.EAGER_SECONDS[turn + 1], turn=turn + 1)


def _is_plain_refusal(attempt: Attempt) -> bool:
    return attempt.state in (AttemptState.DECLINED, AttemptState.DENIED)


def _is_last(attempt: Attempt, step: int) -> bool:
    return step > 0 and attempt.state in OPEN and rules.next_step(step, is_open=True, is_plain_refusal=False) is None


def act_on(inquiry: Inquiry, *, is_last: bool = False) -> None:
    """Settle an agreeing capture, otherwise move the attempt by `rules.move_for`."""
    if inquiry.outcome == InquiryOutcome.CAPTURED and inquiry.agrees:
        settle(attempt=inquiry.attempt, inquiry=inquiry)
        failpoint("payments.settled")
        return
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=inquiry.attempt_id)
        outcome = InquiryOutcome(inquiry.outcome)
        if attempt.state in UNPAID and outcome is InquiryOutcome.MISMATCH:
            _mark_mismatch(attempt, "disagrees")
        if attempt.state not in AT_BANK:
            return
        if attempt.state == AttemptState.MISMATCH and outcome is InquiryOutcome.NOT_FOUND:  # no refusal: the bank may have cleared its list
            return
        page_is_over = attempt.page_expires_at is not None and inquiry.at >= attempt.page_expires_at
        move, reason = rules.move_for(outcome, hint=attempt.hint, page_is_over=page_is_over, is_last=is_last)
        if move == "doubt":
            _mark_mismatch(attempt, reason)
        elif move:
            was_in_review = attempt.state == AttemptState.MISMATCH
            transition(attempt, move, actor=ME, data={"result": inquiry.result[:60]})
            if was_in_review:
                close_finding(attempt)
                free_bills(attempt)
            attempt.allocations.filter(is_open=True).update(is_open=False)
            record(f"payment.{attempt.state}", subject=attempt.key, actor=ME, data={"inquiry": inquiry.pk})


def _mark_mismatch(attempt: Attempt, reason: str) -> None:
    """Move an attempt to MISMATCH, for staff; its bills stay blocked for another payment."""
    if attempt.state == AttemptState.MISMATCH:
        return
    transition(attempt, "doubt", actor=ME, reason=reason)
    record("payment.mismatch", subject=attempt.key, actor=ME, data={"reason": reason})
    log.error("payment %s needs a person: %s", attempt.trackid, reason)


def _mark_unanswered(attempt_id: int) -> None:
    with transaction.atomic():
        attempt = Attempt.objects.select_for_update().get(pk=attempt_id)
        if attempt.state in (AttemptState.REDIRECTED, AttemptState.CONFIRMING):
            _mark_mismatch(attempt, "no_answer")


class Unanswered(Exception):
    """The confirming inquiry has no answer; the job is retried."""


def confirm(*, attempt_id: int, turn: int = 0) -> None:
    """Inquire again some minutes after settling, and void a payment that the bank reversed.

    Raises Unanswered, so that the job is retried, without a clear answer, and while a refund of a reversed payment has no known outcome.
    """
    attempt = Attempt.objects.get(pk=attempt_id)
    if attempt.state != AttemptState.PAID:
        return
    inquiry = ask(attempt)
    if inquiry is None:
        raise Unanswered("no answer")
    outcome = InquiryOutcome(inquiry.outcome)
    if outcome is InquiryOutcome.CAPTURED and inquiry.agrees:
        return
    if outcome in rules.NOT_PAID or (outcome is InquiryOutcome.NOT_FOUND and turn > 0):
        if not void_attempt(attempt=attempt, inquiry=inquiry):
            raise Unanswered("reversed, and an amount of it is on its way back")
    elif outcome is InquiryOutcome.NOT_FOUND:
        with transaction.atomic():
            due_at = clock.now() + dt.timedelta(seconds=rules.RECHECK_SECONDS)
            enqueue("payments.confirm", key=f"attempt:{attempt.pk}:{turn + 1}", due_at=due_at, attempt_id=attempt.pk, turn=turn + 1)
    else:
        raise Unanswered(f"{outcome} after the payment was confirmed")


def sweep() -> int:
    """Expire attempts that were never redirected, enqueue missing inquiries, and retry dead confirmations (rules.CONFIRM_AGAIN).

    A payment under review is asked about once a day after its schedule ended.

    Returns how many attempts expired and jobs are retried.
    """
    now = clock.now()
    lifetime = dt.timedelta(seconds=settings.KNET_PAGE_LIFETIME_SECONDS)
    waiting = Attempt.objects.filter(state=AttemptState.CREATED, created_at__lt=now - lifetime)
    expired = sweeps.for_each("payments.expire", list(waiting.values_list("pk", flat=True)[:200]), _expire)
    at_bank = Attempt.objects.filter(state__in=[AttemptState.REDIRECTED, AttemptState.CONFIRMING], redirected_at__lt=now)

    def enqueue_due(attempt: Attempt) -> int:
        enqueue_step(attempt, _due_step(attempt, now))
        return 0

    sweeps.for_each("payments.promise_inquiry", at_bank.order_by("pk")[:500], enqueue_due)
    scheduled = dt.timedelta(minutes=rules.SCHEDULE_MINUTES[-1])
    in_review = Attempt.objects.filter(state=AttemptState.MISMATCH, redirected_at__lt=now - scheduled)

    def enqueue_daily(attempt: Attempt) -> int:
        key = f"attempt:{attempt.pk}:review:{clock.today()}"
        enqueue("payments.inquire", key=key, attempt_id=attempt.pk, step=0, why="review", turn=99)
        return 0

    sweeps.for_each("payments.promise_review", in_review.order_by("pk")[:500], enqueue_daily)
    return expired + retry_dead("payments.confirm", after=rules.CONFIRM_AGAIN, within=rules.CONFIRM_WITHIN)


def _expire(pk: int) -> bool:
    attempt = Attempt.objects.select_for_update().get(pk=pk)
    if attempt.state != AttemptState.CREATED:
        return False
    transition(attempt, "expire", actor=ME, data={"result": "never_left"})
    attempt.allocations.filter(is_open=True).update(is_open=False)
    return True


def _due_step(attempt: Attempt, now: dt.datetime) -> int:
    """The first step that is not due yet, or the last."""
    if attempt.redirected_at is None:
        raise ValueError("an attempt that never left has no schedule")
    for step in range(1, len(rules.SCHEDULE_MINUTES) + 1):
        if rules.step_due(attempt.redirected_at, step) > now:
            return step
    return len(rules.SCHEDULE_MINUTES)
