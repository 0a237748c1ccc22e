"""Beginning a payment: one open attempt for each bill, committed before the browser is redirected."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Sequence

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock, money
from municipality.kernel.actors import VISITOR, Actor
from municipality.kernel.errors import NotPermitted, Refused, TransitionRefused
from municipality.kernel.transitions import transition
from payments import links, queries, rights, rules
from payments.models import Allocation, Attempt, BankMessageKind, Bill, Direction, GatewayMessage
from payments.providers import provider, provider_named
from payments.providers.port import NotConfigured, Order
from payments.services.settlement import is_reversal_unheard
from payments.states import OPEN, AttemptState, BillState


def session_digest(session_key: str) -> str:
    """The digest of a session key that an attempt stores."""
    return salted_hmac("payments.attempt", session_key, algorithm="sha256").hexdigest()


def is_session_of(attempt: Attempt, session_key: str | None) -> bool:
    """Whether this browser session began the attempt."""
    return bool(session_key) and hmac.compare_digest(attempt.session_digest, session_digest(session_key or ""))


def paid_by_delegate(subject: str) -> dict[str, str]:
    """What an event of a payment for a subject keeps about who began it: `paid_by`, their key, if they acted for its payer; else empty."""
    settled = Allocation.objects.filter(bill__subject=subject, is_settled=True, attempt__started_by__isnull=False)
    others = settled.exclude(attempt__started_by=F("bill__payer")).select_related("attempt__started_by", "bill__payer").order_by("-pk")
    row = others.first()
    starter = row.attempt.started_by if row is not None else None
    if row is None or starter is None or rights.payer_actor(starter, row.bill).role != "delegate":
        return {}  # whoever signs for the organisation of a request pays for it themselves
    return {"paid_by": starter.key}


def started_by_visitor(attempt: Attempt, session_key: str | None) -> bool:
    """Whether a visitor began the attempt in this browser session."""
    return attempt.started_by_id is None and is_session_of(attempt, session_key)


def actor_of_payment(payer: User | None, bill: Bill) -> Actor:
    """The actor of a step of a payment: as `rights.payer_actor`, or a visitor (None)."""
    return VISITOR if payer is None else rights.payer_actor(payer, bill)


def start_attempt(*, bills: Sequence[Bill], payer: User | None, language: str, session_key: str) -> Attempt:
    """The open attempt for exactly these bills, or a new one. The amount is read from the locked bills.

    `payer` is the payer of the bills, a delegate, or None for a visitor, who pays one bill of a kind in registry.VISITORS.
    Raises NotPermitted, Refused: no_bill, not_due, too_late, stopped, open_elsewhere, too_much.
    """
    try:
        return _start(bills=bills, payer=payer, language=language, session_key=session_key)
    except IntegrityError:
        # Another request was first: return its attempt.
        return _start(bills=bills, payer=payer, language=language, session_key=session_key)


@transaction.atomic
def _start(*, bills: Sequence[Bill], payer: User | None, language: str, session_key: str) -> Attempt:
    bill_ids = sorted({bill.pk for bill in bills})
    locked = list(Bill.objects.select_for_update(of=("self",)).select_related("payer").filter(pk__in=bill_ids).order_by("pk"))
    if not locked or len(locked) != len(bill_ids):
        raise Refused("no_bill", _("There is no such bill."))
    if not _may_pay_all(payer, locked):
        raise NotPermitted("not_yours", _("This bill is not yours."))
    if any(bill.state != BillState.DUE for bill in locked):  # a late capture may have paid it while another attempt is open
        raise Refused("not_due", _("This bill is not open for payment."))
    open_attempt = _open_attempt(bill_ids)
    if open_attempt and open_attempt.state != AttemptState.CREATED:
        return open_attempt
    dues = queries.described(locked)
    if not open_attempt and queries.is_too_late(locked, dues):
        raise Refused("too_late", _("The last day for paying this bill has passed."))
    if stopped := queries.stopped(locked, dues):  # also what was begun and has not left for the bank
        raise Refused("stopped", stopped)
    if open_attempt:
        return open_attempt
    if is_reversal_unheard(bill_ids):
        raise Refused("stopped", _("The bank has just taken back an earlier payment of this bill. Please try again in a minute."))
    amount = sum(bill.total_fils for bill in locked)
    if amount > money.MAX_FILS:
        raise Refused("too_much", _("The amount is more than one payment can take. Please pay the bills one by one."))
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
    for person in dict.fromkeys(bill.payer for bill in locked):  # a basket may have bills of several payers
        own_bills = [bill for bill in locked if bill.payer_id == person.pk]
        data = {"fils": sum(bill.total_fils for bill in own_bills), "bills": [bill.key for bill in own_bills]}
        record("payment.started", subject=attempt.key, actor=actor_of_payment(payer, own_bills[0]), data=data)
    return attempt


def _may_pay_all(payer: User | None, bills: Sequence[Bill]) -> bool:
    if payer is None:
        return len(bills) == 1 and queries.visitor_may_pay(bills[0])
    return all(rights.may_pay(payer, bill) for bill in bills)


def _open_attempt(bill_ids: list[int]) -> Attempt | None:
    """The open attempt for exactly these bills. Raises Refused("open_elsewhere") for one with other bills, or only some."""
    attempt_ids = {a.attempt_id for a in Allocation.objects.filter(bill__in=bill_ids, is_open=True)}
    if not attempt_ids:
        return None
    covered = sorted(Allocation.objects.filter(attempt__in=attempt_ids).values_list("bill_id", flat=True))
    if len(attempt_ids) > 1 or covered != bill_ids:
        raise Refused("open_elsewhere", _("A payment that includes this bill is already open at the bank. Please finish that one first."))
    return Attempt.objects.get(pk=attempt_ids.pop())


def redirect_url(attempt: Attempt) -> str:
    """The URL to redirect to: the bank's page once (a double click gets it again), then the receipt page.

    Raises Refused: gateway_unavailable when the gateway is not configured, not_due; the attempt then stays unchanged.
    """
    now = clock.now()
    with transaction.atomic():
        row = Attempt.objects.select_for_update(of=("self",)).select_related("started_by").get(pk=attempt.pk)
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
            redirection = provider_named(row.provider).order(order)
        except NotConfigured as error:
            raise Refused(
                "gateway_unavailable", _("Payment is not available at the moment. Nothing was taken. Please try again later.")
            ) from error
        if not is_double_click:
            _record_redirect(row, allocations[0].bill, redirection.raw, redirection.decoded, now)
    attempt.state, attempt.last_event, attempt.redirected_at = row.state, row.last_event, row.redirected_at
    return redirection.url


def _record_redirect(row: Attempt, bill: Bill, raw: str, decoded: dict[str, str], now: dt.datetime) -> None:
    GatewayMessage.objects.create(direction=Direction.OUT, kind=BankMessageKind.INIT, attempt=row, raw=raw, decoded=decoded, at=now)
    transition(
        row,
        "redirect",
        actor=actor_of_payment(row.started_by, bill),
        redirected_at=now,
        page_expires_at=now + dt.timedelta(seconds=settings.KNET_PAGE_LIFETIME_SECONDS),
    )
    enqueue_step(row, 1)


def enqueue_step(attempt: Attempt, step: int) -> None:
    """Enqueue a step of the inquiry schedule (rules.SCHEDULE_MINUTES), once."""
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
    """Enqueue an inquiry outside the schedule in `delay` seconds, at most one an hour for each `why` and turn."""
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
def give_up(*, attempt: Attempt, payer: User | None, session_key: str | None = None) -> None:
    """Somebody says that the bank's page was left without paying: inquire now.

    Whoever began the payment may, and who may pay all its bills themselves, so that nobody holds them up. `payer` is None for a visitor,
    who is known by `session_key`. Raises NotPermitted, TransitionRefused.
    """
    row = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if not _may_give_up(row, payer, session_key):
        raise NotPermitted("not_yours", _("This payment is not yours."))
    if row.state not in OPEN or row.redirected_at is None:
        raise TransitionRefused("no_such_move", _("The outcome of this payment is already known."))
    Attempt.objects.filter(pk=row.pk, hint="").update(hint=rules.Hint.GIVEN_UP)
    for allocation in row.allocations.select_related("bill__payer").order_by("pk")[:1]:
        record("payment.given_up", subject=row.key, actor=actor_of_payment(payer, allocation.bill))
    enqueue_now(row, "given_up")


def _may_give_up(attempt: Attempt, payer: User | None, session_key: str | None) -> bool:
    if payer is None:
        return started_by_visitor(attempt, session_key)
    allocations = attempt.allocations.select_related("bill__payer")
    return attempt.started_by_id == payer.pk or all(rights.may_pay(payer, allocation.bill) for allocation in allocations)
