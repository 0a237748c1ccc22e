"""What the database refuses of cases."""

from municipality.kernel.guards import frozen, moved_by_event, never_deleted

moved_by_event("cases_case", "cases_caseevent", "NEW.service")
never_deleted("cases_case")
frozen("cases_case", ["service", "subject", "reference", "applicant_id", "opened_at", "snapshot_hash", "snapshot", "editions"])
never_deleted("cases_block")
