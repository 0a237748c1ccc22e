"""Database triggers of claims."""

from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("shops_claim")
frozen(
    "shops_claim",
    [
        *("case_id", "shop_id", "ground", "files_key", "statement", "organisation_id"),
    ],
)
_SAME_HOLDER = (
    "OLD.holder_id IS NOT DISTINCT FROM NEW.holder_id AND OLD.holder_organisation_id IS NOT DISTINCT FROM NEW.holder_organisation_id"
)
# The holder of an open claim by documents becomes whoever holds the shop by now, with days to answer that are no shorter.
guard(
    "shops_claim_holder_moves",
    "shops_claim",
    "UPDATE",
    f"NOT ({_SAME_HOLDER}) AND NOT (OLD.ground = 'documents' AND OLD.disputed_at IS NULL"  # noqa: S608 - constants
    " AND NEW.dispute_until >= OLD.dispute_until"
    " AND EXISTS (SELECT 1 FROM cases_case k WHERE k.id = OLD.case_id AND k.is_open)"
    " AND EXISTS (SELECT 1 FROM shops_shop s WHERE s.id = OLD.shop_id AND s.owner_id IS NOT DISTINCT FROM NEW.holder_id"
    " AND s.organisation_id IS NOT DISTINCT FROM NEW.holder_organisation_id))",
    "holder_stays",
)
# The days of the holder move with the holder, or as a row about an incident says.
guard(
    "shops_claim_dispute_until_moves",
    "shops_claim",
    "UPDATE",
    f"OLD.dispute_until IS DISTINCT FROM NEW.dispute_until AND {_SAME_HOLDER}"  # noqa: S608 - constants
    " AND NOT EXISTS (SELECT 1 FROM incidents_moveddeadline m"
    " WHERE m.kind = 'shops.claim' AND m.thing = OLD.id AND m.before = OLD.dispute_until AND m.after = NEW.dispute_until)",
    "not_moved",
)
frozen("shops_claim", ["disputed_at", "disputed_by_id", "dispute"], once="OLD.disputed_at IS NOT NULL", name="disputed_once")
frozen("shops_claim", ["refusal_id"], once="OLD.refusal_id IS NOT NULL", name="refusal_once")

_APPROVED = (  # no edge at all is another guard's
    "NEW.workflow = 'shops.claim' AND NEW.move IN ('accept', 'sign_acceptance') AND EXISTS (SELECT 1 FROM audit_edge e"
    " WHERE e.workflow = NEW.workflow AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"
)
# An approval takes the shop from its holder: another person than its officer signed it,
guard(
    "cases_caseevent_claim_signed",
    "cases_caseevent",
    "INSERT",
    f"{_APPROVED} AND EXISTS (SELECT 1 FROM shops_claim c WHERE c.case_id = NEW.subject_id)"  # noqa: S608 - constants
    " AND NOT (NEW.move = 'sign_acceptance' AND EXISTS (SELECT 1 FROM review_decision s WHERE s.case_id = NEW.subject_id"
    " AND s.outcome = 'accept' AND s.voided_at IS NULL AND s.signed_at IS NOT NULL AND s.signed_digest = s.digest"
    " AND s.signed_by_id <> s.made_by_id))",
    "claim_unsigned",
)
# and the holder has disputed it, or the last day to do so had begun; the service waits until that day has ended.
guard(
    "cases_caseevent_claim_heard",
    "cases_caseevent",
    "INSERT",
    f"{_APPROVED} AND EXISTS (SELECT 1 FROM shops_claim c WHERE c.case_id = NEW.subject_id"  # noqa: S608 - constants
    " AND c.disputed_at IS NULL AND c.dispute_until IS NOT NULL AND NEW.at < c.dispute_until)",
    "holder_not_heard",
)
# The shop is that holder's still: another one, to whom it passed, was not heard.
guard(
    "cases_caseevent_claim_holder",
    "cases_caseevent",
    "INSERT",
    f"{_APPROVED} AND EXISTS (SELECT 1 FROM shops_claim c JOIN shops_shop s ON s.id = c.shop_id WHERE c.case_id = NEW.subject_id"  # noqa: S608 - constants
    " AND (s.owner_id IS DISTINCT FROM c.holder_id OR s.organisation_id IS DISTINCT FROM c.holder_organisation_id))",
    "holder_changed",
)
