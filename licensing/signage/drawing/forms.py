"""What a browser sends of a drawing: corners and known lengths, on a photo that stays on the device or on a stored one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import BoardDrawing
from licensing.signage.drawing.measuring import Drawn, Measured, measure
from licensing.signage.drawing.perspective import Point
from municipality.kernel.errors import Refused
from municipality.ui.forms import DecimalNumberField, WholeNumberField
from municipality.uploads.models import Upload

MOST_CORNERS = 12
LONGEST_DRAWING = 700  # characters of a drawing that a card keeps
_CORNER = re.compile(r"(\d{1,5}(?:\.\d{1,3})?),(\d{1,5}(?:\.\d{1,3})?)")
_SIZE = re.compile(r"([1-9]\d{1,4})x([1-9]\d{1,4})")
_INCOMPLETE = dict.fromkeys(("required", "invalid"), _("The page was sent incomplete. Reload it and try again."))
CENTIMETRE = Decimal("0.01")
_KNOWN: dict[str, Any] = {"min_value": Decimal("0.1"), "max_value": 100, "decimal_places": 2}


class CornersField(forms.CharField):
    """`12,30.5 80,31 79,60`: pixels of a photo, from `least` to `most` of them."""

    def __init__(self, *, least: int, most: int, missing: Any) -> None:
        super().__init__(max_length=300, error_messages={**_INCOMPLETE, "required": missing})
        self.least, self.most = least, most

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return []
        found = [_CORNER.fullmatch(part) for part in (super().to_python(value) or "").split(" ")]
        if not self.least <= len(found) <= self.most or None in found:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return [(float(match[1]), float(match[2])) for match in found if match]


class DrawingForm(forms.Form):
    """One drawing; `measured` is the size of the board once it is valid."""

    size = forms.RegexField(_SIZE, error_messages=_INCOMPLETE)
    # What is still missing is the next step; a frame that nobody has moved is not sent.
    known = CornersField(least=4, most=4, missing=_("Next: the black frame is moved to the door or shutter."))
    outline = CornersField(least=3, most=MOST_CORNERS, missing=_("Next: the blue frame is moved to the board."))
    known_width = DecimalNumberField(error_messages={"required": _("Next: the width of the door or shutter in metres.")}, **_KNOWN)
    known_height = DecimalNumberField(required=False, **_KNOWN)
    drawn: Drawn | None = None
    measured: Measured | None = None

    @property
    def sides(self) -> tuple[Decimal, Decimal] | None:
        """Width and height of the board in metres, to the centimetre; None before it is valid."""
        if self.measured is None:
            return None
        width, height = (Decimal(side).quantize(CENTIMETRE, ROUND_HALF_UP) for side in (self.measured.width, self.measured.height))
        return width, height

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = self.cleaned_data
        if self.errors:
            return data
        size = tuple(map(int, data["size"].split("x")))
        known: list[Point] = data["known"]
        known_height = float(data["known_height"]) if data["known_height"] else None
        self.drawn = Drawn((size[0], size[1]), known, float(data["known_width"]), known_height, data["outline"])
        try:
            self.measured = measure(self.drawn)
        except Refused as refusal:
            raise forms.ValidationError(refusal.sentence, code=refusal.code) from None
        return data


class StoredDrawingForm(DrawingForm):
    """A drawing on one of the stored `photos`, by their public ids; its size is that of the photo, whatever was sent."""

    photo = forms.CharField(max_length=26, error_messages=_INCOMPLETE)
    version = WholeNumberField(min_value=0, required=False)  # of the draft that the page was opened with

    def __init__(self, data: Mapping[str, Any], photos: Mapping[str, Upload]) -> None:
        self.upload = photos.get(str(data.get("photo", "")))
        size = f"{self.upload.width}x{self.upload.height}" if self.upload is not None else ""
        super().__init__({**{name: data.get(name, "") for name in self.base_fields}, "size": size})

    def text(self) -> str:
        """What was sent of it, as the card of its board keeps it."""
        return json.dumps({name: self.data[name] for name in ("photo", "known", "outline", "known_width", "known_height")})


def kept_text(drawing: BoardDrawing, photo: Upload) -> str:
    """`StoredDrawingForm.text` of a drawing that was sent, on a copy of its photo."""
    points = {name: " ".join(f"{x:g},{y:g}" for x, y in getattr(drawing, name)) for name in ("known", "outline")}
    heights = {name: getattr(drawing, f"{name}_cm") for name in ("known_width", "known_height")}
    lengths = {name: f"{length / 100:.2f}" if length else "" for name, length in heights.items()}
    return json.dumps({"photo": photo.public_id, **points, **lengths})


def stored(text: str, photos: Mapping[str, Upload]) -> StoredDrawingForm | None:
    """The drawing that a card keeps, measured anew; None where it is none, or its photo was removed."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        return None
    form = StoredDrawingForm(data, photos)
    return form if form.is_valid() else None
