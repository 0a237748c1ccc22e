"""People who act for others, as the tests of licensing walk it: an owner, a delegate, somebody at the counter."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, ClassVar

from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from municipality.delegation.models import Consent, Delegation
from municipality.delegation.services import consents, delegations
from municipality.jobs.models import Job
from municipality.jobs.services import run
from shops.models import Shop
from tests.conftest import TODAY

UNTIL = TODAY + dt.timedelta(days=90)
OWNER, DELEGATE, THIRD = "290010100046", "290010100054", "290010100062"  # synthetic, with their check digits


class Tray:
    """A gateway that keeps what it is given."""

    sent: ClassVar[list[tuple[str, str]]] = []

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        self.sent.append((to, text))
        return str(len(self.sent))


def let(
    owner: User, delegate: User, subject: str, *, number: str = DELEGATE, service: str = RENEWAL, until: dt.date = UNTIL, **more: Any
) -> Delegation:
    """A delegation in force."""
    row = delegations.give(giver=owner, number=number, subject=subject, service=service, last_day=until, **more)
    return delegations.accept(delegation=row, person=delegate)


def renew_url(shop: Shop, language: str = "en") -> str:
    return f"/{language}/health-licence/{shop.public_id}/renew/"


def fee(shop: Shop) -> str:
    from licensing.health.queries import offer

    return str(offer(shop).total)


def main(answer: Any) -> str:
    return str(answer.content.decode().split("<main")[1].split("</main>")[0])


def code_for(consent: Consent, tray: type[Tray]) -> str:
    run(Job.objects.get(kind="delegation.consent_code", key=consent.public_id).pk)
    return re.search(r"\b(\d{6})\b", tray.sent[-1][1]).group(1)  # type: ignore[union-attr]


def ask(clerk: User, number: str = OWNER, desk: str = "counter") -> Consent:
    return consents.request_code(staff=clerk, number=number, purpose=RENEWAL, desk=desk)
