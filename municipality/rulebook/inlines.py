"""The rows of an edition on its page: tables that its maker edits while it is a draft."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.db import models
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.rulebook import boards, calendars, land, queries, report_categories
from municipality.rulebook.forms import WEEK, DinarField, HoursForm, OneLine, weekday_name
from municipality.rulebook.models import (
    Activity,
    ActivityGroupRule,
    BoardFeeRule,
    BoardLimitRule,
    CheckRule,
    ConditionRule,
    ConsultationRule,
    FeeRule,
    HolidayRule,
    HoursRule,
    InspectionRule,
    LandClassRule,
    LandUseRule,
    LimitRule,
    OffenceRule,
    ReasonRule,
    ReportBodyRule,
    ReportCategoryRule,
    ReportQuestionRule,
    RuleSet,
    SpacingRule,
    TradeRule,
)
from municipality.ui.admin_base import code, column, dinars, in_group
from municipality.ui.forms import DayField

MAKER, PUBLISHER = "rule_maker", "rule_publisher"


def may_edit(request: HttpRequest, ruleset: RuleSet | None) -> bool:
    """Whether a maker may edit a draft: only their own, so that the publisher has not written any of it."""
    if not in_group(request, MAKER):
        return False
    user: Any = request.user
    return ruleset is None or (ruleset.published_at is None and ruleset.made_by_id == user.pk)


class _RowFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    def add_fields(self, form: Any, index: int | None) -> None:
        """Label the checkbox that deletes a row."""
        super().add_fields(form, index)
        if "DELETE" in form.fields:
            form.fields["DELETE"].widget.attrs["aria-label"] = form.fields["DELETE"].label


def long_text(db_field: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the form field, with room for a text that is longer than a line."""
    is_long = isinstance(db_field, models.CharField) and not db_field.choices and (db_field.max_length or 0) >= LONG
    if not is_long:
        return kwargs
    language = db_field.name.rpartition("_")[2]
    own = {"lang": language} if language in ("ar", "en") else {}
    return {"widget": OneLine(attrs={"rows": 3, "dir": "auto", **own}), **kwargs}


LONG = 100  # characters
# Labels of amounts, which are stored in fils, typed and read in dinars.
IN_DINARS: dict[str, Any] = {
    "fils": _("amount in dinars"),
    "band_min_fils": _("lowest fine in dinars"),
    "band_max_fils": _("highest fine in dinars"),
    "settlement_fils": _("settlement in dinars"),
    "rate_fils": _("dinars for a square metre and face"),
    "flat_fils": _("dinars for a piece"),
}
OFFENCES = "offences."
DAYS: dict[Any, Any] = {models.DateField: {"form_class": DayField, "widget": AdminDateWidget, "input_formats": None}}


class _RowInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    formfield_overrides = DAYS
    formset = _RowFormSet
    template = "admin/facts/tabular.html"
    in_dinars_fils = column(IN_DINARS["fils"], dinars, "fils")
    in_dinars_band_min_fils = column(IN_DINARS["band_min_fils"], dinars, "band_min_fils")
    in_dinars_band_max_fils = column(IN_DINARS["band_max_fils"], dinars, "band_max_fils")
    in_dinars_settlement_fils = column(IN_DINARS["settlement_fils"], dinars, "settlement_fils")
    in_dinars_rate_fils = column(IN_DINARS["rate_fils"], dinars, "rate_fils")
    in_dinars_flat_fils = column(IN_DINARS["flat_fils"], dinars, "flat_fils")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Label each cell: a screen reader does not read the heading of its column."""
        if db_field.name.endswith("fils"):
            field: Any = DinarField(required=not db_field.blank, initial=db_field.default if db_field.has_default() else None)
            field.widget.attrs["inputmode"] = "decimal"
        else:
            field = super().formfield_for_dbfield(db_field, request, **long_text(db_field, kwargs))
        if field is not None:
            label = IN_DINARS.get(db_field.name, db_field.verbose_name)
            field.label, field.widget.attrs["aria-label"] = capfirst(str(label)), capfirst(str(label))
        return field

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """As declared; who only reads finds amounts in dinars."""
        fields = super().get_fields(request, obj)
        return fields if may_edit(request, obj) else [*dict.fromkeys(f"in_dinars_{name}" if name in IN_DINARS else name for name in fields)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if may_edit(request, obj):
            return super().get_readonly_fields(request, obj)
        return [f"in_dinars_{field.name}" for field in self.model._meta.fields if field.name in IN_DINARS]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_edit(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_edit(request, obj)


def _rows_of(model: type[models.Model]) -> type[_RowInline]:
    """The table of a model that needs nothing of its own."""
    table: Any = type(f"{model.__name__}Inline", (_RowInline,), {"model": model, "__module__": __name__})
    return table


class FeeInline(_RowInline):
    model = FeeRule
    fields = ("label_ar", "fils", "unit", "article_ar", "article_en", "label_en", "code", "revenue_account", "is_assumption")


class HoursInline(_RowInline):
    """Weekdays and times, edited by the maker and read by others."""

    model = HoursRule
    form = HoursForm
    _read_only = ("days", "hours")
    hours = column(_("hours"), code, "times")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if may_edit(request, obj):
            return self.form.Meta.fields
        return ("label_ar", *self._read_only, "first_day", "last_day", "source_ar", "is_assumption")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if may_edit(request, obj) else self._read_only

    @admin.display(description=_("weekdays"))
    def days(self, row: HoursRule) -> str:
        return gettext(", ").join(weekday_name(digit) for digit in WEEK if digit in row.weekdays)


class _ActivityInline(_RowInline):
    """Rows about an activity."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("activity")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Query the activities once for all rows."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "activity":
            field.choices = [("", "—"), *((row.pk, f"{row.name_ar} ({row.pk})") for row in Activity.objects.order_by("name_ar"))]
        return field


class TradeInline(_ActivityInline):
    model = TradeRule
    fields = ("activity", "words_ar", "words_en", "source_ar", "source_en", "is_assumption")


class ActivityGroupInline(_ActivityInline):
    model = ActivityGroupRule


# The inlines of most subjects.
GENERAL = (FeeInline, _rows_of(LimitRule), _rows_of(ConditionRule), _rows_of(ReasonRule), _rows_of(CheckRule))
OFFENCE = _rows_of(OffenceRule)
# The inlines of subjects that have their own.
INLINES: dict[str, tuple[type[_RowInline], ...]] = {
    calendars.SUBJECT: (_rows_of(HolidayRule), HoursInline),
    queries.TRADES: (TradeInline,),
    land.SUBJECT: (_rows_of(LandClassRule), ActivityGroupInline, _rows_of(LandUseRule), _rows_of(SpacingRule)),
    land.BODIES: (_rows_of(ConsultationRule),),
    boards.SUBJECT: (_rows_of(BoardFeeRule),),
    boards.RULES: (_rows_of(BoardLimitRule),),
    queries.INSPECTION: (_rows_of(InspectionRule),),
    report_categories.SUBJECT: (_rows_of(ReportCategoryRule), _rows_of(ReportQuestionRule), _rows_of(ReportBodyRule)),
}
