"""My shops."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import conditional_escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.access import access
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.cases import panels
from municipality.delegation import queries as delegation
from municipality.documents import qr
from municipality.ui.templatetags.portal import bilingual
from shops.claims import panels as panels_of_claims
from shops.hours.services import HOURS
from shops.models import Shop
from shops.register import queries
from shops.register.opening import shop_or_404

MAX_LISTED = queries.MAX_LISTED


@access("on_behalf")
@require_safe
def mine(request: AuthenticatedHttpRequest) -> HttpResponse:
    """My shops: one row for each shop, the nearest deadline first, with the next action."""
    user = request.user
    shops = queries.listed_shops(user)
    collected = panels.collect(panels.MY_SHOPS, user, shops[:MAX_LISTED])
    grants = delegation.grants(user)
    own: set[int] = set()  # queried only if the list may have shops of others
    if grants and not user.is_staff:
        own = set(queries.held_by(user).filter(pk__in=[shop.pk for shop in shops]).values_list("pk", flat=True))
    rows: list[dict[str, Any]] = []
    for shop in shops[:MAX_LISTED]:
        lines = [line for by_key in collected.values() for line in by_key.get(shop.key, [])]
        lines.sort(key=lambda line: (not line.is_due, line.deadline or dt.date.max))
        last_days = [line.deadline for line in lines if line.is_due and line.deadline]
        grant = None if not grants or shop.pk in own else next((g for g in grants if g.covers(shop.key)), None)
        if lines:  # nothing for shops that are granted for another service only
            may_state = shop.closed_on is None and (
                not user.is_staff if grant is None else any(g.covers(shop.key) and g.serves(HOURS) for g in grants)
            )
            row = {"grant": grant, "shop": shop, "last_day": min(last_days, default=dt.date.max)}
            rows.append(row | _addresses(shop, may_state=may_state and not user.is_staff))
            # Escaped once for all its uses; templates read a dictionary faster than an object.
            rows[-1] |= {"name": conditional_escape(bilingual(shop, "name")), "lines": [vars(line) for line in lines]}
    rows.sort(key=lambda row: (row["last_day"], row["shop"].pk))
    disputable = [] if user.is_staff else panels_of_claims.disputable_claims(user)
    return render(request, "shops/mine.html", {"claimed": disputable, "rows": rows, "more": len(shops) > MAX_LISTED, "most": MAX_LISTED})


def _addresses(shop: Shop, *, may_state: bool) -> dict[str, str]:
    hours = reverse("shops:hours", args=[shop.public_id]) if may_state else ""
    return {
        "page": reverse("shops:shop", args=[shop.public_id]),
        "entrance_sheet": reverse("shops:entrance_sheet", args=[shop.public_id]),
        "hours": hours,
    }


@access("on_behalf")
@require_safe
def entrance_sheet(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """A sheet to print for the entrance: a QR code of the shop's page in the reader's language."""
    shop, _access = shop_or_404(request.user, public_id, "")
    address = f"{settings.PORTAL_URL}/shops/{shop.public_id}/"
    code = qr.svg(address, label=_("Code that leads to the page of the shop"))
    return render(request, "shops/page/entrance_sheet.html", {"shop": shop, "code": code, "address": address})
