"""Beginning a payment: one open attempt a bill, the amount from the bill rows, committed before the browser leaves."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import actor_for
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.kernel.transitions import transition
from payments import links, queries, rules
from payments.models import Allocation, Attempt, Bill, Direction, GatewayMessage, MessageKind
from payments.providers import provider, provider_named
from payments.providers.port import NotConfigured, Order
from payments.states import OPEN, AttemptState, BillState


def session_digest(session_key: str) -> str:
    """What an attempt keeps of the browser session that began it."""
    return salted_hmac("payments.attempt", session_key, algorithm="sha256").hexdigest()


def is_session_of(attempt: Attempt, session_key: str | None) -> bool:
    """Whether this browser session began the attempt."""
    return bool(session_key) and hmac.compare_digest(attempt.session_digest, session_digest(session_key or ""))


def start_attempt(*, bills: Sequence[Bill], payer: Any, language: str, session_key: str) -> Attempt:
    """The open attempt for exactly these bills, or a new one. The amount in fils is read from the locked bill rows.

    `payer` is whoever pays: the person of the bill or a delegate of theirs. Raises NotPermitted for anybody else's bill and Refused:
    not_due, too_late, open_elsewhere, too_much.
    """
    try:
        return _start(bills=bills, payer=payer, language=language, session_key=session_key)
    except IntegrityError:
        # Two tabs passed the check together; the index let one in, and the other joins it.
        return _start(bills=bills, payer=payer, language=language, session_key=session_key)


@transaction.atomic
def _start(*, bills: Sequence[Bill], payer: Any, language: str, session_key: str) -> Attempt:
    wanted = sorted({bill.pk for bill in bills})
    locked = list(Bill.objects.select_for_update(of=("self",)).select_related("payer").filter(pk__in=wanted).order_by("pk"))
    if not locked or len(locked) != len(wanted):
        raise Refused("no_bill", _("There is no such bill."))
    if any(not queries.may_pay(payer, bill) for bill in locked):
        raise NotPermitted("not_yours", _("This bill is not yours."))
    if any(bill.state != BillState.DUE for bill in locked):  # also one that a late capture paid while another attempt is open
        raise Refused("not_due", _("This bill is not open for payment."))
    standing = _standing(wanted)
    if standing:
        return standing
    if any(bill.due_until is not None and bill.due_until < clock.today() for bill in locked):
        raise Refused("too_late", _("The last day for paying this bill has passed."))
    amount = sum(bill.total_fils for bill in locked)
    if amount > rules.MAX_FILS:
        raise Refused("too_much", _("The amount is above what one payment can carry. Please pay the bills one by one."))
    attempt = Attempt.objects.create(
        trackid=rules.new_trackid(),
        provider=provider().name,
        fils=amount,
        language="en" if language == "en" else "ar",
        started_by=payer,
        session_digest=session_digest(session_key),
        created_at=clock.now(),
    )
    Allocation.objects.bulk_create(Allocation(attempt=attempt, bill=bill, fils=bill.total_fils) for bill in locked)
    for person in dict.fromkeys(bill.payer for bill in locked):  # once for each whom it is paid for: a basket may be of several
        theirs = [bill for bill in locked if bill.payer_id == person.pk]
        data = {"fils": sum(bill.total_fils for bill in theirs), "bills": [bill.key for bill in theirs]}
        record("payment.started", subject=attempt.key, actor=actor_for(payer, person), data=data)
    return attempt


def _standing(bill_ids: list[int]) -> Attempt | None:
    """The attempt that is open for these bills. Raises Refused("open_elsewhere") when it is for other bills too, or for some only."""
    found = {a.attempt_id for a in Allocation.objects.filter(bill__in=bill_ids, is_open=True)}
    if not found:
        return None
    covered = sorted(Allocation.objects.filter(attempt__in=found).values_list("bill_id", flat=True))
    if len(found) > 1 or covered != bill_ids:
        raise Refused("open_elsewhere", _("A payment that includes this bill is open at the bank already. Please finish that one first."))
    return Attempt.objects.get(pk=found.pop())


def redirect_url(attempt: Attempt) -> str:
    """Where the browser goes now: to the bank once, and to the receipt page when this attempt is at the bank already.

    The same click twice within a moment gets the bank's address twice, since only one of the answers is followed.
    Raises Refused: gateway_unavailable when the gateway is not set up, not_due; the attempt then stays as it was.
    """
    now = clock.now()
    with transaction.atomic():
        row = Attempt.objects.select_for_update().select_related("started_by").get(pk=attempt.pk)
        is_double_click = (
            row.state == AttemptState.REDIRECTED and row.redirected_at is not None and now - row.redirected_at < rules.DOUBLE_CLICK
        )
        if row.state != AttemptState.CREATED and not is_double_click:
            return links.absolute(links.receipt_path(row.token))
        allocations = list(row.allocations.select_related("bill__payer").order_by("bill_id"))
        if any(a.bill.state != BillState.DUE for a in allocations):
            raise Refused("not_due", _("This bill is not open for payment."))
        if sum(a.bill.total_fils for a in allocations) != row.fils:
            raise RuntimeError(f"attempt {row.trackid} does not equal its bills")
        order = Order(row.trackid, row.fils, row.language, allocations[0].bill.reference, links.absolute(links.receipt_path(row.token)))
        try:
            sent = provider_named(row.provider).order(order)
        except NotConfigured as missing:
            raise Refused(
                "gateway_unavailable", _("Payment is not available at the moment. Nothing was taken. Please try again later.")
            ) from missing
        if not is_double_click:
            _leave(row, allocations[0].bill.payer, sent.raw, sent.decoded, now)
    attempt.state, attempt.last_event, attempt.redirected_at = row.state, row.last_event, row.redirected_at
    return sent.url


def _leave(row: Attempt, payer: Any, raw: str, decoded: dict[str, str], now: dt.datetime) -> None:
    GatewayMessage.objects.create(direction=Direction.OUT, kind=MessageKind.INIT, attempt=row, raw=raw, decoded=decoded, at=now)
    transition(
        row,
        "redirect",
        actor=actor_for(row.started_by, payer),
        redirected_at=now,
        page_expires_at=now + dt.timedelta(seconds=settings.KNET_PAGE_LIFETIME_SECONDS),
    )
    enqueue_step(row, 1)


def enqueue_step(attempt: Attempt, step: int) -> None:
    """Promise one step of the inquiry schedule (rules.SCHEDULE_MINUTES); the same step twice is one promise."""
    if attempt.redirected_at is None:
        raise ValueError("an attempt that never left has nothing to ask about")
    enqueue(
        "payments.inquire",
        key=f"attempt:{attempt.pk}:{step}",
        due_at=rules.step_due(attempt.redirected_at, step),
        attempt_id=attempt.pk,
        step=step,
    )


def enqueue_now(attempt: Attempt, why: str, *, delay: float = 0, turn: int = 0) -> None:
    """Promise an inquiry outside the schedule, `delay` seconds from now; at most one an hour for each reason and turn."""
    now = clock.now()
    enqueue(
        "payments.inquire",
        key=f"attempt:{attempt.pk}:{why}:{int(now.timestamp()) // 3600}:{turn}",
        due_at=now + dt.timedelta(seconds=delay),
        attempt_id=attempt.pk,
        step=0,
        why=why,
        turn=turn,
    )


@transaction.atomic
def give_up(*, attempt: Attempt, payer: Any) -> None:
    """The person says that they left the bank's page without paying: ask the bank now. Raises NotPermitted, TransitionRefused."""
    row = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if row.started_by_id != payer.pk:
        raise NotPermitted("not_yours", _("This payment is not yours."))
    if row.state not in OPEN or row.redirected_at is None:
        raise TransitionRefused("no_such_move", _("The outcome of this payment is known already."))
    Attempt.objects.filter(pk=row.pk, hint="").update(hint=rules.Hint.GIVEN_UP)
    for allocation in row.allocations.select_related("bill__payer").order_by("pk")[:1]:
        record("payment.given_up", subject=row.key, actor=actor_for(payer, allocation.bill.payer))
    enqueue_now(row, "given_up")
