"""How often something may be tried. Counted in the database: atomic, and alive while the cache is not."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import logging
import math
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest
from redis.exceptions import RedisError

from municipality.accounts.civil_ids import keyed_hash
from municipality.accounts.known_devices import Device
from municipality.accounts.models import Throttle
from municipality.kernel import clock

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LimitUsage:
    """How a client stands against a limit after this try: `used` of `amount` in a span of `seconds`, over in `reset` seconds."""

    name: str
    amount: int
    seconds: int
    used: int
    reset: int

    @property
    def is_within(self) -> bool:
        return self.used <= self.amount

    @property
    def remaining(self) -> int:
        return max(0, self.amount - self.used)


# Makes or locks the row and reads it: no other try of this subject counts before this one has, and nothing sweeps the row away meanwhile.
_ROW = (
    "INSERT INTO accounts_throttle (key, hits, touched_at) VALUES (%s, '[]', %s)"
    " ON CONFLICT (key) DO UPDATE SET touched_at = excluded.touched_at RETURNING hits"
)
_HITS = "UPDATE accounts_throttle SET hits = %s WHERE key = %s"


@dataclass(frozen=True)
class Limit:
    """At most `amount` tries in any span of `seconds`, for each subject. Rows hold a keyed hash of the subject, never the subject."""

    name: str
    amount: int
    seconds: int

    def _key(self, subject: str) -> str:
        return keyed_hash("limit", f"{self.name}:{subject}")

    def take(self, subject: str) -> bool:
        """Count one try of `subject`. False if the limit is reached; a refused try is not counted."""
        return self.use(subject).is_within

    def use(self, subject: str) -> LimitUsage:
        """Count one try of `subject` and say how it stands; a refused try is not counted."""
        key, now = self._key(subject), clock.now()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ROW, [key, connection.ops.adapt_datetimefield_value(now)])
            hits = [hit for hit in json.loads(cursor.fetchone()[0]) if hit > now.timestamp() - self.seconds]
            used = len(hits) + 1
            if used <= self.amount:
                cursor.execute(_HITS, [json.dumps([*hits, now.timestamp()]), key])
        first = min(hits, default=now.timestamp())
        return LimitUsage(self.name, self.amount, self.seconds, used, max(1, math.ceil(first + self.seconds - now.timestamp())))

    def give_back(self, subject: str) -> None:
        """Forget the newest try of `subject`: it was a right one."""
        with transaction.atomic():
            row = Throttle.objects.select_for_update().filter(key=self._key(subject)).first()
            if row is not None:
                row.hits = row.hits[:-1]
                row.save(update_fields=["hits"])

    def clear(self, subject: str) -> None:
        """Forget the tries of `subject`, after a right one."""
        Throttle.objects.filter(key=self._key(subject)).update(hits=[])


PUSHES = Limit("push", 3, 600)  # to a civil number: nobody is worn down until they press approve
# Many people share the one address of a mobile network: a browser counts by its cookie, and the address has a brake alone.
SIGN_INS_ON = Limit("sign_in_on", 30, 600)  # a browser that has our cookie
SIGN_INS_FROM = Limit("sign_in_from", 30, 600)  # the browsers without one, of an address
SIGN_INS_BRAKE = Limit("sign_in_brake", 600, 600)  # an address
STAFF_PASSWORD = Limit("staff_password", 5, 300)  # a typed login name from one address, or on a browser that this name knows
STAFF_FROM = Limit("staff_from", 20, 300)  # an address, over all names: several officers may share one
# A name over all addresses. After so many tries one a minute is looked at, which is five in five minutes again.
STAFF_NAME = Limit("staff_name", 30, 3600)
STAFF_NAME_SLOWLY = Limit("staff_name_slowly", 1, 60)
STAFF_CODE = Limit("staff_code", 5, 300)  # an account
WRONG_DIGITS = Limit("wrong_digits", 10, 3600)  # a reference whose four digits are guessed, from wherever
CODES_TO_HOUR = Limit("code_to_hour", 3, 3600)  # an e-mail address or a phone
CODES_TO_DAY = Limit("code_to_day", 10, 86_400)
CODES_FROM = Limit("code_from", 20, 3600)  # a client
CODES_OF = Limit("code_of", 10, 3600)  # a person
CODE_TRIES = Limit("code_tries", 15, 3600)  # a person, over all codes


def address_of(request: HttpRequest) -> str:
    """The client's address as the trusted proxies report it; of IPv6 the /64, which is one household."""
    address: str = get_adapter().get_client_ip(request)
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    return address


def may_start(*, address: str, device: Device | None) -> bool:
    """Count one beginning of a sign-in that no password precedes. False if there were too many.

    A browser by which staff came in before does not count against its address: nobody beside them keeps them out.
    """
    if device is None:
        return SIGN_INS_BRAKE.take(address) and SIGN_INS_FROM.take(address)
    return SIGN_INS_ON.take(device.id) and (bool(device.logins) or SIGN_INS_BRAKE.take(address))


def _staff_subject(login: str, address: str, device: Device | None) -> str:
    return f"{login} on {device.id}" if device is not None and device.knows(login) else f"{login} from {address}"


def take_password(*, login: str, address: str, device: Device | None) -> LimitUsage | None:
    """Count one password for a login name; nothing if it may be looked at, else the limit that is reached.

    Names count alike whether they exist or not. On a browser with which this very name came in before, only the tries on that
    browser count, so that nobody shuts a member of staff out from elsewhere.
    """
    own = STAFF_PASSWORD.use(_staff_subject(login, address, device))
    if not own.is_within or (device is not None and device.knows(login)):
        return None if own.is_within else own
    around = STAFF_FROM.use(address)
    if not around.is_within:
        return around
    if STAFF_NAME.take(login):
        return None
    slowly = STAFF_NAME_SLOWLY.use(login)
    return None if slowly.is_within else slowly


def password_was_right(*, login: str, address: str, device: Device | None) -> None:
    """Forget the tries that were made from here."""
    STAFF_PASSWORD.clear(_staff_subject(login, address, device))


def take_attempt(request: HttpRequest, what: str, *, limit: int, seconds: int) -> bool:
    """Use one of a client's `limit` tries of `what` in any span of `seconds`. False when they are used up."""
    return Limit(what, limit, seconds).take(address_of(request))


def allow_read(request: HttpRequest, what: str, *, limit: int, seconds: int) -> bool:
    """Count one look of a client at something public, in the cache. False above `limit` in a span of `seconds`.

    For what is asked with every key that is pressed: a row in the database for each would cost more than the answer. Where the
    cache is away nobody is held back; what must hold then is counted by `take_attempt`.
    """
    return count_read(request, what, limit=limit, seconds=seconds).is_within


def count_read(request: HttpRequest, what: str, *, limit: int, seconds: int) -> LimitUsage:
    """The same, and how the client stands."""
    now = int(clock.now().timestamp())
    span, reset = now // seconds, seconds - now % seconds
    key = "pace:" + keyed_hash("limit", f"{what}:{address_of(request)}:{span}")
    try:
        used = 1 if cache.add(key, 1, timeout=2 * seconds) else int(cache.incr(key))
    except (RedisError, OSError, ValueError):  # the cache is away, or the counter went between the two commands
        log.warning("looks at %s are not counted", what)
        used = 1
    return LimitUsage(what, limit, seconds, used, reset)


def forget(older_than: dt.timedelta = dt.timedelta(days=2)) -> int:
    """Drop counters that no limit reads any more. Returns how many."""
    gone, _counts = Throttle.objects.filter(touched_at__lt=clock.now() - older_than).delete()
    return gone
