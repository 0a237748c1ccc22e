"""Signatures under boards: ask for one, withdraw it, agree, refuse."""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.models import BoardConsent, ConsentAnswer, ConsentRole
from licensing.signage import queries as board_queries
from licensing.signage.cards import Cards
from licensing.signage.consents import queries
from licensing.signage.drawing import drawings
from licensing.signage.notifications import BoardsAgreed, BoardsNotAgreed
from licensing.signage.services import requests
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.delegation.authorization import is_authorized, may
from municipality.drafts.models import Draft
from municipality.kernel import clock, subjects
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send
from shops.models import Shop

BYTES = 24  # of randomness in a link: 192 bits


class LinkOver(Refused):
    """The link can no longer be answered."""

    status = 410


@transaction.atomic
def ask(*, draft: Draft, role: ConsentRole, actor: Actor) -> tuple[BoardConsent, str]:
    """Ask for a signature under the boards as they stand; one that is open or for other boards is withdrawn. Returns it and its token.

    The token is kept nowhere. Raises NotPermitted, Refused: draft_closed, not_complete, signed_already.
    """
    row = _open_draft(draft, actor)
    rules = board_queries.rules()
    cards = cards_of(row)
    if not cards.is_whole:
        raise Refused("not_complete", _("The facts of a board are not complete. Go back to the boards; each says what is missing."))
    boards, now, token = queries.digest_of_cards(cards), clock.now(), secrets.token_urlsafe(BYTES)
    before = _asked(row, role)
    if before is not None:
        if queries.state_of(before, boards) == ConsentAnswer.AGREED:
            raise Refused("signed_already", _("This signature is given already, for the boards as they are now."))
        _withdraw(before, actor)
    days = rules[1].limits["consent_days"].value
    consent = BoardConsent.objects.create(
        draft=row,
        role=role,
        token_digest=queries.digest(token),
        boards_digest=boards,
        invited_at=now,
        expires_at=clock.end_of(clock.today() + dt.timedelta(days=days)),
    )
    record("board_consent.asked", subject=row.key, actor=actor, data={"role": role.value, "days": days})
    return consent, token


@transaction.atomic
def withdraw(*, draft: Draft, role: ConsentRole, actor: Actor) -> None:
    """Withdraw a signature, asked for or given; nothing where there is none. Raises NotPermitted, Refused("draft_closed")."""
    consent = _asked(_open_draft(draft, actor), role)
    if consent is not None:
        _withdraw(consent, actor)


@transaction.atomic
def agree(*, consent: BoardConsent, user: User) -> BoardConsent:
    """Sign. Raises what `refuse_signing` does."""
    row = _answer(consent, user, ConsentAnswer.AGREED)
    record("board_consent.agreed", subject=row.draft.key, actor=actor_of(user), data={"role": row.role})
    _tell(BoardsAgreed, row)
    return row


@transaction.atomic
def refuse(*, consent: BoardConsent, user: User, reason: str) -> BoardConsent:
    """Refuse, which ends the request before it is sent: its answers and files are deleted. Raises what `refuse_signing` does."""
    row, actor = _answer(consent, user, ConsentAnswer.REFUSED, reason), actor_of(user)
    record("board_consent.refused", subject=row.draft.key, actor=actor, data={"role": row.role}, text=reason)
    _tell(BoardsNotAgreed, row)
    requests.discard(draft=row.draft, actor=actor)
    return row


def cards_of(draft: Draft) -> Cards:
    """The boards of a draft with their drawings attached."""
    cards = requests.cards_of(draft, board_queries.rules())
    drawings.attach(cards, requests.files_key(draft))
    return cards


def shop_of(draft: Draft) -> Shop:
    """The shop whose boards a draft is about."""
    return Shop.objects.select_related("area__governorate").get(public_id=subjects.parse(draft.subject).id)


def refuse_signing(consent: BoardConsent, user: User, cards: Cards) -> None:
    """Raises LinkOver: answered, withdrawn, draft_closed, expired, boards_changed; NotPermitted for who asks and who acts for them."""
    if consent.answer:
        raise LinkOver("answered", _("This link was used already: the question is answered. Nothing more is needed."))
    if consent.withdrawn_at is not None:
        raise LinkOver("withdrawn", _("This question was withdrawn by the person who asked. Nothing is needed from you."))
    if not _is_open(consent.draft):
        raise LinkOver("draft_closed", _("The request is closed, so there is nothing to sign. Nothing is needed from you."))
    if consent.expires_at <= clock.now():
        raise LinkOver("expired", _("The time to answer has run out. If you still want to answer, ask for a new link."))
    if not cards.is_whole or consent.boards_digest != queries.digest_of_cards(cards):
        raise LinkOver("boards_changed", _("The boards were changed after you were asked. Ask for a new link, which shows them."))
    if _acts_for(user, consent.draft):
        raise NotPermitted("own_request", _("You are asking for these boards yourself. Pass the link on to the person who has to agree."))


def _answer(consent: BoardConsent, user: User, answer: ConsentAnswer, reason: str = "") -> BoardConsent:
    draft = Draft.objects.select_for_update(of=("self",)).select_related("person").get(pk=consent.draft_id)
    row = BoardConsent.objects.select_for_update(of=("self",)).get(pk=consent.pk)
    row.draft = draft
    refuse_signing(row, user, cards_of(draft))
    row.answer, row.reason, row.signer, row.answered_at = answer, reason, user, clock.now()
    row.save(update_fields=["answer", "reason", "signer", "answered_at"])
    return row


def _asked(draft: Draft, role: ConsentRole) -> BoardConsent | None:
    return BoardConsent.objects.filter(draft=draft, role=role, withdrawn_at__isnull=True).first()


def _withdraw(consent: BoardConsent, actor: Actor) -> None:
    consent.withdrawn_at = clock.now()
    consent.save(update_fields=["withdrawn_at"])
    record("board_consent.withdrawn", subject=consent.draft.key, actor=actor, data={"role": consent.role})


def _acts_for(user: User, draft: Draft) -> bool:
    """Whether the draft is the user's, or they act for its person now. A right that has ended is none."""
    try:
        return is_authorized(user, draft)
    except NotPermitted:
        return False


def _is_open(draft: Draft) -> bool:
    return draft.is_open and draft.expires_at > clock.now()


def _open_draft(draft: Draft, actor: Actor) -> Draft:
    """The draft, locked: asking, answering and sending follow each other."""
    row = Draft.objects.select_for_update(of=("self",)).select_related("person").get(pk=draft.pk)
    if not may(actor, person=row.person, service=row.service, subject=row.rights_key):
        raise NotPermitted("not_yours", _("You may no longer act in this request. Nothing was saved."))
    if not _is_open(row):
        raise Refused("draft_closed", _("This request has already been sent or deleted. You can start it again from My shops."))
    return row


def _tell(kind: type[BoardsAgreed] | type[BoardsNotAgreed], consent: BoardConsent) -> None:
    draft, signer = consent.draft, consent.signer
    context = {"shop": shop_of(draft), "signer": signer, "is_landlord": consent.role == ConsentRole.LANDLORD, "reason": consent.reason}
    send(kind, person=draft.person, key=f"{draft.public_id}:{consent.pk}", subject_key=draft.key, context=context)
