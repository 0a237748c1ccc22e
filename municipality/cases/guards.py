"""Guards of cases."""

from municipality.kernel.guards import frozen, guard, moved_by_event, never_deleted

moved_by_event("cases_case", "cases_caseevent", "NEW.service")
never_deleted("cases_case")
frozen("cases_case", ["filed_by"], name="filed_once")


def _given_by_owner(person: str) -> str:
    """SQL for whether the column `person` is the applicant of a case, or signs or signed for its organisation."""
    return (
        f"((c.organisation_id IS NULL AND {person} = c.applicant_id) OR EXISTS (SELECT 1 FROM accounts_signatory g"  # noqa: S608 - constants
        f" WHERE g.organisation_id = c.organisation_id AND g.person_id = {person}))"
    )


# A move made for the applicant needs a delegation for this matter, or an open consent.
_COVERS = f"{_given_by_owner('d.giver_id')} AND d.state = 'active' AND (d.service = '' OR d.service = c.service)"
guard(
    "cases_caseevent_delegated",
    "cases_caseevent",
    "INSERT",
    "NEW.actor_role = 'delegate' AND NOT EXISTS (SELECT 1 FROM cases_case c JOIN delegation_delegation d ON "  # noqa: S608 - constants
    f"{_COVERS} JOIN accounts_user u ON u.id = d.delegate_id WHERE c.id = NEW.subject_id AND NEW.actor_key = 'person:' || u.public_id"
    " AND (d.subject = c.subject OR d.subject = c.held_under OR d.subject LIKE 'organisation:%'))",
    "no_delegation",
)
guard(
    "cases_caseevent_consented",
    "cases_caseevent",
    "INSERT",
    "NEW.actor_role = 'assistant' AND NOT EXISTS (SELECT 1 FROM cases_case c JOIN delegation_consent a ON "  # noqa: S608 - constants
    f"{_given_by_owner('a.person_id')} AND a.purpose = c.service AND a.opened_at IS NOT NULL AND a.closed_at IS NULL"
    " AND a.open_until > NEW.at"
    " JOIN accounts_user u ON u.id = a.staff_id WHERE c.id = NEW.subject_id AND NEW.actor_key = 'staff:' || u.public_id)",
    "no_consent",
)
frozen(
    "cases_case",
    [
        *("public_id", "service", "subject", "held_under", "reference", "applicant_id", "organisation_id", "opened_at"),
        *("snapshot_hash", "snapshot", "editions"),
    ],
)
never_deleted("cases_block")
# A case closes, opens and gets another promised day only together with an event.
guard(
    "cases_case_closes",
    "cases_case",
    "UPDATE",
    "(OLD.is_open IS DISTINCT FROM NEW.is_open OR OLD.closed_at IS DISTINCT FROM NEW.closed_at"
    " OR OLD.due_on IS DISTINCT FROM NEW.due_on) AND OLD.last_event_id IS NOT DISTINCT FROM NEW.last_event_id",
    "state_without_event",
)
frozen("cases_feedback", ["subject", "service", "person_id", "ease", "text", "at"])
