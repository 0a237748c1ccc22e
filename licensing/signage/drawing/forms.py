"""What a browser sends of a drawing: the size of the photo, corners and known lengths. The photo itself stays on the device."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.signage.drawing.measuring import BoardDrawing, Measured, measure
from licensing.signage.drawing.perspective import Point
from municipality.kernel.errors import Refused
from municipality.ui.forms import DecimalNumberField

MOST_CORNERS = 12
_CORNER = re.compile(r"(\d{1,5}(?:\.\d{1,3})?),(\d{1,5}(?:\.\d{1,3})?)")
_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")
_INCOMPLETE = dict.fromkeys(("required", "invalid"), _("The page was sent incomplete. Reload it and try again."))
_KNOWN: dict[str, Any] = {"min_value": Decimal("0.1"), "max_value": 100, "decimal_places": 2}


class CornersField(forms.CharField):
    """`12,30.5 80,31 79,60`: pixels of a photo, from `least` to `most` of them."""

    def __init__(self, *, least: int, most: int) -> None:
        super().__init__(max_length=300, error_messages=_INCOMPLETE)
        self.least, self.most = least, most

    def to_python(self, value: Any) -> Any:
        found = [_CORNER.fullmatch(part) for part in (super().to_python(value) or "").split(" ")]
        if not self.least <= len(found) <= self.most or None in found:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return [(float(match[1]), float(match[2])) for match in found if match]


class DrawingForm(forms.Form):
    """One drawing; `measured` is the size of the board once it is valid."""

    size = forms.RegexField(_SIZE, error_messages=_INCOMPLETE)
    known = CornersField(least=4, most=4)
    outline = CornersField(least=3, most=MOST_CORNERS)
    known_width = DecimalNumberField(error_messages={"required": _("Enter the width of the door or shutter in metres.")}, **_KNOWN)
    known_height = DecimalNumberField(required=False, **_KNOWN)
    measured: Measured | None = None

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if self.errors:
            return data
        size = tuple(map(int, data["size"].split("x")))
        known: list[Point] = data["known"]
        known_height = float(data["known_height"]) if data["known_height"] else None
        drawing = BoardDrawing((size[0], size[1]), known, float(data["known_width"]), known_height, data["outline"])
        try:
            self.measured = measure(drawing)
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence, code=refusal.code) from None
        return data
