"""Guards of the audit log: its tables are insert-only; a text can be erased, but not changed."""

from municipality.kernel.guards import guard, insert_only

for _table in ("audit_auditevent", "audit_link", "audit_accesslogentry"):
    insert_only(_table)
guard("audit_acttext_no_update", "audit_acttext", "UPDATE", "1=1", "insert_only")
