"""The search page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.documents import queries as documents
from municipality.kernel import digits
from municipality.ui.errors import too_many_requests
from shops.register.limits import SEARCHES, SECONDS
from shops.search import results
from shops.search.forms import FindShopForm, ShopSearchForm
from shops.search.queries import PAGE, SearchResult, search_shops

NARROW = ("governorate", "area", "activity", "licence")
PART = "X-Part"  # a header that static/js/shops.js sends to get the list only


def _licence(typed: str) -> dict[str, str]:
    """For a search that found no shop: the number of a licence that was typed, and the public page of what bears it, if there is one."""
    number = digits.clean(typed).strip().upper()
    return {"licence": number, "licence_url": documents.page_of_number(number)} if documents.is_licence_number(number) else {}


@public
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """The search form and its results."""
    if not allow_read(request, "shop_search", limit=SEARCHES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    only_list = request.headers.get(PART) == "results"
    form = (ShopSearchForm if only_list else FindShopForm)(request.GET or None)
    answer, is_search = SearchResult(), False
    if form.is_bound and form.is_valid():
        query = form.query()
        is_search = not query.is_empty
        answer = search_shops(query)
    parameters = {name: value for name, value in request.GET.items() if value and name in form.fields and name != "after"}
    context = {
        "form": form,
        "map_url": f"{reverse('shops:map')}?{urlencode(parameters)}" if parameters else reverse("shops:map"),
        "narrow": [form[name] for name in NARROW],
        "only": [form["open"], form["open_now"]],
        "is_narrowed": any(parameters.get(name) for name in (*NARROW, "open", "open_now", "near")),
        "is_asked": is_search,
        "answer": answer,
        "rows": results.rows(answer),
        "most": PAGE,
        "next_url": f"?{urlencode({**parameters, 'after': answer.after})}" if answer.after else "",
        "first_url": f"?{urlencode(parameters)}" if request.GET.get("after") else "",
        "meant_url": f"?{urlencode({**parameters, 'q': answer.meant})}" if answer.meant else "",
        **(_licence(str(parameters.get("q", ""))) if is_search and not answer.total and parameters.keys() == {"q"} else {}),
        "wider_url": f"?{urlencode({'q': parameters['q']})}" if "q" in parameters and len(parameters) > 1 else "",
    }
    # Rendered separately: within the blocks of the page it takes longer (docs/performance.md).
    rendered = render_to_string("shops/_results.html", context, request)
    response = HttpResponse(rendered) if only_list else render(request, "shops/search.html", context | {"results": rendered})
    patch_vary_headers(response, (PART,))
    return response
