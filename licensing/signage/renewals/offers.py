"""Which boards of some shops can be renewed today: the board that each would become, its fee, its rule check, and what stops it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from functools import cache

from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q, QuerySet

from licensing.measures import queries as measures
from licensing.models import Board, BoardCheck, BoardOutcome, BoardRequest, HealthLicence
from licensing.signage import moves, queries
from licensing.signage.checks import StandingBoard, results_of
from licensing.signage.fees import AskedBoard, BoardFee, NoRate, PartOfPeriod, fee_of
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Block, Effect
from municipality.documents.states import LIVE, DocumentState
from municipality.incidents import queries as incidents
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import BoardRuleKind
from municipality.rulebook.queries import RulebookEdition
from shops.models import Shop
from shops.register import queries as registered
from zoning.answer.places import PlaceLand, land_at

WINDOW = "limits.board_renewals"
BOARDS_DEADLINE = "licensing.boards"  # of the deadlines that move after an incident
MOST_LISTED = 400  # boards of one page and of one act
_STATED = ("place", "is_lit", "projection_cm", "is_standing", "top_cm", "next_cm", "front_cm", "subject", "approval")
UNDER_WAY, OTHER_REQUEST, SUSPENDED, NO_FEE, AGAINST_RULES = "under_way", "other_request", "suspended", "no_fee", "against_rules"


@dataclass
class Renewable:
    """A licensed board and the one that renews it, as a row that is not saved; None where today's fees have no such board.

    `stop` is the code of what stops it, one of this module, of `queries.obstacle` or of `queries.lost`. `left_open` are results that no
    officer has judged when the board was licensed: an officer decides then.
    """

    previous: Board
    board: Board | None = None
    fee: BoardFee | None = None
    results: Sequence[BoardCheck] = ()
    left_open: Sequence[BoardCheck] = ()
    stop: str = ""

    @property
    def fils(self) -> int:
        """What its renewal costs: there is no second deposit."""
        return self.board.fee_fils if self.board is not None and not self.stop else 0


@dataclass
class ShopBoards:
    """The boards of a shop. `case` is the public id of the open request for its boards; `is_reviewed`: an officer decides about all."""

    shop: Shop
    boards: list[Renewable]
    refusal: Refused | None = None
    blocks: Sequence[Block] = field(default_factory=tuple)
    case: str = ""
    has_no_licence: bool = False  # its health licence is cancelled or revoked; read where a board had ended before, as the moves
    moves: Sequence[dt.datetime] = field(default_factory=tuple)

    @property
    def is_reviewed(self) -> bool:
        return any(block.effect == Effect.REVIEW for block in self.blocks)

    @property
    def ready(self) -> list[Renewable]:
        """Those that nothing stops."""
        return [one for one in self.boards if not one.stop]

    def needs_officer(self, chosen: Collection[Renewable]) -> bool:
        """Whether an officer decides about a request for these boards: it is one request, so about all of them."""
        return self.is_reviewed or any(one.left_open for one in chosen)


def window(*, is_shown: bool = False) -> RulebookEdition:
    """The edition that says when a board can be renewed. `is_shown`: for a list that decides nothing by it, up to a minute old."""
    return (rulebook.shown_edition if is_shown else rulebook.edition)(WINDOW, clock.today())


def period(edition: RulebookEdition) -> tuple[dt.date, dt.date]:
    """The first and last end of a licence that can be renewed today."""
    before, after = (dt.timedelta(days=edition.limits[code].value) for code in ("window_days", "late_days"))
    return clock.today() - after, clock.today() + before


def ending(shops: QuerySet[Shop] | Sequence[Shop]) -> QuerySet[Board]:
    """Licensed boards that end soon or ended lately and are not renewed yet, the first to end first; `is_under_way`: it is asked for."""
    next_ones = Board.objects.filter(previous=OuterRef("pk"))
    rows = Board.objects.filter(
        ~Exists(next_ones.filter(first_day__isnull=False)),
        in_period(),
        request__shop__in=shops,
        request__document__state__in=[*LIVE, DocumentState.SUSPENDED],
        end=None,
    )
    return rows.annotate(is_under_way=Exists(next_ones.filter(request__case__is_open=True))).order_by("last_day", "request", "line")


def waiting(*, is_shown: bool = False) -> QuerySet[Board]:
    """Boards in force or ended lately whose renewal nobody has asked for; `is_shown` as for `window`."""
    return Board.objects.filter(in_period(is_shown=is_shown), is_unasked(), request__document__state__in=LIVE, end=None).order_by()


def is_unasked() -> Q:
    """The condition of boards whose renewal is neither asked for nor licensed."""
    is_renewed = Q(request__case__is_open=True) | Q(first_day__isnull=False)
    return ~Q(Exists(Board.objects.filter(is_renewed, previous=OuterRef("pk"))))


def in_period(*, is_shown: bool = False) -> Q:
    """The condition of boards that can be renewed today by their last day, or because an incident or a measure gave them more time.

    `is_shown` as for `window`; it asks for no deadline and no measure where none has moved or ended lately.
    """
    today, found = clock.today(), Q(last_day__range=period(window(is_shown=is_shown)))
    if not is_shown or incidents.may_have_moved(today):
        found |= Q(pk__in=incidents.moved_into(BOARDS_DEADLINE, today))
    return found if is_shown and not measures.has_ended_lately() else found | Q(pk__in=kept_by_measure(is_shown=is_shown))


def kept_by_measure(*, is_shown: bool = False) -> QuerySet[Board, int]:
    """The primary keys of boards that were not renewed in time while a measure ran against their shop: a subquery.

    It ran on the day after their last one, and ended at most `renewal_days` of `limits.measures` ago; or another measure, which began in
    the days that it gave, did. `is_shown` as for `window`.
    """
    at_shop = measures.giving_time(is_shown=is_shown).filter(shop=OuterRef("request__shop"))
    ran = at_shop.filter(first_day__lte=OuterRef("last_day"), ended_at__date__gt=OuterRef("last_day"))
    in_shops = measures.ended_lately(is_shown=is_shown).values("shop")
    return Board.objects.filter(Exists(ran), request__shop__in=in_shops, first_day__isnull=False).values_list("pk", flat=True)


@dataclass(frozen=True)
class Ending:
    """How many boards of a shop wait for their renewal, and the first of their last days."""

    count: int
    until: dt.date


def endings(shops: QuerySet[Shop]) -> dict[int, Ending]:
    """The boards of `waiting` by the primary key of the shop; one query."""
    rows = waiting().filter(request__shop__in=shops).values("request__shop").annotate(count=Count("pk"), until=Min("last_day"))
    return {row["request__shop"]: Ending(row["count"], row["until"]) for row in rows}


def of_user(user: User, *, is_exact: bool = False) -> list[ShopBoards]:
    """The boards of the shops for which a user may act, at most MOST_LISTED, the shop whose board ends first at the top."""
    return offers(ending(registered.visible_to(user, BOARDS))[:MOST_LISTED], is_exact=is_exact)


def offers(boards: QuerySet[Board], *, is_exact: bool = False) -> list[ShopBoards]:
    """Boards of `ending` by shop, with what can be renewed today; a number of queries that does not grow with the boards.

    The land use that was found when a board was licensed is taken again while the same edition of the rules holds, unless `is_exact`:
    then zoning is asked, once for each shop that has a screen.
    """
    requests = BoardRequest.objects.select_related("document", "case", "shop__branch", "shop__organisation")
    found: dict[int, ShopBoards] = {}
    for board in boards.prefetch_related("checks", Prefetch("request", requests)):  # each request once, not with each board
        found.setdefault(board.request.shop_id, ShopBoards(board.request.shop, [])).boards.append(Renewable(board))
    groups = list(found.values())
    registered.attach_names(group.shop for group in groups)
    keys = [group.shop.key for group in groups]
    blocks, open_cases = cases.blocks_by_subject(keys, BOARDS), cases.open_case_ids(BOARDS, keys)
    rules = queries.rules()
    edition = rulebook.published_ids([rules[-1].stamp])[rules[-1].stamp]
    _read_shops([group for group in groups if any(_had_ended(one.previous) for one in group.boards)])
    for group in groups:
        group.blocks, group.case = blocks.get(group.shop.key, []), open_cases.get(group.shop.key, "")
        group.refusal = queries.obstacle_of(group.shop, group.blocks)
        _fill(group, rules, edition, is_exact=is_exact)
    return groups


def _had_ended(board: Board) -> bool:
    return board.last_day is not None and board.last_day < clock.today()


def _read_shops(groups: Sequence[ShopBoards]) -> None:
    """When shops moved or passed to another holder, and whether they lost their health licence: their licensed boards ended with that."""
    if not groups:
        return
    shops = [group.shop.pk for group in groups]
    moved = moves.of_shops(shops)
    revoked = HealthLicence.objects.filter(shop__in=shops, is_current=True, document__state=DocumentState.REVOKED)
    over = set(revoked.values_list("shop", flat=True))
    for group in groups:
        group.moves, group.has_no_licence = moved.get(group.shop.pk, ()), group.shop.pk in over


def _fill(group: ShopBoards, rules: Sequence[RulebookEdition], edition: int, *, is_exact: bool) -> None:
    shop, today, newest = group.shop, clock.today(), rules[-1]

    @cache
    def land() -> PlaceLand:
        return land_at(paci_number=shop.paci_number, area=shop.area_id, block=shop.block, plot_number=shop.plot, day=today)

    def nearest(board: Board, board_class: str, within_cm: int) -> StandingBoard | None:
        return queries.nearest_standing(shop, board_class, today, within_cm=within_cm, but=board.previous_id)

    for one in group.boards:
        one.stop = _stopped(one.previous, group)
        try:
            one.board, one.fee = renewed(one.previous, rules[0], longest=rules[1].limits["longest_months"].value)
        except (NoRate, PartOfPeriod):
            one.stop = one.stop or NO_FEE
            continue
        judged = list(one.previous.checks.all())
        is_kept = not is_exact and one.previous.request.rules_id == edition
        kept = [row for row in judged if is_kept and row.kind in (BoardRuleKind.LAND, BoardRuleKind.DISTANCE)]
        limits = [row for row in newest.board_limits if row.kind not in {row.kind for row in kept}]
        one.results = [*results_of(one.board, limits, today, land, nearest), *kept]
        known = {(row.kind, row.outcome) for row in judged if not row.is_assumption}
        open_ones = [row for row in one.results if row.outcome == BoardOutcome.UNKNOWN and not row.is_assumption]
        one.left_open = [row for row in open_ones if (row.kind, row.outcome) not in known]
        if any(row.stops for row in one.results):
            one.stop = one.stop or AGAINST_RULES


def _stopped(board: Board, group: ShopBoards) -> str:
    document = board.request.document
    if getattr(board, "is_under_way", False):
        return UNDER_WAY
    if group.refusal is not None:
        return group.refusal.code
    if group.has_no_licence:
        return queries.LICENCE_OVER
    if document is not None and any(at >= document.created_at for at in group.moves):
        return queries.MOVED
    if document is not None and document.state == DocumentState.SUSPENDED:
        return SUSPENDED
    return OTHER_REQUEST if group.case else ""


def renewed(previous: Board, fees: RulebookEdition, *, longest: int) -> tuple[Board, BoardFee]:
    """The board that renews another one as it is, for as many months at the rate of an edition, and its fee.

    Raises NoRate, and PartOfPeriod where such boards are licensed for other periods now.
    """
    fee = fee_of(AskedBoard(**{one.name: getattr(previous, one.name) for one in fields(AskedBoard)}), fees.boards)
    if previous.months > longest:
        raise PartOfPeriod
    facts = {name: value for name, value in (vars(fee.rate) | vars(fee.board)).items() if name != "is_assumption"}
    stated = {name: getattr(previous, name) for name in _STATED}
    return Board(**facts, **stated, previous=previous, fee_fils=fee.fee_fils, deposit_fils=0), fee
