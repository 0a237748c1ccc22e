"""What the database refuses of licences."""

from municipality.kernel.guards import frozen, guard, never_deleted

frozen("licensing_healthlicence", ["shop_id", "document_id", "first_day", "last_day", "previous_id", "registered_facts"])
never_deleted("licensing_healthlicence")
frozen("licensing_renewal", ["case_id", "licence_id", "first_day", "last_day", "registered_facts", "declared_at"])
never_deleted("licensing_renewal")
frozen("licensing_renewal", ["new_licence_id"], once="OLD.new_licence_id IS NOT NULL", name="issued_once")
guard("licensing_healthlicence_stays_past", "licensing_healthlicence", "UPDATE", "NOT OLD.is_current AND NEW.is_current", "past_stays_past")
