"""The pages of a sheet of the register besides those of every import."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.imports.views import file_or_404
from municipality.ui.tables import as_csv
from shops.imports import queries
from shops.imports.columns import COLUMNS

MAX_ABSENT = 200_000  # rows


@require_safe
def absent(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The open shops that the sheet does not name, as CSV."""
    row = file_or_404(request, "register", public_id)
    names = ("commercial_license_no", "name_ar", "name_en", "area__name_ar", "paci_number")
    shops = queries.absent(row).values_list(*names)[:MAX_ABSENT]
    head = [COLUMNS[name.removesuffix("__name_ar")][0] for name in names]
    response = HttpResponse(as_csv(head, shops.iterator(), separator=";"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="absent-{row.public_id}.csv"'
    return response
