"""What the database refuses of renewals in one act: a changed line, a second result, an end before all lines have theirs."""

from municipality.kernel.guards import frozen, guard, never_deleted

never_deleted("licensing_renewalbatch")
frozen("licensing_renewalbatch", ["public_id", "person_id", "created_at"])
frozen("licensing_renewalbatch", ["finished_at"], once="OLD.finished_at IS NOT NULL", name="finished_once")
guard(
    "licensing_renewalbatch_finished",
    "licensing_renewalbatch",
    "UPDATE",
    "NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL"
    " AND EXISTS (SELECT 1 FROM licensing_batchline l WHERE l.batch_id = NEW.id AND l.state = 'waiting')",
    "still_waiting",
)
never_deleted("licensing_batchline")
frozen("licensing_batchline", ["batch_id", "number", "kind", "shop_id", "fils", "boards"])
frozen("licensing_batchline", ["state", "case_id", "reason_ar", "reason_en"], once="OLD.state <> 'waiting'", name="result_once")
