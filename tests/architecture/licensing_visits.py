"""Withdrawing a renewal, appeals, the acts between two renewals, many renewals in one act, and the workers of a shop."""

from __future__ import annotations

from tests.architecture.page_responses import Visit

APPEAL = "/{lang}/cases/{case_appealable}/appeal/"
WITHDRAW = "/{lang}/cases/{appeal}/appeal/withdraw/"
APPEALS = [
    Visit("/{lang}/cases/{case_appealable}/", "owner", note="can be appealed"),
    Visit(APPEAL, "owner"),
    Visit(APPEAL, "owner", post={"words": ""}, note="without words"),
    Visit(APPEAL, "owner", post={"words": "2026"}, note="filed"),
    Visit("/{lang}/cases/{appeal}/", "owner", note="an appeal"),
    Visit(WITHDRAW, "owner"),
    Visit(WITHDRAW, "owner", post={}, note="withdrawn"),
    Visit("/{lang}/cases/{case_awaiting_payment}/withdraw/", "owner", post={}, note="withdrawn"),
    Visit("/{lang}/cases/{s.owner.issued.public_id}/withdraw/", "owner", post={}, status=409),
]
BATCHES = "/{lang}/renewals/"
WORKERS = "/{lang}/health-licence/{s.owner.shop.public_id}/workers/"
MANY_AND_WORKERS = [
    Visit(BATCHES, "owner"),
    Visit(BATCHES, "newcomer", note="nothing to renew"),
    Visit(BATCHES, "owner", post={"step": "count", "item": "health:{s.owner.shop.public_id}"}, note="counted"),
    Visit(BATCHES, "owner", post={"step": "renew", "total": "1"}, status=409, note="nothing ticked"),
    Visit(f"{BATCHES}{{s.batch.public_id}}/", "owner"),
    Visit(WORKERS, "owner"),
    Visit(WORKERS, "owner", post={"name": "2"}, status=400, note="without a certificate"),
    Visit(f"{WORKERS}{{s.worker.public_id}}/", "owner"),
    Visit(f"{WORKERS}{{s.worker.public_id}}/", "owner", post={"number": "2", "last_day": "2026-01-01"}, status=409, note="ended"),
    Visit("/{lang}/health-licence/{shop_closed}/workers/", "owner", note="none entered"),
]
_EARLY, _OPEN = "/{lang}/health-licence/{shop_early}/", "/{lang}/health-licence/{s.owner.shop.public_id}/"
_BEGUN = (f"{_EARLY}change/", {})
_MOVES = (f"{_EARLY}change/what/", {"changed": ["address"], "version": "1"})
_CLOSES = {"shop": "closes", "day": "2026-12-01", "understood": "on"}
# Change, duplicate and cancellation between two renewals; a shop whose renewal is open, one whose licence lasts, and what stops them.
ACTS = [
    Visit(_EARLY, "owner"),
    Visit(_OPEN, "owner", note="the renewal is open"),
    Visit(_EARLY, "newcomer", status=404),
    Visit("/{lang}/health-licence/{shop_open}/", "owner", note="a request is open"),
    Visit("/{lang}/health-licence/{shop_unlicensed}/", "owner", note="no licence"),
    Visit(f"{_OPEN}change/", "owner", note="the renewal is open"),
    Visit(f"{_EARLY}change/", "owner", note="before it is begun"),
    Visit(f"{_EARLY}change/", "owner", before=(_BEGUN,), note="begun"),
    Visit(f"{_EARLY}change/what/", "owner", before=(_BEGUN,)),
    Visit(f"{_EARLY}change/what/", "owner", before=(_BEGUN,), post={}, note="nothing ticked"),
    Visit(f"{_EARLY}change/address/", "owner", before=(_BEGUN, _MOVES)),
    Visit(f"{_EARLY}change/files/", "owner", before=(_BEGUN, _MOVES)),
    Visit(f"{_EARLY}change/discard/", "owner", before=(_BEGUN,)),
    *[
        Visit(f"/{{lang}}/health-licence/{{shop_{shop}}}/change/", "owner", note=shop)
        for shop in ("blocked", "ended", "renewed", "open", "food")
    ],
    Visit(f"{_EARLY}duplicate/", "owner"),
    Visit(f"{_EARLY}duplicate/", "owner", post={}, note="without the declaration"),
    Visit(f"{_EARLY}duplicate/", "owner", post={"declared": "on", "total": "1"}, status=409, note="another fee"),
    Visit("/{lang}/health-licence/{shop_changed}/duplicate/", "owner", note="the register changed"),
    Visit(f"{_EARLY}duplicate/", "newcomer", status=404),
    Visit(f"{_EARLY}cancel/", "owner"),
    Visit(f"{_EARLY}cancel/", "owner", post={}, note="nothing chosen"),
    Visit(f"{_EARLY}cancel/", "owner", post=_CLOSES | {"day": "2020-01-01"}, note="a day that is past"),
    Visit(f"{_EARLY}cancel/", "owner", post=_CLOSES, note="cancelled"),
    Visit("/{lang}/health-licence/{shop_blocked}/cancel/", "owner", note="blocked"),
    Visit("/{lang}/health-licence/{shop_blocked}/cancel/", "owner", post=_CLOSES, status=409, note="blocked all the same"),
    Visit(f"{_EARLY}cancel/", "newcomer", status=404),
]

_COSTS = "/{lang}/boards/costs/?boards=2&0-board_class=commercial&0-medium=screen&0-width=2&0-height=1.2&0-faces=1&0-pieces=1&0-months="
_DRAWN = "size=40x30&known=10,10 20,10 20,18 10,18&known_width=2&known_height=1.6&outline="
BOARD_COSTS = [
    Visit("/{lang}/boards/costs/"),
    Visit(f"{_COSTS}12", note="with a fee"),
    Visit(f"{_COSTS}7&update=1", status=400, note="wrong months"),
    *(
        Visit(f"/{{lang}}/boards/measure/?{_DRAWN}{corners}", status=status)
        for corners, status in (("10,2 30,2 30,6 10,6", 200), ("1,1", 400))
    ),
]
