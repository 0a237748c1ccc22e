"""Guards of incidents: a closed one is frozen, and a deadline moves only because of one that has ended."""

from municipality.kernel.guards import frozen, guard, insert_only, never_deleted

_I, _M = "incidents_incident", "incidents_moveddeadline"
never_deleted(_I)
frozen(_I, ["part", "cause", "started_at"])
frozen(_I, ["ended_at"], once="OLD.ended_at IS NOT NULL", name="ended_once")
frozen(_I, ["relieved_at"], once="OLD.relieved_at IS NOT NULL", name="relieved_once")
frozen(_I, ["withheld_at", "withheld_by_id", "withheld_reason"], once="OLD.withheld_at IS NOT NULL", name="withheld_once")
insert_only(_M)
guard(
    f"{_M}_of_ended",
    _M,
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM incidents_incident i WHERE i.id = NEW.incident_id AND i.ended_at IS NOT NULL"
    " AND i.withheld_at IS NULL AND i.relieved_at IS NULL)",
    "not_ended",
)
