"""Open311 GeoReport v2: other systems list what can be reported, report, and follow reports (docs/open311.md)."""
