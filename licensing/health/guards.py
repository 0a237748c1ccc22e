"""Database triggers of licences."""

from municipality.kernel.guards import frozen, guard, insert_only, never_deleted

frozen("licensing_healthlicence", ["shop_id", "document_id", "first_day", "last_day", "previous_id", "registered_facts"])
never_deleted("licensing_healthlicence")
frozen(
    "licensing_renewal",
    ["case_id", "licence_id", "first_day", "last_day", "registered_facts", "declared_at", "lane", "flags", "years", "is_late"],
)
never_deleted("licensing_renewal")
frozen("licensing_renewal", ["new_licence_id"], once="OLD.new_licence_id IS NOT NULL", name="issued_once")
guard("licensing_healthlicence_stays_past", "licensing_healthlicence", "UPDATE", "NOT OLD.is_current AND NEW.is_current", "past_stays_past")
for _column in ("accepted_facts", "refusal_id"):
    frozen("licensing_renewal", [_column], once=f"OLD.{_column} IS NOT NULL", name=f"{_column}_once")
insert_only("licensing_renewalchange")
# Where an officer decides, no licence is issued without accepted facts.
guard(
    "licensing_officer_lane_accepted",
    "licensing_renewal",
    "UPDATE",
    "NEW.new_licence_id IS NOT NULL AND OLD.new_licence_id IS NULL AND NEW.lane = 'officer' AND NEW.accepted_facts IS NULL",
    "not_accepted",
)
