"""Signatures under boards: asked for by a link, given once or refused, and what a request may be sent with."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.models import BoardConsent, BoardRequest, ConsentRole
from licensing.signage import invariants
from licensing.signage.consents import queries, services
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User, actor_of
from municipality.audit.models import ActText, AuditEvent
from municipality.delegation.services import delegations
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.models import ConflictOfInterest, Party
from municipality.review.services import queue
from municipality.uploads.models import Upload
from shops.models import Shop
from tests.factories import boards
from tests.factories.accounts import NOURA, PersonFactory, UserFactory
from tests.factories.board_consents import agreed, asked
from tests.factories.drawings import drawn
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
LANDLORD, MARK = ConsentRole.LANDLORD, ConsentRole.TRADEMARK_OWNER


@pytest.fixture
def draft(shop: Shop, owner: User) -> Draft:
    return boards.begun(shop, owner)


@pytest.fixture
def signer() -> User:
    return PersonFactory(noura=True)


def fresh(draft: Draft) -> Draft:
    return Draft.objects.get(pk=draft.pk)


def changed(draft: Draft, shop: Shop, **fields: str) -> Draft:
    """The draft after its first board was changed."""
    cards = boards.cards_of(requests.query_of(boards.typed(boards.FRONT | fields, boards.BOX)))
    return requests.keep(shop=shop, person=draft.person, cards=cards, version=draft.version, actor=actor_of(draft.person))


def code_of(act: Any, **given: Any) -> str:
    with pytest.raises(Refused) as refused:
        act(**given)
    return refused.value.code


def test_only_the_digest_of_the_link_is_kept_and_it_ends_after_seven_days(draft: Draft) -> None:
    consent, token = asked(draft)
    assert len(token) * 6 >= 128 and token not in str(BoardConsent.objects.values().get())
    assert queries.by_token(token) == consent and queries.by_token(token[:-1]) is None
    assert consent.expires_at == clock.end_of(clock.day_of(consent.invited_at) + dt.timedelta(days=7))
    assert AuditEvent.objects.get(action="board_consent.asked").data["role"] == "landlord"


@pytest.mark.guards
def test_a_request_is_sent_with_the_signatures_that_were_given(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    agreed(draft, signer)
    agreed(draft, UserFactory(), MARK)
    request = boards.sent_of(shop, owner, fresh(draft))
    assert [(one.role, one.signer == signer) for one in queries.of_request(request)] == [(LANDLORD, True), (MARK, False)]
    assert Message.objects.filter(kind="licensing.boards_agreed", person=owner).count() == 2
    assert AuditEvent.objects.filter(action="board_consent.agreed", actor_key=signer.key).exists()
    assert not list(invariants.findings())


@pytest.mark.guards
def test_an_officer_who_has_a_tie_with_a_signer_is_not_handed_the_request(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    agreed(draft, signer)
    agreed(draft, (mark := UserFactory()), MARK)
    tied, other = (OfficerFactory(login=login, branch_id=shop.branch_id, skills=["boards"]) for login in ("tied", "other"))
    ConflictOfInterest.objects.create(officer=tied, party_key=signer.key, kind="self", declared_by=tied, declared_at=clock.now())
    case = boards.sent_of(shop, owner, fresh(draft)).case
    assert {(LANDLORD, signer.key), (MARK, mark.key)} <= set(Party.objects.filter(case=case).values_list("role", "key"))
    assert queue.next_case(officer=tied) is None and queue.next_case(officer=other) is not None


def test_a_drawn_board_is_signed_with_its_drawing(shop: Shop, owner: User, signer: User) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT))
    agreed(draft, signer)
    boards.sent_of(shop, owner, fresh(draft))
    assert not list(invariants.findings())


def test_boards_without_a_signature_are_sent_as_before(draft: Draft, shop: Shop, owner: User) -> None:
    assert not queries.of_request(boards.sent_of(shop, owner, draft))


def test_nothing_is_sent_while_a_signature_is_missing(draft: Draft, shop: Shop, owner: User) -> None:
    consent, _token = asked(draft)
    assert code_of(boards.sent_of, shop=shop, person=owner, draft=fresh(draft)) == "consent_open"
    with clock.at(consent.expires_at):
        assert code_of(boards.sent_of, shop=shop, person=owner, draft=fresh(draft)) == "consent_expired"
    services.withdraw(draft=draft, role=LANDLORD, actor=actor_of(owner))
    services.withdraw(draft=draft, role=LANDLORD, actor=actor_of(owner))
    assert boards.sent_of(shop, owner, fresh(draft)).pk
    assert AuditEvent.objects.filter(action="board_consent.withdrawn").count() == 1


def test_a_signature_for_other_boards_does_not_count(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    agreed(draft, signer)
    draft = changed(fresh(draft), shop, place="Roof")
    assert code_of(boards.sent_of, shop=shop, person=owner, draft=draft) == "consent_changed"
    agreed(draft, signer)
    assert boards.sent_of(shop, owner, fresh(draft)).pk and not list(invariants.findings())


def test_a_signature_is_asked_anew_only_where_it_is_missing(draft: Draft, signer: User) -> None:
    first, _token = asked(draft)
    second, _token = asked(draft)
    assert code_of(services.agree, consent=first, user=signer) == "withdrawn"
    services.agree(consent=second, user=signer)
    assert code_of(asked, draft=draft) == "signed_already"


def test_a_refusal_ends_the_request_with_its_reason(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    consent, _token = asked(draft)
    services.refuse(consent=consent, user=signer, reason="اللوحة تحجب النوافذ")
    assert fresh(draft).closed_at and not fresh(draft).sent_as and not BoardRequest.objects.exists()
    assert set(Upload.objects.filter(subject=requests.files_key(draft)).values_list("state", flat=True)) == {"removed"}
    message = Message.objects.get(kind="licensing.boards_not_agreed", person=owner)
    assert "اللوحة تحجب النوافذ" in message.body_ar and "اللوحة تحجب النوافذ" in message.body_en
    assert signer.name_ar in message.body_ar and signer.name_en in message.body_en
    event = AuditEvent.objects.get(action="board_consent.refused")
    assert event.actor_key == signer.key and ActText.objects.get(act=event).text == "اللوحة تحجب النوافذ"
    assert code_of(services.agree, consent=consent, user=signer) == "answered"


def test_a_link_is_answered_once_in_time_for_the_same_boards(draft: Draft, shop: Shop, owner: User, signer: User) -> None:
    consent, _token = asked(draft)
    with clock.at(consent.expires_at):
        assert code_of(services.agree, consent=consent, user=signer) == "expired"
    other = changed(fresh(draft), shop, faces="2")
    assert code_of(services.agree, consent=consent, user=signer) == "boards_changed"
    consent, _token = asked(other)
    unfinished = services.cards_of(other)
    unfinished.fees.pop()
    with pytest.raises(Refused, match="boards_changed"):
        services.refuse_signing(consent, signer, unfinished)
    services.agree(consent=consent, user=signer)
    assert code_of(services.refuse, consent=consent, user=signer, reason="x") == "answered"
    third, _token = asked(other, MARK)
    requests.discard(draft=fresh(draft), actor=actor_of(owner))
    assert code_of(services.agree, consent=third, user=signer) == "draft_closed"


def test_who_asks_and_who_acts_for_them_do_not_sign(draft: Draft, owner: User) -> None:
    consent, _token = asked(draft)
    delegate, until = PersonFactory(noura=True), clock.today() + dt.timedelta(days=30)
    row = delegations.give(giver=owner, number=NOURA, subject=draft.subject, service=BOARDS, last_day=until)
    delegations.accept(delegation=row, person=delegate)
    for user in (owner, delegate):
        with pytest.raises(NotPermitted, match="own_request"):
            services.agree(consent=consent, user=user)


def test_only_who_may_act_in_the_request_asks(draft: Draft, signer: User) -> None:
    for act in (services.ask, services.withdraw):
        with pytest.raises(NotPermitted, match="not_yours"):
            act(draft=draft, role=LANDLORD, actor=actor_of(signer))


def test_unfinished_boards_are_not_signed(shop: Shop, owner: User) -> None:
    draft = boards.begun(shop, owner, boards.FRONT | {"width": ""})
    assert code_of(asked, draft=draft) == "not_complete"
