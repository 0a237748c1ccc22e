"""Delegations: a clerk of an organisation, a delegate of an owner, an open offer; and a shop to claim."""

from __future__ import annotations

import datetime as dt

from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from municipality.accounts.queries import organisations_signed_by
from municipality.delegation.models import Role
from municipality.delegation.services import delegations
from municipality.kernel import clock
from sandbox.demo.loading import Loading
from sandbox.demo.platform import people
from sandbox.demo.platform.messages import mark_sent
from shops.models import RegisteredOwner
from shops.register.queries import held_by

# Giver, delegate, service ("": a clerk of the giver's organisation), whether it is accepted.
DELEGATIONS = (
    ("Abeer Al-Sahel", "Dawood Al-Rimth", "", True),
    ("Hamad Al-Sawari", "Dawood Al-Rimth", RENEWAL, True),
    ("Fatima Al-Zabad", "Meshal Al-Talh", RENEWAL, False),
)
# A shop of the first person that the commercial register gives to the second.
REGISTERED = ("Fatima Al-Zabad", "Aisha Al-Nada")


def run(loading: Loading) -> str:
    numbers = {identity.person.name_en: identity.civil_id for identity in people.identities()}
    users = {user.name_en: user for user in User.objects.people().filter(name_en__in=numbers)}
    with clock.at(loading.anchor - dt.timedelta(days=3)):
        for giver, delegate, service, accepted in DELEGATIONS:
            row = delegations.give(
                giver=users[giver],
                number=numbers[delegate],
                subject=_subject(users[giver], service),
                service=service,
                last_day=clock.today() + dt.timedelta(days=180),
                role=Role.DELEGATE if service else Role.CLERK,
            )
            if accepted:
                delegations.accept(delegation=row, person=users[delegate])
    holder, claimant = (users[name] for name in REGISTERED)
    shop = held_by(holder).order_by("-pk")[0]
    RegisteredOwner.objects.create(
        commercial_license_no=shop.commercial_license_no, owner_digest=claimant.civil_id_digest or "", source="moci", as_of=loading.anchor
    )
    mark_sent(loading)
    return f"{len(DELEGATIONS)} delegations"


def _subject(giver: User, service: str) -> str:
    """The organisation for a clerk, the first shop for a delegate."""
    if not service:
        return f"organisation:{organisations_signed_by(giver).order_by('pk')[0].public_id}"
    return held_by(giver).order_by("pk")[0].key
