"""What the database refuses of signatures under boards, each with the harm that comes without the guard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from licensing.models import BoardConsent
from licensing.signage.consents import queries, services
from licensing.signage.services import requests
from municipality.accounts.models import User, actor_of
from municipality.drafts.models import Draft
from municipality.kernel import clock
from shops.models import Shop
from tests.database_guards import assert_refused, gets_through, without_guards
from tests.factories import boards
from tests.factories.accounts import PersonFactory, UserFactory
from tests.factories.board_consents import agreed, asked

pytestmark = [pytest.mark.django_db, pytest.mark.guards]


@pytest.fixture
def draft(shop: Shop, owner: User) -> Draft:
    return boards.begun(shop, owner)


@pytest.fixture
def signer() -> User:
    return PersonFactory(noura=True)


def write(row: BoardConsent, **facts: object) -> None:
    BoardConsent.objects.filter(pk=row.pk).update(**facts)


def signed(signer: User, **facts: object) -> dict[str, object]:
    return {"answer": "agreed", "signer": signer, "answered_at": clock.now(), **facts}


def insert(draft: Draft, **facts: object) -> None:
    now = clock.now()
    given = {"role": "trademark_owner", "token_digest": "0" * 64, "boards_digest": "0" * 64, "invited_at": now, "expires_at": now}
    BoardConsent.objects.create(draft=draft, **given | facts)


OPEN: dict[str, tuple[str, Callable[[BoardConsent, User], None]]] = {
    "as another role": ("frozen", lambda row, _signer: write(row, role="trademark_owner")),
    "another link": ("frozen", lambda row, _signer: write(row, token_digest="1" * 64)),
    "other boards": ("frozen", lambda row, _signer: write(row, boards_digest="1" * 64)),
    "longer": ("frozen", lambda row, _signer: write(row, expires_at=clock.now() + dt.timedelta(days=90))),
    "deleted": ("never_deleted", lambda row, _signer: row.delete() and None),
    "too late": ("too_late", lambda row, signer: write(row, **signed(signer, answered_at=row.expires_at + dt.timedelta(seconds=1)))),
    "withdrawn with the answer": ("too_late", lambda row, signer: write(row, **signed(signer, withdrawn_at=clock.now()))),
    "by the applicant": ("own_request", lambda row, _signer: write(row, **signed(row.draft.person))),
    "born answered": ("answered_already", lambda row, signer: insert(row.draft, **signed(signer))),
    "born withdrawn": ("answered_already", lambda row, _signer: insert(row.draft, withdrawn_at=clock.now())),
}
AGREED: dict[str, tuple[str, Callable[[BoardConsent, User], None]]] = {
    "another answer": ("frozen", lambda row, _signer: write(row, answer="refused", reason="x")),
    "another day": ("frozen", lambda row, _signer: write(row, answered_at=clock.now() - dt.timedelta(days=1))),
    "another signer": ("frozen", lambda row, _signer: write(row, signer=UserFactory())),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_signature_is_answered_as_it_was_asked(name: str, draft: Draft, signer: User) -> None:
    code, attack = OPEN[name]
    consent, _token = asked(draft)
    assert_refused(lambda: attack(consent, signer), f"guard:{code}")
    without_guards()
    assert gets_through(lambda: attack(BoardConsent.objects.get(pk=consent.pk), signer))


@pytest.mark.parametrize("name", AGREED)
def test_an_answer_stays(name: str, draft: Draft, signer: User) -> None:
    code, attack = AGREED[name]
    consent = agreed(draft, signer)
    assert_refused(lambda: attack(consent, signer), f"guard:{code}")
    without_guards()
    assert gets_through(lambda: attack(consent, signer))


def test_what_was_withdrawn_is_not_answered_nor_asked_again(draft: Draft, owner: User, signer: User) -> None:
    consent, _token = asked(draft)
    services.withdraw(draft=draft, role=consent.role, actor=actor_of(owner))
    assert_refused(lambda: write(consent, **signed(signer)), "guard:too_late")
    assert_refused(lambda: write(consent, withdrawn_at=None), "guard:frozen")
    without_guards()
    assert gets_through(lambda: write(consent, **signed(signer))) and gets_through(lambda: write(consent, withdrawn_at=None))


def test_one_role_has_one_open_signature(draft: Draft) -> None:
    asked(draft)
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(draft, role="landlord")


def test_a_closed_request_keeps_its_signatures(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    consent = agreed(draft, signer)
    boards.sent_of(shop, owner, Draft.objects.get(pk=draft.pk))
    assert_refused(lambda: write(consent, withdrawn_at=clock.now()), "guard:request_closed")
    assert_refused(lambda: insert(draft), "guard:request_closed")
    without_guards()
    assert gets_through(lambda: write(consent, withdrawn_at=clock.now())) and gets_through(lambda: insert(draft))


def test_nothing_is_sent_past_an_open_signature(draft: Draft, shop: Shop, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked(draft)
    monkeypatch.setattr(queries, "obstacle", lambda *_given: None)
    assert requests.consents is queries
    assert_refused(lambda: boards.sent_of(shop, owner, Draft.objects.get(pk=draft.pk)), "guard:not_signed")
    without_guards()
    assert gets_through(lambda: boards.sent_of(shop, owner, Draft.objects.get(pk=draft.pk)))
