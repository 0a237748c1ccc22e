"""Browsers in which somebody has signed in."""

from __future__ import annotations

import contextvars
import datetime as dt
from typing import Any

from allauth.account.internal.flows import login
from allauth.account.internal.userkit import user_id_to_str
from django.test import Client

from municipality.accounts.backends import path_for
from municipality.accounts.models import User
from municipality.kernel import clock


def signed_in(user: User, *, factor: str = "webauthn", **options: Any) -> Client:
    """A browser with a session of the user; staff with a second factor, a passkey (`webauthn`) or a code (`totp`)."""
    client = Client(**options)
    client.force_login(user, backend=path_for(user))
    if user.is_staff:
        session = client.session
        now = clock.now().timestamp()
        records = [{"method": "password", "at": now}, {"method": "mfa", "type": factor, "at": now}]
        session[login.AUTHENTICATION_METHODS_SESSION_KEY] = records
        session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(user)
        session.save()
    return client


def server_time() -> dt.datetime:
    """The present instant of a live server, whose threads know nothing of a clock that a test stopped."""
    return contextvars.Context().run(clock.now)
