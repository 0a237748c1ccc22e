"""What the database refuses of signatures under boards: a second or late answer, one's own, another one after sending, none at all."""

from licensing.signage.guards import IS_SENT
from municipality.kernel.guards import frozen, guard, never_deleted

TABLE = "licensing_boardconsent"
never_deleted(TABLE)
frozen(TABLE, ["draft_id", "role", "token_digest", "boards_digest", "invited_at", "expires_at"])
frozen(TABLE, ["answer", "reason", "signer_id", "answered_at"], once="OLD.answered_at IS NOT NULL", name="answered_once")
frozen(TABLE, ["withdrawn_at"], once="OLD.withdrawn_at IS NOT NULL", name="withdrawn_once")
guard(f"{TABLE}_asked", TABLE, "INSERT", "NEW.answered_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL", "answered_already")
# What a request was sent with, and what ended it, stays.
_CLOSED = "NOT EXISTS (SELECT 1 FROM drafts_draft d WHERE d.id = NEW.draft_id AND d.closed_at IS NULL)"
_ANSWERED = "(OLD.answered_at IS NULL AND NEW.answered_at IS NOT NULL)"
_WITHDRAWN = "(OLD.withdrawn_at IS NULL AND NEW.withdrawn_at IS NOT NULL)"
guard(f"{TABLE}_draft_insert", TABLE, "INSERT", _CLOSED, "request_closed")
guard(f"{TABLE}_draft_update", TABLE, "UPDATE", f"({_ANSWERED} OR {_WITHDRAWN}) AND {_CLOSED}", "request_closed")
guard(
    f"{TABLE}_in_time",
    TABLE,
    "UPDATE",
    f"{_ANSWERED} AND (NEW.withdrawn_at IS NOT NULL OR NEW.answered_at > NEW.expires_at)",
    "too_late",
)
guard(
    f"{TABLE}_signer",
    TABLE,
    "UPDATE",
    f"{_ANSWERED} AND EXISTS (SELECT 1 FROM drafts_draft d WHERE d.id = NEW.draft_id AND d.person_id = NEW.signer_id)",  # noqa: S608 - constants
    "own_request",
)
# A request is sent with each signature that was asked for and not withdrawn.
guard(
    "cases_caseevent_boards_signed",
    "cases_caseevent",
    "INSERT",
    f"{IS_SENT} AND EXISTS (SELECT 1 FROM licensing_boardrequest r JOIN drafts_draft d ON r.files_key = 'boards:' || d.public_id"  # noqa: S608 - constants
    " JOIN licensing_boardconsent k ON k.draft_id = d.id"
    " WHERE r.case_id = NEW.subject_id AND k.withdrawn_at IS NULL AND k.answer <> 'agreed')",
    "not_signed",
)
