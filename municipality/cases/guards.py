"""What the database refuses of cases."""

from municipality.kernel.guards import frozen, guard, moved_by_event, never_deleted

moved_by_event("cases_case", "cases_caseevent", "NEW.service")
never_deleted("cases_case")
frozen("cases_case", ["public_id", "service", "subject", "reference", "applicant_id", "opened_at", "snapshot_hash", "snapshot", "editions"])
never_deleted("cases_block")
# A case closes, opens and gets another promised day only together with an event.
guard(
    "cases_case_closes",
    "cases_case",
    "UPDATE",
    "(OLD.is_open IS DISTINCT FROM NEW.is_open OR OLD.closed_at IS DISTINCT FROM NEW.closed_at"
    " OR OLD.due_on IS DISTINCT FROM NEW.due_on) AND OLD.last_event_id IS NOT DISTINCT FROM NEW.last_event_id",
    "state_without_event",
)
