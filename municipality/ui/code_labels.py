"""Labels of codes for staff. Each app declares its own in its `admin`; an architecture test checks that none is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

CODE_LABELS: dict[str, Any] = {}


def label_codes(labels: Mapping[str, Any]) -> None:
    """Declare the labels of codes: of an action, a job, a message, a role, a reason. Raises ValueError for two labels of one code."""
    for code, label in labels.items():
        if CODE_LABELS.setdefault(code, label) is not label:
            raise ValueError(f"the code {code} has two labels")


def label_of(code: Any, *details: Any) -> SafeString | str:
    """The label of a code, or the code itself, left to right; `details` (keys, numbers) follow, left to right."""
    if code in (None, ""):
        return "—"
    html = format_html("{}", CODE_LABELS[code]) if code in CODE_LABELS else format_html('<bdi dir="ltr">{}</bdi>', code)
    for detail in details:
        html += format_html(' <bdi dir="ltr">{}</bdi>', detail)
    return html


def label_of_edition(stamp: str) -> SafeString | str:
    """The label of an edition that is named by its subject and version (`fees.health v12`): `Fees of health licences, edition 12`."""
    subject, _space, version = stamp.rpartition(" ")
    return format_html(gettext("{subject}, edition {number}"), subject=label_of(subject), number=version.removeprefix("v"))


def moved(source: Any, target: Any) -> SafeString:
    """The labels of two states with an arrow in the direction of reading; only the second if there is no first."""
    return format_html("{} {} {}", source, gettext("→"), target) if source else format_html("{}", target)
