"""Database triggers of licences."""

from licensing.health.states import ACTS, TRANSFER
from licensing.signage.states import BOARDS
from municipality.kernel.guards import frozen, guard, insert_only, never_deleted

frozen("licensing_healthlicence", ["shop_id", "document_id", "first_day", "last_day", "previous_id", "registered_facts"])
never_deleted("licensing_healthlicence")
frozen(
    "licensing_renewal",
    ["case_id", "act", "licence_id", "first_day", "last_day", "registered_facts", "declared_at", "lane", "flags", "years", "is_late"],
)
never_deleted("licensing_renewal")
frozen("licensing_renewal", ["new_licence_id"], once="OLD.new_licence_id IS NOT NULL", name="issued_once")
guard("licensing_healthlicence_stays_past", "licensing_healthlicence", "UPDATE", "NOT OLD.is_current AND NEW.is_current", "past_stays_past")
for _column in ("accepted_facts", "refusal_id"):
    frozen("licensing_renewal", [_column], once=f"OLD.{_column} IS NOT NULL", name=f"{_column}_once")
insert_only("licensing_renewalchange")
guard(
    "licensing_renewalchange_not_of_duplicate",
    "licensing_renewalchange",
    "INSERT",
    "EXISTS (SELECT 1 FROM licensing_renewal r WHERE r.id = NEW.renewal_id AND r.act = 'duplicate')",
    "duplicate_changes_nothing",
)
guard(
    "licensing_renewal_act",
    "licensing_renewal",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.id = NEW.case_id AND c.service = 'licensing.' || NEW.act)",
    "act_of_case",
)
guard(
    "licensing_renewal_same_end",
    "licensing_renewal",
    "INSERT",
    "NEW.act <> 'renewal' AND NOT EXISTS"
    " (SELECT 1 FROM licensing_healthlicence l WHERE l.id = NEW.licence_id AND l.last_day = NEW.last_day)",
    "same_end",
)
# One act on the licence of a shop at a time, whichever it is. Services lock the shop, so that of two at once one waits.
_ACTS = ", ".join(f"'{service}'" for service in ACTS)
for _event, _opens in (("INSERT", "NEW.is_open"), ("UPDATE", "NEW.is_open AND NOT OLD.is_open")):
    guard(
        f"cases_case_one_act_{_event.lower()}",
        "cases_case",
        _event,
        f"{_opens} AND NEW.service IN ({_ACTS}) AND EXISTS (SELECT 1 FROM cases_case c"  # noqa: S608 - declared in code
        f" WHERE c.subject = NEW.subject AND c.service IN ({_ACTS}) AND c.is_open AND c.id <> NEW.id)",
        "one_act",
    )
# Where an officer decides, no licence is issued without accepted facts.
guard(
    "licensing_officer_lane_accepted",
    "licensing_renewal",
    "UPDATE",
    "NEW.new_licence_id IS NOT NULL AND OLD.new_licence_id IS NULL AND NEW.lane = 'officer' AND NEW.accepted_facts IS NULL",
    "not_accepted",
)
# Nobody refuses alone what is under study: without a decision only a request of a former holder is ended, that of a transfer once
# who named its applicant does not hold the shop any more.
_UNDER_STUDY = "'in_review', 'corrections', 'countersign'"
_SIGNS_OR_OWNS = (
    "CASE WHEN c.organisation_id IS NOT NULL THEN s.organisation_id = c.organisation_id"
    " ELSE s.owner_id = c.applicant_id OR (s.owner_id IS NULL AND EXISTS (SELECT 1 FROM accounts_signatory g"
    " WHERE g.organisation_id = s.organisation_id AND g.person_id = c.applicant_id)) END"
)
_NAMED_BY_HOLDER = (
    "EXISTS (SELECT 1 FROM licensing_licencetransfer t LEFT JOIN accounts_user u ON u.id = s.owner_id"
    " LEFT JOIN accounts_organisation o ON o.id = s.organisation_id"
    " WHERE t.case_id = c.id AND t.holder_key IN ('person:' || u.public_id, 'organisation:' || o.public_id))"
)
guard(
    "cases_caseevent_former_holder",
    "cases_caseevent",
    "INSERT",
    f"NEW.move = 'refuse' AND NEW.from_state IN ({_UNDER_STUDY}) AND EXISTS"  # noqa: S608 - declared in code
    " (SELECT 1 FROM cases_case c JOIN shops_shop s ON c.subject = 'shop:' || s.public_id WHERE c.id = NEW.subject_id"
    f" AND c.service IN ({_ACTS}, '{BOARDS}') AND CASE c.service WHEN '{TRANSFER}' THEN {_NAMED_BY_HOLDER} ELSE {_SIGNS_OR_OWNS} END)",
    "holder_still",
)
# A licence is issued to who holds its shop then; that of a transfer to who agreed (`transfers.guards`).
guard(
    "licensing_renewal_of_holder",
    "licensing_renewal",
    "UPDATE",
    "NEW.new_licence_id IS NOT NULL AND OLD.new_licence_id IS NULL AND NEW.act <> 'transfer' AND EXISTS (SELECT 1 FROM cases_case c"
    " JOIN licensing_healthlicence l ON l.id = NEW.licence_id JOIN shops_shop s ON s.id = l.shop_id"
    " WHERE c.id = NEW.case_id AND (s.owner_id <> c.applicant_id OR (s.owner_id IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM accounts_signatory g WHERE g.organisation_id = s.organisation_id AND g.person_id = c.applicant_id))))",
    "other_holder",
)
