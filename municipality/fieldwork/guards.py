"""Guards of visits and evidence: no row changes."""

from municipality.kernel.guards import insert_only

insert_only("fieldwork_visit")
insert_only("fieldwork_evidence")
