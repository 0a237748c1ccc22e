"""The rule check of a board: a result for each kind of rule, with measured value, limit and article.

Results are rows that are not saved until the request is sent. Source: MD 599/2023 and its amendments (`rulebook/data/board_rules.toml`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from licensing.models import Board, BoardCheck, BoardOutcome
from municipality.rulebook.boards import BoardLimit
from municipality.rulebook.models import BoardRuleKind, BoardSubject
from municipality.ui.texts import both
from zoning.answer.places import PlaceLand

Land = Callable[[], PlaceLand]  # the land use of the shop's place, read only where a rule asks for it


class StandingBoard(NamedTuple):
    """A free-standing board that is licensed, or asked for in the same request: its number, and the distance of its shop."""

    number: str
    away_cm: int


# The nearest other free-standing board of a class ("" for all) within so many centimetres of the shop, as far as the portal knows.
Nearest = Callable[[Board, str, int], StandingBoard | None]


def _none(board: Board, board_class: str, within_cm: int) -> StandingBoard | None:
    return None


def results_of(board: Board, limits: Sequence[BoardLimit], on: dt.date, land: Land, nearest: Nearest = _none) -> list[BoardCheck]:
    """The results of the rules that hold for a board on a day, one for each kind; of several limits the strictest counts.

    What no law states is a result of its own, marked as an assumption.
    """
    about = [one for one in limits if one.holds(on) and one.is_about(board.board_class, board.medium, is_standing=board.is_standing)]
    found = []
    for kind in BoardRuleKind:
        for is_assumption in (False, True):
            rules = [one for one in about if one.kind == kind and one.is_assumption == is_assumption]
            if rules:
                result = _check(board, kind, rules, land, nearest)
                result.kind, result.is_assumption = kind, is_assumption
                found.append(result)
    return found


def _check(board: Board, kind: str, rules: Sequence[BoardLimit], land: Land, nearest: Nearest) -> BoardCheck:
    if kind == BoardRuleKind.LAND:
        return _land_use(rules, land())
    if kind == BoardRuleKind.SUBJECT:
        return _content(board, rules)
    if kind == BoardRuleKind.HEIGHT:
        rule = min(rules, key=lambda one: one.most_cm or 0)
        return _compared(rule, board.top_cm, rule.most_cm or 0, metres, at_most=True)
    if kind == BoardRuleKind.PROJECTION:
        rule = min(rules, key=lambda one: one.most_cm or 0)
        return _compared(rule, 0 if board.is_standing else board.projection_cm, rule.most_cm or 0, metres, at_most=True)
    if kind == BoardRuleKind.DISTANCE:
        return _apart(board, max(rules, key=lambda one: one.least_cm or 0), nearest)
    rule = min(rules, key=lambda one: one.most_permille or 0)
    share = -(-1000 * board.width_cm // board.front_cm) if board.front_cm else None  # rounded up, so that nothing above a limit passes
    return _compared(rule, share, rule.most_permille or 0, per_cent, at_most=True)


def metres(centimetres: int) -> str:
    """`5.00 m`."""
    return _("%(number)s m") % {"number": number_format(Decimal(centimetres) / 100, 2)}


def per_cent(permille: int) -> str:
    """`62.5%`."""
    return f"{number_format(Decimal(permille) / 10, 1)}%"


def _compared(rule: BoardLimit, measured: int | None, limit: int, written: Callable[[int], str], *, at_most: bool) -> BoardCheck:
    """The result of a figure; a value that equals its limit passes."""
    if measured is None:
        outcome = BoardOutcome.UNKNOWN
    else:
        outcome = BoardOutcome.PASSES if (measured <= limit if at_most else measured >= limit) else BoardOutcome.FAILS
    return _result(rule, outcome, *_figures(measured, limit, written, at_most=at_most), measured=measured, limit=limit)


def _apart(board: Board, rule: BoardLimit, nearest: Nearest) -> BoardCheck:
    """The stated distance to the next board; left to the officer where it passes though the portal knows a nearer one.

    The places are those of the shops, so a nearer board contradicts the statement, but proves no breach.
    """
    least = rule.least_cm or 0
    if board.next_cm is not None and board.next_cm < least:
        return _compared(rule, board.next_cm, least, metres, at_most=False)
    known = nearest(board, rule.board_class, least)
    if known is None:
        return _compared(rule, board.next_cm, least, metres, at_most=False)

    def said() -> str:
        stated = metres(board.next_cm) if board.next_cm is not None else _("not stated")
        facts = {"stated": stated, "number": known.number, "away": metres(known.away_cm)}
        if not known.away_cm:
            return _("stated: %(stated)s. Board %(number)s is at the same shop") % facts
        return _("stated: %(stated)s. The licensed board %(number)s is %(away)s from the shop") % facts

    bound = _figures(None, least, metres, at_most=False)[1]
    return _result(rule, BoardOutcome.UNKNOWN, both(said), bound, limit=least)


# A page checks hundreds of boards of few sizes and subjects: each text is written once.
@lru_cache(maxsize=1024)
def _figures(measured: int | None, limit: int, written: Callable[[int], str], *, at_most: bool) -> tuple[tuple[str, str], tuple[str, str]]:
    """A measured value and its limit, each in both languages."""
    words = both(lambda: written(measured) if measured is not None else _("not stated"))
    return words, both(lambda: (_("at most %(limit)s") if at_most else _("at least %(limit)s")) % {"limit": written(limit)})


def _land_use(rules: Sequence[BoardLimit], land: PlaceLand) -> BoardCheck:
    """Banned where all of the plot is in a banned class. A plot that is not known, or banned in a part only, is left to the officer."""
    banned, codes = [one.land_class for one in rules], set(land.codes)
    outcome = BoardOutcome.UNKNOWN
    if land.is_whole and (codes <= set(banned) or not codes & set(banned)):
        outcome = BoardOutcome.FAILS if codes <= set(banned) else BoardOutcome.PASSES
    if land.plot is None:
        words = both(lambda: _("the plot of the shop is not known"))
    elif not codes:
        words = both(lambda: _("no land use is known for the plot of the shop"))
    else:
        words = _names(land, land.codes)
    return _result(rules[0], outcome, words, both(lambda: _("not allowed on: %(classes)s") % {"classes": _spoken(_names(land, banned))}))


def _names(land: PlaceLand, codes: Iterable[str]) -> tuple[str, str]:
    """The names of classes of land use in both languages; a code that the rules do not name stays as it is."""
    names = [land.names.get(code, (code, code)) for code in codes]
    return "، ".join(ar for ar, _en in names), ", ".join(en for _ar, en in names)


def _spoken(texts: tuple[str, str]) -> str:
    """The text of the active language."""
    return texts[0] if get_language() == "ar" else texts[1]


def _content(board: Board, rules: Sequence[BoardLimit]) -> BoardCheck:
    """A banned subject fails, unless its ban is lifted by an approval that is named."""
    rule = min((one for one in rules if one.subject == board.subject), key=lambda one: one.is_lifted_by_approval, default=None)
    if not board.subject:
        outcome = BoardOutcome.UNKNOWN
    else:
        is_lifted = rule is None or (rule.is_lifted_by_approval and bool(board.approval))
        outcome = BoardOutcome.PASSES if is_lifted else BoardOutcome.FAILS
    approval = board.approval if rule is not None and rule.is_lifted_by_approval else None
    words, bound = _subject(board.subject, approval, tuple(rules) if rule is None else (rule,))
    return _result(rule or rules[0], outcome, words, bound)


@lru_cache(maxsize=1024)
def _subject(subject: str, approval: str | None, rules: tuple[BoardLimit, ...]) -> tuple[tuple[str, str], tuple[str, str]]:
    """What a board advertises, with its approval where one is needed, and what is banned, each in both languages."""

    def said() -> str:
        named = str(BoardSubject(subject).label) if subject else _("not stated")
        if approval is None:
            return named
        return f"{named}{_(', ')}{_('approval')} {approval}" if approval else _without(named)

    return both(said), both(lambda: _joined(_banned(one) for one in rules))


def _without(subject: str) -> str:
    return _("%(subject)s, without an official approval") % {"subject": subject}


def _banned(rule: BoardLimit) -> str:
    text = _("only with an official approval: %(subject)s") if rule.is_lifted_by_approval else _("not allowed: %(subject)s")
    return text % {"subject": BoardSubject(rule.subject).label}


def _joined(texts: Iterable[str]) -> str:
    return " · ".join(filter(None, texts))


def _result(
    rule: BoardLimit,
    outcome: str,
    words: tuple[str, str],
    bound: tuple[str, str],
    *,
    measured: int | None = None,
    limit: int | None = None,
) -> BoardCheck:
    return BoardCheck(
        outcome=outcome,
        measured_value=measured,
        limit_value=limit,
        measured_ar=words[0][:300],
        measured_en=words[1][:300],
        limit_ar=bound[0][:300],
        limit_en=bound[1][:300],
        article_ar=rule.article_ar,
        article_en=rule.article_en,
    )
