"""Boards follow their shop: they end when it is closed, moved, or its health licence revoked or transferred; suspended, so are they."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver

from licensing.health.in_force import of_today
from licensing.models import Board, BoardEnd, BoardEndReason, BoardRequest
from licensing.signage import moves
from licensing.signage.notifications import BoardsEndedWithShop, BoardsResumed, BoardsSuspendedWithShop
from licensing.signage.states import WITH_SHOP
from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.documents import services as documents
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.services import send
from payments import queries as payments
from payments.states import BillState
from shops.models import Shop
from shops.register.signals import shops_changed

SYSTEM = system("licensing")
BATCH = 500  # shops at once
MESSAGES = {"end": BoardsEndedWithShop, "suspend": BoardsSuspendedWithShop, "resume": BoardsResumed}
_IN_FORCE = Q(document__state__in=[*LIVE, DocumentState.SUSPENDED], document__valid_to__isnull=False)


@receiver(shops_changed)
def follow_changed(sender: type[Shop], keys: Sequence[int], **_: Any) -> None:
    """End, suspend or resume the boards of changed shops, in the transaction of the change."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), BATCH):
        follow(ordered[start : start + BATCH])


def follow_all() -> int:
    """Follow all shops with boards to end or to suspend: those closed, suspended, or with a licence revoked or suspended. Returns how many.

    Boards that are suspended already end like the others.
    """
    revoked, suspended = (of_today().filter(state_today=state).values("shop") for state in (DocumentState.REVOKED, DocumentState.SUSPENDED))
    to_end = Q(shop__closed_on__lte=clock.today()) | Q(shop__in=revoked)
    to_suspend = Q(document__state__in=LIVE) & (Q(shop__suspended_on__isnull=False) | Q(shop__in=suspended))
    rows = BoardRequest.objects.filter(_IN_FORCE & (to_end | to_suspend), document__valid_to__gte=clock.today())
    keys = list(set(rows.values_list("shop", flat=True)))
    follow_changed(Shop, keys)
    return len(keys)


@dataclass(frozen=True)
class _Verdict:
    """What becomes of the boards: end (from a day), suspend or resume."""

    act: str
    day: dt.date


@transaction.atomic
def follow(shops: Sequence[int]) -> None:
    """Bring the boards of some shops into line with their shops, with one message to each holder.

    A licence that ran out while it was suspended with its shop is resumed too, without a message, so that its boards can be renewed.
    Shops with boards in force are locked, then their requests, before anything is read: what another transaction changes meanwhile
    (a closing taken back, a board that its holder ends) is seen, or waits for this one.
    """
    related = ("shop", "case__applicant", "document__last_event")
    lasts = Q(document__valid_to__gte=clock.today()) | Q(document__state=DocumentState.SUSPENDED)
    rows = BoardRequest.objects.filter(_IN_FORCE & lasts, shop__in=shops)
    if not (shops := sorted(set(rows.values_list("shop", flat=True)))):
        return
    list(Shop.objects.filter(pk__in=shops).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    list(rows.order_by("pk").select_related("document").select_for_update(of=("self", "document")))
    requests = list(rows.select_related(*related).prefetch_related("boards__end").order_by("shop", "-pk"))
    told: dict[tuple[str, Shop, User], list[tuple[Board, int]]] = {}
    states = dict(of_today().filter(shop__in=shops).values_list("shop", "state_today"))
    ends = moves.of_shops(shops)
    for request in requests:
        verdict = _verdict(request, states.get(request.shop_id, ""), ends.get(request.shop_id, []))
        if (boards := _apply(request, verdict)) and verdict is not None:
            event = request.document.last_event_id if request.document is not None else 0
            for person in cases.recipients(request.case.key, request.case.applicant):
                told.setdefault((verdict.act, request.shop, person), []).extend((board, event or 0) for board in boards)
    for (act, shop, person), found in told.items():
        context = {"shop": shop, "numbers": ", ".join(board.number for board, _event in found)}
        send(MESSAGES[act], person=person, key=f"{shop.public_id}:{found[0][1]}", subject_key=shop.key, context=context)


def _verdict(request: BoardRequest, licence: str, ends: Sequence[dt.datetime]) -> _Verdict | None:
    shop, document, today = request.shop, request.document, clock.today()
    if document is None:
        return None
    if shop.closed_on is not None and shop.closed_on <= today:
        return _Verdict("end", shop.closed_on)
    if licence == DocumentState.REVOKED or any(at >= document.created_at for at in ends):
        return _Verdict("end", today)
    if licence == DocumentState.SUSPENDED or shop.suspended_on is not None:
        return _Verdict("suspend", today) if document.state in LIVE else None
    is_ours = document.last_event is not None and document.last_event.reason == WITH_SHOP
    return _Verdict("resume", today) if document.state == DocumentState.SUSPENDED and is_ours else None


def _apply(request: BoardRequest, verdict: _Verdict | None) -> list[Board]:
    """Carry a verdict out. Returns the boards that it changed."""
    document = request.document
    if verdict is None or document is None:
        return []
    today = clock.today()
    standing = [board for board in request.boards.all() if not hasattr(board, "end") and board.last_day and board.last_day >= today]
    for board in standing:
        board.request = request
    if verdict.act == "end":
        for board in standing:
            day = max(verdict.day, board.first_day or today)
            BoardEnd.objects.create(board=board, reason=BoardEndReason.WITH_SHOP, day=day, at=clock.now())
            data = {"board": board.number, "reason": WITH_SHOP, "photo": False}
            record("board.ended", subject=request.case.key, actor=SYSTEM, data=data)
        documents.revoke(document, reason=WITH_SHOP, actor=SYSTEM)
    elif verdict.act == "suspend":
        documents.suspend(document, reason=WITH_SHOP, actor=SYSTEM)
    elif _is_unpaid(request):
        documents.resume(document, reason=WITH_SHOP, actor=SYSTEM)
        documents.suspend(document, reason="payment_voided", actor=SYSTEM)
        return []
    else:
        documents.resume(document, reason=WITH_SHOP, actor=SYSTEM)
    return standing


def _is_unpaid(request: BoardRequest) -> bool:
    """Whether the bank took the payment back while the licence was suspended with the shop."""
    bill = payments.bill_of(request.case.key)
    return bill is not None and bill.state == BillState.DUE
