"""What is read in place of the key of a subject: `Request HL-2026-000373-U` for `case:01jd…`, by staff and in a person's access log.

Each app registers its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any, ClassVar

from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from municipality.kernel import request_cache
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

# By the first part of a key ("case"): takes the second parts ("01jd…") and returns the words of each subject that exists.
NAMES: Registry[Callable[[Collection[str]], Mapping[str, Text]]] = Registry()


def names_of(keys: Iterable[str]) -> dict[str, Text]:
    """The words of subjects by key, without those that have none: one query for each kind of key, and each key once in a request."""
    known: dict[str, Text] = request_cache.get_or_set("ui.subject_names", dict)
    wanted = {key for key in keys if key}
    unknown: dict[str, set[str]] = {}
    for key in wanted - set(known):
        kind, _colon, number = key.partition(":")
        unknown.setdefault(kind, set()).add(number)
        known[key] = ""
    for kind, numbers in unknown.items():
        if kind in NAMES:
            known.update({f"{kind}:{number}": name for number, name in NAMES[kind](numbers).items()})
    return {key: known[key] for key in wanted if known[key]}


def name_of(key: str) -> SafeString | Text:
    """The words of one subject, or its key; a dash for none."""
    if not key:
        return "—"
    return names_of([key]).get(key) or format_html('<bdi dir="ltr">{}</bdi>', key)


def name_in_full(key: str) -> SafeString | Text:
    """As `name_of`, with the key behind the words, as the search of the logs takes it."""
    name = names_of([key]).get(key)
    return format_html('{} <small><bdi dir="ltr">{}</bdi></small>', name, key) if name else name_of(key)


class NamedSubjectsMixin:
    """A list of the admin whose subjects have words: read together before its rows are written."""

    subjects: ClassVar[tuple[str, ...]]  # the attributes of a row, dotted, that hold the keys it shows

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        base = super().get_changelist(request, **options)  # type: ignore[misc]
        admin = self

        class Named(base):  # type: ignore[misc, valid-type]
            def get_results(self, request: HttpRequest) -> None:
                super().get_results(request)
                listed: Any = self
                listed.result_list = list(listed.result_list)
                names_of(attrgetter(name)(row) for row in listed.result_list for name in admin.subjects)

        return Named  # type: ignore[return-value]
