"""Exceptions of services. A page shows the sentence; the code is for logs, tests and the API."""

from __future__ import annotations

from typing import Any


class BadValue(ValueError):
    """A value that cannot be used; `code` says what is wrong with it, by the class that raises it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Refused(Exception):
    """A rule does not allow the change. `sentence` is a lazy translated text for the user, `status` the HTTP status."""

    status = 409

    def __init__(self, code: str, sentence: Any = "", **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.facts = facts


class TransitionRefused(Refused):
    """The workflow has no such move from the present state, or another transaction moved the row first."""


class NotPermitted(Refused):
    """The actor may not make this move."""

    status = 403


class TooMany(Refused):
    """A limit is reached. `facts["retry_after"]`, where it is given: in how many seconds it works again."""

    status = 429
