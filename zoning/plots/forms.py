"""The forms that find a plot: by the text of an address, by area, block and number, by a PACI number, or by a place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.places import queries as places
from municipality.ui.forms import FoldedField, LtrInput, NearField
from municipality.ui.templatetags.portal import bilingual
from zoning.models import Plot
from zoning.plots.numbers import normal_number

_NO_PACI = _("A PACI number has 8 digits. Check it against the blue plate.")


class NumberField(forms.CharField):
    """A number of a block or plot, as `normal_number` reads it."""

    widget = LtrInput(inputmode="text")

    def to_python(self, value: Any) -> str:
        return normal_number(super().to_python(value) or "")


class PlotTextForm(forms.Form):
    """By an address as people write it, a PACI number, or a former number; `example` is a plot that is found."""

    q = forms.CharField(
        label=_("Address or PACI number"),
        help_text=_("In Arabic or English: area, block and plot. Old numbers are found too."),
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off", "dir": "auto"}),
        error_messages={
            "required": _("Write an address or a PACI number, or choose the area below."),
            "max_length": _("The address is too long. Area, block and plot are enough."),
        },
    )

    def __init__(self, *args: Any, example: Plot | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if example is not None:
            words = {"area": bilingual(example.area, "name"), "block": example.block, "number": example.number}
            text = gettext(
                "In Arabic or English, as you would write it: %(area)s block %(block)s plot %(number)s. Old numbers are found too."
            )
            self.fields["q"].help_text = text % words


class PlotAddressForm(forms.Form):
    """By area, block and number; without the number all plots of the block are listed, for an area alone its blocks."""

    area = forms.ModelChoiceField(
        places.areas(),
        label=_("Area"),
        empty_label=_("Choose an area"),
        error_messages={"required": _("Choose the area.")},
    )
    block = NumberField(label=_("Block"), max_length=10, error_messages={"required": _("Enter the number of the block.")})
    number = NumberField(
        label=_("Plot"), required=False, max_length=20, help_text=_("As on the deed, such as 44 or 44B. Old numbers are found too.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["block"].required = not (self.is_bound and "area" in self.data and "block" not in self.data)
        field: Any = self.fields["area"]
        field.choices = [("", field.empty_label), *places.grouped_areas()]

    def clean(self) -> dict[str, Any]:
        self.fields["block"].required = True  # as it is shown
        return super().clean() or self.cleaned_data


class PlotPaciForm(forms.Form):
    """By the PACI number of an address on the plot."""

    paci_number = FoldedField(
        label=_("PACI number"),
        max_length=20,
        help_text=_("8 digits, on the blue plate of the building"),
        validators=[RegexValidator(r"^[0-9]{8}$", _NO_PACI)],
        error_messages={"required": _NO_PACI},
    )


class PlotPlaceForm(forms.Form):
    """By a place, which the device fills in."""

    near = NearField(
        max_length=60,
        widget=forms.HiddenInput,
        error_messages={"required": _("Your place could not be read. Choose an area instead.")},
    )
