"""The page about reporting problems, which is not open yet."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from reports.catalogue import REPORTS
from shops.register import queries as registered

ID_LENGTH = 26


@public
@require_safe
def later(request: HttpRequest) -> HttpResponse:
    """A notice. `shop` in the query string is the public id of the shop, whose address and number are shown for a phone call."""
    shop_id = request.GET.get("shop", "")
    shop = registered.public_shop(shop_id) if len(shop_id) == ID_LENGTH and shop_id.isalnum() else None
    return render(request, "reports/later.html", {"shop": shop, "opens_on": REPORTS.opens_on})
