"""Periodic work of the sign-in."""

from __future__ import annotations

from municipality.accounts import limits
from municipality.accounts.services import alarms, contacts, second_factor, sessions, sign_in
from municipality.jobs.registry import every


@every("accounts.forget", seconds=3600)
def forget() -> None:
    limits.forget()
    sign_in.forget()
    contacts.forget()
    second_factor.forget()
    sessions.forget()


@every("accounts.tell_alarms", seconds=15, queue="urgent")
def tell_alarms() -> None:
    alarms.tell()
