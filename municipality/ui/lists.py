"""Parts of the lists of the admin: filters as chips, and cells that carry the name of their column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from municipality.ui.texts import Text

QUICK = 9  # choices of the first filter that stand open as quick views
_CELL = re.compile(r"^<(t[hd])([^>]*)>(.*)</t[hd]>$", re.DOTALL)


@dataclass(frozen=True)
class FilterLink:
    """One choice of a filter, as a link."""

    label: Text
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Filter:
    """A filter with its choices; the first one is "all"."""

    title: Text
    choices: list[FilterLink]


@dataclass(frozen=True)
class Filters:
    """The filters of a list: `quick` stands open, `others` behind a button, `applied` are the chosen ones with links that remove them."""

    quick: Filter | None
    others: list[Filter]
    applied: list[FilterLink]


def filters_of(cl: ChangeList) -> Filters:
    """The filters of a list. A first filter with few choices is a row of quick views."""
    specs: Any = cl.filter_specs
    filters = [
        Filter(capfirst(str(spec.title)), [FilterLink(c["display"], c["query_string"], c["selected"]) for c in spec.choices(cl)])
        for spec in specs
    ]
    quick = filters[0] if filters and len(filters[0].choices) <= QUICK else None
    others = filters[1:] if quick else filters
    applied = [
        FilterLink(format_html("{}: {}", one.title, choice.label), one.choices[0].url, True)
        for one in others
        for choice in one.choices[1:]
        if choice.is_chosen
    ]
    if cl.query:
        applied.append(FilterLink(cl.query, cl.get_query_string(remove=[SEARCH_VAR]), True))
    return Filters(quick, others, applied)


def labelled(cell: str, label: Any) -> SafeString:
    """A cell of Django's list with its role and, below the heading of the row, the name of its column."""
    found = _CELL.match(cell)
    if found is None:
        return SafeString(cell)
    element, attributes, content = (SafeString(part) for part in found.groups())
    role = "rowheader" if element == "th" else "cell"
    is_checkbox = "action-checkbox" in attributes
    named = "" if element == "th" or is_checkbox else format_html(' data-label="{}"', capfirst(str(label)))
    return format_html('<{0}{1} role="{2}"{3}><div>{4}</div></{0}>', element, attributes, role, named, content)
