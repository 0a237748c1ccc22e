"""People who act for others: a clerk of an organisation, a delegate of an owner, an offer that waits, and a shop to claim."""

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

# Giver, delegate, service (none: a clerk of the giver's organisation), whether it was accepted.
GIVEN = (
    ("Abeer Al-Sahel", "Dawood Al-Rimth", "", True),
    ("Hamad Al-Sawari", "Dawood Al-Rimth", RENEWAL, True),
    ("Fatima Al-Zabad", "Meshal Al-Talh", RENEWAL, False),
)
# A shop of the first is the second's by the commercial register.
REGISTERED = ("Fatima Al-Zabad", "Aisha Al-Nada")


def run(loading: Loading) -> str:
    numbers = {one.person.name_en: one.civil_id for one in people.identities()}
    named = {user.name_en: user for user in User.objects.people().filter(name_en__in=numbers)}
    with clock.at(loading.anchor - dt.timedelta(days=3)):
        for giver, delegate, service, accepted in GIVEN:
            row = delegations.give(
                giver=named[giver],
                number=numbers[delegate],
                subject=_subject(named[giver], service),
                service=service,
                last_day=clock.today() + dt.timedelta(days=180),
                role=Role.DELEGATE if service else Role.CLERK,
            )
            if accepted:
                delegations.accept(delegation=row, person=named[delegate])
    holder, claimant = (named[name] for name in REGISTERED)
    shop = held_by(holder).order_by("-pk")[0]
    RegisteredOwner.objects.create(
        commercial_license_no=shop.commercial_license_no, owner_digest=claimant.civil_id_digest or "", source="moci", as_of=loading.anchor
    )
    mark_sent(loading)
    return f"{len(GIVEN)} delegations"


def _subject(giver: User, service: str) -> str:
    """A clerk works for the organisation; a delegate for the first shop."""
    if not service:
        return f"organisation:{organisations_signed_by(giver).order_by('pk')[0].public_id}"
    return held_by(giver).order_by("pk")[0].key
