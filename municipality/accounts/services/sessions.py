"""Sessions: their limits, and ending them."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.kernel import clock

STARTED, SEEN, ENDED, PROVEN = "started_at", "seen_at", "ended", "proven_at"
NOTE_SECONDS = 60
End = Literal["idle", "absolute", ""]


def mark_start(request: HttpRequest) -> None:
    """Set the timestamps of a session that was just signed in."""
    request.session[STARTED] = request.session[SEEN] = request.session[PROVEN] = clock.now().timestamp()


def mark_proven(request: HttpRequest) -> None:
    """Set the time of the last proof of this session to now."""
    request.session[PROVEN] = clock.now().timestamp()


def is_fresh(request: HttpRequest) -> bool:
    """Whether the last proof of this session (sign-in or reauthentication) is not older than PROOF_SECONDS."""
    proven = request.session.get(PROVEN)
    return isinstance(proven, float) and 0 <= clock.now().timestamp() - proven < settings.PROOF_SECONDS


def end_reason(request: HttpRequest) -> End:
    """Why this signed-in session is over; empty if it is not. A session without timestamps is over.

    The last activity is stored once a minute, so an idle session ends up to one minute early, never late.
    """
    now = clock.now().timestamp()
    started, last_seen = request.session.get(STARTED), request.session.get(SEEN)
    if not isinstance(started, float) or not isinstance(last_seen, float) or now - started >= settings.SESSION_ABSOLUTE_SECONDS:
        return "absolute"
    return "idle" if now - last_seen >= settings.SESSION_IDLE_SECONDS else ""


def note_activity(request: HttpRequest) -> bool:
    """Store the time of the last activity, at most once a minute. True if it was stored.

    A session that got another key, as by another secret key of the portal, is listed under it; one that was ended meanwhile is not.
    """
    now = clock.now()
    if now.timestamp() - request.session[SEEN] < NOTE_SECONDS:
        return False
    request.session[SEEN] = now.timestamp()
    key = request.session.session_key
    listed = UserSession.objects.filter(session_key=key).update(last_seen_at=clock.to_machine(now))
    if not listed and key and request.session.exists(key):
        relist(request)
    return True


def relist(request: HttpRequest) -> None:
    """List this session under its present key, in the place of the key that it had before, so that it can be ended."""
    UserSession.objects.purge_and_list(request.user)
    UserSession.objects.create_from_request(request)


def end_session(request: HttpRequest, user: User, session_id: int) -> bool:
    """End one session of the user. False if there is no such session."""
    row = UserSession.objects.filter(pk=session_id, user=user).first()
    if row is None:
        return False
    with transaction.atomic():
        record("accounts.session_ended", subject=user.key, actor=actor_of(user), data={"current": row.is_current()})
        end_sessions(request, [row])
    return True


def end_others(request: HttpRequest, user: User) -> int:
    """End every session of the user except this one. Returns how many."""
    rows = list(UserSession.objects.filter(user=user).exclude(session_key=request.session.session_key))
    with transaction.atomic():
        record("accounts.sessions_ended", subject=user.key, actor=actor_of(user), data={"count": len(rows)})
        end_sessions(request, rows)
    return len(rows)


def end_all_of(user: User) -> int:
    """End every session of a user. Returns how many."""
    rows = list(UserSession.objects.filter(user=user))
    for row in rows:
        row.end()
    return len(rows)


def active_sessions(user: User) -> list[UserSession]:
    """The sessions of a user that have not ended, the most recently active first; deletes rows whose session is gone."""
    rows: list[Any] = UserSession.objects.purge_and_list(user)
    return sorted(rows, key=lambda row: row.last_seen_at, reverse=True)


def forget() -> int:
    """Delete expired sessions, and entries of the list that are older than the absolute limit. Returns how many."""
    now = clock.to_machine(clock.now())
    expired, _ = Session.objects.filter(expire_date__lt=now).delete()
    listed, _ = UserSession.objects.filter(created_at__lt=now - dt.timedelta(seconds=settings.SESSION_ABSOLUTE_SECONDS)).delete()
    return expired + listed
