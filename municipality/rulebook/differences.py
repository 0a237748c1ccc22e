"""What the rows of an edition change in the edition before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Exists, Field, Model, UniqueConstraint
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext

from municipality.rulebook.models import PUBLISHED, RuleSet
from municipality.rulebook.services import ROWS
from municipality.ui.templatetags.portal import kwd, term

NAMES = ("label", "name", "text")  # of a row, in Arabic and English


@dataclass(frozen=True)
class RowChange:
    """One value of a row in words; `before` is empty for a row that is new, `after` for one that is gone."""

    row: SafeString
    field: str
    before: Any
    after: Any


def previous(ruleset: RuleSet) -> RuleSet | None:
    """The published edition that a draft would end, whatever their numbers; None for the first."""
    published = RuleSet.objects.filter(PUBLISHED, subject=ruleset.subject).exclude(pk=ruleset.pk)
    return published.order_by("-first_day", "-version").first()


def changes(ruleset: RuleSet, before: RuleSet | None) -> list[RowChange]:
    """What differs in the rows of two editions of one subject, in the order of the rows. One statement, and one a table with rows."""
    found: list[RowChange] = []
    editions = {each.pk for each in (ruleset, before) if each is not None}
    models = {f"has_{name}": getattr(ruleset, name).model for name in ROWS}
    rows_of = {name: model._default_manager.filter(ruleset__in=editions) for name, model in models.items()}
    filled: Any = RuleSet.objects.values(**{name: Exists(rows) for name, rows in rows_of.items()}).get(pk=ruleset.pk)
    for model, rows in ((models[name], rows_of[name]) for name in models if filled[name]):
        identifying, fields = _fields(model)
        related = [field.name for field in fields if field.is_relation]
        now: dict[Any, Any] = {}
        old: dict[Any, Any] = {}
        for row in rows.select_related(*related):
            (now if row.ruleset_id == ruleset.pk else old)[tuple(getattr(row, name) for name in identifying)] = row
        for key in dict.fromkeys([*now, *old]):
            found += _changes_of(now.get(key), old.get(key), identifying, fields)
    return found


def _fields(model: type[Model]) -> tuple[list[str], list[Any]]:
    """What a row is recognised by in another edition, as attributes, and all its fields; one without a key by everything."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key and field.name != "ruleset"]
    keys = [
        constraint.fields
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint) and "ruleset" in constraint.fields
    ]
    names = set(keys[0]) if keys else {field.name for field in fields}
    return [field.attname for field in fields if field.name in names], fields


def _changes_of(now: Model | None, old: Model | None, identifying: list[str], fields: list[Any]) -> list[RowChange]:
    row = _name(now or old, [field for field in fields if field.attname in identifying])
    fields = [field for field in fields if field.attname not in identifying] or fields
    if now is not None and old is not None:
        changed = [field for field in fields if getattr(now, field.attname) != getattr(old, field.attname)]
        return [RowChange(row, _field_name(field), _value(old, field), _value(now, field)) for field in changed]
    one: Any = now or old
    shown = [field for field in fields if getattr(one, field.attname) not in (None, "", False)]
    return [
        RowChange(row, _field_name(field), *(("", _value(one, field)) if now is not None else (_value(one, field), ""))) for field in shown
    ]


def _name(row: Any, identifying: list[Any]) -> SafeString:
    """The row in words: its name in the language of the page, or the values that identify it."""
    language = "ar" if get_language() == "ar" else "en"
    words = next((getattr(row, f"{name}_{language}") for name in NAMES if hasattr(row, f"{name}_{language}")), "")
    return format_html("{}", term(words)) if words else format_html_join(" · ", "{}", ((_value(row, field),) for field in identifying))


def _field_name(field: Field[Any, Any]) -> str:
    """The name of a field; sums are shown in dinars, whatever they are stored in."""
    return gettext("Amount") if field.name == "fils" else capfirst(str(field.verbose_name))


def _value(row: Any, field: Field[Any, Any]) -> Any:
    value = getattr(row, field.name)
    if value is None or value == "":
        return "—"
    if isinstance(field, BooleanField):
        return gettext("Yes") if value else gettext("No")
    if field.name.endswith("fils"):
        return kwd(value)
    if field.choices:
        return getattr(row, f"get_{field.name}_display")()
    return term(str(value), field.name[-2:] if field.name.endswith(("_ar", "_en")) else "")
