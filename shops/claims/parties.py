"""In whose name a shop is claimed, or a claim disputed: a person's own, or an organisation's by one who signs or works for it."""

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
    """Who claims: the person who is the applicant, whoever acts for them, and the organisation that is to hold the shop, if any."""

    access: Access
    organisation: Organisation | None = None

    @property
    def person(self) -> User:
        return self.access.person

    @property
    def actor(self) -> Actor:
        return self.access.actor

    @property
    def takes(self) -> User | Organisation:
        """To whom the shop passes."""
        return self.organisation or self.person

    @property
    def held_under(self) -> str:
        """The subject that a right to act must cover: the organisation, since the shop is not its own yet."""
        return key_of(self.organisation) if self.organisation is not None else ""


def claimant(user: User, organisation: Organisation | None = None) -> Claimant:
    """Who claims where `user` does: for themselves, or for an organisation they sign for or act for by a right over all of it.

    Raises NotPermitted for anybody else, with the sentence of what is over if something was.
    """
    if organisation is None:
        return Claimant(Access(user, actor_of(user)))
    return Claimant(authorize(user, organisation, CLAIM), organisation)


def organisations(user: User) -> list[Organisation]:
    """The organisations in whose name a person may claim shops today: those they sign for, then those that let them act; at most 40."""
    signed = list(organisations_signed_by(user).order_by("pk")[:20])
    found = {row.pk: row for row in signed}
    for grant in delegation.grants(user, CLAIM)[:20]:
        if not grant.is_whole_organisation or grant.organisation_id in found:
            continue
        row = organisations_signed_by(grant.giver).filter(pk=grant.organisation_id or 0).first()
        if row is not None:
            found[row.pk] = row
    return list(found.values())


def named(user: User, public_id: str) -> Organisation | None:
    """The organisation of a form, or None for the person's own name. Raises NotPermitted for one that `user` may not act for."""
    if not public_id:
        return None
    row = Organisation.objects.filter(public_id=public_id).first()
    if row is None or not is_authorized(user, row, CLAIM):
        raise NotPermitted("not_yours", _("This step is not yours to take."))
    return row


def of_draft(draft: Draft, user: User) -> Claimant:
    """Who claims by a request that is being filled in. Raises NotPermitted where `user` may not (any more)."""
    if not draft.held_under:
        if draft.person_id != user.pk:
            raise NotYours
        return claimant(user)
    return claimant(user, Organisation.objects.get(public_id=draft.held_under.partition(":")[2]))


def holders(claim: Claim) -> list[User]:
    """Under whom the shop stood when it was claimed: the owner, or all who sign for the organisation today."""
    if claim.holder is not None:
        return [claim.holder]
    return list(signatories_of(claim.holder_organisation))


def ownership(claim: Claim, user: User) -> Ownership:
    """To dispute a claim is the holder's. A shop that passed to its claimant is no more among those of the organisation that held it,
    so that a right over the whole organisation is looked for first."""
    owners = {person.pk for person in holders(claim)}
    return Ownership(user.pk in owners, owners, [*_whole(claim), claim.shop.key], CLAIM)


def _whole(claim: Claim) -> list[str]:
    return [key_of(claim.holder_organisation)] if claim.holder_organisation is not None else []


def defence_key(claim: Claim, access: Access) -> str:
    """The subject that the right of whoever disputes for a holder covers: the shop, or the whole organisation that held it."""
    grant = access.grant
    return next((key for key in _whole(claim) if grant is not None and grant.covers(key)), claim.shop.key)
