"""The addresses of the public interface, the open data, following and plots. Read at the end of access_matrix, which makes its rows."""

from __future__ import annotations

from tests.architecture.access_matrix import FORM, HIDDEN, HIDDEN_FORM, READ, Row, everybody, own

SHOP = "{s.register.with_events.public_id}"
WHERE = "/{lang}/areas/{s.register.with_events.area_id}"
EXTRACT = ("", "extract.pdf", "extract.json", "extract.xml")
ROWS: list[Row] = [
    everybody("/{lang}/zoning/", READ),
    everybody("/{lang}/zoning/where/", READ),
    everybody("/api/v1/plots/", READ),
    everybody("/api/v1/plots/{s.zoning.plot.public_id}/", READ),
    everybody("/api/v1/plots/00000000000000000000000000/", HIDDEN),
    *(everybody(f"/api/ogc/{name}", READ) for name in ("", "conformance", "api", "collections", "collections/plots")),
    everybody("/api/ogc/collections/plots/items", READ),
    everybody("/api/ogc/collections/plots/items/{s.zoning.plot.public_id}", READ),
    everybody("/api/ogc/collections/owners/items", HIDDEN),
    everybody("/{lang}/zoning/map.json", READ),
    everybody("/map-tiles/16/41500/27170.json", READ),
    everybody("/map-tiles/1/0/0.json", "400 400 405 405 405 405"),
    everybody("/{lang}/plots/{s.zoning.plot.public_id}/", READ),
    everybody("/{lang}/plots/00000000000000000000000000/", HIDDEN),
    everybody("/{lang}/plots/{s.zoning.plot.public_id}/layers/land_use.svg", READ),
    everybody("/{lang}/plots/{s.zoning.plot.public_id}/layers/heritage.svg", HIDDEN),
    everybody("/{lang}/plots/{s.zoning.plot.public_id}/extract/", "405 405 302 405 405 405"),
    everybody("/{lang}/plots/00000000000000000000000000/extract/", "405 405 404 405 405 405"),
    *(everybody(f"/{{lang}}/zoning/extracts/{{s.zoning.extract.uuid}}/{name}", READ) for name in EXTRACT),
    *(everybody(f"/{{lang}}/zoning/extracts/00000000-0000-4000-8000-000000000000/{name}", HIDDEN) for name in EXTRACT),
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
