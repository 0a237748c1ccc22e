"""Queries on requests for boards: their rules, files, and the boards that are licensed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardRequest, HealthLicence
from licensing.signage import moves
from licensing.signage.checks import StandingBoard
from licensing.signage.life.queries import end_of
from licensing.signage.states import BOARDS, WITH_SHOP
from licensing.signage.validity import licensed_on
from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.cases import queries as cases
from municipality.cases.models import Block, Case, Effect
from municipality.delegation import queries as delegation
from municipality.documents.models import Document
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.review import asked_files
from municipality.review import queries as review
from municipality.rulebook import boards
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from municipality.uploads.registry import Slot
from shops.models import Shop
from shops.register import queries as registered

FEES, LIMITS, FILES, REPLIES, CHECKS = "fees.boards", "limits.boards", "files.boards", "replies.boards", "checks.boards"
RULES = boards.RULES
EDITIONS = (FEES, LIMITS, FILES, REPLIES, CHECKS, RULES)
# What a licence says of all of its boards: a list of boards would decode it with each of them.
UNREAD = ("request__document__facts", "request__document__public_facts")
LICENCE_OVER, MOVED = "health_licence_over", "shop_moved"  # codes of `lost`
SLOTS: dict[str, Slot] = {
    slot.code: slot
    for slot in (
        Slot(
            "front",
            _("Photo of the shop front"),
            _("The whole front, with the places of the boards."),
            most=6,
            photo=True,
        ),
        Slot("plan", _("Plan of the boards"), _("With dimensions, material and fixing of each board."), most=6),
        Slot("trademark", _("Approval of the trademark owner"), _("Only where a mark is shown that is not yours."), most=4),
    )
}


def obstacle(shop: Shop) -> Refused | None:
    """What forbids new boards of a shop today; None where nothing does."""
    if (refusal := obstacle_of(shop, cases.active_blocks(shop.key, BOARDS))) is not None:
        return refusal
    if health_licence_state(shop) == DocumentState.REVOKED:
        return Refused(LICENCE_OVER, _("The health licence of this shop was cancelled or revoked, so no board of it can be licensed."))
    return None


def health_licence_state(shop: Shop) -> str:
    """The state of the document of a shop's current health licence, empty where it has none."""
    rows = HealthLicence.objects.filter(shop=shop, is_current=True).values_list("document__state", flat=True)
    return rows.first() or ""


def obstacle_of(shop: Shop, blocks: Sequence[Block]) -> Refused | None:
    """`obstacle` of a shop with these blocks of the service."""
    today = clock.today()
    if shop.closed_on is not None and shop.closed_on <= today:
        return Refused("shop_closed", _("This shop is closed in the register, so no board of it can be licensed."))
    if shop.commercial_license_end < today:
        return Refused("commercial_license", _("The commercial licence of this shop has ended. Renew it before you ask for boards."))
    if any(block.effect == Effect.STOP for block in blocks):
        return Refused("blocked", _("This shop is blocked. My shops shows why and what to do."))
    return None


def slots(edition: RulebookEdition, *, are_drawn: bool = False) -> dict[str, int]:
    """How many files each slot needs at least; `are_drawn` where every board is drawn on the photo."""
    found = {}
    for code in SLOTS:
        own = f"{code}_if_drawn" if are_drawn and f"{code}_if_drawn" in edition.limits else code
        if own in edition.limits:
            found[code] = edition.limits[own].value
    return found


def request_of(case: Case) -> BoardRequest:
    """The request of a case with its boards, read once. Raises BoardRequest.DoesNotExist."""
    rows = BoardRequest.objects.select_related("case__applicant", "case__branch", "shop__activity", "shop__area__governorate")
    rows = rows.select_related("document__last_event")
    boards = Prefetch("boards", Board.objects.select_related("drawing", "end", "previous__request__document")), "boards__checks"
    return request_cache.get_or_set(("licensing.boards", case.pk), lambda: rows.prefetch_related(*boards).get(case=case))


def limits_of(case: Case) -> RulebookEdition:
    """The limits by which a request is judged."""
    return review.edition_for(case, LIMITS)


def files_of(case: Case) -> RulebookEdition:
    """The files by which a request is judged."""
    return review.edition_for(case, FILES)


def key_of(case: Case) -> str:
    """The subject key of the files of a request."""
    return BoardRequest.objects.values_list("files_key", flat=True).get(case=case)


def requested_slots(case: Case) -> list[str]:
    """The files that the open round of corrections asks for."""
    return asked_files.requested(case, SLOTS)


def licensed(shops: Sequence[Shop]) -> dict[int, list[Board]]:
    """The boards of shops that ever had a licence, newest licence first, by the primary key of the shop; one query."""
    rows = Board.objects.filter(request__shop__in=[shop.pk for shop in shops], first_day__isnull=False)
    found: dict[int, list[Board]] = {}
    rows = rows.select_related("end", "request__document__last_event", "drawing").defer(*UNREAD)
    for board in rows.order_by("-request", "line"):
        found.setdefault(board.request.shop_id, []).append(board)
    return found


def nearest_standing(shop: Shop, board_class: str, on: dt.date, *, within_cm: int, but: int | None = None) -> StandingBoard | None:
    """The free-standing board of a class ("" for all) that is licensed on a day and nearest to a shop, by the places of both shops.

    `but` is the primary key of the board that is changed or renewed. None where there is none within the distance, or where the place of
    the shop is not known.
    """
    if shop.latitude is None or shop.longitude is None:
        return None
    boards = licensed_on(on).filter(is_standing=True).select_related("request__document")
    boards = boards.filter(board_class=board_class) if board_class else boards
    boards = boards.exclude(pk=but) if but is not None else boards
    among = Shop.objects.filter(pk__in=boards.values("request__shop"))
    found = registered.near(shop.latitude, shop.longitude, metres=within_cm // 100, limit=1, among=among)
    if not found:
        return None
    ((other, metres),) = found
    board = boards.filter(request__shop=other).order_by("pk")[0]
    return StandingBoard(board.number, 100 * metres) if 100 * metres < within_cm else None


def standing(board: Board) -> str:
    """How an issued board stands today: a key of `labels.STANDING`."""
    document, end = board.request.document, end_of(board)
    if document is None or board.last_day is None:
        raise ValueError("the board has no licence")
    if end is not None:
        return end.reason
    state = document.live_state
    if state == "suspended" and document.last_event is not None and document.last_event.reason == WITH_SHOP:
        return "suspended_with_shop"
    if state in ("valid", "revoked") and board.last_day < clock.today():
        return "expired"
    return "not_yet" if state == "valid" and board.first_day is not None and board.first_day > clock.today() else state


def licence_state(document: Document, boards: Sequence[Board]) -> str:
    """How a licence of boards stands today: the live state of its document while it is not valid, else as its boards stand.

    Its last day is that of the board that ends last: where that one was removed, "expired" comes when the others have ended, and
    "not_yet" while only one stands that has not begun.
    """
    state = document.live_state
    if state != "valid" or not boards:
        return state
    found = {standing(board) for board in boards}
    return next((one for one in ("valid", "not_yet") if one in found), "expired")


def are_over(boards: Iterable[Board]) -> bool:
    """Whether all of these boards have ended or lapsed; reads the end of each (use `select_related("end")`)."""
    return not any(end_of(board) is None and board.last_day is not None and board.last_day >= clock.today() for board in boards)


def renewal_of(board: Board) -> Board | None:
    """The board that renews one, with its case: licensed, or asked for; None where there is none, or where it came to nothing."""
    rows = board.renewals.filter(Q(request__case__is_open=True) | Q(first_day__isnull=False))
    return rows.select_related("request__case", "request__document").first()


def lost(request: BoardRequest) -> str:
    """The code of what forbids the licence of a request since it was sent, or "".

    That of `obstacle_of`; LICENCE_OVER; MOVED where the shop has another place or another holder than those that were studied, however
    it passed; or "previous_licence" where a board that it renews or changes has ended, or the licence of that is not in force. Boards of
    a shop that is suspended are licensed, and suspended with it.
    """
    shop = request.shop
    if (refusal := obstacle_of(shop, cases.active_blocks(shop.key, BOARDS))) is not None:
        return refusal.code
    if health_licence_state(shop) == DocumentState.REVOKED:
        return LICENCE_OVER
    if not registered.is_of_holder(shop, request.case.applicant, request.case.organisation_id):
        return MOVED
    if any(at >= request.case.opened_at for at in moves.of_shops([shop.pk]).get(shop.pk, [])):
        return MOVED
    return "previous_licence" if without_previous([request]) else ""


def without_previous(requests: Collection[BoardRequest]) -> set[int]:
    """Those that renew or change a board that has ended, or whose licence is not in force, by primary key; one query."""
    is_over = Q(months_left__isnull=False, previous__last_day__lt=clock.today())
    is_gone = ~Q(previous__end=None, previous__request__document__state__in=LIVE) | is_over
    return set(Board.objects.filter(is_gone, request__in=requests, previous__isnull=False).values_list("request", flat=True))


def narrowed(boards: QuerySet[Board], chosen: Mapping[str, Any]) -> QuerySet[Board]:
    """The boards of an `area`, a `board_class`, a `medium` and a `shop` (its public id), each where it is chosen."""
    names = {"area": "request__shop__area", "board_class": "board_class", "medium": "medium", "shop": "request__shop__public_id"}
    return boards.filter(**{path: chosen[name] for name, path in names.items() if chosen.get(name)})


def with_places(boards: QuerySet[Board]) -> QuerySet[Board]:
    """The boards with what a list of them shows, in the same query."""
    return boards.select_related("request__document", "request__shop__area__governorate", "drawing")


def is_held_by(user: Visitor, board: Board) -> bool:
    """Whether a person may act in the request of a board: its applicant, or who acts for them."""
    return user.is_authenticated and not user.is_staff and cases.visible_to(user).filter(pk=board.request.case_id).exists()


def documents_opened_to(user: User) -> QuerySet[Any] | None:
    """The licences of the cases in which a user acts for somebody else."""
    if not delegation.grants(user, BOARDS):
        return None
    requests = BoardRequest.objects.filter(case__in=cases.delegated_to(user).values("pk"), document__isnull=False)
    return requests.values_list("document", flat=True)


def rules() -> list[RulebookEdition]:
    """The editions by which a request of today is judged, in the order of `EDITIONS`."""
    return rulebook.editions(EDITIONS, clock.today())
