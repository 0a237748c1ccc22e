"""Database triggers of the commercial register."""

from municipality.kernel.guards import frozen, guard, insert_only, moved_by_event, never_deleted

# Notices are insert only, the version of a licence never decreases, a difference changes by its workflow.
insert_only("shops_commercialnotice")
for _table in ("shops_commercialfeed", "shops_commercialrun", "shops_commercialoutage", "shops_commerciallicence"):
    never_deleted(_table)
frozen("shops_commerciallicence", ["feed_id", "licence_no"])
guard("shops_commerciallicence_newer", "shops_commerciallicence", "UPDATE", "NEW.version < OLD.version", "older_version")
frozen("shops_commercialrun", ["public_id", "feed_id", "why", "asked_by_id", "began_at"])
frozen("shops_commercialrun", ["ended_at"], once="OLD.ended_at IS NOT NULL", name="ended_once")
frozen("shops_commercialoutage", ["feed_id", "began_at"])
frozen("shops_commercialoutage", ["ended_at", "tries"], once="OLD.ended_at IS NOT NULL", name="ended_once")
moved_by_event("shops_commercialdifference", "shops_commercialdifferenceevent", "'shops.commercial_difference'")
never_deleted("shops_commercialdifference")
frozen("shops_commercialdifference", ["public_id", "feed_id", "licence_no", "kind", "found_at"])
frozen("shops_commercialdifference", ["shop_id", "theirs", "ours", "notice_id"], once="OLD.state <> 'open'", name="decided")
guard(
    "shops_commercialdifference_by_a_person",
    "shops_commercialdifference",
    "UPDATE",
    "NEW.state IN ('accepted', 'dismissed') AND NEW.decided_by_id IS NULL",
    "decided_by_nobody",
)
