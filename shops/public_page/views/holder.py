"""My shops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import panels
from municipality.documents import qr
from shops.claims import panels as panels_of_claims
from shops.models import Shop
from shops.public_page import holdings
from shops.public_page.cells import Cells
from shops.public_page.holdings import Holding
from shops.register.opening import shop_or_404

PAGE = 12  # shops; with all their lines some 9,000 pixels on a phone
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@access("on_behalf")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """My shops: one row for each shop, what has to be done first, with the next action; a long list has pages and can be narrowed down.

    `only` in the query is the panel of one service, whose card leads here to choose the shop: its lines alone are shown.
    """
    user = request.user
    only = asked if (asked := request.GET.get("only", "")) in panels.MY_SHOPS else ""
    rows, has_more = holdings.holdings_of(user, only)
    form = holdings.HoldingsFilter(request.GET, rows) if len(rows) >= holdings.FILTER_FROM else None
    is_filtered = form is not None and any(request.GET.get(name) for name in form.fields)
    found = form.apply(rows) if form is not None and is_filtered else rows
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "claimed": [] if user.is_staff else panels_of_claims.disputable_claims(user),
        "form": form,
        "filter_fields": [form[name] for name in ("q", "area", "sort", "due")] if form else [],
        "is_filtered": is_filtered,
        "only": only,
        "is_narrowed": form is not None and len(found) < len(rows),
        "total": len(rows),
        "due": sum(bool(row.due_lines) for row in rows),
        "many_shops": [] if user.is_staff or len(rows) < 2 else list(panels.MANY_SHOPS.values()),
        "page": page,
        "table": _table(list(page), is_staff=user.is_staff) if found else "",
        "more": has_more,
        "most": holdings.MAX_LISTED,
    }
    return render(request, "shops/mine.html", context)


def _table(listed: Sequence[Holding], *, is_staff: bool) -> SafeString:
    """Rendered separately: within the blocks of the page it takes longer (docs/performance.md)."""
    return render_to_string("shops/_holdings.html", {"rows": Cells().rows(listed), "is_staff": is_staff})


@access("on_behalf")
@require_safe
def download(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The list of My shops as a workbook, narrowed down as on the page."""
    rows, _has_more = holdings.holdings_of(request.user)
    content = holdings.workbook(holdings.HoldingsFilter(request.GET, rows).apply(rows))
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = 'attachment; filename="my-shops.xlsx"'
    return response


@access("on_behalf")
@require_safe
def entrance_sheet(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """A sheet to print for the entrance: a QR code of the shop's page in the reader's language."""
    shop, _access = shop_or_404(request.user, public_id, "")
    return render(request, "shops/page/entrance_sheet.html", _code_of(shop))


@access("on_behalf")
@require_safe
def code_sheet(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The codes of My shops on sheets to print, narrowed down and sorted as on the page."""
    rows, _has_more = holdings.holdings_of(request.user)
    found = holdings.HoldingsFilter(request.GET, rows).apply(rows)
    return render(request, "shops/page/code_sheet.html", {"rows": [_code_of(row.shop) for row in found]})


def _code_of(shop: Shop) -> dict[str, Any]:
    """A shop with the address of its page, which stays the same when it is renamed or moves, and the address as a QR code."""
    address = f"{settings.PORTAL_URL}/shops/{shop.public_id}/"
    return {"shop": shop, "address": address, "code": qr.svg(address, label=_("Code that leads to the page of the shop"))}
