"""Withdrawing a renewal, and the pages of an appeal against a refused one."""

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
