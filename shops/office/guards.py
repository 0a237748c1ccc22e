"""Database triggers of merges and of events by hand."""

from municipality.kernel.guards import frozen, guard, never_deleted

for _table, _fixed in (
    ("shops_shopmerge", ["kind", "shop_id", "into_id", "note_ar"]),
    ("shops_eventproposal", ["shop_id", "kind", "after", "note_ar", "reference"]),
):
    never_deleted(_table)
    frozen(_table, ["public_id", *_fixed, "asked_by_id", "asked_at"])
    for _columns in (["allowed_by_id", "allowed_at"], ["refused_by_id", "refused_at"]):
        frozen(_table, _columns, once=f"OLD.{_columns[1]} IS NOT NULL", name=f"{_columns[1]}_once")
    guard(f"{_table}_asked_first", _table, "INSERT", "NEW.allowed_by_id IS NOT NULL OR NEW.refused_at IS NOT NULL", "asked_first")
# An event by hand needs a proposal that a second person allowed.
guard(
    "shops_shopevent_by_two",
    "shops_shopevent",
    "INSERT",
    "substr(NEW.source, 1, 7) = 'byhand:' AND NOT EXISTS (SELECT 1 FROM shops_eventproposal p"
    " WHERE p.public_id = substr(NEW.source, 8) AND p.shop_id = NEW.shop_id AND p.kind = NEW.kind AND p.allowed_by_id IS NOT NULL)",
    "not_confirmed",
)
# `merged_into` changes only by the newest merge or split that two people decided, and never in a chain.
guard("shops_shop_born_alone", "shops_shop", "INSERT", "NEW.merged_into_id IS NOT NULL", "born_merged")
guard(
    "shops_shop_merged_by_two",
    "shops_shop",
    "UPDATE",
    "OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id AND NOT EXISTS (SELECT 1 FROM shops_shopmerge m WHERE m.shop_id = NEW.id"
    " AND m.id = (SELECT MAX(n.id) FROM shops_shopmerge n WHERE n.shop_id = NEW.id AND n.allowed_by_id IS NOT NULL)"
    " AND ((m.kind = 'merge' AND OLD.merged_into_id IS NULL AND m.into_id = NEW.merged_into_id)"
    " OR (m.kind = 'split' AND NEW.merged_into_id IS NULL AND m.into_id = OLD.merged_into_id)))",
    "not_confirmed",
)
guard(
    "shops_shop_merged_once",
    "shops_shop",
    "UPDATE",
    "OLD.merged_into_id IS NULL AND NEW.merged_into_id IS NOT NULL AND (EXISTS (SELECT 1 FROM shops_shop s"
    " WHERE s.id = NEW.merged_into_id AND s.merged_into_id IS NOT NULL) OR EXISTS (SELECT 1 FROM shops_shop s"
    " WHERE s.merged_into_id = NEW.id))",
    "merged_in_a_chain",
)
