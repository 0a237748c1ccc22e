"""Keys of other systems: shown once when they are made; only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from reports.models import ApiKey

ROLE = "operator"
HOUR = 3600


class BadKey(Refused):
    status = 403


class HourIsFull(Refused):
    """429, with the seconds after which the system may go on."""

    status = 429

    def __init__(self, seconds: int) -> None:
        sentence = _("The reports of this hour are used up for this key. Wait as long as Retry-After says.")
        super().__init__("hour_is_full", sentence, retry_after=seconds)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def make(*, name: str, contact: str, per_hour: int, by: User) -> tuple[ApiKey, str]:
    """A new key: its row, and the text that its system sends. Raises NotPermitted."""
    require_group(by, ROLE)
    text = secrets.token_urlsafe(32)
    row = ApiKey.objects.create(name=name, contact=contact, per_hour=per_hour, digest=digest(text), made_by=by, made_at=clock.now())
    record("report.key_made", subject=_subject(row), actor=actor_of(by, ROLE), data={"per_hour": per_hour})
    return row, text


@transaction.atomic
def revoke(*, key: ApiKey, by: User) -> None:
    """Refuse a key from now on; again it does nothing. Raises NotPermitted."""
    require_group(by, ROLE)
    if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=clock.now()):
        record("report.key_revoked", subject=_subject(key), actor=actor_of(by, ROLE))


def _subject(key: ApiKey) -> str:
    return f"apikey:{key.public_id}"


def check(text: str) -> ApiKey:
    """The key that a system sent. Raises BadKey."""
    row = ApiKey.objects.filter(digest=digest(text), revoked_at__isnull=True).first() if text else None
    if row is None:
        raise BadKey("bad_key", _("api_key is missing or not valid. Ask Kuwait Municipality for one; discovery says how."))
    return row


def count(key: ApiKey) -> None:
    """Count one report of a key. Raises HourIsFull."""
    usage = AttemptLimit("open311_key", key.per_hour, HOUR).use(key.public_id)
    if not usage.is_within:
        raise HourIsFull(usage.reset)
