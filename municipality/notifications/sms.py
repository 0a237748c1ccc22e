"""Text messages: the port, its HTTP adapter, and the limits of a number (against code pumping and against annoyance)."""

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
        """Hand over one message and return the gateway's id. The same key again must not send a second message.

        Raises Gone if it can never succeed; any other exception means: try again later.
        """
        ...


class HttpSms:
    """POST {SMS_URL}/messages, JSON {"to", "text", "idempotency_key"}, answered 202 {"id"}. One attempt: the job tries again."""

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
    """The number has had its share of messages for now."""


def _digest(number: str) -> str:
    return hmac.new(f"sms:{settings.CIVIL_ID_KEY}".encode(), number.encode(), hashlib.sha256).hexdigest()


def _limits() -> tuple[int, int]:
    return getattr(settings, "SMS_CODES_PER_HOUR", 3), getattr(settings, "SMS_PER_DAY", 10)


def code_limit_reached(number: str) -> bool:
    """Whether one more one-time code to this number would be refused now."""
    per_hour, per_day = _limits()
    uses = SmsUse.objects.filter(number_id=_digest(number))
    now = clock.now()
    return uses.filter(is_code=True, at__gt=now - HOUR).count() >= per_hour or uses.filter(at__gt=now - DAY).count() >= per_day


def take(number: str, *, idempotency_key: str, is_code: bool = False) -> None:
    """Count one message against the number: 3 codes in any hour, 10 messages in any 24 hours. Raises LimitReached.

    The limits live in the database, so that they hold across processes and while the cache is away. The same key
    again counts once.
    """
    per_hour, per_day = _limits()
    now = clock.now()
    digest = _digest(number)
    with transaction.atomic():
        SmsNumber.objects.get_or_create(digest=digest, defaults={"last_at": now})
        SmsNumber.objects.filter(digest=digest).update(last_at=now)  # the row lock: two workers count one after the other
        uses = SmsUse.objects.filter(number_id=digest)
        if uses.filter(idempotency_key=idempotency_key).exists():
            return
        if is_code and uses.filter(is_code=True, at__gt=now - HOUR).count() >= per_hour:
            raise LimitReached
        if uses.filter(at__gt=now - DAY).count() >= per_day:
            raise LimitReached
        SmsUse.objects.create(number_id=digest, is_code=is_code, idempotency_key=idempotency_key, at=now)
