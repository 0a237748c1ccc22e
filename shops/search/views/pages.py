"""For anybody: find a shop."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import pace
from municipality.ui.errors import too_many_requests
from shops.register.limits import SEARCHES, SECONDS
from shops.search import results
from shops.search.forms import AskForm, FindShopForm
from shops.search.queries import PAGE, SearchResult, search_shops

NARROW = ("governorate", "area", "activity", "licence")
PART = "X-Part"  # sent by static/js/shops.js, which wants the list alone


@public
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """One box, filters, and what was found; the address can be shared."""
    if not pace(request, "shop_search", limit=SEARCHES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    only_list = request.headers.get(PART) == "results"
    form = (AskForm if only_list else FindShopForm)(request.GET or None)
    answer, is_asked = SearchResult(), False
    if form.is_bound and form.is_valid():
        asked = form.asked()
        is_asked = not asked.is_empty
        answer = search_shops(asked)
    given = {name: value for name, value in request.GET.items() if value and name in form.fields and name != "after"}
    context = {
        "form": form,
        "map_url": f"{reverse('shops:map')}?{urlencode(given)}" if given else reverse("shops:map"),
        "narrow": [form[name] for name in NARROW],
        "only": [form["open"], form["open_now"]],
        "is_narrowed": any(given.get(name) for name in (*NARROW, "open", "open_now", "near")),
        "is_asked": is_asked,
        "answer": answer,
        "rows": results.rows(answer),
        "most": PAGE,
        "next_url": f"?{urlencode({**given, 'after': answer.after})}" if answer.after else "",
        "first_url": f"?{urlencode(given)}" if request.GET.get("after") else "",
        "meant_url": f"?{urlencode({**given, 'q': answer.meant})}" if answer.meant else "",
        "wider_url": f"?{urlencode({'q': given['q']})}" if "q" in given and len(given) > 1 else "",
    }
    # Rendered by itself: deep inside the blocks of the page it takes longer (docs/performance.md).
    found = render_to_string("shops/_results.html", context, request)
    response = HttpResponse(found) if only_list else render(request, "shops/search.html", context | {"results": found})
    patch_vary_headers(response, (PART,))
    return response
