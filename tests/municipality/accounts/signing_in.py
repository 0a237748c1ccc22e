"""How tests sign in at the staff door, and with a passkey."""

from __future__ import annotations

import html
import re
import time
from typing import Any

from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from tests.municipality.accounts.conftest import PASSWORD, address
from tests.softkey import SoftKey

DOOR, CODE = "/staff/sign-in/", "/staff/sign-in/code/"


def code_now(secret: str, step: int = 0) -> str:
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + step)))


def give_password(client: Client, login: str = "huda", password: str = PASSWORD, **more: str) -> Any:
    return client.post(DOOR, {"login": login, "password": password, **more})


def secure() -> Client:
    """A browser on https, as passkeys need it."""
    return Client(headers={"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0"}, **{"wsgi.url_scheme": "https"})  # type: ignore[arg-type]


def options_on(client: Client, path: str) -> str:
    page = client.get(path).content.decode()
    found = re.search(r'data-options="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def add(client: Client, key: SoftKey, name: str = "هاتفي") -> Any:
    path = address("accounts:passkey_add")
    return client.post(path, {"name": name, "credential": key.create(options_on(client, path))})
