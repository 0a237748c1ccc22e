"""The addresses of the public interface, the open data, following and plots. Read at the end of access_matrix, which makes its rows."""

from __future__ import annotations

from tests.architecture.access_matrix import FORM, HIDDEN, HIDDEN_FORM, READ, Row, everybody, own

SHOP = "{s.register.storied.public_id}"
WHERE = "/{lang}/areas/{s.register.storied.area_id}"
ROWS: list[Row] = [
    everybody("/{lang}/zoning/", READ),
    everybody("/{lang}/zoning/map.json", READ),
    everybody("/map-tiles/16/41500/27170.json", READ),
    everybody("/map-tiles/1/0/0.json", "400 400 405 405 405 405"),
    everybody("/{lang}/plots/{s.zoning.plot.public_id}/", READ),
    everybody("/{lang}/plots/00000000000000000000000000/", HIDDEN),
    *(everybody(f"/api/v1/{name}/", READ) for name in ("activities", "areas", "governorates", "changes", "open-data", "catalog")),
    everybody(f"/api/v1/shops/{SHOP}/", READ),
    everybody("/api/v1/shops/00000000000000000000000000/", HIDDEN),
    everybody("/{lang}/open-data/", READ),
    everybody("/open-data/shops.csv", READ),
    everybody("/open-data/shops.geojson.schema.json", READ),
    everybody("/open-data/violations.jsonl", READ),
    everybody("/open-data/violations.csv.schema.json", READ),
    everybody("/open-data/secrets.csv", HIDDEN),
    everybody("/open-data/{s.open.edition.folder}/shops.jsonl.gz", READ),
    everybody("/open-data/{s.open.edition.folder}/secrets.csv", HIDDEN),
    everybody(f"/{{lang}}/shops/{SHOP}/changes.atom", READ),
    everybody(f"{WHERE}/changes.atom", READ),
    everybody(f"{WHERE}/7/changes.atom", READ),
    own(f"/{{lang}}/shops/{SHOP}/follow/", FORM, FORM),
    own("/{lang}/shops/00000000000000000000000000/follow/", HIDDEN_FORM, HIDDEN_FORM),
    own("/{lang}/follows/", READ, READ),
    own("/{lang}/follows/{s.open.follow.pk}/end/", "405 405 302 405 405 405", "405 405 404 405 405 405"),
    everybody("/follows/stop/{s.open.token}", FORM, why="the signed link is the proof"),
    everybody("/follows/stop/none", HIDDEN_FORM),
]
