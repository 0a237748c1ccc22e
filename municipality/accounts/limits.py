"""Rate limits, counted in the database: atomic, and independent of the cache. Every refusal leaves a line in the log."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import logging
import math
from collections.abc import Mapping, Sequence
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
    """The use of a limit after this attempt: `used` of `amount` in a span of `seconds`, which ends in `reset` seconds."""

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


def _logged(usage: LimitUsage) -> LimitUsage:
    """`usage`, after a line in the log where it is above the limit: the limit and its name, and nothing about who was refused."""
    if not usage.is_within:
        log.warning("the limit %s was reached: %s in %s s", usage.name, usage.amount, usage.seconds)
    return usage


# Inserts or locks the rows and reads them: attempts of a subject are counted one after another, and `forget` cannot delete them meanwhile.
_ROWS = (
    "INSERT INTO accounts_throttle (key, hits, touched_at) VALUES {rows}"
    " ON CONFLICT (key) DO UPDATE SET touched_at = excluded.touched_at RETURNING key, hits"
)
_HITS = "INSERT INTO accounts_throttle (key, hits, touched_at) VALUES {rows} ON CONFLICT (key) DO UPDATE SET hits = excluded.hits"


def _write(statement: str, hits: Mapping[str, str], now: dt.datetime) -> dict[str, str]:
    """Run a statement of the two above for all keys, in their order; what it returns by key."""
    at = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(statement.format(rows=", ".join(["(%s, %s, %s)"] * len(hits))), [one for row in hits.items() for one in (*row, at)])
        return dict(cursor.fetchall()) if cursor.description else {}


@dataclass(frozen=True)
class AttemptLimit:
    """At most `amount` attempts in any span of `seconds` for each subject. Rows hold a keyed hash of the subject."""

    name: str
    amount: int
    seconds: int

    def _key(self, subject: str) -> str:
        return keyed_hash("limit", f"{self.name}:{subject}")

    def take(self, subject: str) -> bool:
        """Count one attempt of `subject`. False if the limit is reached; a refused attempt is not counted."""
        return self.use(subject).is_within

    def use(self, subject: str) -> LimitUsage:
        """As `take`, but returns the use of the limit."""
        return use_all([(self, subject)])[0]

    def give_back(self, subject: str) -> None:
        """Remove the newest attempt of `subject`, which succeeded."""
        give_back_all([(self, subject)])

    def clear(self, subject: str) -> None:
        """Remove all attempts of `subject`, after one that succeeded."""
        Throttle.objects.filter(key=self._key(subject)).update(hits=[])


def use_all(attempts: Sequence[tuple[AttemptLimit, str]]) -> list[LimitUsage]:
    """Count an attempt of several subjects, each by its limit, in two statements; none if one of the limits is reached.

    Attempts are given in one order by everybody, so that two requests never wait for each other.
    """
    if not attempts:
        return []
    now = clock.now()
    at = now.timestamp()
    keys = {limit._key(subject): limit for limit, subject in attempts}
    with transaction.atomic(savepoint=False):
        found = _write(_ROWS, dict.fromkeys(keys, "[]"), now)
        hits = {key: [hit for hit in json.loads(found[key]) if hit > at - limit.seconds] for key, limit in keys.items()}
        if all(len(hits[key]) < limit.amount for key, limit in keys.items()):
            _write(_HITS, {key: json.dumps([*own, at]) for key, own in hits.items()}, now)
    usages = []
    for key, limit in keys.items():
        reset = max(1, math.ceil(min(hits[key], default=at) + limit.seconds - at))
        usages.append(LimitUsage(limit.name, limit.amount, limit.seconds, len(hits[key]) + 1, reset))
    _logged(next((usage for usage in usages if not usage.is_within), usages[0]))
    return usages


@transaction.atomic
def give_back_all(attempts: Sequence[tuple[AttemptLimit, str]]) -> None:
    """Remove the newest attempt of several subjects, which succeeded, each of its limit; in two statements."""
    keys = [limit._key(subject) for limit, subject in attempts]
    rows = list(Throttle.objects.select_for_update().filter(key__in=keys).order_by("key"))
    for row in rows:
        row.hits = row.hits[:-1]
    Throttle.objects.bulk_update(rows, ["hits"])


PUSHES = AttemptLimit("push", 3, 600)  # a civil number: against approval out of fatigue
# Many people share the one address of a mobile network: browsers with our cookie count by themselves, within a high limit of the address.
SIGN_INS_PER_BROWSER = AttemptLimit("sign_in_per_browser", 30, 600)  # a browser with our cookie
SIGN_INS_WITHOUT_COOKIE = AttemptLimit("sign_in_without_cookie", 30, 600)  # an address, over browsers without the cookie
SIGN_INS_PER_ADDRESS = AttemptLimit("sign_in_per_address", 600, 600)  # an address
STAFF_PASSWORD = AttemptLimit("staff_password", 5, 300)  # a typed login name from one address, or on a browser that this name knows
STAFF_PER_ADDRESS = AttemptLimit("staff_from", 20, 300)  # an address, over all names: several officers may share one
# A login name over all addresses. After that many attempts one a minute is checked, again five in five minutes.
STAFF_PER_NAME = AttemptLimit("staff_name", 30, 3600)
STAFF_NAME_SLOW = AttemptLimit("staff_name_slowly", 1, 60)
STAFF_CODE = AttemptLimit("staff_code", 5, 300)  # an account
WRONG_DIGITS = AttemptLimit("wrong_digits", 6, 900)  # a reference whose four digits are guessed, from wherever
# An address, over all references; a try that finds something is given back, since a mobile network is one address.
WRONG_REFERENCES = AttemptLimit("wrong_references", 60, 600)
CODES_PER_HOUR = AttemptLimit("code_to_hour", 3, 3600)  # an e-mail address or a phone
CODES_PER_DAY = AttemptLimit("code_to_day", 10, 86_400)
CODES_PER_CLIENT = AttemptLimit("code_from", 20, 3600)  # a client without an account
CODES_PER_PERSON = AttemptLimit("code_of", 10, 3600)  # a person
CODE_TRIES = AttemptLimit("code_tries", 15, 3600)  # a person, over all codes


def address_of(request: HttpRequest) -> str:
    """The client's address as the trusted proxies report it; for IPv6 its /64, which is one household."""
    address: str = get_adapter().get_client_ip(request)
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    return address


def count_sign_in(*, address: str, device: Device | None) -> bool:
    """Count one start of a sign-in without a password. False if a limit is reached.

    A browser with which staff signed in before does not count against its address, so that others there cannot lock them out.
    """
    if device is None:
        return SIGN_INS_PER_ADDRESS.take(address) and SIGN_INS_WITHOUT_COOKIE.take(address)
    return SIGN_INS_PER_BROWSER.take(device.id) and (bool(device.logins) or SIGN_INS_PER_ADDRESS.take(address))


def _staff_subject(login: str, address: str, device: Device | None) -> str:
    return f"{login} on {device.id}" if device is not None and device.knows(login) else f"{login} from {address}"


def count_password(*, login: str, address: str, device: Device | None) -> LimitUsage | None:
    """Count one password for a login name. Returns None if it may be checked, else the limit that is reached.

    Names count alike whether they exist or not. For a name that signed in with this browser before, only attempts of this browser
    count, so that a member of staff cannot be locked out from elsewhere.
    """
    usage = STAFF_PASSWORD.use(_staff_subject(login, address, device))
    if not usage.is_within or (device is not None and device.knows(login)):
        return None if usage.is_within else usage
    of_address = STAFF_PER_ADDRESS.use(address)
    if not of_address.is_within:
        return of_address
    if STAFF_PER_NAME.take(login):
        return None
    of_name = STAFF_NAME_SLOW.use(login)
    return None if of_name.is_within else of_name


def forget_passwords(*, login: str, address: str, device: Device | None) -> None:
    """Remove the attempts of this name from this browser or address, after the right password.

    The address gets back the attempt it was counted: all officers of a branch may sign in from one address within minutes.
    """
    STAFF_PASSWORD.clear(_staff_subject(login, address, device))
    if device is None or not device.knows(login):
        STAFF_PER_ADDRESS.give_back(address)


def take_attempt(request: HttpRequest, what: str, *, limit: int, seconds: int) -> bool:
    """Count one attempt of `what` by the client, in the database. False above `limit` in any span of `seconds`."""
    return AttemptLimit(what, limit, seconds).take(address_of(request))


def allow_read(request: HttpRequest, what: str, *, limit: int, seconds: int) -> bool:
    """Count one read of something public by the client, in the cache. False above `limit` in a span of `seconds`.

    For reads so frequent (one a keystroke) that a row in the database would cost more than the response. Without the cache nothing is
    limited; what must be limited even then is counted by `take_attempt`.
    """
    return count_read(request, what, limit=limit, seconds=seconds).is_within


def count_read(request: HttpRequest, what: str, *, limit: int, seconds: int) -> LimitUsage:
    """As `allow_read`, but returns the use of the limit."""
    now = int(clock.now().timestamp())
    span, reset = now // seconds, seconds - now % seconds
    key = "pace:" + keyed_hash("limit", f"{what}:{address_of(request)}:{span}")
    try:
        used = 1 if cache.add(key, 1, timeout=2 * seconds) else int(cache.incr(key))
    except (RedisError, OSError, ValueError):  # the cache is away, or the counter expired between the two commands
        log.warning("reads of %s are not counted", what)
        used = 1
    return _logged(LimitUsage(what, limit, seconds, used, reset))


def forget(older_than: dt.timedelta = dt.timedelta(days=2)) -> int:
    """Delete counters that no limit reads any more. Returns how many."""
    return Throttle.objects.filter(touched_at__lt=clock.now() - older_than).delete()[0]
