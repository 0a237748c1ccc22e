"""A provider of identities for the attack: it takes every request and nobody ever answers on their phone."""

from __future__ import annotations

import datetime as dt
from itertools import count

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
