"""The interface of an identity provider, whatever its protocol."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

Channel = Literal["push", "qr"]
Status = Literal["pending", "approved", "declined", "expired"]


class ProviderAway(Exception):
    """The provider does not answer, or its answer is invalid. Nothing is known about the request."""


class RequestRefused(Exception):
    """The provider does not ask this person: unknown number, no upgraded identity. Pages must not reveal it."""


@dataclass(frozen=True)
class Started:
    """A started request. `qr` is the text of the QR code, empty for a push; `expires_at` is UTC."""

    request_id: str
    qr: str
    expires_at: dt.datetime


@dataclass(frozen=True)
class Person:
    """The person who approved, as the provider states it; the caller validates `civil_id`. At most one of the names is empty."""

    civil_id: str
    name_ar: str
    name_en: str
    mobile: str = ""


@dataclass(frozen=True)
class Result:
    """The status of a request; `person` only if it is approved."""

    status: Status
    assurance: str = ""
    person: Person | None = None


class IdentityProvider(Protocol):
    def start(self, civil_id: str | None, channel: Channel, *, number_match: str, callback_url: str) -> Started:
        """Start a request. Raises ProviderAway and RequestRefused."""
        ...

    def result(self, request_id: str) -> Result:
        """The present status by the provider; `expired` for a request that it does not know. Raises ProviderAway."""
        ...


def provider() -> IdentityProvider:
    """An instance of the class that the setting MOBILE_ID_ADAPTER names."""
    adapter: IdentityProvider = import_string(settings.MOBILE_ID_ADAPTER)()
    return adapter
