"""What stops renewals of boards, grouped by reason with the ways out, and what sends a board to an officer, in words."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import replace

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from licensing.health.condition_messages import unexplained
from licensing.signage import queries
from licensing.signage.labels import failure, question
from licensing.signage.renewals import offers
from licensing.signage.renewals.offers import Renewable, ShopBoards
from municipality.accounts.models import User
from municipality.cases import block_causes
from municipality.cases.block_causes import Obstacle, Way
from municipality.cases.models import Effect
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, ref, term
from municipality.ui.texts import Text
from shops.models import Shop

LINE = SafeString("<br>")
Stopped = Sequence[tuple[ShopBoards, Sequence[Renewable]]]  # boards that one reason stops, by shop


def obstacles(user: User, groups: Sequence[ShopBoards]) -> list[Obstacle]:
    """One obstacle for each reason, with the boards that it stops; a shop that is blocked has one of its own, with its cause."""
    by_reason: dict[str, list[tuple[ShopBoards, list[Renewable]]]] = {}
    for group in groups:
        for code in dict.fromkeys(one.stop for one in group.boards if one.stop not in ("", offers.UNDER_WAY)):
            by_reason.setdefault(code, []).append((group, [one for one in group.boards if one.stop == code]))
    found: list[Obstacle] = []
    for code, stopped in by_reason.items():
        found += _blocked(user, stopped) if code == "blocked" else [_TEXTS[code](stopped)]
    return found


def studied(group: ShopBoards, one: Renewable) -> Text:
    """Why an officer decides about a board; empty where none does."""
    if group.is_reviewed:
        return _("A matter of this shop is open, so an officer decides.")
    return format_html_join(" ", "{}", ((question(one.previous.line, row),) for row in one.left_open))


def _blocked(user: User, stopped: Stopped) -> list[Obstacle]:
    blocks = [(group, block) for group, _boards in stopped for block in group.blocks if block.effect == Effect.STOP]
    causes = block_causes.explain(user, [block for _group, block in blocks], "")
    found = []
    for group, block in blocks:
        cause = causes.get(block.pk) or unexplained(block, group.shop)
        names = _shops([(group, group.boards)])
        found.append(replace(cause, text=format_html("{}{}{}", names, LINE, cause.text) if cause.text else names))
    return found


def _shops(stopped: Stopped) -> SafeString:
    """`Oasis, Salmiya: 3 boards`, a line for each shop."""
    lines = ((bilingual(group.shop, "name"), bilingual(group.shop.area, "name"), counted(len(rows), "board")) for group, rows in stopped)
    return format_html_join(LINE, "{} ({}): {}", lines)


def _boards(stopped: Stopped) -> SafeString:
    lines = ((ref(one.previous.number), term(one.previous.place), bilingual(group.shop, "name")) for group, rows in stopped for one in rows)
    return format_html_join(LINE, "{} · {} · {}", lines)


def _links(stopped: Stopped, label: str, page: str = "licensing:new_boards") -> list[Way]:
    """A link to a page of each shop, named where there are several."""
    return [Way(_named(label, group.shop, stopped), reverse(page, args=[group.shop.public_id])) for group, _rows in stopped]


def _named(label: str, shop: Shop, several: Sized) -> Text:
    return format_html("{}: {}", label, bilingual(shop, "name")) if len(several) > 1 else label


def _cases(stopped: Stopped, label: str, *, of_licence: bool) -> list[Way]:
    numbers = {(row.previous.request.case.public_id if of_licence else group.case): group.shop for group, rows in stopped for row in rows}
    return [Way(_named(label, shop, numbers), reverse("cases:case", args=[number])) for number, shop in numbers.items()]


def _of_shop(stopped: Stopped, title: str) -> Obstacle:
    refusal = stopped[0][0].refusal
    ways = _links(stopped, _("See the shop in the register"), "shops:shop")
    return Obstacle(title, format_html("{}{}{}", _shops(stopped), LINE, refusal.sentence if refusal is not None else ""), ways=ways)


def _against_rules(stopped: Stopped) -> Obstacle:
    sentences = [failure(one.previous.line, row) for _group, rows in stopped for one in rows for row in one.results if row.stops]
    text = format_html("{}{}{}", _boards(stopped), LINE, format_html_join(LINE, "{}", ((one,) for one in sentences)))
    return Obstacle(_("A rule now forbids a board as it is"), text, ways=_links(stopped, _("Ask for a changed board")))


_TEXTS = {
    "shop_closed": lambda stopped: _of_shop(stopped, _("The shop is closed")),
    "commercial_license": lambda stopped: _of_shop(stopped, _("The commercial licence has ended")),
    queries.LICENCE_OVER: lambda stopped: Obstacle(
        _("The health licence of this shop was cancelled or revoked, so no board of it can be licensed."),
        _shops(stopped),
        ways=_links(stopped, _("See the shop in the register"), "shops:shop"),
    ),
    queries.MOVED: lambda stopped: Obstacle(
        _("The shop has moved or passed to another holder since these boards were licensed"),
        _boards(stopped),
        ways=_links(stopped, _("Ask for the board anew")),
    ),
    offers.SUSPENDED: lambda stopped: Obstacle(
        _("The licence of these boards is suspended"),
        _boards(stopped),
        ways=_cases(stopped, _("See the request of this licence"), of_licence=True),
        lifted=_("They can be renewed as soon as the suspension is lifted: where the bank took a payment back, once it is paid again."),
    ),
    offers.OTHER_REQUEST: lambda stopped: Obstacle(
        _("Another request for boards of the shop is under way"),
        _shops(stopped),
        ways=_cases(stopped, _("See the request"), of_licence=False),
        lifted=_("A shop has one open request for boards at a time. These boards can be renewed when that one is decided and paid."),
    ),
    offers.NO_FEE: lambda stopped: Obstacle(
        _("The table of fees has no such board for this period any more"),
        _boards(stopped),
        ways=_links(stopped, _("Ask for the board anew")),
    ),
    offers.AGAINST_RULES: _against_rules,
}
