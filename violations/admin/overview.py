"""The map and list of violation reports for staff. What the map shows stands in the list beside it."""

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
from municipality.ui.templatetags.portal import tag
from violations import queries
from violations.admin import filters
from violations.admin.figure_labels import LABELS
from violations.admin.tables import branch_of, role_of, within_reach
from violations.models import Team, Violation
from violations.states import ViolationState
from violations.views.public import TAGS

V = ViolationState
PAGE = 100
ROUND_DAYS = 30
COLUMNS = ("pk", "public_id", "number", "warning_number", "state", "seen_at", "visit__latitude", "visit__longitude")
OF_AREA = ("area__name_ar", "area__latitude", "area__longitude")


class MapEntry(NamedTuple):
    """One line of the list: its mark on the map as attributes, address, name, what stands below it, and its state."""

    pk: int
    attributes: SafeString
    url: SafeString
    name: SafeString
    note: SafeString
    tag: SafeString


def demanded_branch(request: HttpRequest) -> str | None:
    """`branch_of` whoever has a role here. Raises PermissionDenied for who sees no minutes."""
    if not role_of(request):
        raise PermissionDenied
    return branch_of(request)


@require_safe
def minutes_map(request: HttpRequest) -> HttpResponse:
    """Minutes that fit a choice: by area with their number, or one by one, newest first, by keyset pages.

    No name of a person or shop stands here; whoever opens a minute is written down there.
    """
    branch = demanded_branch(request)
    areas, offences = filters.areas(branch), filters.offences()
    choice = filters.chosen(request.GET, areas, offences)
    rows = choice.of(within_reach(request, Violation.objects.all()))
    singly = choice.area is not None or bool(choice.figure or choice.team or request.GET.get("singly"))
    context: dict[str, Any] = _singly(request, rows, choice) if singly else _by_area(rows, choice)
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
            "singly": singly,
            "singly_query": choice.query(singly="1"),
            **context,
        },
        status=400 if choice.errors else 200,
    )


def _options(choices: Iterable[tuple[Any, str]], chosen: Any) -> SafeString:
    """The options of a long list, put together at once."""
    parts = (
        f'<option value="{html.escape(str(value))}"{" selected" if value == chosen else ""}>{html.escape(name)}</option>'
        for value, name in choices
    )
    return SafeString("".join(parts))


def _narrowed(choice: filters.Chosen) -> str:
    """What else narrows the list, which the form does not show."""
    team = Team.objects.filter(pk=choice.team).values_list("name_ar", flat=True).first() if choice.team else None
    return " · ".join(str(part) for part in (team, LABELS[choice.figure] if choice.figure else None) if part)


def _by_area(rows: QuerySet[Violation], choice: filters.Chosen) -> dict[str, Any]:
    open_ = Count("pk", filter=Q(state__in=filters.OPEN))
    found = (
        rows.order_by()
        .values_list("area", *OF_AREA)
        .annotate(many=Count("pk"), open=open_, lat=Avg("visit__latitude"), lon=Avg("visit__longitude"))
        .order_by("-many", "area")
    )
    entries, total = [], 0
    for area, name, area_lat, area_lon, many, still_open, lat, lon in found:
        total += many
        entries.append((name, choice.query(area=area), many, still_open, *_place(lat, lon, area_lat, area_lon)[:2]))
    return {"groups": entries, "total": total}


def _singly(request: HttpRequest, rows: QuerySet[Violation], choice: filters.Chosen) -> dict[str, Any]:
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=int(before[:18]))
    found = entries_of(rows.order_by("-pk"), PAGE + 1, reverse("admin:violations_violation_change", args=["0"]), "pk")
    more = {"singly": "1", "before": found[PAGE - 1].pk} if len(found) > PAGE else {}
    return {"entries": found[:PAGE], "older_url": f"?{choice.query(**more)}" if more else "", "total": None}


def entries_of(rows: QuerySet[Violation], most: int, url: str, key: str) -> list[MapEntry]:
    """Minutes as entries of a list that a map reads; `url` holds a 0 where `key` ("pk" or "public_id") stands. One query.

    No name of a party or shop. What repeats from row to row (names of offences and areas, days, states) is put together once.
    """
    tags = {value: tag(TAGS[value], label) for value, label in V.choices}
    own, area_only, nowhere = "", " · " + html.escape(_("placed by its area")), " · " + html.escape(_("not on the map"))
    before, after = url.split("0")
    found = rows.annotate(name=KT("offence_facts__name_ar")).values_list(*COLUMNS, *OF_AREA, "name")[:most]
    entries = []
    for pk, public_id, number, warning, state, seen_at, lat, lon, area, area_lat, area_lon, name in found:
        at_lat, at_lon, exact = _place(lat, lon, area_lat, area_lon)
        where = own if exact else area_only if at_lat else nowhere
        attributes = f' data-lat="{at_lat}" data-lon="{at_lon}" data-tone="{TAGS[state]}"' if at_lat else ""
        note = f'<bdi dir="ltr">{_safe(number or warning or public_id)}</bdi> · {_safe(area)} · {day_text(seen_at)}{where}'
        address = f"{before}{pk if key == 'pk' else public_id}{after}"
        entries.append(MapEntry(pk, SafeString(attributes), SafeString(address), _safe(name), SafeString(note), tags[state]))
    return entries


@lru_cache(maxsize=4096)
def _safe(text: str) -> SafeString:
    """A plain text as HTML. Django's own looks for lazy texts first, which a list of a hundred lines has none of."""
    return SafeString(html.escape(text))


def _place(lat: float | None, lon: float | None, area_lat: float | None, area_lon: float | None) -> tuple[str, str, bool]:
    """Where an entry stands on the map, as text; the point of its area where it has none of its own; empty where neither is known."""
    exact = lat is not None and lon is not None
    at = (lat, lon) if exact else (area_lat, area_lon)
    return (f"{at[0]:.5f}", f"{at[1]:.5f}", exact) if None not in at else ("", "", False)


@require_safe
def round_map(request: AuthenticatedHttpRequest) -> HttpResponse:
    """An inspector's own round: places of the branch to see again, and what they wrote in the last thirty days and is open."""
    spell = queries.warrant_of(request.user, clock.today())
    today = clock.today()
    again = Q(state=V.WARNED, correct_until__lt=today, branch=spell.team.branch_id)
    since = clock.start_of(today) - dt.timedelta(days=ROUND_DAYS)
    mine = Q(inspector__user=request.user.pk, state__in=filters.OPEN, seen_at__gte=since)
    rows = Violation.objects.filter(again | mine)
    if not spell.team.is_womens:
        rows = rows.filter(is_womens_premises=False)
    context = {
        **admin.site.page_context(request),
        "title": _("Map of the round"),
        "entries": entries_of(
            rows.filter(branch=spell.team.branch_id).order_by("-pk"), PAGE, reverse("admin:field_violation", args=["0"]), "public_id"
        ),
        "field_url": reverse("admin:field"),
    }
    return TemplateResponse(request, "admin/violations/round.html", context)
