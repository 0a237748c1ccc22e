"""The map and list of violation reports for staff."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Avg, Count, Q, QuerySet
from django.db.models.fields.json import KT
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel import clock
from municipality.ui.dates import day_text
from municipality.ui.names import name_field
from municipality.ui.templatetags.portal import tag
from violations import queries
from violations.admin import filters
from violations.admin.figure_labels import LABELS
from violations.admin.tables import branch_of, role_of, within_reach
from violations.models import Team, Violation
from violations.states import OPEN, ViolationState
from violations.views.public import TAGS

V = ViolationState
PAGE_SIZE = 100
ROUND_DAYS = 30
COLUMNS = ("pk", "public_id", "number", "warning_number", "state", "seen_at", "visit__latitude", "visit__longitude")
AREA_PLACE = ("area__latitude", "area__longitude")


class MapEntry(NamedTuple):
    """One line of the list: data attributes for the map, URL, name, note and tag of the state."""

    pk: int
    attributes: SafeString
    url: SafeString
    name: SafeString
    note: SafeString
    tag: SafeString


def branch_or_403(request: HttpRequest) -> str | None:
    """`branch_of` a member of staff. Raises PermissionDenied without a role."""
    if not role_of(request):
        raise PermissionDenied
    return branch_of(request)


@require_safe
def minutes_map(request: HttpRequest) -> HttpResponse:
    """Violation reports of a choice: counted by area, or one by one, newest first, in keyset pages. No names of persons or shops."""
    branch = branch_or_403(request)
    areas, offences = filters.areas(branch), filters.offences()
    choice = filters.parse(request.GET, areas, offences)
    rows = choice.apply(within_reach(request, Violation.objects.all()))
    is_single = choice.area is not None or bool(choice.figure or choice.team or request.GET.get("singly"))
    context: dict[str, Any] = _single_entries(request, rows, choice) if is_single else _by_area(rows, choice)
    return TemplateResponse(
        request,
        "admin/violations/map.html",
        {
            **admin.site.page_context(request),
            "title": _("Map and list of violation reports"),
            "error": " ".join(dict.fromkeys(choice.errors)),
            "choice": choice,
            "area_options": _options(areas.items(), choice.area),
            "offence_options": _options(offences.items(), choice.offence),
            "state_options": _options(filters.states(), choice.state),
            "narrowed": _narrowed(choice),
            "many_word": _("Violation reports:"),
            "open_word": _("open:"),
            "no_place": _("not on the map"),
            "singly": is_single,
            "singly_query": choice.query(singly="1"),
            **context,
        },
        status=400 if choice.errors else 200,
    )


def _options(choices: Iterable[tuple[Any, str]], chosen: Any) -> SafeString:
    """The options of a long list as HTML, without a template for speed."""
    parts = (
        f'<option value="{html.escape(str(value))}"{" selected" if value == chosen else ""}>{html.escape(name)}</option>'
        for value, name in choices
    )
    return SafeString("".join(parts))


def _narrowed(choice: filters.FilterChoice) -> str:
    """Filters that the form does not show, as text."""
    team = Team.objects.filter(pk=choice.team).values_list(name_field(), flat=True).first() if choice.team else None
    return " · ".join(str(part) for part in (team, LABELS[choice.figure] if choice.figure else None) if part)


def _by_area(rows: QuerySet[Violation], choice: filters.FilterChoice) -> dict[str, Any]:
    open_ = Count("pk", filter=Q(state__in=OPEN))
    areas = (
        rows.order_by()
        .values_list("area", f"area__{name_field()}", *AREA_PLACE)
        .annotate(many=Count("pk"), open=open_, lat=Avg("visit__latitude"), lon=Avg("visit__longitude"))
        .order_by("-many", "area")
    )
    entries, total = [], 0
    for area, name, area_lat, area_lon, number, open_number, lat, lon in areas:
        total += number
        entries.append((name, choice.query(area=area), number, open_number, *_coordinates(lat, lon, area_lat, area_lon)[:2]))
    return {"groups": entries, "total": total}


def _single_entries(request: HttpRequest, rows: QuerySet[Violation], choice: filters.FilterChoice) -> dict[str, Any]:
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    entries = entries_of(rows.order_by("-pk"), PAGE_SIZE + 1, reverse("admin:violations_violation_change", args=["0"]), "pk")
    older = {"singly": "1", "before": entries[PAGE_SIZE - 1].pk} if len(entries) > PAGE_SIZE else {}
    return {"entries": entries[:PAGE_SIZE], "older_url": f"?{choice.query(**older)}" if older else "", "total": None}


def entries_of(rows: QuerySet[Violation], limit: int, url: str, key: str) -> list[MapEntry]:
    """Violation reports as entries of the map's list; a 0 in `url` is replaced by `key` ("pk" or "public_id"). One query."""
    tags = {value: tag(TAGS[value], label) for value, label in V.choices}
    own_place, area_only, nowhere = "", " · " + html.escape(_("placed by its area")), " · " + html.escape(_("not on the map"))
    before, after = url.split("0")
    fields = (*COLUMNS, f"area__{name_field()}", *AREA_PLACE, "name")
    values = rows.annotate(name=KT(f"offence_facts__{name_field()}")).values_list(*fields)[:limit]
    entries = []
    for pk, public_id, number, warning, state, seen_at, lat, lon, area, area_lat, area_lon, name in values:
        at_lat, at_lon, exact = _coordinates(lat, lon, area_lat, area_lon)
        where = own_place if exact else area_only if at_lat else nowhere
        attributes = f' data-lat="{at_lat}" data-lon="{at_lon}" data-tone="{TAGS[state]}"' if at_lat else ""
        note = f'<bdi dir="ltr">{_safe(number or warning or public_id)}</bdi> · {_safe(area)} · {day_text(seen_at)}{where}'
        address = f"{before}{pk if key == 'pk' else public_id}{after}"
        entries.append(MapEntry(pk, SafeString(attributes), SafeString(address), _safe(name), SafeString(note), tags[state]))
    return entries


@lru_cache(maxsize=4096)
def _safe(text: str) -> SafeString:
    """Escape a text. Faster than Django's `escape`, which handles lazy texts too; cached, as names repeat."""
    return SafeString(html.escape(text))


def _coordinates(lat: float | None, lon: float | None, area_lat: float | None, area_lon: float | None) -> tuple[str, str, bool]:
    """Latitude and longitude as text, of the area where the entry has none, and whether they are exact; empty where unknown."""
    exact = lat is not None and lon is not None
    point = (lat, lon) if exact else (area_lat, area_lon)
    return (f"{point[0]:.5f}", f"{point[1]:.5f}", exact) if None not in point else ("", "", False)


@require_safe
def round_map(request: AuthenticatedHttpRequest) -> HttpResponse:
    """An inspector's map: places of the branch to visit again, and their own open reports of the last 30 days."""
    warrant = queries.warrant_of(request.user, clock.today())
    today = clock.today()
    to_visit = Q(state=V.WARNED, correct_until__lt=today, branch=warrant.team.branch_id)
    since = clock.start_of(today) - dt.timedelta(days=ROUND_DAYS)
    mine = Q(inspector__user=request.user.pk, state__in=OPEN, seen_at__gte=since)
    rows = Violation.objects.filter(to_visit | mine)
    if not warrant.team.is_womens:
        rows = rows.filter(is_womens_premises=False)
    context = {
        **admin.site.page_context(request),
        "title": _("Map of the round"),
        "entries": entries_of(
            rows.filter(branch=warrant.team.branch_id).order_by("-pk"), PAGE_SIZE, reverse("admin:field_violation", args=["0"]), "public_id"
        ),
        "field_url": reverse("admin:field"),
    }
    return TemplateResponse(request, "admin/violations/round.html", context)
