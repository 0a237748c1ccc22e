"""Panels: what services show on the pages of apps below them, by one query for all subjects of a page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

# A provider takes the user and the subjects of a page; it returns entries by subject key.
Provider = Callable[[Any, Sequence[Any]], dict[str, list[Any]]]
# Providers of the page of a shop, of a plot, of a case and of "my shops", by the name of the panel.
SHOP_PAGE: Registry[Provider] = Registry()
PLOT_PAGE: Registry[Provider] = Registry()
CASE: Registry[Provider] = Registry()
MY_SHOPS: Registry[Provider] = Registry()
# What comes next where zoning says that an activity may open: by its code, the floor and the plot.
OPENING: Registry[Callable[[str, int, Any], list[NextStep]]] = Registry()
# What can be done for many shops at once, on "my shops": label and name of the address.
MANY_SHOPS: Registry[tuple[Text, str]] = Registry()
# Lists of what a person sent that is no case, below their requests: label and address; none where nothing was sent.
OTHER_LISTS: Registry[Callable[[User], list[tuple[Text, str]]]] = Registry()


@dataclass(frozen=True)
class PanelLine:
    """One entry of a panel, with the next action if there is one. `is_due`: the person has something to do until the deadline."""

    title: Text
    state: str = ""  # ok, warn, bad, wait
    label: Text = ""
    note: Text = ""  # why
    reference: str = ""
    deadline: dt.date | None = None
    action: Text = ""
    url: str = ""
    is_due: bool = False
    order: int = 0
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NextStep:
    """The main button of a case page; `more` is a link beside it: text and address."""

    title: Text
    text: Text = ""
    url: str = ""
    button: Text = ""
    label: Text = ""
    more: tuple[Text, str] | None = None


@dataclass(frozen=True)
class FileLine:
    label: Text
    reference: str
    url: str = ""
    note: Text = ""


@dataclass(frozen=True)
class MoneyLine:
    """One line of a bill; `note` is the formula or state, `url` the receipt."""

    label: Text
    fils: int
    note: Text = ""
    url: str = ""


@dataclass(frozen=True)
class Fact:
    label: Text
    value: Text
    note: Text = ""


@dataclass(frozen=True)
class Round:
    """One round of corrections: what was requested, until when, and when it was answered or that it was closed without an answer."""

    title: Text
    lines: Sequence[Text]
    answer_by: dt.date
    answered_at: dt.datetime | None = None
    is_closed: bool = False


@dataclass(frozen=True)
class Record:
    """One entry of a block on the page of a shop.

    `state` and `label` are its tag, `lines` more text, `source` the link to the record, `replies` answers to it, `action` the link
    for something its reader may do. `anchor` is its id on the page.
    """

    title: Text
    state: str = ""
    label: Text = ""
    lines: Sequence[Text] = ()
    source: tuple[Text, str] | None = None
    replies: Sequence[Fact] = ()
    action: tuple[Text, str] | None = None
    anchor: str = ""


@dataclass(frozen=True)
class Picture:
    """A public photo of a subject: its address and size in pixels, and what it shows, with its day."""

    url: str
    text: Text
    width: int
    height: int
    on: dt.date


@dataclass(frozen=True)
class PageBlock:
    """A block of a public page about a subject; no personal data. `history` goes into the history on the page."""

    name: str  # also its anchor
    title: Text
    order: int = 0
    text: Text = ""
    records: Sequence[Record] = ()
    empty: Text = ""  # shown where there are no records
    note: Text = ""  # explains the block
    actions: Sequence[tuple[Text, str]] = ()
    history: Sequence[Fact] = ()  # label and day
    picture: Picture | None = None  # shown at the top of the page


@dataclass(frozen=True)
class CaseDetail:
    """What a service adds to the page of one of its cases."""

    next_step: NextStep | None = None
    files: list[FileLine] = field(default_factory=list)
    files_expected: Text = ""  # what will appear among the files, while nothing has
    sent: list[Fact] = field(default_factory=list)  # what the applicant wrote
    sent_files: list[FileLine] = field(default_factory=list)  # files that the applicant sent
    money: list[MoneyLine] = field(default_factory=list)
    total_fils: int | None = None
    facts: list[Fact] = field(default_factory=list)
    actions: Sequence[tuple[Text, str]] = ()
    by_officer: bool = False  # whether a person of the municipality decides
    queue: list[Fact] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    blocks: list[PageBlock] = field(default_factory=list)  # what else the service shows, above the course of the request
    refund_fils: int = 0  # owed back to the payer
    warning: tuple[Text, Text] | None = None  # title and text, above everything


def collect(page: Registry[Provider], user: Visitor, subjects: Sequence[Any], only: str = "") -> dict[str, dict[str, list[Any]]]:
    """Panel name → subject key → entries; of one panel where `only` names it."""
    return {name: provider(user, subjects) for name, provider in page.items() if only in ("", name)}
