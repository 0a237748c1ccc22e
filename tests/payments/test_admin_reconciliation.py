"""The cash office loads the bank's file, sees what differs, and closes it by two people."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from municipality.audit.models import AuditEvent
from municipality.cases.roles import ensure_roles
from payments.models import Attempt, BankStatement, Difference
from tests.bank import Book
from tests.browsers import signed_in
from tests.payments.bank_statements import content, line
from tests.payments.conftest import walk

pytestmark = pytest.mark.django_db
LOAD = "/admin/payments/bankstatement/load/"


def file(text: bytes, name: str = "bank.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text)


def seen(client: Client, work: str) -> dict[str, str]:
    """What the page of a difference hides in its form, to be sent with a step."""
    return dict(re.findall(r'type="hidden" name="(seen)" value="([^"]*)"', client.get(work).content.decode()))


def test_a_file_is_loaded_looked_at_taken_and_its_difference_closed(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, cashier: Any, checker: Any
) -> None:
    ensure_roles()
    bank.decide(at_bank())
    walk(13)
    client, second = signed_in(cashier), signed_in(checker)
    wrong = client.post(LOAD, {"file": file(content("PURCHASE,T1,,,x,2026-11-24"))})
    assert wrong.status_code == 400 and "تتعذر قراءة المبلغ" in wrong.content.decode() and not BankStatement.objects.exists()
    loaded = client.post(LOAD, {"file": file(content(line(Attempt.objects.get()), line("STRANGER", 5_000)), "=cmd().csv")})
    take = f"/admin/payments/bankstatement/{BankStatement.objects.get().pk}/take/"
    assert loaded.status_code == 302 and loaded["Location"] == take
    assert "STRANGER" in client.get(take).content.decode() and not Difference.objects.exists()
    assert client.post(take, {"step": "take"}).status_code == 302
    assert client.post(take, {"step": "take"}).status_code == 409
    difference = Difference.objects.get()
    work = f"/admin/payments/difference/{difference.pk}/work/"
    propose = {"step": "propose", "code": "bank_asked"}
    assert client.post(work, propose | seen(client, work)).status_code == 409
    client.post(work, {"step": "note", "text": "=سئل البنك"})
    assert client.post(work, propose | seen(client, work)).status_code == 302
    assert 'value="close"' not in client.get(work).content.decode()
    assert client.post(work, {"step": "close"}).status_code == 403
    assert second.post(work, {"step": "close"} | seen(second, work)).status_code == 302
    assert Difference.objects.get().closed_by == checker
    again = client.post(LOAD, {"file": file(content(line(Attempt.objects.get()), line("STRANGER", 5_000)))})
    assert again.status_code == 409


def test_another_proposal_or_note_than_the_page_showed_closes_nothing(cashier: Any, checker: Any) -> None:
    ensure_roles()
    client, second = signed_in(cashier), signed_in(checker)
    client.post(LOAD, {"file": file(content(line("STRANGER", 5_000)))})
    client.post(f"/admin/payments/bankstatement/{BankStatement.objects.get().pk}/take/", {"step": "take"})
    work = f"/admin/payments/difference/{Difference.objects.get().pk}/work/"
    client.post(work, {"step": "note", "text": "سئل البنك"})
    asked, other = ({"step": "propose", "code": code} | seen(client, work) for code in ("bank_asked", "paid_back"))
    assert client.post(work, asked).status_code == 302
    told = {"step": "close"} | seen(second, work)
    assert client.post(work, other).status_code == 409, "somebody proposed meanwhile"
    client.post(work, {"step": "note", "text": "تبيّن أنه خطأ"})
    for stale in (told, {"step": "close"}):
        refused = second.post(work, stale)
        assert refused.status_code == 409 and "تغيّر المقترح أو النتيجة" in refused.content.decode()
    assert (row := Difference.objects.get()).closed_at is None and row.code == "bank_asked"
    back = {"step": "send_back", "words": "لم يجب البنك بعد"}
    assert client.post(work, back | seen(client, work)).status_code == 403
    assert second.post(work, back | {"words": ""} | seen(second, work)).status_code == 409
    assert second.post(work, back | seen(second, work)).status_code == 302
    assert "لم يجب البنك بعد" in (page := client.get(work).content.decode()) and 'value="propose"' in page
    assert client.post(work, other | seen(client, work)).status_code == 302 and Difference.objects.get().code == "paid_back"
    assert second.post(work, {"step": "close"} | seen(second, work)).status_code == 302


def test_the_export_has_no_formula_and_is_recorded(at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, cashier: Any) -> None:
    ensure_roles()
    client = signed_in(cashier)
    client.post(LOAD, {"file": file(content(line("STRANGER", 5_000)), "=HYPERLINK(1).csv")})
    client.post(f"/admin/payments/bankstatement/{BankStatement.objects.get().pk}/take/", {"step": "take"})
    BankStatement.objects.get()
    as_text = client.get("/admin/payments/difference/export.csv")
    rows = as_text.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 2 and "STRANGER" in rows[1] and "5.000" in rows[1]
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.split(","))
    book = client.get("/admin/payments/difference/export.xlsx")
    with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
    assert len(sheets) == 2 and not any("<f>" in sheet for sheet in sheets)
    assert AuditEvent.objects.filter(action="difference.exported").count() == 2
    assert "5,000" not in rows[1]
    days = client.get("/admin/payments/difference/days/").content.decode()
    assert "5.000" in days
