"""Database triggers of published data."""

from municipality.kernel.guards import insert_only

insert_only("shops_change")
insert_only("shops_edition")
