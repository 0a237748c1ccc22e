"""The outside world of the attack: identities that nobody confirms, texts and mails that arrive nowhere."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend

from municipality.accounts.mobile_id.port import Channel, Result, Started
from municipality.kernel import clock

LIFE = dt.timedelta(minutes=2)
_numbers = count(1)


class Silent:
    """Stands in MOBILE_ID_ADAPTER: without a provider the sign-in says 503, as it should, and less of it would be attacked."""

    def start(self, civil_id: str | None, channel: Channel, *, number_match: str, callback_url: str) -> Started:
        return Started(f"attack-{next(_numbers)}-{clock.now().timestamp()}", "qr" if channel == "qr" else "", clock.now() + LIFE)

    def result(self, request_id: str) -> Result:
        return Result("pending")


class Texts:
    """Stands in SMS_BACKEND."""

    def send(self, to: str, text: str, idempotency_key: str) -> str:
        return f"attack-{next(_numbers)}"


class Mails(BaseEmailBackend):
    """Stands in EMAIL_BACKEND."""

    def send_messages(self, email_messages: Any) -> int:
        return len(email_messages)
