"""The public pages of reports: who gets what, and each page in each state. Read at the end of access_matrix."""

from __future__ import annotations

from tests.architecture.access_matrix import ASKS, HIDDEN, HIDDEN_FORM, READ, Row, everybody, own
from tests.architecture.page_responses import Visit

PAGES, MAP = "/{lang}/reports/", "/{lang}/reports/map/"
FOLLOW = "/{lang}/reports/follow/{s.reports.assigned.area_id}/"
BOX = "box=29.2,47.8,29.5,48.2"
ROWS: list[Row] = [
    everybody(PAGES, "200 200 400 405 405 405"),
    everybody(MAP, READ),
    everybody("/{lang}/reports/figures/", READ),
    everybody("/{lang}/reports/map.geojson", "400 400 405 405 405 405", why="a part of the map is asked for"),
    everybody(f"{PAGES}{{s.reports.closed.public_id}}/", READ),
    everybody(f"{PAGES}00000000000000000000000000/", HIDDEN),
    everybody(f"{PAGES}follow/stop/none", HIDDEN_FORM),
    own(f"{PAGES}follow/", READ, READ),
    own(FOLLOW, ASKS, ASKS),
    own(f"{PAGES}follow/99999/", HIDDEN_FORM, HIDDEN_FORM),
]
STATES = ("received", "asked", "handed_over", "split", "countersign", "closed", "reopened", "merged", "assigned", "about_shop")
VISITS = [
    Visit(PAGES),
    Visit(PAGES, post={"number": ""}, status=400, note="empty"),
    Visit(PAGES, post={"number": "EYE-1"}, status=400, note="a typing error"),
    *(Visit(f"{PAGES}{{s.reports.{state}.public_id}}/", note=state) for state in STATES),
    Visit(MAP),
    Visit(f"{MAP}?{BOX}&view=heat", note="heat of a part"),
    Visit(f"{MAP}?area={{s.reports.assigned.area_id}}&category=waste", note="an area"),
    Visit(f"{MAP}?standing=x", status=400, note="a filter that is none"),
    Visit("/{lang}/reports/figures/"),
    Visit(f"{PAGES}follow/", "owner"),
    Visit(FOLLOW, "owner"),
]
