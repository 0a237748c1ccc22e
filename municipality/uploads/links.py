"""Signed links to files, for one viewer and session, valid for UPLOADS_LINK_SECONDS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.core import signing
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.uploads.models import Upload

SALT = "municipality.uploads.links"
PURPOSES = ("file", "preview", "page")


@dataclass(frozen=True)
class Ticket:
    """The content of a link."""

    upload: str
    purpose: str
    page: int
    viewer: str
    session: str


def link(upload: Upload, viewer: User, session: SessionBase, *, purpose: str = "file", page: int = 1) -> str:
    """A link to a file for `viewer` in `session`. Check `queries.readable` or `registry.may_read` before."""
    if purpose not in PURPOSES:
        raise ValueError(f"no such purpose: {purpose}")
    expires_at = int(clock.now().timestamp()) + settings.UPLOADS_LINK_SECONDS
    payload = [upload.public_id, purpose, page, viewer.public_id, session_digest(session.session_key or ""), expires_at]
    token = signing.Signer(salt=SALT).sign_object(payload)
    return settings.UPLOADS_ORIGIN + reverse("upload_file", args=[token], urlconf="municipality.uploads.file_urls")


def read(token: str) -> Ticket | None:
    """The content of a link; None for one that is invalid or has expired."""
    try:
        upload, purpose, page, viewer, session, expires_at = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, UnicodeError):
        return None
    return Ticket(upload, purpose, page, viewer, session) if clock.now().timestamp() < expires_at else None


def session_digest(key: str) -> str:
    """A keyed hash of a session key."""
    return salted_hmac(SALT, key, algorithm="sha256").hexdigest()[:32] if key else ""


def viewer_of(request: HttpRequest, ticket: Ticket) -> Any:
    """The viewer of a link, if their session is still active; else None.

    On the portal's host that is the session of the request. The host for files gets no cookies: there it is looked up among the
    sessions of the viewer.
    """
    if not ticket.session:
        return None
    user = request.user
    if not settings.UPLOADS_ORIGIN:
        is_viewer = user.is_authenticated and constant_time_compare(user.public_id, ticket.viewer)
        is_same_session = is_viewer and constant_time_compare(session_digest(request.session.session_key or ""), ticket.session)
        return user if is_same_session else None
    viewer = User.objects.filter(public_id=ticket.viewer, is_active=True).first()
    keys = UserSession.objects.filter(user=viewer).values_list("session_key", flat=True) if viewer else ()
    session_keys = [key for key in keys if constant_time_compare(session_digest(key), ticket.session)]
    return viewer if Session.objects.filter(session_key__in=session_keys, expire_date__gt=clock.to_machine(clock.now())).exists() else None
