"""What the database refuses of merges and of events by hand."""

from municipality.kernel.guards import frozen, guard, never_deleted

_M = "shops_shopmerge"
never_deleted(_M)
frozen(_M, ["public_id", "kind", "shop_id", "into_id", "note_ar", "asked_by_id", "asked_at"])
for _columns in (["allowed_by_id", "allowed_at"], ["refused_by_id", "refused_at"]):
    frozen(_M, _columns, once=f"OLD.{_columns[1]} IS NOT NULL", name=f"{_columns[1]}_once")
guard(f"{_M}_asked_first", _M, "INSERT", "NEW.allowed_by_id IS NOT NULL OR NEW.refused_at IS NOT NULL", "asked_first")
# An event by hand stands on a proposal that a second person confirmed.
_P = "shops_eventproposal"
never_deleted(_P)
frozen(_P, ["public_id", "shop_id", "kind", "after", "note_ar", "reference", "asked_by_id", "asked_at"])
for _columns in (["allowed_by_id", "allowed_at"], ["refused_by_id", "refused_at"]):
    frozen(_P, _columns, once=f"OLD.{_columns[1]} IS NOT NULL", name=f"{_columns[1]}_once")
guard(f"{_P}_asked_first", _P, "INSERT", "NEW.allowed_by_id IS NOT NULL OR NEW.refused_at IS NOT NULL", "asked_first")
guard(
    "shops_shopevent_by_two",
    "shops_shopevent",
    "INSERT",
    "substr(NEW.source, 1, 7) = 'byhand:' AND NOT EXISTS (SELECT 1 FROM shops_eventproposal p"
    " WHERE p.public_id = substr(NEW.source, 8) AND p.shop_id = NEW.shop_id AND p.kind = NEW.kind AND p.allowed_by_id IS NOT NULL)",
    "not_confirmed",
)
# A shop stands for another, or for itself again, by the newest act that two people signed; and never for one that stands for nobody.
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
