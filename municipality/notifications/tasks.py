"""Jobs that send messages."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.db import transaction

from municipality.jobs.registry import every, job
from municipality.notifications import letters, not_reached, services
from municipality.notifications.account import ACCOUNT_MESSAGES


@job("notifications.deliver", queue="messages", time_limit=30, given_up=services.mark_failed)
def deliver(*, delivery_id: int) -> None:
    services.deliver(delivery_id)


@job("notifications.letter", queue="messages", time_limit=30, given_up=letters.mark_failed)
def letter(*, letter_id: int) -> None:
    letters.deliver(letter_id)


job("notifications.code", queue="messages", time_limit=30)(services.deliver_code)
job("notifications.replaced", queue="messages", time_limit=30)(services.warn_replaced)


@job("notifications.account", queue="messages", time_limit=30)
def account(*, user_id: int, message: str, about: str) -> None:
    """A message about a user's account, enqueued by apps below this one."""
    person = get_user_model().objects.filter(pk=user_id).first()
    if person is not None:
        with transaction.atomic():
            services.send(ACCOUNT_MESSAGES[message], person=person, key=about, context={})


every("notifications.escalate_unread", seconds=3600, time_limit=110)(not_reached.escalate_unread)
every("notifications.close_letters", seconds=600)(letters.close_needless)
