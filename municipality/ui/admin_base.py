"""Base classes of the admin: read-only, since all changes go through services."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import localtime

from municipality.kernel import digits
from municipality.ui import staff_menu
from municipality.ui.staff_roles import in_group as in_group
from municipality.ui.staff_roles import require_role as require_role
from municipality.ui.templatetags.portal import kwd
from municipality.ui.texts import Text

MAX_COUNT = 10_000


class CappedPaginator(Paginator):
    """Counts at most MAX_COUNT rows, since counting a large table on every page is too slow."""

    @property
    def is_capped(self) -> bool:
        return self.count == MAX_COUNT

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[:MAX_COUNT].count()) if isinstance(rows, QuerySet) else len(rows)


class NarrowedFilter(admin.SimpleListFilter):
    """A filter that shows a part of the rows until something else is chosen; `by_default` names that part in place of "All"."""

    by_default: Text

    def choices(self, changelist: Any) -> Any:
        choices = super().choices(changelist)
        yield {**next(choices), "display": self.by_default}
        yield from choices


def staff_page(request: HttpRequest, template: str, status: int = 200, **context: Any) -> TemplateResponse:
    """A page of the staff site that belongs to no model."""
    site: Any = admin.site
    return TemplateResponse(request, template, {**site.page_context(request), **context}, status=status)


def code(value: Any) -> SafeString | str:
    """A code, key or number as left-to-right HTML; a dash for None or an empty text."""
    return format_html('<bdi dir="ltr">{}</bdi>', value) if value not in (None, "") else "—"


def moment(at: dt.datetime | None) -> str:
    """An instant in Kuwait's time in the admin's format; a dash for None."""
    return date_format(localtime(at), "DATETIME_FORMAT") if at else "—"


def structure(value: Any) -> SafeString:
    """The value of a JSON field as indented JSON."""
    return format_html('<pre dir="ltr">{}</pre>', json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True))


def dinars(fils: int | None) -> SafeString | str:
    """An amount of fils in dinars; a dash for None."""
    return kwd(fils) if fils is not None else "—"


def column(title: Any, show: Callable[[Any], Any], path: str, *, ordering: str | None = None) -> Callable[[Any, Any], Any]:
    """A column or field of an admin class that shows one value of a row, at a path such as `attempt.trackid`, by `code` or the like."""
    value_of = attrgetter(path)

    @admin.display(description=title, ordering=ordering)
    def shown(model_admin: Any, row: Any) -> Any:
        return show(value_of(row))

    return shown


@cache
def _by_name(field: ForeignKey[Any, Any]) -> Callable[[Any], Any]:
    """The row that a field names, without Django's link to its page; a dash where it names none."""

    @admin.display(description=field.verbose_name)
    def shown(row: Any) -> Any:
        found = getattr(row, field.name)
        return found if found is not None else "—"  # Django writes None of a callable as a word

    return shown


class _ReadOnlyMixin:
    """Nobody can add, change or delete a row. Every field is read-only: those of `fields`, or all columns.

    A field links to the row that it names where the reader may open that.
    """

    def get_readonly_fields(self: Any, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        names = [str(name) for name in self.fields or (*self.readonly_fields, *(field.name for field in self.opts.fields))]
        keys = {field.name: field for field in self.opts.fields if isinstance(field, ForeignKey)}
        return [_by_name(keys[name]) if name in keys and not self._opens(request, keys[name]) else name for name in names]

    get_fields = get_readonly_fields

    def _opens(self: Any, request: HttpRequest, field: ForeignKey[Any, Any]) -> bool:
        """Whether the reader may open the page of the row that a field names."""
        model = field.related_model
        return not self.admin_site.is_registered(model) or self.admin_site.get_model_admin(model).has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PluralTitleMixin:
    """The list is titled with what it lists, not with a command to select one."""

    def changelist_view(self: Any, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = staff_menu.title_of(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        context = {"title": title or capfirst(self.opts.verbose_name_plural), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)  # type: ignore[misc]
        return response


class ReadOnlyAdmin(PluralTitleMixin, _ReadOnlyMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """A read-only model admin without actions."""

    actions = None
    change_form_template = "admin/facts/change_form.html"
    list_per_page = 50
    paginator = CappedPaginator
    show_facets = admin.ShowFacets.NEVER  # each facet would count the whole table
    show_full_result_count = False

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> dict[str, Any]:  # the location is of Django 6.1
        return {}

    def page_facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """What the template of the page of a row needs beside the row."""
        return {}

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        return super().render_change_form(request, {**context, **self.page_facts(request, kwargs.get("obj"))}, *args, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        """Those of Django; a number is found in the digits of each keyboard."""
        return super().get_search_results(request, queryset, digits.clean(search_term))


class ReadOnlyInline(_ReadOnlyMixin, admin.TabularInline):  # type: ignore[type-arg]
    """A read-only inline, visible to everybody who may view the parent."""

    extra = 0
    template = "admin/facts/tabular.html"
    can_delete = False
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True
