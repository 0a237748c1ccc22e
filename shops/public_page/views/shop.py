"""The public page of a shop."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from municipality.accounts.access import public
from municipality.accounts.limits import allow_read
from municipality.cases import panels
from municipality.kernel import clock
from municipality.ui.errors import too_many_requests
from municipality.ui.templatetags.portal import bilingual
from shops.commercial_register import queries as commercial_queries
from shops.hours import services as hours
from shops.hours.labels import table_of
from shops.models import EventKind, Shop
from shops.register import queries, timeline
from shops.register.addresses import address_of, name_of
from shops.register.freshness import freshness
from shops.register.limits import SEARCHES, SECONDS
from shops.search import results

LISTED_EVENTS = 50


@public
@require_safe
def shop(request: HttpRequest, public_id: str, name: str = "") -> HttpResponse:
    """One shop in any state; a former name, or the id of a merged shop, redirects to the current page. No owner's data."""
    if not allow_read(request, "shop_page", limit=SEARCHES, seconds=SECONDS):
        return too_many_requests(request, SECONDS)
    row = queries.public_shop(public_id)
    if row is None:
        raise Http404
    if row.public_id != public_id or name != name_of(row):
        return redirect(address_of(row))  # not permanent: a shop may take a former name again
    events = list(row.events.order_by("-on", "-pk")[:LISTED_EVENTS])
    kinds = set(EventKind) if len(events) == LISTED_EVENTS else {event.kind for event in events}  # older events are not read
    blocks = sorted(
        (block for by_key in panels.collect(panels.SHOP_PAGE, request.user, [row]).values() for block in by_key.get(row.key, [])),
        key=lambda one: one.order,
    )
    fresh = freshness()
    context: dict[str, Any] = {
        "shop": row,
        "preview_title": bilingual(row, "name"),
        "description": f"{bilingual(row.activity, 'name')} · {bilingual(row.area, 'name')}",
        "as_of": commercial_queries.as_of(row),
        "line": results.line_of(row),
        "timeline": _timeline(row, timeline.entries(events), blocks),
        "blocks": blocks,
        "picture": next((block.picture for block in blocks if block.picture), None),
        "fresh": fresh,
        "read_at": fresh.as_of if fresh.is_stale else clock.now(),
        "former": list(row.former_names.order_by("-last_day", "-pk")) if EventKind.RENAMED in kinds else [],
        "merged": list(row.merged.order_by("pk")) if EventKind.MERGED in kinds else [],
        "hours": table_of(row.hours) if hasattr(row, "hours") else None,
        "may_state": row.closed_on is None and hours.may_state(request.user, row),
    }
    return render(request, "shops/shop.html", context)


def _timeline(row: Shop, entries: list[timeline.TimelineEntry], blocks: list[panels.PageBlock]) -> list[tuple[Any, Any, Any]]:
    """The history, newest first: label, detail and day of the shop's events and of the blocks' history."""
    lines: list[tuple[Any, Any, Any]] = [(entry.label, entry.detail, entry.event.on) for entry in entries]
    if row.opened_on and not any(entry.event.kind == EventKind.OPENED for entry in entries):
        lines.append((EventKind.OPENED.label, "", row.opened_on))
    lines += [(fact.label, "", fact.value) for block in blocks for fact in block.history]
    return sorted(lines, key=lambda line: line[2], reverse=True)
