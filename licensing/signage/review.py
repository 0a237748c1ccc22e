"""A request for boards on the officer's desk: each board with its kind, size, place and fee, and the files by slot."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.health.queries import shop_parties
from licensing.models import Board, BoardOutcome, BoardRequest
from licensing.signage import queries
from licensing.signage.consents import queries as consents
from licensing.signage.consents.labels import SIGNED
from licensing.signage.consents.models import ConsentRole
from licensing.signage.labels import kind_of, picture_of, replaced_by, size_of
from licensing.signage.questions import evidence, left_to_officer
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.cases.models import Case
from municipality.review import asked_files
from municipality.review.registry import Item, Reviewable
from municipality.rulebook.models import BoardMedium, BoardRuleKind
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, kwd, ref, term
from municipality.ui.texts import Text

SKILL = "boards"
CHECKED = gettext_lazy("checked when the request was sent")
EVIDENCE = {
    "size_as_planned": ("drawings", "undrawn"),
    "mark_approved": ("trademark", "consent_trademark_owner", "unsigned"),
    "content_allowed": ("rule_subject",),
    "light_allowed": ("light",),
    "screen_allowed": ("rule_land",),
    "height_allowed": ("rule_height",),
    "distance_allowed": ("rule_distance",),
    "share_allowed": ("rule_share",),
    "projection_allowed": ("rule_projection",),
}
# What a board is cannot be changed in the request: a new photo or plan can show it.
LEADS_TO = {
    "size_as_planned": ("front", "plan"),
    "mark_approved": ("trademark",),
    "light_allowed": ("plan",),
    "share_allowed": ("front", "plan"),
    "projection_allowed": ("plan",),
}
SCREENS = frozenset({BoardMedium.SCREEN, BoardMedium.MOVING_SCREEN})


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
    return (
        shop
        + boards
        + _drawings(request)
        + _consents(request)
        + _results(request)
        + asked_files.items(request.files_key, queries.SLOTS, queries.slots(queries.files_of(case), are_drawn=_are_drawn(request)))
    )


def _are_drawn(request: BoardRequest) -> bool:
    return all(getattr(board, "drawing", None) is not None for board in request.boards.all())


def _drawings(request: BoardRequest) -> list[Item]:
    """The boards that were drawn on a photo, whose size the server measured, those that were not, and those that are lit."""
    pictures = format_html_join(" ", "{}", ((picture_of(board, of_staff=True),) for board in request.boards.all()))
    undrawn = _numbers(board for board in request.boards.all() if getattr(board, "drawing", None) is None)
    lit = _numbers(board for board in request.boards.all() if board.is_lit)
    compare = format_html(
        _("Boards: {numbers}. Compare them with the plan; if it does not state their size, the answer is No."), numbers=undrawn
    )
    text = _("Boards: {numbers}. The text states no figure. Judge by the photo and the plan; where they do not show it, ask for it.")
    light = format_html(text, numbers=lit)
    found = [
        (pictures.strip(), Item("drawings", _("Drawn on the photo"), pictures, source=_("measured on the photo"), may_correct=False)),
        (undrawn, Item("undrawn", _("Not drawn on the photo"), compare, may_correct=False)),
        (lit, Item("light", _("Lit"), light, may_correct=False)),
    ]
    return [item for is_any, item in found if is_any]


def _numbers(boards: Iterable[Board]) -> str:
    return _(", ").join(str(board.line) for board in boards)


def _consents(request: BoardRequest) -> list[Item]:
    """Who agreed online, and as what. Their names are hidden until the decision, as that of the applicant is."""
    agreed = list(consents.of_request(request))
    found = [
        Item(
            f"consent_{one.role}",
            SIGNED[one.role],
            term(bilingual(one.signer, "name")),
            source=_("signed online"),
            at=one.answered_at,
            may_correct=False,
            is_personal=True,
        )
        for one in agreed
    ]
    if ConsentRole.TRADEMARK_OWNER in {one.role for one in agreed}:
        return found
    text = _(
        "None was signed online. Where a board shows a mark of somebody else, a file has to show the agreement; otherwise the answer is No."
    )
    return [*found, Item("unsigned", _("Agreement of the owner of a mark"), text, may_correct=False)]


def _results(request: BoardRequest) -> list[Item]:
    """An item for each kind of rule, with the result of every board that it is about."""
    found: dict[str, list[SafeString]] = {}
    for board in request.boards.all():
        for result in board.checks.all():
            found.setdefault(result.kind, []).append(evidence(board.line, result))
    lines = {kind: format_html_join(SafeString("<br>"), "{}", ((line,) for line in rows)) for kind, rows in found.items()}
    return [Item(f"rule_{kind}", BoardRuleKind(kind).label, text, source=CHECKED, may_correct=False) for kind, text in lines.items()]


def questions(case: Case) -> list[str]:
    """What the rule check leaves to the officer: facts that nobody stated, and what breaks a rule that no law states."""
    rows = [(board.line, result) for board in queries.request_of(case).boards.all() for result in board.checks.all()]
    return [left_to_officer(line, result) for line, result in rows if result.outcome != BoardOutcome.PASSES]


def unasked(case: Case) -> set[str]:
    """The questions that no board of the request raises; width and projection are asked where the rule check left them open."""
    boards = list(queries.request_of(case).boards.all())
    left = {result.kind for board in boards for result in board.checks.all() if result.outcome != BoardOutcome.PASSES}
    raised = {
        "height_allowed": any(board.is_standing for board in boards),
        "distance_allowed": any(board.is_standing for board in boards),
        "screen_allowed": any(board.medium in SCREENS for board in boards),
        "light_allowed": any(board.is_lit for board in boards),
        "share_allowed": BoardRuleKind.SHARE in left,
        "projection_allowed": BoardRuleKind.PROJECTION in left,
    }
    return {code for code, is_raised in raised.items() if not is_raised}


def _facts(board: Board) -> Text:
    text = "{}. {}. {}. {}. {}"
    amount = format_html(_("fee {amount}"), amount=kwd(board.fee_fils))
    if board.deposit_fils:
        amount = format_html(_("{fee} and deposit {deposit}"), fee=amount, deposit=kwd(board.deposit_fils))
    facts = format_html(text, kind_of(board), size_of(board), _place(board), counted(board.months, "month"), amount)
    return (
        facts
        if board.previous is None
        else format_html("{}. {} {}", facts, replaced_by(board), ref(board.previous.number)) + _before(board)
    )


def _place(board: Board) -> SafeString:
    """Where a board is, as the applicant wrote it, in whatever language."""
    return format_html(_("Place, as the applicant wrote it: “{place}”"), place=term(board.place))


def _before(board: Board) -> SafeString:
    """What the board that is changed is licensed as."""
    previous = board.previous
    if previous is None or board.months_left is None:
        return SafeString("")
    return format_html(" ({}. {}. {})", kind_of(previous), size_of(previous), _place(previous))


def parties(case: Case) -> list[tuple[str, str]]:
    """Those of the shop, and who agreed online as landlord or owner of a mark."""
    request = queries.request_of(case)
    signers = [(one.role, one.signer.key) for one in consents.of_request(request) if one.signer is not None]
    return shop_parties(case, request.shop_id) + signers


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
    flags=questions,
    parties=parties,
    related=lambda case: [],
    accepted=requests.accepted,
    approved=("shop", "board"),
    refused=requests.refused,
    is_blind_until_decided=True,
    bill_fils=lambda case: queries.request_of(case).fils,
    same_activity=same_activity,
    compares=False,
    evidence=EVIDENCE,
    leads_to=LEADS_TO,
    unasked=unasked,
)
