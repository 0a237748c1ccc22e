"""The lines before the start, on the bill and on the receipt are the same: name, formula, article and amount."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.html import escape

from licensing.models import HealthLicence
from municipality.cases.models import Case
from municipality.kernel import clock
from payments import documents
from payments import queries as payments
from payments.models import Receipt
from tests.bank import Book
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories.payments import AttemptFactory

pytestmark = pytest.mark.django_db
FIELDS = ("formula_ar", "formula_en", "article_ar", "article_en", "fils")


def told(lines: Any) -> list[tuple[Any, ...]]:
    """Receipts call the label of a line its name."""
    names = [(getattr(row, "label_ar", None) or row.name_ar, getattr(row, "label_en", None) or row.name_en) for row in lines]
    return [(*name, *(getattr(row, field) for field in FIELDS)) for name, row in zip(names, lines, strict=True)]


def test_the_three_lists_are_equal(make_shop: Any, owner: Any, bank: Book, settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    shop = make_shop()
    licence = HealthLicence.objects.get(shop=shop)
    assert licence.last_day  # it can be renewed
    client = signed_in(owner)
    start = client.get(f"/en/health-licence/{shop.public_id}/renew/")
    offered = told(start.context["offer"].lines)
    total = str(start.context["offer"].total)
    assert client.post(f"/en/health-licence/{shop.public_id}/renew/", {"declared": "on", "total": total}).status_code == 302
    bill = payments.bill_of(Case.objects.get().key)
    assert bill is not None
    payment = client.get(f"/en/pay/{bill.public_id}/")
    billed = told(payment.context["lines"])
    bank.decide(AttemptFactory(bills=[bill]))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due()
    facts = documents.ReceiptFacts.of(Receipt.objects.get(bill=bill))
    assert offered and offered == billed == told(facts.lines)
    sheet = {"title": "", "language": "ar", "created": clock.now(), "density": ""}
    printed = render_to_string("payments/documents/receipt.html", facts.context() | sheet)
    for _ar, label_en, _formula_ar, formula_en, _article_ar, article_en, _fils in offered:
        for page in (start.content.decode(), payment.content.decode(), printed):
            assert all(escape(text) in page for text in (label_en, formula_en, article_en))
    for label_ar, _en, formula_ar, _formula_en, article_ar, _article_en, _fils in offered:
        assert all(escape(text) in printed for text in (label_ar, formula_ar, article_ar))
    # Receipts that were issued before the formula was printed can still be drawn up.
    older = facts.dump()
    for line in older["lines"]:
        del line["formula_ar"], line["formula_en"]
    assert documents.ReceiptFacts.load(older).lines[0].formula_en == ""
