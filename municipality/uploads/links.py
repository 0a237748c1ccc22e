"""Addresses of files: signed, for one viewer in one session, dead after five minutes (setting UPLOADS_LINK_SECONDS)."""

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
PURPOSES = ("file", "preview", "page")  # the whole file to keep; a small picture; one page to look at


@dataclass(frozen=True)
class Ticket:
    """What a link says: which file, for what, for whom, in which session."""

    upload: str
    purpose: str
    page: int
    viewer: str
    session: str


def link(upload: Upload, viewer: Any, session: SessionBase, *, purpose: str = "file", page: int = 1) -> str:
    """The address of a file for `viewer` in `session`. Whoever calls has asked `queries.readable` or `registry.may_read` first."""
    if purpose not in PURPOSES:
        raise ValueError(f"no such purpose: {purpose}")
    ends = int(clock.now().timestamp()) + settings.UPLOADS_LINK_SECONDS
    said = [upload.public_id, purpose, page, viewer.public_id, session_mark(session.session_key or ""), ends]
    token = signing.Signer(salt=SALT).sign_object(said)
    return settings.UPLOADS_ORIGIN + reverse("upload_file", args=[token], urlconf="municipality.uploads.file_urls")


def read(token: str) -> Ticket | None:
    """What a link says; None for one that is not ours or is over."""
    try:
        upload, purpose, page, viewer, session, ends = signing.Signer(salt=SALT).unsign_object(token)
    except (signing.BadSignature, ValueError, UnicodeError):
        return None
    return Ticket(upload, purpose, page, viewer, session) if clock.now().timestamp() < ends else None


def session_mark(key: str) -> str:
    """What a link holds of a session's key."""
    return salted_hmac(SALT, key, algorithm="sha256").hexdigest()[:32] if key else ""


def viewer_of(request: HttpRequest, ticket: Ticket) -> Any:
    """The person a link was made for, if their session still lives; else None.

    On the portal's own host it is the session of the request. On a host of its own no cookie arrives: there the session is looked
    up among those of the person, so that signing out ends the links as well.
    """
    if not ticket.session:
        return None
    user = request.user
    if not settings.UPLOADS_ORIGIN:
        same = user.is_authenticated and constant_time_compare(user.public_id, ticket.viewer)
        held = same and constant_time_compare(session_mark(request.session.session_key or ""), ticket.session)
        return user if held else None
    viewer = User.objects.filter(public_id=ticket.viewer, is_active=True).first()
    keys = UserSession.objects.filter(user=viewer).values_list("session_key", flat=True) if viewer else ()
    live = [key for key in keys if constant_time_compare(session_mark(key), ticket.session)]
    return viewer if Session.objects.filter(session_key__in=live, expire_date__gt=clock.to_machine(clock.now())).exists() else None
