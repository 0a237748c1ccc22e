"""System checks of the settings of uploads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error


def file_origin(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """UPLOADS_ORIGIN must be empty or the origin of a second host in ALLOWED_HOSTS."""
    origin = settings.UPLOADS_ORIGIN
    if not origin:
        return []
    parts = urlsplit(origin)
    errors: list[CheckMessage] = []
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        errors.append(Error("UPLOADS_ORIGIN is no origin: write https://HOST without a path.", id="uploads.E001"))
    elif parts.hostname == urlsplit(settings.PORTAL_URL).hostname:
        errors.append(Error("UPLOADS_ORIGIN names the portal's own host: files need a host of their own.", id="uploads.E002"))
    elif parts.hostname not in settings.ALLOWED_HOSTS:
        errors.append(Error("UPLOADS_ORIGIN names a host that ALLOWED_HOSTS lacks.", id="uploads.E003"))
    return errors
