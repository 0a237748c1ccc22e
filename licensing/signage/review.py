"""A request for boards on the officer's desk: each board with its kind, size, place and fee, and the files by slot."""

from __future__ import annotations

from django.db.models import Q
from django.utils.html import format_html
from django.utils.translation import gettext as _

from licensing.health.queries import shop_parties
from licensing.models import Board, BoardRequest
from licensing.signage import queries
from licensing.signage.labels import kind_of, size_of
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.cases.models import Case
from municipality.review import asked_files
from municipality.review.registry import Item, Reviewable
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, kwd, term
from municipality.ui.texts import Text

SKILL = "boards"


def items(case: Case) -> list[Item]:
    """The shop, each board as it was sent, and the files."""
    request = queries.request_of(case)
    shop = [
        Item("shop", _("Shop"), term(bilingual(request.shop, "name")), may_correct=False),
        Item("activity", _("Activity"), bilingual(request.shop.activity, "name"), may_correct=False),
    ]
    boards = [
        Item(
            f"board_{board.line}",
            _("Board %(number)s") % {"number": board.line},
            _facts(board),
            source=asked_files.DECLARED,
            may_correct=False,
        )
        for board in request.boards.all()
    ]
    return shop + boards + asked_files.items(request.files_key, queries.SLOTS, queries.slots(queries.files_of(case)))


def _facts(board: Board) -> Text:
    text = "{}. {}. {}. {}. {}"
    amount = format_html("{} + {}", kwd(board.fee_fils), kwd(board.deposit_fils)) if board.deposit_fils else kwd(board.fee_fils)
    return format_html(text, kind_of(board), size_of(board), term(board.place), counted(board.months, "month"), amount)


def parties(case: Case) -> list[tuple[str, str]]:
    return shop_parties(case, queries.request_of(case).shop_id)


def same_activity(case: Case) -> Q:
    """The requests for boards of shops with the activity of this one."""
    return Q(pk__in=BoardRequest.objects.filter(shop__activity=queries.request_of(case).shop.activity_id).values("case"))


REVIEWED = Reviewable(
    service=BOARDS,
    skill=SKILL,
    replies=queries.REPLIES,
    checks=queries.CHECKS,
    limits=queries.LIMITS,
    items=items,
    flags=lambda case: [],
    parties=parties,
    related=lambda case: [],
    accepted=requests.accepted,
    refused=requests.refused,
    is_blind_until_decided=True,
    bill_fils=lambda case: queries.request_of(case).fils,
    same_activity=same_activity,
    compares=False,
)
