"""Jobs of accounts: pushes to phones, alarms, deletion of expired rows."""

from __future__ import annotations

from municipality.accounts import limits
from municipality.accounts.services import alarms, contacts, second_factor, sessions, sign_in
from municipality.jobs.registry import every, job


@every("accounts.forget", seconds=3600)
def forget() -> None:
    limits.forget()
    sign_in.forget()
    contacts.forget()
    second_factor.forget()
    sessions.forget()


@every("accounts.tell_alarms", seconds=15, queue="urgent")
def tell_alarms() -> None:
    alarms.notify_auditors()


@job(sign_in.SEND_PUSH, queue="urgent", time_limit=20)
def send_push(request: int) -> None:
    sign_in.send_push(request)


@every("accounts.poll_pushes", seconds=5, queue="urgent", time_limit=30)
def poll_pushes() -> None:
    sign_in.poll_pushes()
