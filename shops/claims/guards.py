"""Database triggers of claims."""

from municipality.kernel.guards import frozen, never_deleted

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
