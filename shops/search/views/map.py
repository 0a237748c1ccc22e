"""The map of search results."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.ui.errors import too_many_requests
from shops.register.limits import SEARCHES, SECONDS
from shops.search import results
from shops.search.forms import MapForm
from shops.search.map import MapContent, map_content
from shops.search.queries import SearchQuery
from shops.search.views.pages import NARROW

TONES = {"open": "", "suspended": "warn", "closed": "bad"}


@public
@require_safe
def shop_map(request: HttpRequest) -> HttpResponse:
    """Clusters when zoomed out, shops when zoomed in, with the same as a list; each cluster links to its rectangle of the map."""
    if not allow_read(request, "shop_search", limit=SEARCHES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    form = MapForm(request.GET or None)
    content = MapContent()
    if not form.is_bound:
        content = map_content(SearchQuery())
    elif form.is_valid():
        content = map_content(form.query())
    parameters = {name: value for name, value in request.GET.items() if value and name in form.fields and name != "after"}
    without_box = {name: value for name, value in parameters.items() if name != "box"}
    context: dict[str, Any] = {
        "form": form,
        "action": reverse("shops:map"),
        "narrow": [form[name] for name in NARROW],
        "only": [form["open"], form["open_now"]],
        "is_map": True,
        "is_narrowed": any(parameters.get(name) for name in (*NARROW, "open", "open_now", "near")),
        "seen": content,
        "clusters": [(cluster, f"?{urlencode({**without_box, 'box': cluster.box})}") for cluster in content.clusters],
        "rows": [(row, TONES[row.state]) for row in results.rows(content.answer)],
        "whole_url": f"?{urlencode(without_box)}" if "box" in parameters else "",
        "here_url": f"?{urlencode({**without_box, 'box': ''})}",
        "list_url": f"{reverse('shops:search')}?{urlencode(without_box)}" if without_box else reverse("shops:search"),
    }
    return render(request, "shops/map.html", context)
