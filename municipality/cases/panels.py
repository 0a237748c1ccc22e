"""Panels: what lives above shows itself on pages below, batched, one query each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from municipality.accounts.requests import Visitor
from municipality.kernel.registry import Registry

# A provider takes the user and many subjects and answers by subject key.
Provider = Callable[[Any, Sequence[Any]], dict[str, list[Any]]]
# What fills the page of a shop, the page of a case and "my shops", by the name of the panel.
SHOP_PAGE: Registry[Provider] = Registry()
CASE: Registry[Provider] = Registry()
MY_SHOPS: Registry[Provider] = Registry()


@dataclass(frozen=True)
class PanelLine:
    """One line of a panel: what it is, its state, its deadline, and the next action if there is one."""

    title: Any
    state: str = ""  # ok, warn, bad, wait
    label: Any = ""
    reference: str = ""
    deadline: Any = None
    action: Any = ""
    url: str = ""
    order: int = 0
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NextStep:
    """The one filled button of a case page."""

    title: Any
    text: Any = ""
    url: str = ""
    button: Any = ""
    label: Any = ""


@dataclass(frozen=True)
class FileLine:
    label: Any
    reference: str
    url: str = ""
    note: Any = ""


@dataclass(frozen=True)
class MoneyLine:
    """`fils` of one line; `note` says formula or state; `url` leads to a receipt."""

    label: Any
    fils: int
    note: Any = ""
    url: str = ""


@dataclass(frozen=True)
class Fact:
    label: Any
    value: Any
    note: Any = ""


@dataclass(frozen=True)
class Round:
    """One round of corrections: what was asked for, until when, and when it was answered."""

    title: Any
    lines: list[Any]
    answer_by: Any
    answered_at: Any = None


@dataclass(frozen=True)
class CaseDetail:
    """What a service adds to the page of one of its cases."""

    next_step: NextStep | None = None
    files: list[FileLine] = field(default_factory=list)
    money: list[MoneyLine] = field(default_factory=list)
    total_fils: int | None = None
    facts: list[Fact] = field(default_factory=list)
    actions: list[tuple[Any, str]] = field(default_factory=list)
    by_officer: bool = False  # whether a person of the municipality decides
    queue: list[Fact] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    refund_fils: int = 0  # owed back to the payer


@dataclass(frozen=True)
class Record:
    """One entry of a block, with the record it comes from.

    `state` and `label` are its tag, `lines` what else is said of it, `source` the link to the record, `beside` what somebody answered
    to it, `way` what its reader may do. `anchor` is its id on the page.
    """

    title: Any
    state: str = ""
    label: Any = ""
    lines: Sequence[Any] = ()
    source: tuple[Any, str] | None = None
    replies: Sequence[Fact] = ()
    action: tuple[Any, str] | None = None
    anchor: str = ""


@dataclass(frozen=True)
class Block:
    """What a service says of a subject on a page for everybody; no personal data. `history` goes into the story of the page."""

    name: str  # also its anchor
    title: Any
    order: int = 0
    text: Any = ""
    records: Sequence[Record] = ()
    empty: Any = ""  # said where there are no records
    note: Any = ""  # how the block is to be read
    actions: Sequence[tuple[Any, str]] = ()
    history: Sequence[Fact] = ()  # label and day


def collect(page: Registry[Provider], user: Visitor, subjects: Sequence[Any]) -> dict[str, dict[str, list[Any]]]:
    """Panel name → subject key → lines."""
    return {name: provider(user, subjects) for name, provider in page.items()}
