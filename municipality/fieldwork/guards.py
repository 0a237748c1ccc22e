"""What the database refuses of visits and their evidence: any change."""

from municipality.kernel.guards import insert_only

insert_only("fieldwork_visit")
insert_only("fieldwork_evidence")
