"""The mail settings of the installed Django: EMAIL_… up to 6.0, MAILERS from 6.1, which refuses both together."""

from __future__ import annotations

from typing import Any

import django

_SMTP_OPTIONS = {
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_TIMEOUT": "timeout",
}


def use_mailers(settings: dict[str, Any], version: tuple[int, ...] = django.VERSION[:2]) -> None:
    """Replace the EMAIL_… names of a settings module by MAILERS if Django is 6.1 or newer."""
    if version < (6, 1):
        return
    backend = settings.pop("EMAIL_BACKEND")
    path = settings.pop("EMAIL_FILE_PATH", None)
    smtp_options = {option: settings.pop(name) for name, option in _SMTP_OPTIONS.items() if name in settings}
    options = smtp_options if backend.endswith("smtp.EmailBackend") else {"file_path": path} if path else {}
    settings["MAILERS"] = {"default": {"BACKEND": backend, "OPTIONS": options}}
