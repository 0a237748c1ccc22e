"""Checks of the settings of production: each failure is one sentence that names the variable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

SECRETS = ("SECRET_KEY", "CIVIL_ID_KEY", "KNET_TRANPORTAL_ID", "KNET_PASSWORD", "KNET_RESOURCE_KEY", "SIGNER_PASSPHRASE")
# Django's own check asks for 50 characters; a civil number needs 128 bits of key, that is 22 characters of base64.
MIN_LENGTHS = {"SECRET_KEY": 50, "CIVIL_ID_KEY": 32, "KNET_RESOURCE_KEY": 16, "SIGNER_PASSPHRASE": 12}
EXTERNAL_URLS = ("PORTAL_URL", "KNET_PAYMENT_URL", "KNET_TRANPIPE_URL", "MOBILE_ID_URL", "SMS_URL")
_PLACEHOLDERS = ("changeme", "change-me", "django-insecure-", "secret", "password", "example")
DEMO_PREFIX = "demo-only-"  # of the demo's keys (sandbox/keys.py)
_DEMO_TERMINAL = "999901"
TOKEN = "municipality.documents.pkcs11.TokenSigner"
_ENGINE = "django.db.backends.postgresql"
_OFF = ("", "0", "false", "no", "off")
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
MAX_PROOF_SECONDS = 300  # seconds
_NO_MAIL = ("console", "filebased", "locmem", "dummy")


def refusals(settings: Mapping[str, Any], environment: Callable[[str], str]) -> Iterator[str]:
    """One sentence for each reason not to start; `environment` returns a variable's value or an empty text."""
    yield from _demo(settings, environment)
    yield from _secrets(settings)
    yield from _database(settings)
    yield from _redis(settings)
    yield from _token(settings)
    if not settings.get("ALLOWED_HOSTS"):
        yield "ALLOWED_HOSTS is empty: name the hosts that the portal answers to, with commas between them."
    elif "*" in settings["ALLOWED_HOSTS"]:
        yield "ALLOWED_HOSTS is *: name the hosts that the portal answers to."
    yield from _address(settings)
    yield from _openid(settings)
    yield from _moci(settings)
    for name in EXTERNAL_URLS:
        if name == "MOBILE_ID_URL" and settings.get("OPENID_ISSUER") and not settings.get(name):
            continue  # OpenID Connect is enough
        if not str(settings.get(name, "")).startswith("https://"):
            yield f"{name} is missing or not https://: production speaks to the outside world over TLS only."
    if any(word in str(settings.get("EMAIL_BACKEND", "")) for word in _NO_MAIL):
        yield "EMAIL_BACKEND delivers to nobody (console, file or memory): production sends mail by SMTP."


def require_safe(settings: Mapping[str, Any], environment: Callable[[str], str]) -> None:
    """Raise SystemExit with the first refusal, if any."""
    for sentence in refusals(settings, environment):
        raise SystemExit(f"The portal does not start: {sentence}")


def _demo(settings: Mapping[str, Any], environment: Callable[[str], str]) -> Iterator[str]:
    if environment("PORTAL_DEMO") not in ("", "0"):
        yield "PORTAL_DEMO is set: simulators and one-click people belong to the demo settings, never to production."
    if settings.get("DEMO"):
        yield "DEMO is on: production settings never turn it on."
    if settings.get("STAFF_CODES_COUNT_AS_KEYS") or environment("STAFF_CODES_COUNT_AS_KEYS").lower() not in _OFF:
        yield "STAFF_CODES_COUNT_AS_KEYS is on: whoever decides, signs or administers needs a passkey; printed codes belong to the demo."
    if not 0 < settings.get("PROOF_SECONDS", MAX_PROOF_SECONDS) <= MAX_PROOF_SECONDS:
        yield f"PROOF_SECONDS is not between 1 and {MAX_PROOF_SECONDS}: a signature needs a proof of the last five minutes."
    if settings.get("DEBUG") or environment("DEBUG").lower() not in _OFF:
        yield "DEBUG is on: error pages would show secrets and personal data."


def _secrets(settings: Mapping[str, Any]) -> Iterator[str]:
    for name in SECRETS:
        if name == "SIGNER_PASSPHRASE" and settings.get("SIGNER") == TOKEN:
            continue
        value = str(settings.get(name, ""))
        if not value:
            yield f"{name} is missing: set it, or {name}_FILE to the path of a file that holds it."
        elif value.startswith((DEMO_PREFIX, "demo")) or (name == "KNET_TRANPORTAL_ID" and value == _DEMO_TERMINAL):
            yield f"{name} is a key of the demo: production needs its own."
        elif value.lower().startswith(_PLACEHOLDERS):
            yield f"{name} is a placeholder: production needs a random value of its own."
        elif len(value) < MIN_LENGTHS.get(name, 1) or (name == "SECRET_KEY" and len(set(value)) < 5):
            yield f"{name} is too short or too regular: at least {MIN_LENGTHS[name]} random characters are needed."
        elif name == "KNET_RESOURCE_KEY" and (len(value) != MIN_LENGTHS[name] or not value.isascii()):
            yield f"{name} is not {MIN_LENGTHS[name]} ASCII characters long, as the key that the bank gave is: no payment could begin."


def _database(settings: Mapping[str, Any]) -> Iterator[str]:
    database = settings.get("DATABASES", {}).get("default", {})
    if not database:
        yield "DATABASE_URL is missing: set it to postgres://USER:PASSWORD@HOST/NAME, or DATABASE_URL_FILE to the path of a file with it."
    elif database.get("ENGINE") != _ENGINE:
        yield "DATABASE_URL is not PostgreSQL: production keeps its record on PostgreSQL only, SQLite is for the demo."


def _redis(settings: Mapping[str, Any]) -> Iterator[str]:
    broker = str(settings.get("CELERY_BROKER_URL", ""))
    cache = str(settings.get("CACHES", {}).get("default", {}).get("LOCATION", ""))
    for name, value in (("REDIS_URL", broker), ("CACHE_URL", cache)):
        if not value:
            yield f"{name} is missing: set it to redis://HOST:PORT/0, or {name}_FILE to the path of a file that holds it."
        elif not value.startswith(("redis://", "rediss://")):
            yield f"{name} is not a Redis address: set it to redis://HOST:PORT/0."
    if broker and _instance(broker) == _instance(cache):
        yield "REDIS_URL and CACHE_URL name the same Redis: the broker must never evict and the cache must, so they need two instances."


def _address(settings: Mapping[str, Any]) -> Iterator[str]:
    parts = urlsplit(str(settings.get("PORTAL_URL", "")))
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        yield "PORTAL_URL is not https://HOST alone: the paths of links in messages and of the codes on documents are appended to it."
    host, allowed = parts.hostname or "", [str(name).lower() for name in settings.get("ALLOWED_HOSTS", [])]
    if host and not any(host == name.lstrip(".") or (name[:1] == "." and host.endswith(name)) for name in allowed):
        yield f"PORTAL_URL names {host}, which ALLOWED_HOSTS does not: links in messages and codes on documents would open nothing."


def _token(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings.get("SIGNER") != TOKEN:
        return
    for name in ("SIGNER_PKCS11_MODULE", "SIGNER_PKCS11_TOKEN", "SIGNER_PKCS11_KEY", "SIGNER_PKCS11_PIN_FILE"):
        if not settings.get(name):
            yield f"{name} is missing: the seal is kept in a PKCS#11 token, which is found by module, token, key and the file of the PIN."


def _openid(settings: Mapping[str, Any]) -> Iterator[str]:
    issuer = str(settings.get("OPENID_ISSUER", ""))
    if not issuer:
        return
    if not issuer.startswith("https://"):
        yield "OPENID_ISSUER is not https://: production speaks to the outside world over TLS only."
    for name in ("OPENID_CLIENT_ID", "OPENID_CLIENT_SECRET"):
        if not settings.get(name):
            yield f"{name} is missing: it comes from the OpenID Connect provider."
    if not settings.get("OPENID_ASSURANCES"):
        yield "OPENID_ASSURANCES is empty: name the levels of assurance that open a session, with commas between them."


def _moci(settings: Mapping[str, Any]) -> Iterator[str]:
    if not (url := str(settings.get("MOCI_URL", ""))):
        return  # the commercial register is not connected
    if not url.startswith("https://"):
        yield "MOCI_URL is not https://: production speaks to the outside world over TLS only."
    key = str(settings.get("MOCI_KEY", ""))
    if not key:
        yield "MOCI_KEY is missing: set it, or MOCI_KEY_FILE to the path of a file that holds it."
    elif key.startswith((DEMO_PREFIX, "demo")) or key.lower().startswith(_PLACEHOLDERS):
        yield "MOCI_KEY is a key of the demo or a placeholder: it comes from the commercial register."
    if not _HOURS.fullmatch(str(settings.get("MOCI_WINDOW", ""))):
        yield "MOCI_WINDOW is not two times such as 01:00-05:00: the nightly delta begins between them, in Kuwait's time."


def _instance(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "", parts.port or 6379)
