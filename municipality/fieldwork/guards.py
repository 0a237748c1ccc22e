"""Guards of visits and evidence: no row changes, and no photo of a visit is removed."""

from municipality.kernel.guards import guard, insert_only

insert_only("fieldwork_visit")
insert_only("fieldwork_evidence")
guard(
    "fieldwork_evidence_stays",
    "uploads_upload",
    "UPDATE",
    "NEW.state = 'removed' AND EXISTS (SELECT 1 FROM fieldwork_evidence e WHERE e.upload_id = OLD.id)",
    "evidence",
)
