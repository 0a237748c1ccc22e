"""For anybody: the shops that fit a question on a map, with the same list beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import pace
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
    """Clusters far out, shops near by; each cluster leads to its part of the map. The list alone says the same."""
    if not pace(request, "shop_search", limit=SEARCHES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    form = MapForm(request.GET or None)
    seen = MapContent()
    if not form.is_bound:
        seen = map_content(SearchQuery())
    elif form.is_valid():
        seen = map_content(form.asked())
    given = {name: value for name, value in request.GET.items() if value and name in form.fields and name != "after"}
    question = {name: value for name, value in given.items() if name != "box"}
    context: dict[str, Any] = {
        "form": form,
        "action": reverse("shops:map"),
        "narrow": [form[name] for name in NARROW],
        "only": [form["open"], form["open_now"]],
        "is_map": True,
        "is_narrowed": any(given.get(name) for name in (*NARROW, "open", "open_now", "near")),
        "seen": seen,
        "clusters": [(one, f"?{urlencode({**question, 'box': one.box})}") for one in seen.clusters],
        "rows": [(row, TONES[row.state]) for row in results.rows(seen.answer)],
        "whole_url": f"?{urlencode(question)}" if "box" in given else "",
        "here_url": f"?{urlencode({**question, 'box': ''})}",
        "list_url": f"{reverse('shops:search')}?{urlencode(question)}" if question else reverse("shops:search"),
    }
    return render(request, "shops/map.html", context)
