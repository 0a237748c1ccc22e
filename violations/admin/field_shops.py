"""The first step of a violation report: which shop. Found by its code, by place, by name or by area, and confirmed before anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from licensing.workers import queries as workers
from licensing.workers.services import log_names
from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock, digits
from municipality.kernel.errors import NotPermitted, Refused
from municipality.places.models import Area
from municipality.ui.names import name_field
from municipality.ui.texts import Text
from shops.models import Shop
from shops.register import queries as shops
from shops.search.queries import SearchQuery, search_shops
from violations import queries
from violations.admin import field_check
from violations.field_forms import ADDRESS
from violations.models import JudicialWarrant, Violation
from violations.services import assessments, handovers, violation_reports
from violations.states import ViolationState

V = ViolationState
NEAR_METRES, NEAR_SHOPS, PAGE = 400, 12, 20
_TAGS = {"womens_team": gettext_lazy("women’s team only"), "other_branch": gettext_lazy("outside your branch")}
_ORDER = ("", *_TAGS)


class PlaceForm(forms.Form):
    """The place of the device, in Kuwait (WGS 84)."""

    latitude = forms.FloatField(min_value=28, max_value=31)
    longitude = forms.FloatField(min_value=46, max_value=49)


@dataclass(frozen=True)
class ListedShop:
    """A shop in a list, with what stops this inspector there and how far away it is in metres."""

    shop: Shop
    code: str  # of the refusal, empty where nothing stops
    stop: str
    metres: int | None = None


def public_id_of(text: str) -> str:
    """The public id in the address of a shop's page, which its code at the entrance leads to; empty for other text."""
    match = ADDRESS.search(text)
    return match["public_id"] if match else ""


def stop_of(warrant: JudicialWarrant, shop: Shop) -> NotPermitted | None:
    """Why a warrant does not reach a shop."""
    try:
        assessments.require_reach(warrant, shop)
    except NotPermitted as refusal:
        return refusal
    return None


def ended(request: AuthenticatedHttpRequest, refusal: NotPermitted) -> HttpResponse:
    """The page that says that a warrant has ended, and what then. Raises the refusal if it is another one."""
    if refusal.code != "warrant_ended":
        raise refusal
    context = {"title": _("Field"), **field_check.stopped(refusal).facts}
    return TemplateResponse(request, "admin/violations/check.html", {**admin.site.page_context(request), **context}, status=refusal.status)


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Find the shop. POST holds the place of the device, which so is in no address and no log."""
    try:
        warrant = queries.warrant_of(request.user, clock.today())
    except NotPermitted as refusal:
        return ended(request, refusal)
    text = digits.clean(request.GET.get("q", "")).strip()
    if public_id := public_id_of(text) or _by_number(text):
        return redirect("admin:field_shop", public_id)
    areas = Area.objects.filter(governorate__branch=warrant.team.branch_id).order_by(name_field())
    area = areas.filter(pk=int(number)).first() if (number := request.GET.get("area", "")).isdecimal() and len(number) < 9 else None
    error: Text = ""
    lines: list[ListedShop] = []
    more = ""
    near = PlaceForm(request.POST) if request.method == "POST" else None
    if near is not None and near.is_valid():
        around = shops.near(near.cleaned_data["latitude"], near.cleaned_data["longitude"], metres=NEAR_METRES, limit=NEAR_SHOPS)
        lines = _usable_first([_line(warrant, shop, metres) for shop, metres in around])
    elif near is not None:
        error = _("The device gave no place in Kuwait. Search by name, or choose the area.")
    elif text or area is not None:
        try:
            lines, more = _search(warrant, text, area, request.GET.get("after", ""))
        except Refused as refusal:
            error = refusal.sentence
    return TemplateResponse(
        request,
        "admin/violations/field_shops.html",
        {
            **admin.site.page_context(request),
            "title": _("Which shop?"),
            "text": text,
            "area": area,
            "areas": areas,
            "lines": lines,
            "more": more,
            "is_near": near is not None,
            "is_searched": bool(text or area),
            "error": error,
        },
        status=400 if near is not None and error else 200,
    )


def _by_number(text: str) -> str:
    row = shops.by_licence([text]).get(text) if text else None
    return row.public_id if row is not None else ""


def _search(warrant: JudicialWarrant, text: str, area: Area | None, after: str) -> tuple[list[ListedShop], str]:
    """Shops by name in an area, and the cursor of the next page. Raises Refused for a cursor of another search."""
    query = SearchQuery(text=text, area=area.pk if area is not None else None, after=after, size=PAGE)
    answer = search_shops(query)
    rows = Shop.objects.select_related("activity", "area").in_bulk([hit.shop_id for hit in answer.hits])
    return _usable_first([_line(warrant, rows[hit.shop_id]) for hit in answer.hits if hit.shop_id in rows]), answer.after


def _usable_first(lines: list[ListedShop]) -> list[ListedShop]:
    """Shops that the warrant reaches, then those of the branch that another team inspects, then those of other branches."""
    return sorted(lines, key=lambda line: _ORDER.index(line.code))


def _line(warrant: JudicialWarrant, shop: Shop, metres: int | None = None) -> ListedShop:
    refusal = stop_of(warrant, shop)
    code = refusal.code if refusal is not None else ""
    return ListedShop(shop, code, str(_TAGS[code]) if code else "", metres)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: AuthenticatedHttpRequest, public_id: str) -> HttpResponse:
    """The shop that was found, to be confirmed; or why this inspector does not inspect it, with what can be done instead."""
    try:
        warrant = queries.warrant_of(request.user, clock.today())
    except NotPermitted as refusal:
        return ended(request, refusal)
    shop = shops.public_shop(public_id)
    if shop is None:
        raise Http404
    error: Text = ""
    if request.method == "POST":
        try:
            handovers.hand_over(shop=shop, inspector=request.user)
            messages.success(request, _("The visit is handed over. Nothing was recorded."))
            return redirect("admin:field")
        except Refused as refusal:
            error = refusal.sentence
    stop = stop_of(warrant, shop)
    listed = workers.of_shop(shop) if stop is None else []
    log_names(violation_reports.inspector_actor(warrant), shop, listed)
    context: dict[str, Any] = {
        "title": str(stop.sentence) if stop is not None else _("Is it this shop?"),
        "shop": shop,
        "stop": stop,
        "way": field_check.way_on(stop.code, shop) if stop is not None else "",
        "may_hand_over": stop is not None and queries.inspectors_of(shop).exists(),
        "is_seen_from_street": stop is not None and stop.code == "womens_team" and shop.branch_id == warrant.team.branch_id,
        "before": _before(shop) if stop is None else [],
        "workers": listed,
        "error": error,
    }
    page_context = {**admin.site.page_context(request), **context}
    return TemplateResponse(request, "admin/violations/field_shop.html", page_context, status=409 if error else 200)


def _before(shop: Shop) -> list[Violation]:
    """What an inspector has to know before the visit: open warnings, and the last reports."""
    rows = Violation.objects.filter(shop=shop).exclude(state=V.ANNULLED).order_by("-pk")
    return list(rows[:3])
