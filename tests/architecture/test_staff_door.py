"""Goal N1 over every address: no page of staff opens without a second factor, none of a signer's without a passkey."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import resolve
from django.utils import translation

from municipality.accounts import access, keyholders, staff_site
from tests.architecture.access_matrix import METHODS, ROWS
from tests.architecture.requests_undone import Drawn
from tests.architecture.sample_data import Sample, built_sample, one_sample  # noqa: F401
from tests.browsers import signed_in

pytestmark = pytest.mark.django_db
OPEN_ADMIN = {"/admin/login/", "/admin/logout/"}  # the way in and the way out
REFUSED = {302, 403}


def addresses(sample: Sample) -> Iterator[tuple[str, Any]]:
    """Every address that a mark opens to staff, each once. That the rows are complete is asked by the matrix."""
    seen = set()
    for row in ROWS:
        path = row.path.format(s=sample, lang="ar")
        with translation.override("ar"):
            view = resolve(path).func
        if path not in seen and path not in OPEN_ADMIN and getattr(view, "portal_access", "") in {"staff", "any", "on_behalf"}:
            seen.add(path)
            yield path, view


def opened(sample: Sample, client: Client, *, methods: tuple[str, ...] = METHODS, but_before_key: bool = False) -> list[str]:
    """Methods and addresses that were answered by anything but a refusal or the way to a door."""
    with pytest.MonkeyPatch.context() as patch:
        drawn = Drawn(patch)
        found, tried = [], 0
        for path, view in addresses(sample):
            if but_before_key and getattr(view, "without_passkey", False):
                continue
            drawn.next_address()
            drawn.next_role("staff", "ar")
            for method in methods:
                tried += 1
                with transaction.atomic():
                    answer = client.generic(method, path)
                    transaction.set_rollback(True)
                place = answer.headers.get("Location", "/staff/")
                if answer.status_code not in REFUSED or not place.startswith(("/staff/", "/admin/")):
                    found.append(f"{method} {path} {answer.status_code}")
    assert tried > 200 * len(methods)
    return found


def test_no_address_of_staff_opens_without_a_second_factor(sample: Sample) -> None:
    assert opened(sample, sample.client("halfway", raise_request_exception=False)) == []


def test_without_the_question_many_would_open(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    for module in (access, staff_site):
        monkeypatch.setattr(module, "has_second_factor", lambda request: True)
    assert len(opened(sample, sample.client("halfway", raise_request_exception=False), methods=("GET",))) > 50


@pytest.mark.parametrize("who", ["supervisor", "operator"])
def test_no_address_opens_to_a_code_of_a_signer_but_those_that_lead_to_the_passkey(who: str, sample: Sample) -> None:
    client = signed_in(getattr(sample, who), factor="totp")
    client.raise_request_exception = False
    assert opened(sample, client, methods=("GET", "POST"), but_before_key=True) == []


def test_without_the_table_of_keyholders_many_would_open(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """The red control."""
    monkeypatch.setattr(keyholders, "PASSKEY_ROLES", {})
    client = signed_in(sample.supervisor, factor="totp")
    client.raise_request_exception = False
    assert len(opened(sample, client, methods=("GET",), but_before_key=True)) > 50


def test_before_the_passkey_only_the_way_to_it_is_open(sample: Sample) -> None:
    names = set()
    for path, view in addresses(sample):
        if getattr(view, "without_passkey", False):
            with translation.override("ar"):
                names.add(resolve(path).view_name)
    assert names == {
        *("accounts:passkeys", "accounts:passkey_add", "accounts:passkey_name", "accounts:passkey_remove", "accounts:sign_in_again"),
        *("accounts:sessions", "accounts:end_session", "accounts:end_other_sessions", "accounts:sign_out", "staff_key"),
    }
