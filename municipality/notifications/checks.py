"""`manage.py check --deploy` refuses messages that are not complete in both languages."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from municipality.notifications.registry import KINDS, TwinMissing, check


def twins(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """One error for each message without its twin."""
    found: list[CheckMessage] = []
    for message in KINDS.values():
        try:
            check(message)
        except TwinMissing as error:
            found.append(Error(str(error), id="notifications.E001"))
    return found
