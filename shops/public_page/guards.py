"""Database triggers of corrections and replies."""

from municipality.kernel.guards import frozen, insert_only, never_deleted

insert_only("shops_correction")
never_deleted("shops_reply")
frozen("shops_reply", ["case_id", "shop_id", "finding", "text"])  # staff publish or refuse a reply, never change it
frozen("shops_reply", ["published_at"], once="OLD.published_at IS NOT NULL", name="published_once")
