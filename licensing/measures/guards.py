"""What the database refuses of measures: one without two people, a changed or revived one, a licence in force beside it."""

from municipality.kernel.guards import frozen, guard, never_deleted

TABLE = "licensing_measure"
_STATED = ["public_id", "shop_id", "kind", "code", "reason_ar", "reason_en", "article_ar", "article_en", "edition", "text", "days"]
never_deleted(TABLE)
frozen(TABLE, [*_STATED, "inspection_id", "report", "proposed_by_id", "proposed_at"])
frozen(TABLE, ["signed_by_id", "signed_at", "first_day", "last_day"], once="OLD.signed_at IS NOT NULL", name="signed_once")
frozen(
    TABLE, ["signed_at", "lift_by_id", "lift_text", "ending", "ended_by_id", "ended_at"], once="OLD.ended_at IS NOT NULL", name="ended_once"
)
guard(f"{TABLE}_proposed", TABLE, "INSERT", "NEW.signed_at IS NOT NULL OR NEW.ended_at IS NOT NULL", "not_proposed")
# Events of documents of health licences.
_RUNNING = (
    "EXISTS (SELECT 1 FROM licensing_healthlicence l JOIN licensing_measure m ON m.shop_id = l.shop_id"
    " WHERE l.document_id = NEW.subject_id AND m.signed_at IS NOT NULL AND m.ended_at IS NULL)"
)
guard(
    "documents_documentevent_measure_signed",
    "documents_documentevent",
    "INSERT",
    f"NEW.move = 'suspend' AND NEW.reason = 'measure' AND NOT {_RUNNING}",
    "no_measure",
)
guard(
    "documents_documentevent_measure_runs",
    "documents_documentevent",
    "INSERT",
    f"NEW.move IN ('resume', 'resume_paper') AND {_RUNNING}",
    "measure_runs",
)
