"""What a person must do, may do until a day, or can do later: the source of the home page.

My shops has panels of its own (`cases.panels.MY_SHOPS`). Each service registers one provider. The same obligation
has the same day, amount and link wherever it is shown.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text


class Duty(StrEnum):
    """How binding an obligation is."""

    MUST = "must"  # only this person can do it, and something is lost otherwise
    OFFER = "offer"  # may be left, at the cost that its page states
    LATER = "later"  # cannot be done yet; its deadline is known


@dataclass(frozen=True)
class Obligation:
    """One thing for a person to do. `subject` is the key of the shop that it is about, if there is one; `fils` what it costs.

    `starts` is set for a renewal with `Duty.LATER`: the first day on which it can be asked for.
    """

    code: str  # what is to be done, such as renew, unblock, pay, settle, correct
    key: str  # key of its source, such as `bill:<public id>`
    duty: Duty
    title: Text  # as a deadline: "The health licence ends"
    task: Text  # as a heading of what to do: "Renew the health licence"
    action: Text
    url: str
    subject: str = ""
    about: Text = ""
    reference: str = ""
    until: dt.date | None = None
    starts: dt.date | None = None
    fils: int = 0
    is_asked: bool = False  # another person waits for the answer: never only among later deadlines
    stops_nothing: bool = False  # no service of the portal depends on it: suggested next only where nothing else must be done

    @property
    def days_left(self) -> int | None:
        """Days from today to the last day; negative after it."""
        return (self.until - clock.today()).days if self.until is not None else None

    @property
    def order(self) -> tuple[bool, dt.date, str]:
        """The nearest last day first; obligations without one at the end."""
        return (self.until is None, self.until or dt.date.max, self.key)


# By the name of the service. Each returns the obligations of a person, their own and those in which they act for others.
OBLIGATIONS: Registry[Callable[[User], list[Obligation]]] = Registry()


def obligations_of(user: User) -> list[Obligation]:
    """All obligations of a person, the nearest last day first."""
    found = [obligation for provider in OBLIGATIONS.values() for obligation in provider(user)]
    return sorted(found, key=lambda obligation: obligation.order)


def next_of(obligations: Sequence[Obligation]) -> Obligation | None:
    """The one to do next: the first that must be done and on which something depends.

    None where the last day of an offer on which something depends is nearer: the offer is shown instead, never suggested.
    """
    duties = sorted((one for one in obligations if one.duty == Duty.MUST), key=lambda one: one.stops_nothing)  # else by their last day
    first = duties[0] if duties else None
    offer = choice_of(obligations)
    if first is not None and offer is not None and not offer.stops_nothing and first.until is not None and offer.order < first.order:
        return None
    return first


def choice_of(obligations: Sequence[Obligation]) -> Obligation | None:
    """The offer with the nearest last day, first among those on which something depends."""
    offers = [one for one in obligations if one.duty == Duty.OFFER and one.until is not None]
    return min(offers, key=lambda one: (one.stops_nothing, one.order), default=None)


def total_fils(obligations: Sequence[Obligation], duty: Duty) -> int:
    """The sum of what must be paid, or of what is offered, in fils. The two are never added."""
    return sum(obligation.fils for obligation in obligations if obligation.duty == duty)
