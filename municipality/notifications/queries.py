"""Queries about messages."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, Func, IntegerField, OuterRef, Q, QuerySet, Subquery

from municipality.accounts.models import User
from municipality.accounts.requests import Visitor
from municipality.notifications.models import ChannelChoice, Delivery, DeliveryState, Message, NotReached, NotReachedCause

PAGE = 25
NEWEST_FIRST = ("-created_at", "-pk")  # the index notifications_inbox


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
    rows = visible_to(user).order_by(*NEWEST_FIRST).defer("body_ar", "body_en")
    if older_than:
        last = visible_to(user).filter(public_id=older_than).values_list("created_at", "pk").first()
        if last is not None:
            rows = rows.filter(created_at__lte=last[0]).exclude(created_at=last[0], pk__gte=last[1])
    messages = list(rows[: PAGE + 1])
    return InboxPage(messages[:PAGE], messages[PAGE - 1].public_id if len(messages) > PAGE else "")


def unread_count(user: User) -> int:
    """How many messages the user has not opened."""
    return visible_to(user).filter(read_at__isnull=True).count()


def unread_messages() -> Subquery:
    """`unread_count` of the users of a query, as the annotation that pages read with the person of the session."""
    unread = Message.objects.filter(person=OuterRef("pk"), read_at__isnull=True).order_by()
    # Func and not Count, which groups: that costs every page of a person, and gives no row in place of 0.
    return Subquery(unread.annotate(count=Func("pk", function="COUNT", output_field=IntegerField())).values("count"))


def switched_off(person: User) -> set[str]:
    """The channels that a person switched off for messages that are no legal notices."""
    choice = ChannelChoice.objects.filter(person=person).first()
    return choice.switched_off if choice is not None else set()


def _reached() -> Q:
    """The message was opened, or a channel took it after all, which does not count for one that was not opened."""
    sent = Delivery.objects.filter(message=OuterRef("message"), state=DeliveryState.SENT)
    return Q(message__read_at__isnull=False) | (~Q(cause=NotReachedCause.UNREAD) & Q(Exists(sent)))


def reached_after_all() -> QuerySet[NotReached]:
    """Listed messages that reached their person before anybody called."""
    return NotReached.objects.filter(_reached(), called_at__isnull=True)


def not_delivered() -> QuerySet[Delivery]:
    """Failed deliveries of messages that nobody opened, that no other channel has taken or will take, and about which nobody called."""
    others = Delivery.objects.filter(message=OuterRef("message"), state__in=[DeliveryState.SENT, DeliveryState.WAITING])
    called = NotReached.objects.filter(message=OuterRef("message"), called_at__isnull=False)
    rows = Delivery.objects.filter(state=DeliveryState.FAILED, message__read_at__isnull=True)
    return rows.exclude(Exists(others)).exclude(Exists(called))


def to_call() -> QuerySet[NotReached]:
    """Messages that reached nobody and about which nobody has called."""
    return NotReached.objects.filter(called_at__isnull=True).exclude(pk__in=reached_after_all().values("pk"))
