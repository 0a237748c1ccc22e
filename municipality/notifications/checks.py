"""`manage.py check --deploy` refuses messages that are not complete in both languages."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error

from municipality.notifications.registry import MESSAGE_KINDS, IncompleteMessage, check


def check_messages(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """One error for each message that is incomplete in one language."""
    errors: list[CheckMessage] = []
    for message in MESSAGE_KINDS.values():
        try:
            check(message)
        except IncompleteMessage as error:
            errors.append(Error(str(error), id="notifications.E001"))
    return errors
