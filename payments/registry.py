"""Registries of services with bills: what happens when one is paid, who may pay for another, and sums without a bill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from payments.models import Bill, RefundDue


@dataclass(frozen=True)
class Payable:
    """Handlers of a kind of bill. Each takes the bill's primary key and runs once, in a transaction of its own.

    `paid` may raise `kernel.errors.Refused`: the amount is then refunded. After `voided` the bill may be paid again.
    `freed`: a payment under review ended unpaid; in the transaction in which it ends.
    `sends_text`: the service sends a text message about what the payment brings, so the payment sends none.
    """

    paid: Callable[[int], None]
    voided: Callable[[int], None]
    sends_text: bool = False
    freed: Callable[[int], None] | None = None


# By kind of bill.
PAYABLES: Registry[Payable] = Registry()


@dataclass(frozen=True)
class Right:
    """The service and subject key that a delegation must cover to pay a bill."""

    service: str
    subject: str


# Kind of the subject of a bill → the right over it; None: only the payer pays. Bills of cases need no entry.
RIGHTS: Registry[Callable[[Bill], Right | None]] = Registry()
# Kind of bill → whether a visitor who is not signed in may pay the bill now, for its payer. Without an
# entry no visitor may.
VISITORS: Registry[Callable[[Bill], bool]] = Registry()
# Bills that a person may see and pay by delegation: a query of primary keys, or None.
DELEGATED_BILLS: Registry[Callable[[User], QuerySet[Any] | None]] = Registry()


@dataclass(frozen=True)
class Due:
    """A sum that a person owes, with a bill (BILLED) or yet without. `fils` > 0; `note` a lazy text; `until` the last day for paying it.

    An offer may be left: nothing is due yet, and paying it gives something up. `shop` is the key of the shop that it is about.
    """

    key: str
    kind: str
    title_ar: str
    title_en: str
    fils: int
    note: Text = ""
    until: dt.date | None = None
    is_offer: bool = False
    shop: str = ""
    url: str = ""  # page of what it is for
    name_ar: str = ""  # what is paid for, without reference and shop; empty: the title
    name_en: str = ""
    shop_name_ar: str = ""
    shop_name_en: str = ""
    reference: str = ""
    left: Text = ""  # what follows if an offer is left
    no_day: Text = ""  # why `until` is not known yet, and what begins it
    stopped: Text = ""  # why it cannot be paid now, and what comes first: what it is for would be refused
    is_others: bool = False  # stopped since it is another person's to pay now


@dataclass(frozen=True)
class Owing:
    """One kind of dues.

    `dues` lists what a person owes now without a bill. `bill_for` takes the person and a key and returns its bill, issued now or
    before. It runs inside the transaction that begins the payment, locks its row, and raises `kernel.errors.Refused` for another's
    key or a sum that is not owed any more.
    """

    dues: Callable[[User], Sequence[Due]]
    bill_for: Callable[[User, str], Bill]


# By kind of the dues.
OWING: Registry[Owing] = Registry()
# By kind of bill: what each of these bills is for, by primary key. Bills of a kind without an entry show their own title.
BILLED: Registry[Callable[[Sequence[Bill]], dict[int, Due]]] = Registry()

# By kind of bill: the parts of what each of these bills is for, such as its boards, by primary key, for the result page. Bills of a kind
# without an entry are for one thing.
PARTS: Registry[Callable[[Sequence[Bill]], dict[int, list[Text]]]] = Registry()


# By kind of bill: what the two people who release a deposit can look at before, as labels and URLs.
GROUNDS: Registry[Callable[[RefundDue], Sequence[tuple[Text, str]]]] = Registry()


@dataclass(frozen=True)
class PaymentStep:
    """One step of what happens after a payment: `state` is done, now or next."""

    state: str
    title: Text
    text: Text = ""


@dataclass(frozen=True)
class PaidOutcome:
    """What a paid bill has brought, for the result page. `is_done`: nothing is being prepared any more."""

    is_done: bool
    title: Text = ""  # the heading when it is done
    label: Text = ""  # what `reference` is
    reference: str = ""
    text: Text = ""
    steps: Sequence[PaymentStep] = ()
    act: tuple[Text, str] | None = None  # the next act: label and URL
    link: tuple[Text, str] | None = None  # label and URL to hand on, absolute


# By kind of bill: takes a paid bill; None where the service has nothing to add.
OUTCOMES: Registry[Callable[[Bill], PaidOutcome | None]] = Registry()


@dataclass(frozen=True)
class Origin:
    """A page on which a payment begins. `label` leads to it after paying, `back` without paying."""

    label: Text
    url: str
    back: Text


# By name: takes the person and a key; None where there is no such page for them.
ORIGINS: Registry[Callable[[User, str], Origin | None]] = Registry()


def dues_of(person: User) -> Iterator[Due]:
    """All dues of a person. Raises ValueError for an invalid one."""
    for kind, owing in sorted(OWING.items()):
        for due in owing.dues(person):
            if due.kind != kind or due.fils <= 0 or not due.key:
                raise ValueError(f"{kind} registers a sum of {due.kind} over {due.fils} fils")
            yield due
