"""Queries about messages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.notifications.models import Message

PAGE = 25


def visible_to(user: Visitor) -> QuerySet[Message]:
    """The messages to a user, citizens and staff alike."""
    if not user.is_authenticated:
        return Message.objects.none()
    return Message.objects.filter(person=user)


@dataclass(frozen=True)
class InboxPage:
    """Up to 25 messages, newest first; `older_than` is the public id that the next page starts after, empty at the end."""

    messages: list[Message]
    older_than: str


def inbox(user: User, older_than: str = "") -> InboxPage:
    """One page of messages older than the one with the public id `older_than`; the newest page for an unknown id."""
    rows = visible_to(user).order_by("-pk").defer("body_ar", "body_en")
    if older_than:
        last = visible_to(user).filter(public_id=older_than).values_list("pk", flat=True).first()
        if last is not None:
            rows = rows.filter(pk__lt=last)
    messages = list(rows[: PAGE + 1])
    return InboxPage(messages[:PAGE], messages[PAGE - 1].public_id if len(messages) > PAGE else "")


def unread_count(user: User) -> int:
    """How many messages the user has not opened."""
    return visible_to(user).filter(read_at__isnull=True).count()


def unread_messages() -> Coalesce:
    """`unread_count` of the users of a query, as the annotation that pages read with the person of the session."""
    unread = Message.objects.filter(person=OuterRef("pk"), read_at__isnull=True).order_by().values("person")
    return Coalesce(Subquery(unread.annotate(count=Count("pk")).values("count")), 0)
