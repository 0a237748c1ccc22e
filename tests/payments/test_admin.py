from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory

from municipality.audit.models import AccessLogEntry
from payments.models import Attempt, Bill, GatewayMessage, Receipt
from tests.bank import Book
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.payments.conftest import walk

pytestmark = pytest.mark.django_db
MODELS = (Bill, Attempt, Receipt, GatewayMessage)


def request_of(user: Any) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


@pytest.fixture
def auditor() -> Any:
    user = StaffFactory(groups=["auditor"])
    user.user_permissions.add(*Permission.objects.filter(content_type__app_label="payments", codename__startswith="view_"))
    return user


@pytest.mark.parametrize("model", MODELS)
def test_nobody_adds_changes_or_deletes_money(model: Any, auditor: Any) -> None:
    page = admin.site._registry[model]
    auditor.is_superuser = True
    request = request_of(auditor)
    assert not page.has_add_permission(request)
    assert not page.has_change_permission(request)
    assert not page.has_delete_permission(request)
    assert page.get_actions(request) == {}


def test_staff_who_are_no_auditors_see_no_rows(issue: Callable[..., Bill], auditor: Any) -> None:
    issue()
    page = admin.site._registry[Bill]
    assert page.get_queryset(request_of(auditor)).count() == 1
    assert page.get_queryset(request_of(StaffFactory(groups=["officer"]))).count() == 0


def test_opening_a_persons_bill_is_written_down_and_secrets_are_masked(
    at_bank: Callable[..., Attempt], bank: Book, paid_for: Any, auditor: Any, payer: Any
) -> None:
    attempt = at_bank()
    bank.decide(attempt)
    walk(3)
    client = signed_in(auditor)
    bill = Bill.objects.get()
    for row in (bill, attempt, Receipt.objects.get(), *GatewayMessage.objects.all()):
        name = row._meta.model_name
        listing = client.get(f"/admin/payments/{name}/")
        page = client.get(f"/admin/payments/{name}/{row.pk}/change/")
        assert (listing.status_code, page.status_code) == (200, 200), (name, listing.get("Location"), page.get("Location"))
        text = page.content.decode()
        assert "999901pg" not in text and attempt.token not in text
        assert GatewayMessage.objects.get(kind="init").raw not in text
        assert client.post(f"/admin/payments/{name}/{row.pk}/change/", {"state": "paid"}).status_code == 403
    assert set(AccessLogEntry.objects.filter(person_key=payer.key).values_list("subject", flat=True)) == {bill.key, attempt.key}
