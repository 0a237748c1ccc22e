"""Who is told when a bill is paid, and which sums a person owes: the services above register here, payments never import them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.kernel.registry import Registry

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from payments.models import Bill


@dataclass(frozen=True)
class Payable:
    """`paid` and `voided` take the bill's primary key, run in one transaction of their own with the record that they ran.

    `paid` may raise `kernel.errors.Refused`: the money then is owed back. After `voided` the same bill may be paid again.
    """

    paid: Callable[[int], None]
    voided: Callable[[int], None]


# By kind of bill.
PAYABLES: Registry[Payable] = Registry()


@dataclass(frozen=True)
class Right:
    """What a delegation of a bill's payer must cover so that the delegate may pay it: a service, and a subject key."""

    service: str
    subject: str


# Kind of a bill's subject → the right over such a bill; None for one that its payer alone pays. Bills of cases are known here already.
RIGHTS: Registry[Callable[[Bill], Right | None]] = Registry()
# Bills of others that a person may see and pay by delegation: each provider answers a query of primary keys, or None.
OPENED_TO: Registry[Callable[[Any], QuerySet[Any] | None]] = Registry()


@dataclass(frozen=True)
class Due:
    """A sum that a person owes and that has no bill yet. `fils` > 0; `note` a lazy text; `until` the last day for paying it."""

    key: str
    kind: str
    title_ar: str
    title_en: str
    fils: int
    note: Any = ""
    until: dt.date | None = None


@dataclass(frozen=True)
class Owing:
    """One kind of sums.

    `dues` lists what the person owes now without a bill. `bill_for` takes the person and the key of one of them and returns its
    bill: it issues it, or finds the one that was issued for the same sum before. It runs inside the transaction that begins the
    payment, locks its own row, and raises `kernel.errors.Refused` for a key that is not the person's or is owed no more.
    """

    dues: Callable[[Any], Sequence[Due]]
    bill_for: Callable[[Any, str], Bill]


# By kind of the sums.
OWING: Registry[Owing] = Registry()


def dues_of(person: User) -> Iterator[Due]:
    """Everything that a person owes without a bill, kind after kind. Raises ValueError for a sum that no service may register."""
    for kind, owing in sorted(OWING.items()):
        for due in owing.dues(person):
            if due.kind != kind or due.fils <= 0 or not due.key:
                raise ValueError(f"{kind} registers a sum of {due.kind} over {due.fils} fils")
            yield due
