"""Database triggers of opening hours."""

from municipality.kernel.guards import guard, insert_only

# Weeks are immutable; a closed or merged shop states no hours.
insert_only("shops_hoursweek")
for _event in ("INSERT", "UPDATE"):
    guard(
        f"shops_statedhours_{_event.lower()}_open",
        "shops_statedhours",
        _event,
        "EXISTS (SELECT 1 FROM shops_shop s WHERE s.id = NEW.shop_id AND (s.closed_on IS NOT NULL OR s.merged_into_id IS NOT NULL))",
        "hours_of_a_closed_shop",
    )
