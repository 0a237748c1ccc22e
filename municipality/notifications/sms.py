"""Text messages: the gateway's interface, its HTTP client, and limits for each number (against SMS pumping)."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from typing import Protocol, cast

import requests
from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from municipality.jobs.errors import PermanentFailure
from municipality.kernel import clock
from municipality.notifications.models import SmsNumber, SmsUse

CONNECT_SECONDS, READ_SECONDS = 3, 5
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


class Sms(Protocol):
    """A gateway that takes text messages."""

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        """Send one message and return the gateway's id. The same key again must not send a second message.

        Raises PermanentFailure if it can never succeed; after any other exception it is tried again later.
        """
        ...


class HttpSms:
    """POST {SMS_URL}/messages with JSON {"to", "text", "idempotency_key"}; the answer is 202 {"id"}. No retries: the job does that."""

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        answer = requests.post(
            f"{settings.SMS_URL}/messages",
            json={"to": to, "text": text, "idempotency_key": idempotency_key},
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            raise PermanentFailure(f"sms gateway answered {answer.status_code}")
        if answer.status_code != 202:
            raise requests.HTTPError(f"sms gateway answered {answer.status_code}", response=answer)
        return str(answer.json()["id"])


def gateway() -> Sms:
    """The gateway that the settings name."""
    return cast(Sms, import_string(settings.SMS_BACKEND)())


class LimitReached(Exception):
    """The number has reached its limit of messages for now."""


def _digest(number: str) -> str:
    return hmac.new(f"sms:{settings.CIVIL_ID_KEY}".encode(), number.encode(), hashlib.sha256).hexdigest()


def free_at(number: str) -> dt.datetime | None:
    """When a number at its limit of a day takes the next message; None where it takes one now."""
    now = clock.now()
    newest = SmsUse.objects.filter(number_id=_digest(number), at__gt=now - DAY, is_code=False).order_by("-at").values_list("at", flat=True)
    last = newest[_per_day() - 1 : _per_day()].first()
    return last + DAY if last else None


def _per_day() -> int:
    return getattr(settings, "SMS_PER_DAY", 10)


def count_message(number: str, *, idempotency_key: str, is_code: bool = False) -> None:
    """Count one message against the number: 3 codes in any hour, 10 codes and 10 messages in any 24 hours. Raises LimitReached.

    Codes take nothing of the messages: anybody may have typed the number. Counted in the database, so that it works across processes and
    without the cache. The same key counts once.
    """
    codes_per_hour, per_day = getattr(settings, "SMS_CODES_PER_HOUR", 3), _per_day()
    now = clock.now()
    digest = _digest(number)
    with transaction.atomic():
        SmsNumber.objects.get_or_create(digest=digest, defaults={"last_at": now})
        SmsNumber.objects.filter(digest=digest).update(last_at=now)  # locks the row: workers count one after the other
        uses = SmsUse.objects.filter(number_id=digest)
        if uses.filter(idempotency_key=idempotency_key).exists():
            return
        if is_code and uses.filter(is_code=True, at__gt=now - HOUR).count() >= codes_per_hour:
            raise LimitReached
        if uses.filter(at__gt=now - DAY, is_code=is_code).count() >= per_day:
            raise LimitReached
        SmsUse.objects.create(number_id=digest, is_code=is_code, idempotency_key=idempotency_key, at=now)
