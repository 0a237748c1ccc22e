"""The adapter for JSON over HTTP, with a client certificate if the settings name one."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any
from urllib.parse import quote

import requests
from django.conf import settings
from django.utils.dateparse import parse_datetime

from municipality.accounts.mobile_id.port import Channel, Person, ProviderAway, RequestRefused, Result, Started, Status
from municipality.kernel import clock

log = logging.getLogger(__name__)

CONNECT_SECONDS, READ_SECONDS = 3, 5
ANSWER_LIMIT = 64 * 1024
# Every request has both languages: the phone shows its owner's.
SERVICE = {"service_ar": "خدمات بلدية الكويت", "service_en": "Kuwait Municipality e-services"}
REASON = {"reason_ar": "الدخول إلى البوابة", "reason_en": "Sign in to the portal"}
# The provider's statuses; any other makes the answer invalid.
STATUSES: dict[str, Status] = {
    "pending": "pending",
    "approved": "approved",
    "declined": "declined",
    "rejected": "declined",
    "expired": "expired",
    "timeout": "expired",
}


class HttpMobileId:
    """An `IdentityProvider` over MOBILE_ID_URL."""

    def start(self, civil_id: str | None, channel: Channel, *, number_match: str, callback_url: str) -> Started:
        """POST /auth-requests. Raises ProviderAway; RequestRefused for 404, 409 and 422."""
        body: dict[str, str] = {
            "service_id": settings.MOBILE_ID_SERVICE_ID,
            **SERVICE,
            **REASON,
            "callback_url": callback_url,
            "number_match": number_match,
        }
        if civil_id and channel == "push":
            body["civil_id"] = civil_id
        status, body_received = self._call("POST", "/auth-requests", body)
        if status in (404, 409, 422):
            raise RequestRefused
        if status != 201:
            raise ProviderAway(f"status {status}")
        request_id = body_received.get("request_id")
        if not isinstance(request_id, str) or not 1 <= len(request_id) <= 100:
            raise ProviderAway("no request id")
        qr = body_received.get("qr")
        return Started(request_id, qr if isinstance(qr, str) and channel == "qr" else "", _instant(body_received.get("expires_at")))

    def result(self, request_id: str) -> Result:
        """GET /auth-requests/<id>. Raises ProviderAway. A request that the provider does not know has expired."""
        status, answer = self._call("GET", f"/auth-requests/{quote(request_id, safe='')}")
        if status in (404, 410):
            return Result("expired")
        known = STATUSES.get(str(answer.get("status")))
        if status != 200 or known is None:
            raise ProviderAway(f"status {status}")
        if known != "approved":
            return Result(known)
        return Result(known, str(answer.get("assurance", ""))[:20], _person(answer.get("person")))

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        if not settings.MOBILE_ID_URL:
            raise ProviderAway("MOBILE_ID_URL is not set")
        certificate = settings.MOBILE_ID_CLIENT_CERTIFICATE or None
        try:
            with requests.Session() as session:
                session.trust_env = False  # no proxy and no netrc of the machine between us and the identity provider
                answer = session.request(
                    method,
                    settings.MOBILE_ID_URL.rstrip("/") + path,
                    json=body,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    verify=settings.MOBILE_ID_CA_FILE or True,
                    cert=certificate,
                    stream=True,
                )
                with answer:
                    content = answer.raw.read(ANSWER_LIMIT + 1, decode_content=True)
                    if len(content) > ANSWER_LIMIT:
                        raise ProviderAway("answer too long")
                    parsed = json.loads(content) if content else {}
        except (requests.RequestException, OSError, ValueError) as error:
            log.warning("Mobile ID is away: %s", type(error).__name__)
            raise ProviderAway(type(error).__name__) from error
        if not isinstance(parsed, dict):
            raise ProviderAway("not an object")
        return answer.status_code, parsed


def _instant(text: object) -> dt.datetime:
    """The provider's expiry of the request; five minutes from now if it is missing or invalid."""
    try:
        instant = parse_datetime(text) if isinstance(text, str) else None
    except ValueError:
        instant = None
    if instant is None:
        return clock.now() + dt.timedelta(minutes=5)
    return instant.astimezone(dt.UTC) if instant.tzinfo else instant.replace(tzinfo=dt.UTC)


def _person(value: object) -> Person:
    if not isinstance(value, dict):
        raise ProviderAway("approved by nobody")
    texts: dict[str, str] = dict.fromkeys(("civil_id", "name_ar", "name_en", "mobile"), "")
    texts |= {name: value[name] for name in texts if isinstance(value.get(name), str)}
    if not texts["civil_id"] or not (texts["name_ar"] or texts["name_en"]):
        raise ProviderAway("a person without number or name")
    return Person(texts["civil_id"], texts["name_ar"][:120], texts["name_en"][:120], texts["mobile"][:20])
