"""What the database refuses of the register."""

from municipality.kernel.guards import frozen, insert_only, never_deleted

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
insert_only("shops_change")
insert_only("shops_edition")
insert_only("shops_digest")
