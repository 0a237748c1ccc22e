"""Database triggers of digests."""

from municipality.kernel.guards import insert_only

insert_only("shops_digest")
