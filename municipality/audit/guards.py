"""Guards of the audit log: its tables are insert-only."""

from municipality.kernel.guards import insert_only

for _table in ("audit_auditevent", "audit_link", "audit_accesslogentry"):
    insert_only(_table)
