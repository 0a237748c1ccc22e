"""Invariants of sessions."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q

from municipality.accounts.models import User
from municipality.kernel import clock


def findings() -> Iterator[str]:
    """No inactive user has a session, and no staff session was opened without a second factor."""
    watched = {str(user.pk): user for user in User.objects.filter(Q(is_active=False) | Q(is_staff=True))}
    for session in Session.objects.filter(expire_date__gt=clock.to_machine(clock.now())).iterator():
        data = session.get_decoded()
        user = watched.get(data.get(SESSION_KEY, ""))
        if user is None:
            continue
        if not user.is_active:
            yield f"{user.key} is disabled and has a session"
        elif not any(record.get("method") == "mfa" for record in data.get(AUTHENTICATION_METHODS_SESSION_KEY, [])):
            yield f"{user.key} is staff and has a session without a second factor"
