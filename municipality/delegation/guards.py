"""Guards of delegations and consents."""

from municipality.kernel.guards import frozen, guard, moved_by_event, never_deleted

moved_by_event("delegation_delegation", "delegation_delegationevent", "'delegation.delegation'")
never_deleted("delegation_delegation")
_GIVEN = ["giver_id", "delegate_digest", "delegate_masked", "organisation_id", "subject", "service", "role"]
frozen("delegation_delegation", ["public_id", *_GIVEN, "first_day", "last_day", "offered_at", "answer_by"])
frozen("delegation_delegation", ["delegate_id"], once="OLD.delegate_id IS NOT NULL", name="joined_once")
frozen("delegation_delegation", ["closed_at"], once="OLD.closed_at IS NOT NULL", name="closed_once")
# In force only for the person with the given civil number.
guard(
    "delegation_named",
    "delegation_delegation",
    "UPDATE",
    "NEW.state = 'active' AND OLD.state <> 'active'"
    " AND NOT EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.delegate_id AND u.is_staff IS FALSE"
    " AND u.civil_id_digest = NEW.delegate_digest)",
    "another_person",
)
never_deleted("delegation_consent")
frozen("delegation_consent", ["public_id", "person_id", "staff_id", "branch_id", "desk", "purpose", "asked_at", "code_until"])
frozen("delegation_consent", ["opened_at", "open_until"], once="OLD.opened_at IS NOT NULL", name="opened_once")
frozen("delegation_consent", ["closed_at"], once="OLD.closed_at IS NOT NULL", name="closed_once")
# Opened only with a code, before its expiry, by active staff; the number of tries never decreases.
guard(
    "delegation_consent_opens",
    "delegation_consent",
    "UPDATE",
    "OLD.opened_at IS NULL AND NEW.opened_at IS NOT NULL"
    " AND (OLD.code_hash = '' OR OLD.code_cipher = '' OR NEW.opened_at >= OLD.code_until"
    " OR NOT EXISTS (SELECT 1 FROM accounts_user u WHERE u.id = NEW.staff_id AND u.is_staff AND u.is_active))",
    "no_code",
)
guard("delegation_consent_tries", "delegation_consent", "UPDATE", "NEW.tries < OLD.tries", "tries_taken_back")
