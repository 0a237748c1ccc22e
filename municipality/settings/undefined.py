"""The value of undefined template variables in tests: printing it in one of our templates is an error."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import FrameType

from django.template.base import VariableNode

_TEMPLATES = Path(__file__).resolve().parent.parent.parent / "templates"


class Undefined(str):
    """An empty text, so that `default`, `if` and templates of libraries work as usual.

    Raises AssertionError if a `{{ variable }}` of the project's own templates prints it.
    """

    def __str__(self) -> str:
        _refuse(inspect.currentframe())
        return ""

    def __html__(self) -> str:
        _refuse(inspect.currentframe())
        return ""


def _refuse(frame: FrameType | None) -> None:
    while frame is not None:
        node = frame.f_locals.get("self")
        if isinstance(node, VariableNode):
            origin = Path(str(getattr(node, "origin", "")))
            if origin.is_relative_to(_TEMPLATES):
                raise AssertionError(f"{origin.relative_to(_TEMPLATES)}: {{{{ {node.filter_expression} }}}} is not defined")
            return
        frame = frame.f_back
