"""Renewing boards of any number of shops: one act, one transaction, one request a shop."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import BoardRequest, Lane
from licensing.signage import queries
from licensing.signage.life.queries import deposits_of_each, held_fils
from licensing.signage.notifications import BoardsRenewed, BoardsSent
from licensing.signage.renewals import offers
from licensing.signage.renewals.offers import Renewable, ShopBoards
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases.services import advance
from municipality.delegation.authorization import authorize
from municipality.kernel import clock, ids
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review.services import queue
from municipality.rulebook.queries import RulebookEdition
from municipality.ui.plurals import counted
from payments.services.basket import MAX_LINES
from shops.models import Shop
from shops.register import queries as shops


@transaction.atomic
def renew(*, user: User, chosen: Collection[str], expected_fils: int, with_message: bool = True) -> list[BoardRequest]:
    """Renew the boards with these public ids: one request for each shop, with the rates and the rule check of today.

    Where the boards are as they were licensed and the rules leave nothing open, its bill is issued at once; else it goes to an officer.
    Raises Refused: "nothing_chosen", "too_many_shops", "not_renewable" (unknown, of another, renewed meanwhile, or stopped),
    "price_changed", "too_much", "merged"; then nothing is sent. Without `with_message` the user is told elsewhere; another holder is told.
    """
    if not chosen:
        raise Refused("nothing_chosen", _("Tick at least one board."))
    asked = offers.ending(shops.visible_to(user, BOARDS)).filter(public_id__in=chosen)
    # All shops are locked before the first board is written, in the same order by everybody, so that nobody waits for each other.
    locked = Shop.objects.select_for_update(of=("self",)).filter(pk__in=asked.values("request__shop")).order_by("pk")
    for shop in locked:
        shops.refuse_merged(shop)
    groups = offers.offers(asked, is_exact=True)
    if sum(len(group.ready) for group in groups) != len(set(chosen)):
        raise Refused("not_renewable", _("A board that you ticked can no longer be renewed. The list below is up to date."))
    if len(groups) > MAX_LINES:
        text = _("Boards of at most %(count)s are renewed at once. Leave some for a second time.") % {"count": counted(MAX_LINES, "shop")}
        raise Refused("too_many_shops", text)
    if sum(one.fils for group in groups for one in group.boards) != expected_fils:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    rules, window = queries.rules(), offers.window()
    return [_renew(user, group, group.boards, rules, window, with_message=with_message) for group in groups]


def _renew(
    user: User,
    group: ShopBoards,
    boards: Sequence[Renewable],
    rules: Sequence[RulebookEdition],
    window: RulebookEdition,
    *,
    with_message: bool,
) -> BoardRequest:
    access = authorize(user, group.shop, BOARDS)
    is_clean = not group.needs_officer(boards)
    request = requests.open_request(
        shop=group.shop,
        person=access.person,
        actor=access.actor,
        boards=[(one.board, one.results) for one in boards if one.board is not None],
        files_key=f"boards:{ids.public_id()}",
        lane=Lane.CLEAN if is_clean else Lane.OFFICER,
        editions=[window],
        rules=rules,
    )
    case, data = request.case, {"boards": len(boards), "fils": request.fils}
    context = {"case": case, "due_on": case.due_on}
    if is_clean:
        advance(case, "submit", actor=access.actor, data=data)
        until = clock.today() + dt.timedelta(days=requests.issue_bill_of(request, actor=access.actor))
        if with_message or not access.is_self:
            held = sum(held_fils(deposits) for deposits in deposits_of_each([one.previous for one in boards]).values())
            more = {"until": until, "held": held}
            send(BoardsRenewed, person=access.person, key=case.public_id, subject_key=case.key, context=context | more)
    else:
        advance(case, "send_to_officer", actor=access.actor, data=data)
        queue.join(case=case, actor=access.actor)
        send(BoardsSent, person=access.person, key=case.public_id, subject_key=case.key, context=context)
    return request
