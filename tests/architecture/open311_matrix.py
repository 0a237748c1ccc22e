"""Open311: who gets what at its addresses and at the pages about keys, and those pages in each state. Read at the end of access_matrix."""

from __future__ import annotations

from tests.architecture.access_matrix import HIDDEN, NO_FORM, NO_READ, READ, Row, everybody, staff
from tests.architecture.page_responses import Visit

V2 = "/open311/v2"
REPORT = "{s.reports.assigned.number}"
SENT = "200 200 403 405 405 405"  # a POST without a key
KEYS, UPDATES = "/admin/open311/keys/", "/admin/open311/updates/"
ROWS: list[Row] = [
    everybody("/open311/openapi.json", READ),
    *(everybody(f"/open311/discovery.{form}", READ) for form in ("json", "xml")),
    *(everybody(f"{V2}/{path}.xml", READ) for path in ("services", "services/waste", f"requests/{REPORT}", f"tokens/{REPORT}")),
    *(everybody(f"{V2}/{path}.json", HIDDEN) for path in ("services/none", "requests/EYE-0000-0000-0", "tokens/EYE-0000-0000-0")),
    everybody(f"{V2}/requests.json", SENT, why="a key is asked for"),
    everybody(f"{V2}/servicerequestupdates.xml", SENT, why="a key is asked for"),
    staff(KEYS, NO_FORM, NO_FORM, operator="200 200 400 405 405 405"),
    staff(UPDATES, NO_READ, NO_READ, operator=READ, supervisor=READ, inspector=READ),
]
VISITS = [
    Visit(KEYS, "operator"),
    Visit(KEYS, "operator", post={"name": "", "contact": "", "per_hour": "x"}, status=400, note="wrong facts"),
    Visit(KEYS, "operator", post={"name": "الأحمدي", "contact": "1800000", "per_hour": "100"}, note="made"),
    Visit(UPDATES, "supervisor"),
]
