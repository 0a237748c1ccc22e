"""Refusals with a code and a sentence. A page shows the sentence; the code is for logs, tests and the API."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A rule says no. `sentence` is a lazy translated text that says how to go on; `status` is for HTTP."""

    status = 409

    def __init__(self, code: str, sentence: Any = "", **facts: Any) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.facts = facts


class TransitionRefused(Refused):
    """No such move from the present state, or somebody else moved first."""


class NotPermitted(Refused):
    """The actor may not make this move."""

    status = 403
