"""Receivers of Django's signals of sign-in and sign-out."""

from __future__ import annotations

from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from municipality.accounts.models import User
from municipality.accounts.services import alarms
from municipality.accounts.services.sessions import mark_start


@receiver(user_logged_in, dispatch_uid="accounts.session_begins")
def session_begins(request: HttpRequest, user: User, **_: Any) -> None:
    mark_start(request)
    if user.is_superuser:
        alarms.raise_sign_in_alarm(user)


@receiver(user_logged_out, dispatch_uid="accounts.session_ends")
def session_ends(request: HttpRequest | None, **_: Any) -> None:
    """Delete the session that was signed out from the list of the user's sessions."""
    key = request.session.session_key if request is not None else None
    if key:
        UserSession.objects.filter(session_key=key).delete()
