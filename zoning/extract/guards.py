"""What the database refuses about extracts."""

from municipality.kernel.guards import insert_only

insert_only("zoning_plotextract")
