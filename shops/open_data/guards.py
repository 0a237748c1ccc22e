"""What the database refuses of what was published."""

from municipality.kernel.guards import insert_only

insert_only("shops_change")
insert_only("shops_edition")
