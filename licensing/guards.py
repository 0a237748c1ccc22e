"""What the database refuses of licences."""

from municipality.kernel.guards import frozen, never_deleted

frozen("licensing_healthlicence", ["shop_id", "document_id", "first_day", "last_day", "previous_id", "registered_facts"])
never_deleted("licensing_healthlicence")
frozen("licensing_renewal", ["case_id", "licence_id", "first_day", "last_day", "registered_facts", "declared_at"])
never_deleted("licensing_renewal")
