"""Who claims a shop or disputes a claim: a person, or an organisation by a signatory or delegate."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation, User, actor_of
from municipality.accounts.queries import organisations_signed_by, signatories_of
from municipality.delegation import queries as delegation
from municipality.delegation.authorization import Access, NotYours, authorize, is_authorized
from municipality.delegation.organisations import key_of
from municipality.delegation.registry import Ownership
from municipality.drafts.models import Draft
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted
from shops.claims.states import CLAIM
from shops.models import Claim


@dataclass(frozen=True)
class Claimant:
    """The access of the user, and the organisation that is to hold the shop (None: the applicant)."""

    access: Access
    organisation: Organisation | None = None

    @property
    def person(self) -> User:
        return self.access.person

    @property
    def actor(self) -> Actor:
        return self.access.actor

    @property
    def new_holder(self) -> User | Organisation:
        """The new holder of the shop."""
        return self.organisation or self.person

    @property
    def held_under(self) -> str:
        """The subject that a grant must cover: the organisation, since it does not hold the shop yet."""
        return key_of(self.organisation) if self.organisation is not None else ""


def claimant(user: User, organisation: Organisation | None = None) -> Claimant:
    """The claimant for whom `user` acts: themselves, or an organisation they sign for or have a grant over all of.

    Raises NotPermitted for other users.
    """
    if organisation is None:
        return Claimant(Access(user, actor_of(user)))
    return Claimant(authorize(user, organisation, CLAIM), organisation)


def organisations(user: User) -> list[Organisation]:
    """The organisations for which a user may claim shops today: signatory first, then grants; at most 40."""
    signed = list(organisations_signed_by(user).order_by("pk")[:20])
    by_pk = {row.pk: row for row in signed}
    for grant in delegation.grants(user, CLAIM)[:20]:
        if not grant.is_whole_organisation or grant.organisation_id in by_pk:
            continue
        row = organisations_signed_by(grant.giver).filter(pk=grant.organisation_id or 0).first()
        if row is not None:
            by_pk[row.pk] = row
    return list(by_pk.values())


def organisation_or_none(user: User, public_id: str) -> Organisation | None:
    """The organisation with a public id from a form; None for "". Raises NotPermitted if `user` may not act for it."""
    if not public_id:
        return None
    row = Organisation.objects.filter(public_id=public_id).first()
    if row is None or not is_authorized(user, row, CLAIM):
        raise NotPermitted("not_yours", _("You cannot take this step."))
    return row


def of_draft(draft: Draft, user: User) -> Claimant:
    """The claimant of a draft. Raises NotPermitted if `user` may not act for them."""
    if not draft.held_under:
        if draft.person_id != user.pk:
            raise NotYours
        return claimant(user)
    return claimant(user, Organisation.objects.get(public_id=draft.held_under.partition(":")[2]))


def holders(claim: Claim) -> list[User]:
    """The holders who answer a claim: the owner, or all who sign for the organisation today."""
    if claim.holder is not None:
        return [claim.holder]
    return list(signatories_of(claim.holder_organisation))


def ownership(claim: Claim, user: User) -> Ownership:
    """The holders may dispute a claim. A grant over the whole organisation counts first, since a transferred shop is no longer its
    own.
    """
    owners = {person.pk for person in holders(claim)}
    return Ownership(user.pk in owners, owners, [*_organisation_keys(claim), claim.shop.key], CLAIM)


def _organisation_keys(claim: Claim) -> list[str]:
    return [key_of(claim.holder_organisation)] if claim.holder_organisation is not None else []


def defence_key(claim: Claim, access: Access) -> str:
    """The subject of the grant of a delegate who disputes: the organisation that held the shop, or the shop."""
    grant = access.grant
    return next((key for key in _organisation_keys(claim) if grant is not None and grant.covers(key)), claim.shop.key)
