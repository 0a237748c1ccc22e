"""Bills and attempts to pay them, made by the services of payments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import factory
from factory.django import DjangoModelFactory

from municipality.kernel.actors import system
from payments.models import Attempt, Bill
from payments.rules import Line
from payments.services import issue_bill, redirect_url, start_attempt
from tests.factories.accounts import PersonFactory


def bill_line(fils: int = 10_000, code: str = "renewal", account: str = "1422101") -> Line:
    return Line(code, "تجديد", "Renewal", "سنة واحدة", "1 year", "المادة 12", "Article 12", "fees.health v12", fils, account)


class BillFactory(DjangoModelFactory[Bill]):
    """A bill of the kind `tests.thing`, of one line of `fils` unless `lines` are given."""

    class Meta:
        model = Bill

    fils = 10_000
    lines = factory.LazyAttribute(lambda bill: [bill_line(bill.fils)])
    kind, subject = "tests.thing", "case:abc"
    title_ar, title_en = "تجديد الترخيص الصحي", "Health licence renewal"
    payer = factory.SubFactory(PersonFactory)
    actor = system("tests")

    @classmethod
    def _create(cls, model_class: type[Bill], *args: Any, fils: int, **fields: Any) -> Bill:
        return issue_bill(**fields)


class AttemptFactory(DjangoModelFactory[Attempt]):
    """An attempt whose browser was sent to the bank."""

    class Meta:
        model = Attempt

    language, session_key = "en", "session-1"
    bills = factory.LazyFunction(lambda: [BillFactory()])
    payer = factory.LazyAttribute(lambda attempt: attempt.bills[0].payer)

    @classmethod
    def _create(cls, model_class: type[Attempt], *args: Any, bills: Sequence[Bill], **fields: Any) -> Attempt:
        attempt = start_attempt(bills=bills, **fields)
        redirect_url(attempt)
        return Attempt.objects.get(pk=attempt.pk)
