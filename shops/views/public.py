"""For anybody: find a shop, and its page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import pace
from municipality.cases import panels
from municipality.kernel import arabic
from municipality.rulebook.models import Activity
from municipality.ui.errors import too_many_requests
from shops import found, queries
from shops.forms import AskForm, FindShopForm
from shops.freshness import freshness
from shops.hours import services as hours
from shops.hours.saying import table_of
from shops.models import EventKind
from shops.search.asking import PAGE, Answer, ask

SEARCHES, SECONDS = 240, 60  # as somebody types, each letter may be one
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
    answer, is_asked = Answer(), False
    if form.is_bound and form.is_valid():
        asked = form.asked()
        is_asked = not asked.is_empty
        answer = ask(asked)
    given = {name: value for name, value in request.GET.items() if value and name in form.fields and name != "after"}
    context = {
        "form": form,
        "map_url": f"{reverse('shops:map')}?{urlencode(given)}" if given else reverse("shops:map"),
        "narrow": [form[name] for name in NARROW],
        "is_narrowed": any(given.get(name) for name in (*NARROW, "open", "open_now", "near")),
        "is_asked": is_asked,
        "answer": answer,
        "rows": found.rows(answer),
        "most": PAGE,
        "next_url": f"?{urlencode({**given, 'after': answer.after})}" if answer.after else "",
        "first_url": f"?{urlencode(given)}" if request.GET.get("after") else "",
        "meant_url": f"?{urlencode({**given, 'q': answer.meant})}" if answer.meant else "",
        "wider_url": f"?{urlencode({'q': given['q']})}" if "q" in given and len(given) > 1 else "",
    }
    response = render(request, "shops/_results.html" if only_list else "shops/search.html", context)
    patch_vary_headers(response, (PART,))
    return response


@public
@require_safe
def shop(request: HttpRequest, public_id: str, name: str = "") -> HttpResponse:
    """One shop, open, suspended or closed; an earlier name, or an entry that was merged, leads to the present one. No owner's data."""
    if not pace(request, "shop_page", limit=SEARCHES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    row = queries.published(public_id)
    if row is None:
        raise Http404
    if row.public_id != public_id or name != name_of(row):
        return redirect(
            address_of(row)
        )  # of a merged entry to the one that stands for it; not for ever: a shop may take an earlier name again
    events = list(row.events.order_by("-on", "-pk")[:50])
    blocks = sorted(
        (block for by_key in panels.collect(panels.SHOP_PAGE, request.user, [row]).values() for block in by_key.get(row.key, [])),
        key=lambda one: one.order,
    )
    activities = Activity.objects.in_bulk({event.data[side] for event in events if event.kind == "activity_changed" for side in event.data})
    context: dict[str, Any] = {
        "shop": row,
        "as_of": queries.facts_as_of(row),
        "line": found.one(row),
        "story": _story(row, [found.Told(event, activities) for event in events], blocks),
        "blocks": blocks,
        "fresh": freshness(),
        "former": list(row.former_names.order_by("-last_day", "-pk")),
        "merged": list(row.merged.order_by("pk")),
        "hours": table_of(row.hours) if hasattr(row, "hours") else None,
        "may_state": row.closed_on is None and hours.may_state(request.user, row),
    }
    return render(request, "shops/shop.html", context)


def _story(row: Any, told: list[found.Told], blocks: list[Any]) -> list[tuple[Any, Any, Any]]:
    """What happened, newest first: label, detail and day of the register's events and of what the blocks add."""
    lines: list[tuple[Any, Any, Any]] = [(one.label, one.detail, one.event.on) for one in told]
    if row.opened_on and not any(one.event.kind == EventKind.OPENED for one in told):
        lines.append((EventKind.OPENED.label, "", row.opened_on))
    lines += [(fact.label, "", fact.value) for block in blocks for fact in block.history]
    return sorted(lines, key=lambda line: line[2], reverse=True)


def name_of(row: Any) -> str:
    """The present name of a shop as its address carries it in the language of the page; empty where it has no letters."""
    own = row.name_ar if get_language() == "ar" else row.name_en or row.name_ar
    return "-".join(arabic.words(own))[:80]


def address_of(row: Any, language: str = "") -> str:
    """The address of a shop in a language, else in that of the page: its stable id, and its present name for people."""
    with translation.override(language or get_language()):
        name = name_of(row)
        return reverse("shops:shop", kwargs={"public_id": row.public_id, "name": name} if name else {"public_id": row.public_id})
