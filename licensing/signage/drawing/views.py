"""The size of a board as somebody draws it on a photo of the shop front."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from licensing.signage.drawing.forms import DrawingForm
from municipality.accounts.access import public

_CENTIMETRE = Decimal("0.01")


@public
@require_safe
def measure_board(request: HttpRequest) -> JsonResponse:
    """Width and height of the drawn board in metres, and both with the area as a text; or the `problem` in the page's language (400)."""
    form = DrawingForm(request.GET)
    if not form.is_valid() or form.measured is None:
        return JsonResponse({"problem": next(iter(form.errors.values()))[0]}, status=400)
    width, height = (Decimal(side).quantize(_CENTIMETRE, ROUND_HALF_UP) for side in (form.measured.width, form.measured.height))
    text = _("%(width)s × %(height)s metres: %(area)s m²") % {
        "width": width,
        "height": height,
        "area": (width * height).quantize(_CENTIMETRE, ROUND_HALF_UP),
    }
    return JsonResponse({"width": str(width), "height": str(height), "text": text})
