"""How often somebody may try something guessable, counted in the database so that no cache can lose it."""

from __future__ import annotations

import datetime as dt
import hashlib

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from municipality.accounts.models import Allowance
from municipality.kernel import clock


def client_key(request: HttpRequest) -> str:
    """A keyed hash of the client's address: enough to count by, useless to look anybody up."""
    address = get_adapter().get_client_ip(request) or ""
    return hashlib.sha256(f"{settings.SECRET_KEY}:{address}".encode()).hexdigest()[:32]


def spend(request: HttpRequest, what: str, *, limit: int, seconds: int) -> bool:
    """Use one of a client's `limit` tries in the present slot of `seconds`. False when they are used up."""
    return spend_key(client_key(request), what, limit=limit, seconds=seconds)


def spend_key(key: str, what: str, *, limit: int, seconds: int) -> bool:
    """The same for any key of at most 64 characters (a digest of an account or number). Atomic: one UPDATE decides."""
    slot = int(clock.now().timestamp()) // seconds
    with transaction.atomic():
        row, _ = Allowance.objects.get_or_create(
            what=what, client=key, slot=slot, defaults={"expires_at": clock.now() + dt.timedelta(seconds=2 * seconds)}
        )
        return Allowance.objects.filter(pk=row.pk, used__lt=limit).update(used=F("used") + 1) == 1
