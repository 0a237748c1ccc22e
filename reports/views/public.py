"""The page that says that problems cannot be reported here yet, and what to do today."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from shops.register import queries as registered

ID_LENGTH = 26


@public
@require_safe
def later(request: HttpRequest) -> HttpResponse:
    """Reports open later. `shop` in the address is the shop that it is about, so that its place and number can be read out on the phone."""
    asked = request.GET.get("shop", "")
    shop = registered.published(asked) if len(asked) == ID_LENGTH and asked.isalnum() else None
    return render(request, "reports/later.html", {"shop": shop})
