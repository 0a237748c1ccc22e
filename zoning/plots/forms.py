"""The form that finds a plot: by area, block and number, by a PACI address number, or by a place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.places import queries as places
from municipality.ui.forms import FoldedField, LtrInput, NearField
from zoning.plots.numbers import normal_number


class NumberField(forms.CharField):
    """A number of a block or plot, as `normal_number` reads it."""

    widget = LtrInput(inputmode="text")

    def to_python(self, value: Any) -> str:
        return normal_number(super().to_python(value) or "")


class FindPlotForm(forms.Form):
    """One of three ways; an address may leave out the plot, and the plots of the block are listed then."""

    area = forms.ModelChoiceField(places.areas(), label=_("Area"), required=False, empty_label=_("Choose an area"))
    block = NumberField(label=_("Block"), required=False, max_length=10)
    number = NumberField(
        label=_("Plot"), required=False, max_length=20, help_text=_("As on the deed, such as 44 or 44B. Old numbers are found too.")
    )
    paci_number = FoldedField(
        label=_("PACI number"),
        required=False,
        max_length=20,
        help_text=_("8 digits, on the blue plate of the building"),
        validators=[RegexValidator(r"^[0-9]{8}$", _("A PACI number has 8 digits. Check it against the blue plate."))],
    )
    near = NearField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["area"]
        groups: dict[str, list[tuple[int, str]]] = {}
        name = "name_ar" if get_language() == "ar" else "name_en"
        for area in field.queryset:
            groups.setdefault(getattr(area.governorate, name), []).append((area.pk, getattr(area, name)))
        field.choices = [("", field.empty_label), *groups.items()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors or data.get("near") or data.get("paci_number"):
            return data
        if not data.get("area"):
            self.add_error("area", _("Choose the area, or enter a PACI number."))
        elif not data.get("block"):
            self.add_error("block", _("Enter the number of the block."))
        return data
