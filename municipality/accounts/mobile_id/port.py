"""What the portal asks of an identity provider, whatever it speaks."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

Channel = Literal["push", "qr"]
Status = Literal["pending", "approved", "declined", "expired"]


class ProviderAway(Exception):
    """The provider does not answer, or answers nonsense. Nothing is known about the request."""


class RequestRefused(Exception):
    """The provider will not ask this person: unknown number, no upgraded identity. The page must not tell."""


@dataclass(frozen=True)
class Started:
    """A request under way. `qr` is the text for the code, empty for a push; `expires_at` is UTC."""

    request_id: str
    qr: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class Person:
    """Who approved, as the provider states it. `civil_id` is checked by the caller."""

    civil_id: str
    name_ar: str
    name_en: str
    mobile: str = ""


@dataclass(frozen=True)
class Result:
    """The state of a request; `person` only when approved."""

    status: Status
    assurance: str = ""
    person: Person | None = None


class IdentityProvider(Protocol):
    """Asks a person, and says what the person answered."""

    def start(self, civil_id: str | None, channel: Channel, *, number_match: str, callback_url: str) -> Started:
        """Ask. Raises ProviderAway and RequestRefused."""
        ...

    def result(self, request_id: str) -> Result:
        """The present state, from the provider itself; of a request that it does not know, expired. Raises ProviderAway."""
        ...


def provider() -> IdentityProvider:
    """The adapter that MOBILE_ID_ADAPTER names."""
    adapter: IdentityProvider = import_string(settings.MOBILE_ID_ADAPTER)()
    return adapter
