"""The jobs that carry messages."""

from __future__ import annotations

from municipality.jobs.registry import job
from municipality.notifications import services


@job("notifications.deliver", queue="messages", time_limit=30, given_up=services.give_up)
def deliver(*, delivery_id: int) -> None:
    services.deliver(delivery_id)


@job("notifications.code", queue="messages", time_limit=30)
def code(*, user_id: int, channel: str, address: str, code_id: int) -> None:
    services.deliver_code(user_id=user_id, channel=channel, address=address, code_id=code_id)
