"""What every page of the staff's admin stands on: facts to read, no way round the services."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

DEEPEST = 10_000


class CappedPaginator(Paginator):
    """Counts no further than 10,000 rows: a full count of a large table on every page is what stops it."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:DEEPEST].count()) if isinstance(rows, QuerySet) else len(rows)


def in_group(request: HttpRequest, name: str) -> bool:
    """Whether the signed-in member of staff holds a role; one query for each request. No one holds them all by rank."""
    user: Any = request.user
    if not (user.is_authenticated and user.is_active and user.is_staff):
        return False
    held = getattr(request, "_roles_held", None)
    if held is None:
        held = frozenset(user.groups.values_list("name", flat=True))
        request._roles_held = held  # type: ignore[attr-defined]
    return name in held


def demand(request: HttpRequest, role: str) -> None:
    """Raises PermissionDenied unless the signed-in member of staff holds the role."""
    if not in_group(request, role):
        raise PermissionDenied


def code(value: Any) -> SafeString | str:
    """A code, key or number, left to right, marked as data."""
    return format_html('<bdi dir="ltr">{}</bdi>', value) if value not in (None, "") else "—"


def moment(at: dt.datetime | None) -> str:
    """An instant in Kuwait's time as the admin writes it, also where Django would print a method's answer bare."""
    return date_format(localtime(at), "DATETIME_FORMAT") if at else "—"


def structure(value: Any) -> SafeString:
    """Codes and numbers of a JSON column, one a line."""
    return format_html(
        '<pre dir="ltr">{}</pre>',
        json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True),
    )


class _Sealed:
    """No adding, changing or deleting, for anybody. Every field that is shown is read-only: those of `fields`, or all columns."""

    def get_readonly_fields(self: Any, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [str(name) for name in self.fields or (*self.readonly_fields, *(column.name for column in self.opts.fields))]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(_Sealed, admin.ModelAdmin):  # type: ignore[type-arg]
    """Facts of a table. Every field is read-only and there is no bulk action."""

    actions = None
    change_form_template = "admin/facts/change_form.html"
    list_per_page = 50
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER  # each facet would count the whole table
    show_full_result_count = False

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:  # the location is of Django 6.1
        return {}


class ReadOnlyInline(_Sealed, admin.TabularInline):  # type: ignore[type-arg]
    """Rows of another table beside their parent; whoever may see the parent sees them."""

    extra = 0
    template = "admin/facts/tabular.html"
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True
