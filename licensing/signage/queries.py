"""Queries on requests for boards: their rules, files, and the boards that are licensed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardRequest
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Block, Case, Effect
from municipality.delegation import queries as delegation
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.review import asked_files
from municipality.review import queries as review
from municipality.rulebook import boards
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Edition
from municipality.uploads import queries as uploads
from municipality.uploads.registry import Slot
from shops.models import Shop

FEES, LIMITS, FILES, REPLIES, CHECKS = "fees.boards", "limits.boards", "files.boards", "replies.boards", "checks.boards"
RULES = boards.RULES
EDITIONS = (FEES, LIMITS, FILES, REPLIES, CHECKS, RULES)
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
    """What forbids boards of a shop today; None where nothing does."""
    return obstacle_of(shop, cases.active_blocks(shop.key, BOARDS))


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


def slots(edition: Edition) -> dict[str, int]:
    """How many files each slot needs at least."""
    return {code: edition.limits[code].value for code in SLOTS if code in edition.limits}


def missing_files(key: str, edition: Edition) -> list[str]:
    """The slots that have fewer checked files than they need."""
    ready = [row.slot for row in uploads.ready(key)]
    return [slot for slot, least in slots(edition).items() if ready.count(slot) < least]


def request_of(case: Case) -> BoardRequest:
    """The request of a case with its boards, read once. Raises BoardRequest.DoesNotExist."""
    rows = BoardRequest.objects.select_related("case__applicant", "case__branch", "shop__activity", "shop__area__governorate", "document")
    return request_cache.get_or_set(
        ("licensing.boards", case.pk), lambda: rows.prefetch_related("boards__checks", "boards__previous__request__document").get(case=case)
    )


def limits_of(case: Case) -> Edition:
    """The limits by which a request is judged."""
    return review.edition_for(case, LIMITS)


def files_of(case: Case) -> Edition:
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
    for board in rows.select_related("request__document").order_by("-request", "line"):
        found.setdefault(board.request.shop_id, []).append(board)
    return found


def standing(board: Board) -> str:
    """How an issued board stands today: a key of `labels.STANDING`."""
    document = board.request.document
    if document is None or board.last_day is None:
        raise ValueError("the board has no licence")
    state = document.live_state
    if state != "valid":
        return state
    if board.first_day is not None and board.first_day > clock.today():
        return "not_yet"
    return "expired" if board.last_day < clock.today() else "valid"


def renewal_of(board: Board) -> Board | None:
    """The board that renews one, with its case: licensed, or asked for; None where there is none, or where it came to nothing."""
    rows = board.renewals.filter(Q(request__case__is_open=True) | Q(first_day__isnull=False))
    return rows.select_related("request__case", "request__document").first()


def documents_opened_to(user: User) -> QuerySet[Any] | None:
    """The licences of the cases in which a user acts for somebody else."""
    if not delegation.grants(user, BOARDS):
        return None
    requests = BoardRequest.objects.filter(case__in=cases.delegated_to(user).values("pk"), document__isnull=False)
    return requests.values_list("document", flat=True)


def rules() -> list[Edition]:
    """The editions by which a request of today is judged, in the order of `EDITIONS`."""
    return rulebook.editions(EDITIONS, clock.today())
