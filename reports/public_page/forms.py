"""MapFilters of the public map."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from municipality.kernel.errors import Refused
from municipality.places import queries as places
from municipality.places.models import Area
from municipality.ui.templatetags.portal import bilingual
from reports import queries
from reports.models import Standing
from reports.public_page.maps import MapBox, MapFilters, read_box

_LIST = {"invalid_choice": _("Choose one from the list, or leave it open.")}


class ReportMapForm(forms.Form):
    """Category, standing and area, all optional; `box` is a part of the map. `filters()` and `box()` of a valid one."""

    category = forms.ChoiceField(label=_("Kind"), required=False, error_messages=_LIST)
    standing = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("All")), *Standing.choices], error_messages=_LIST)
    area = forms.TypedChoiceField(label=_("Area"), required=False, coerce=int, empty_value=None, error_messages=_LIST)
    box = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    view = forms.ChoiceField(required=False, choices=[("", ""), ("heat", "")], widget=forms.HiddenInput)
    before = forms.CharField(required=False, max_length=26, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = [("", _("All")), *_categories()]  # type: ignore[attr-defined]
        self.fields["area"].choices = [("", _("All")), *places.grouped_areas()]  # type: ignore[attr-defined]

    def clean_box(self) -> MapBox | None:
        text = self.cleaned_data["box"]
        if not text:
            return None
        box = read_box(text)
        if box is None:
            raise forms.ValidationError(_("This part of the map is not known. Begin with the whole map."))
        return box

    def clean_area(self) -> Area | None:
        return Area.objects.select_related("governorate").get(pk=self.cleaned_data["area"]) if self.cleaned_data["area"] else None

    @property
    def filters(self) -> MapFilters:
        return MapFilters(self.cleaned_data["category"], self.cleaned_data["standing"])


def _categories() -> list[tuple[str, str]]:
    """The categories in force; none before there is an edition of them."""
    try:
        return [(category.code, str(bilingual(category, "name"))) for category in queries.rules().categories.values()]
    except Refused:
        return []
