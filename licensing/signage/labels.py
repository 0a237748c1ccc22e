"""Boards, their fees and the results of their rules in words, and the lines of a bill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from decimal import Decimal
from functools import lru_cache
from itertools import product
from typing import Any

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, override
from django.utils.translation import gettext as _

from licensing import models
from licensing.health.panels import LIVE_LABELS
from licensing.signage import fees
from licensing.signage.fees import BoardFee, ChangeFee
from municipality.rulebook.boards import BoardRate, BoardRates
from municipality.rulebook.models import BoardClass, BoardMedium, BoardRuleKind
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import bilingual, kwd, ltr, term
from payments.rules import DEPOSITS, Line

# How an issued board stands (`queries.standing`): the kind of its tag, and its words.
STANDING = LIVE_LABELS | {
    "removed": ("wait", gettext_lazy("Removed by its holder")),
    "lapsed": ("bad", gettext_lazy("Ended")),
    "found_gone": ("wait", gettext_lazy("Found removed by an inspector")),
    "with_shop": ("bad", gettext_lazy("Ended with the licence of the shop")),
    "changed": ("wait", gettext_lazy("Replaced by a changed board")),
    "suspended_with_shop": ("bad", gettext_lazy("Suspended with the licence of the shop")),
}


def _square_metres(area_cm2: int) -> str:
    """`4.80`, or as many decimals as the fee is computed with: `3.0525`."""
    area = Decimal(area_cm2) / 10_000
    exponent = area.normalize().as_tuple().exponent
    return number_format(area, max(2, -exponent if isinstance(exponent, int) else 2))


def formula(fee: BoardFee) -> SafeString:
    """`KD 5.000 × 4.80 m² × 2 faces × 1 year`; of a changed board `(KD 48.000 − KD 24.000) × 5 of 12 months`."""
    return _formula(fee, get_language())


@lru_cache(maxsize=1024)
def _formula(fee: BoardFee, language: str | None) -> SafeString:
    if isinstance(fee, ChangeFee):
        if not fee.fee_fils:
            return format_html("{}", _("It costs no more than before"))
        months = format_html(_("{left} of {months}"), left=ltr(fee.months_left), months=counted(fee.board.months, "month"))
        return format_html("({} − {}) × {}", kwd(fee.whole.fee_fils), kwd(fee.earlier.fee_fils), months)
    board, rate = fee.board, fee.rate
    period = counted(fee.periods, rate.period)
    parts = []
    if rate.rate_fils:
        area = format_html('<bdi dir="ltr">{}</bdi>\u00a0{}', _square_metres(board.area_cm2), _("m²"))
        parts.append([kwd(rate.rate_fils), area, counted(board.faces, "face"), period])
    if rate.flat_fils:
        parts.append([kwd(rate.flat_fils), counted(board.pieces, "piece"), period])
    return format_html_join(" + ", "{}", ((format_html_join(" × ", "{}", ((one,) for one in part)),) for part in parts))


def deposit_formula(fee: BoardFee) -> SafeString:
    """`50% × KD 24.000`; of a changed board `KD 24.000 − KD 12.000`, the deposits of it and of the board before."""
    if isinstance(fee, ChangeFee):
        return format_html("{} − {}", kwd(fee.whole.deposit_fils), kwd(fee.earlier.deposit_fils))
    return format_html('<bdi dir="ltr">{}%</bdi> × {}', fee.rate.deposit_percent, kwd(fee.fee_fils))


def kind_of(board: models.Board) -> str:
    """Medium and class: `Board on the front (Introductory)`."""
    return _kind(board.medium, board.board_class, get_language())


# A page lists hundreds of boards of few kinds and sizes: each text is written once in a language.
@lru_cache(maxsize=512)
def _kind(medium: str, board_class: str, language: str | None) -> str:
    return f"{BoardMedium(medium).label} ({BoardClass(board_class).label})"


def name_of(board: models.Board) -> str:
    """Its number in the request with medium and class: `Board 1: Board on the front (Introductory)`."""
    return _("Board %(number)s: %(kind)s") % {"number": board.line, "kind": kind_of(board)}


def replaced_by(board: models.Board) -> str:
    """What a board does to its previous one."""
    return _("Renews") if board.months_left is None else _("Changes")


def rate_groups(rates: BoardRates) -> list[tuple[list[str], list[str], list[BoardRate]]]:
    """Media and classes that cost the same, each with one rate of every article: `Board on a roof, Balloon`, `Commercial`."""
    alike: dict[tuple[Any, ...], dict[str, list[BoardRate]]] = {}
    for board_class, medium in product(BoardClass.values, BoardMedium.values):
        if (rate := rates.get((board_class, medium))) is None:
            continue
        amount = (rate.period, rate.rate_fils, rate.flat_fils, rate.deposit_percent)
        alike.setdefault(amount, {}).setdefault(medium, []).append(rate)
    groups: dict[tuple[Any, ...], list[BoardRate]] = {}
    for amount, media in alike.items():
        for rows in media.values():
            groups.setdefault((amount, *(rate.board_class for rate in rows)), []).extend(rows)
    return [
        (
            [str(BoardMedium(medium).label) for medium in dict.fromkeys(rate.medium for rate in rows)],
            [str(BoardClass(name).label) for name in dict.fromkeys(rate.board_class for rate in rows)],
            list({rate.article_ar: rate for rate in rows}.values()),
        )
        for rows in groups.values()
    ]


def sides_of(board: models.Board) -> str:
    """`6.00 m wide, 0.80 m high, 2 faces`, or the pieces of what is counted."""
    return _size(board.width_cm, board.height_cm, board.faces, board.pieces, get_language())


def size_of(board: models.Board) -> str:
    """`6.00 m wide, 0.80 m high, 2 faces, lit, 0.20 m out from the wall`, or the pieces of what is counted."""
    return _outside(sides_of(board), board.is_lit, board.projection_cm, get_language())


@lru_cache(maxsize=1024)
def _size(width_cm: int, height_cm: int, faces: int, pieces: int, language: str | None) -> str:
    if not width_cm:
        return counted(pieces, "piece")
    text = _("{width} m wide, {height} m high, {faces}")
    return format_html(text, width=_metres(width_cm), height=_metres(height_cm), faces=counted(faces, "face"))


@lru_cache(maxsize=1024)
def _outside(size: str, is_lit: bool, projection_cm: int | None, language: str | None) -> str:
    """A size with what else is seen of the board from outside, as far as it was stated."""
    if is_lit:
        size = format_html("{}{}{}", size, _(", "), _("lit"))
    if projection_cm:
        size = format_html("{}{}{}", size, _(", "), format_html(_("{length} m out from the wall"), length=_metres(projection_cm)))
    return size


def picture_of(board: models.Board, *, of_staff: bool = False) -> SafeString:
    """The picture of a board that was drawn on a photo, with a link to the whole drawing; empty without one.

    `of_staff`: the link has words and opens a new window, as the drawing stands among the pages of the applicant.
    """
    if getattr(board, "drawing", None) is None:
        return SafeString("")
    urls = [reverse(f"licensing:board_{name}", args=[board.public_id]) for name in ("drawing", "picture")]
    said = _("Board %(number)s on the photo") % {"number": board.line}
    if of_staff:
        page = '<a href="{}" target="_blank" rel="noopener"><img src="{}" alt="" width="240" loading="lazy"> {}. {}</a>'
        return format_html(page, *urls, said, _("It opens in a new window"))
    return format_html('<a href="{}"><img src="{}" alt="{}" width="240" loading="lazy"></a>', *urls, said)


def scale_of(drawing: models.BoardDrawing) -> str:
    """`0.90 m wide, 2.10 m high`: what was stated of the door or shutter on the photo; without a height the first part alone."""
    width = _metres(drawing.known_width_cm)
    if drawing.known_height_cm is None:
        return format_html(_("{width} m wide"), width=width)
    return format_html(_("{width} m wide, {height} m high"), width=width, height=_metres(drawing.known_height_cm))


def _metres(centimetres: int) -> SafeString:
    return format_html('<bdi dir="ltr">{}</bdi>', number_format(Decimal(centimetres) / 100, 2))


def fee_of(board: models.Board) -> BoardFee:
    """The fee of a board with the rate that it was sent with; reads the board that it changes."""
    whole = whole_fee_of(board)
    if board.months_left is None or board.previous is None:
        return replace(whole, fee_fils=board.fee_fils, deposit_fils=board.deposit_fils)
    fee = fees.change_fee(whole, whole_fee_of(board.previous), months_left=board.months_left, held_fils=0)
    return replace(fee, returned_fils=board.returned_fils)


def whole_fee_of(board: models.Board) -> BoardFee:
    """What a board costs by its rate for all of its months, with the deposit: also of one that was renewed or changed."""
    facts: dict[str, Any] = {one.name: getattr(board, one.name, False) for one in fields(BoardRate)}
    asked = fees.AskedBoard(**{one.name: getattr(board, one.name) for one in fields(fees.AskedBoard)})
    rate = BoardRate(**facts)
    return fees.fee_of(asked, {(rate.board_class, rate.medium): rate})


def bill_lines(boards: Iterable[models.Board], edition: str) -> list[Line]:
    """The lines of a bill: the fee of each board, and its deposit, which is no revenue."""
    rows = [(board, fee_of(board)) for board in boards]
    with override("ar"):
        arabic = [_texts(board, fee) for board, fee in rows]
    with override("en"):
        english = [_texts(board, fee) for board, fee in rows]
    return [line for (board, _fee), ar, en in zip(rows, arabic, english, strict=True) for line in _lines(board, ar, en, edition)]


def _texts(board: models.Board, fee: BoardFee) -> tuple[str, str, str, str]:
    """Label and formula of the fee of a board, and those of its deposit, in the active language."""
    label = name_of(board)
    deposit = _("Refundable deposit of board %(number)s") % {"number": board.line}
    return label, strip_tags(formula(fee)), deposit, strip_tags(deposit_formula(fee)) if fee.deposit_fils else ""


def _lines(board: models.Board, arabic: tuple[str, ...], english: tuple[str, ...], edition: str) -> list[Line]:
    articles = (board.article_ar[:160], board.article_en[:160], edition)
    label, formula_of_fee, deposit, share = zip(arabic, english, strict=True)
    lines = [
        Line(f"boards.fee_{board.line}", *label, *formula_of_fee, *articles, board.fee_fils, board.revenue_account),
        Line(f"boards.deposit_{board.line}", *deposit, *share, *articles, board.deposit_fils, DEPOSITS),
    ]
    return [line for line in lines if line.fils]


# What is said of a board that breaks a rule, by the kind of rule.
_FAILURES = {
    BoardRuleKind.HEIGHT: gettext_lazy(
        "Board %(number)s is %(measured)s high with its base. Allowed: %(limit)s (%(article)s). Make it lower."
    ),
    BoardRuleKind.DISTANCE: gettext_lazy(
        "Board %(number)s is %(measured)s from the next free-standing board. Allowed: %(limit)s (%(article)s). Choose another place."
    ),
    BoardRuleKind.SHARE: gettext_lazy(
        "Board %(number)s takes %(measured)s of the width of the shop front. Allowed: %(limit)s (%(article)s). Make it narrower."
    ),
    BoardRuleKind.PROJECTION: gettext_lazy(
        "Board %(number)s stands %(measured)s out from the wall. Allowed: %(limit)s (%(article)s). Make it flatter."
    ),
    BoardRuleKind.LAND: gettext_lazy(
        "Board %(number)s is electronic. Land use of the place: %(measured)s. Rule: %(limit)s (%(article)s). Choose another medium."
    ),
    BoardRuleKind.SUBJECT: gettext_lazy(
        "Board %(number)s advertises: %(measured)s. Rule: %(limit)s (%(article)s). Change what it advertises, or name the approval."
    ),
}


def failure(line: int, result: models.BoardCheck) -> str:
    """The sentence of a rule that a board breaks: board, measured value, limit, article, and what to do."""
    return str(_FAILURES[BoardRuleKind(result.kind)]) % _facts(line, result)


def question(line: int, result: models.BoardCheck) -> str:
    """The sentence of a result that is left to an officer: not measured, or of a rule that no law states."""
    if result.outcome == models.BoardOutcome.UNKNOWN:
        text = _("Board %(number)s, %(rule)s: not measured (%(measured)s). Rule: %(limit)s (%(article)s).")
    else:
        text = _("Board %(number)s, %(rule)s: %(measured)s. Rule: %(limit)s (%(article)s).")
    return text % _facts(line, result)


def _facts(line: int, result: models.BoardCheck) -> dict[str, Any]:
    texts = {name: bilingual(result, name) for name in ("measured", "limit", "article")}
    return {"number": line, "rule": result.get_kind_display(), **texts}


def result_of(result: models.BoardCheck) -> SafeString:
    """`Height of a free-standing board with its base: 4.20 m (at most 5.00 m). In order`."""
    measured, limit = term(bilingual(result, "measured")), bilingual(result, "limit")
    return format_html("{}: {} ({}). {}", result.get_kind_display(), measured, limit, result.get_outcome_display())
