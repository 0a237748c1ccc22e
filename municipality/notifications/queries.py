"""Questions about messages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.notifications.models import Message

PAGE = 25


def visible_to(user: Visitor) -> QuerySet[Message]:
    """Whoever is signed in sees the messages sent to them, staff too; nobody sees another's."""
    if not user.is_authenticated:
        return Message.objects.none()
    return Message.objects.filter(person=user)


@dataclass(frozen=True)
class InboxPage:
    """Up to 25 messages, newest first, and the public id after which older ones follow (empty at the end)."""

    messages: list[Message]
    older_than: str


def inbox(user: User, older_than: str = "") -> InboxPage:
    """One page by key, not by offset: equally quick at any depth. An unknown key shows the newest page."""
    rows = visible_to(user).order_by("-pk").defer("body_ar", "body_en")
    if older_than:
        last = visible_to(user).filter(public_id=older_than).values_list("pk", flat=True).first()
        if last is not None:
            rows = rows.filter(pk__lt=last)
    found = list(rows[: PAGE + 1])
    return InboxPage(found[:PAGE], found[PAGE - 1].public_id if len(found) > PAGE else "")


def unread_count(user: User) -> int:
    """How many messages the person has not opened."""
    return visible_to(user).filter(read_at__isnull=True).count()


def about(user: User, subject_key: str, limit: int = 20) -> list[Message]:
    """The person's messages about one thing, newest first; for its page."""
    return list(visible_to(user).filter(subject_key=subject_key).order_by("-pk")[:limit])
