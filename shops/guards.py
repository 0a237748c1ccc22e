"""What the database refuses of the register."""

from municipality.imports.guards import guard_rows
from municipality.kernel.guards import frozen, guard, insert_only, moved_by_event, never_deleted
from shops.models import RegisterRow

insert_only("shops_registerchange")
never_deleted("shops_claim")
frozen(
    "shops_claim",
    [
        *("case_id", "shop_id", "ground", "files_key", "statement", "organisation_id", "holder_id", "holder_organisation_id"),
        "dispute_until",
    ],
)
frozen("shops_claim", ["disputed_at", "disputed_by_id", "dispute"], once="OLD.disputed_at IS NOT NULL", name="disputed_once")
frozen("shops_claim", ["refusal_id"], once="OLD.refusal_id IS NOT NULL", name="refusal_once")
insert_only("shops_shopevent")
insert_only("shops_tradename")
insert_only("shops_shopactivity")

guard_rows(RegisterRow, "register")
_M = "shops_shopmerge"
# Nothing happens to a shop in the name of a sheet that no second person released, or of a merge that none confirmed.
for _table in ("shops_shopevent", "shops_registerchange"):
    guard(
        f"{_table}_by_released_file",
        _table,
        "INSERT",
        "substr(NEW.source, 1, 7) = 'import:' AND NOT EXISTS (SELECT 1 FROM imports_importfile f WHERE f.kind = 'register'"
        " AND f.public_id = substr(NEW.source, 8) AND f.released_by_id IS NOT NULL AND f.done_at IS NULL)",
        "not_released",
    )
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
insert_only("shops_correction")
never_deleted("shops_reply")
frozen("shops_reply", ["case_id", "shop_id", "finding", "text"])  # staff publish or refuse; nobody changes a word
frozen("shops_reply", ["published_at"], once="OLD.published_at IS NOT NULL", name="published_once")
# The commercial register: what it delivered stays, what is known of a licence never grows older, a difference moves by events.
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
insert_only("shops_change")
insert_only("shops_edition")
insert_only("shops_digest")
# Opening hours: a week that shops share never changes, and a shop that is closed or stands under another entry states none.
insert_only("shops_hoursweek")
for _event in ("INSERT", "UPDATE"):
    guard(
        f"shops_statedhours_{_event.lower()}_open",
        "shops_statedhours",
        _event,
        "EXISTS (SELECT 1 FROM shops_shop s WHERE s.id = NEW.shop_id AND (s.closed_on IS NOT NULL OR s.merged_into_id IS NOT NULL))",
        "hours_of_a_closed_shop",
    )
