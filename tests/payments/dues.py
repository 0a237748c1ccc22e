"""A service that registers sums without a bill, and issues their bills when they are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from payments.models import Bill
from payments.registry import Due
from payments.rules import Line
from payments.services import issue_bill

KIND = "tests.fine"


def line(fils: int, code: str = "fine") -> Line:
    return Line(code, "غرامة", "Fine", "مخالفة واحدة", "1 violation", "المادة 3", "Article 3", "fines v1", fils, "1422205")


@dataclass
class Fines:
    """Key → amount in fils; every key belongs to one person."""

    person: Any
    open: dict[str, int] = field(default_factory=dict)
    offers: set[str] = field(default_factory=set)

    def dues(self, person: Any) -> Sequence[Due]:
        if person.pk != self.person.pk:
            return []
        billed = set(Bill.objects.filter(kind=KIND).values_list("subject", flat=True))
        return [
            Due(key, KIND, f"غرامة {key[1:]}", f"Fine {key[1:]}", fils, is_offer=key in self.offers)
            for key, fils in sorted(self.open.items())
            if f"violation:{key}" not in billed
        ]

    def bill_for(self, person: Any, key: str) -> Bill:
        if person.pk != self.person.pk:
            raise NotPermitted("not_yours", "This fine is not yours.")
        found = Bill.objects.filter(kind=KIND, subject=f"violation:{key}").exclude(state="void").first()
        if found is not None:
            return found
        if key not in self.open:
            raise Refused("unknown_fine", "There is no such fine.")
        return issue_bill(
            kind=KIND,
            subject=f"violation:{key}",
            payer=person,
            title_ar=f"غرامة {key[1:]}",
            title_en=f"Fine {key[1:]}",
            lines=[line(self.open[key])],
            actor=system("tests"),
        )
