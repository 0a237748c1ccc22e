"""Names of models and apps, headings of lists, labels of fields and choices of the staff pages are in the language of the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.core.exceptions import FieldDoesNotExist
from django.http import HttpRequest
from django.utils import translation

from municipality.jobs.models import Job
from payments.models import Difference, DifferenceKind
from tests.architecture.pages import foreign_in
from tests.factories.accounts import StaffFactory

SPEAK_ARABIC = frozenset({"demo"})  # in no production image and on no page
pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_staff(rf: Any) -> HttpRequest:
    """A request of somebody who may do everything, so that no field is left out."""
    request: HttpRequest = rf.get("/admin/")
    user = StaffFactory()
    user.is_superuser = True  # of this request only
    request.user = user
    return request


def names_of(model: Any) -> Iterator[tuple[str, Any]]:
    """What stands in titles and menus about a model."""
    yield f"{model._meta.label} (one)", model._meta.verbose_name
    yield f"{model._meta.label} (several)", model._meta.verbose_name_plural
    yield f"{model._meta.app_label} (app)", model._meta.app_config.verbose_name


def labels_of(names: Any, owner: Any, model: Any, form: Any) -> Iterator[tuple[str, Any]]:
    """The labels of fields and methods by name as the admin finds them, with the choices of the fields."""
    for name in dict.fromkeys(names):
        if name in ("action_checkbox", "__str__"):
            continue
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            field = None
        where = f"{model._meta.label}.{name}"
        labels = [] if form is None or name not in form.base_fields else [form.base_fields[name].label]
        yield from ((where, label) for label in labels)
        if not labels:
            yield where, label_for_field(name, model, owner)
        yield from ((f"{where} (choice)", label) for _value, label in getattr(field, "flatchoices", None) or ())


def of_an_admin(owner: Any, request: HttpRequest) -> Iterator[tuple[str, Any]]:
    """Everything of a registered model: its list, its filters, its change page and the rows of other models on that page."""
    yield from names_of(owner.model)
    yield from labels_of(owner.get_list_display(request), owner, owner.model, None)
    yield from labels_of(flatten_fieldsets(owner.get_fieldsets(request)), owner, owner.model, owner.get_form(request))
    for title, _options in owner.get_fieldsets(request):
        yield f"{owner.model._meta.label} (part)", title or ""
    for spec in owner.get_list_filter(request):
        by = spec if isinstance(spec, str) else spec[0] if isinstance(spec, tuple) else None
        label = label_for_field(by, owner.model, owner) if by is not None else spec.title  # type: ignore[union-attr]
        yield f"{owner.model._meta.label} (filter)", label
    yield f"{owner.model._meta.label} (search)", owner.search_help_text or ""
    for inline in owner.get_inline_instances(request):
        yield f"{inline.model._meta.label} (rows)", inline.verbose_name_plural
        yield f"{inline.model._meta.label} (row)", inline.verbose_name
        rows = inline.get_formset(request)
        shown = [name for name in flatten_fieldsets(inline.get_fieldsets(request)) if name != rows.fk.name]  # that one is hidden
        yield from labels_of(shown, inline, inline.model, rows.form)


def foreign(language: str, request: HttpRequest) -> list[str]:
    """Each text with letters of the other language, with where it stands."""
    found = set()
    with translation.override(language):
        for owner in admin.site._registry.values():
            for where, text in of_an_admin(owner, request):
                if foreign_in(str(text), language):
                    found.add(f"{where}: {text}")
    return sorted(found)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_what_the_staff_read_beside_data_is_in_their_language(language: str, request_of_staff: HttpRequest) -> None:
    read = [text for owner in admin.site._registry.values() for text in of_an_admin(owner, request_of_staff)]
    assert len(read) > 300
    assert foreign(language, request_of_staff) == []


def test_no_model_of_the_portal_speaks_arabic_only() -> None:
    """Those without a page of their own too: pages, messages of a form and the log name their fields."""
    models = [model for model in apps.get_models() if model._meta.app_label not in SPEAK_ARABIC]
    assert len(models) > 80
    arabic = set()
    with translation.override("en"):
        for model in models:
            fields = model._meta.get_fields()
            texts = [text for field in fields for text in (getattr(field, "verbose_name", ""), getattr(field, "help_text", ""))]
            texts += [label for field in fields for _value, label in getattr(field, "flatchoices", None) or ()]
            texts += [getattr(constraint, "violation_error_message", "") for constraint in model._meta.constraints]
            texts += [text for _where, text in names_of(model)]
            arabic |= {f"{model._meta.label}: {text}" for text in texts if foreign_in(str(text), "en")}
    assert sorted(arabic) == []


@pytest.mark.parametrize(("language", "planted"), [("en", "النوع"), ("ar", "kind")])
def test_a_planted_text_of_the_other_language_is_found(
    language: str, planted: str, request_of_staff: HttpRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control: a model's name, a field's label and a choice that are not translated."""
    monkeypatch.setattr(Job._meta.get_field("due_at"), "verbose_name", planted)
    monkeypatch.setattr(Job._meta, "verbose_name", planted)
    monkeypatch.setattr(Difference._meta.get_field("kind"), "choices", [(DifferenceKind.values[0], planted)])
    expected = [f"jobs.Job (one): {planted}", f"jobs.Job.due_at: {planted}", f"payments.Difference.kind (choice): {planted}"]
    assert foreign(language, request_of_staff) == expected
