"""Each kind of damage that a fault could leave behind is found; the fault tests trust in that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from licensing.health import invariants as licences
from licensing.health import services
from municipality.accounts import invariants as sessions
from municipality.cases.models import Case
from municipality.documents import invariants as documents
from municipality.documents import seal
from municipality.documents.models import Document, DocumentEvent
from municipality.kernel import guards
from payments import invariants as money
from payments.models import Bill
from tests.browsers import signed_in
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.licensing import LicensedShopFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(rules: None, owner: Any) -> Case:
    """A renewal that went all the way, and nothing wrong with it."""
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    case = services.submit_renewal(shop=LicensedShopFactory(owner=owner), applicant=owner)
    services.take_payment(case=case)
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    assert [*licences.findings(), *documents.findings()] == []
    return Case.objects.get(pk=case.pk)


@pytest.fixture
def unguarded(db: None) -> Iterator[None]:
    """The database without its triggers, as after somebody with all rights was at it."""
    with transaction.atomic():
        connection.check_constraints()  # else PostgreSQL alters no table that waits for its deferred checks
        guards.remove(connection)
        yield
        transaction.set_rollback(True)  # the triggers come back with everything else


def licence_of(case: Case) -> Document:
    return Document.objects.get(subject=case.key, kind="health_licence")


def test_a_state_that_its_last_event_does_not_say_is_found(issued: Case, unguarded: None) -> None:
    Document.objects.filter(pk=licence_of(issued).pk).update(state="revoked")
    Bill.objects.filter(subject=issued.key).update(state="paid")
    assert any("its last event says otherwise" in finding for finding in documents.findings())
    assert any("its last event says otherwise" in finding or "without an event" in finding for finding in money.findings())


def test_an_event_that_is_no_edge_and_one_that_does_not_follow_are_found(issued: Case, unguarded: None) -> None:
    document = licence_of(issued)
    DocumentEvent.objects.create(
        subject=document, workflow=document.workflow_name, move="resume", from_state="suspended", to_state="draft", at=document.created_at
    )
    found = list(documents.findings())
    assert any("is no edge" in finding for finding in found)
    assert any("does not follow" in finding for finding in found)


def test_a_second_licence_for_one_case_is_found(issued: Case, unguarded: None) -> None:
    first = licence_of(issued)
    Document.objects.create(
        kind=first.kind, number="HLT-HA-2026-999999-X", subject=first.subject, holder_key=first.holder_key, state="active",
        created_at=first.created_at, file=first.file,
    )  # fmt: skip
    assert f"{issued.key} has 2 licences" in list(licences.findings())


def test_a_session_of_a_disabled_person_and_one_of_staff_by_password_alone_are_found() -> None:
    somebody, officer, halfway = (
        PersonFactory(),
        StaffFactory(groups=["officer"], login="whole"),
        StaffFactory(groups=["officer"], login="half"),
    )
    for user in (somebody, officer, halfway):
        browser = signed_in(user)
        browser.get("/en/")
        if user == halfway:
            session = browser.session
            del session["account_authentication_methods"]
            session.save()
    assert list(sessions.findings()) == [f"{halfway.key} is staff and has a session without a second factor"]
    type(somebody).objects.filter(pk=somebody.pk).update(is_active=False)
    assert f"{somebody.key} is disabled and has a session" in list(sessions.findings())
