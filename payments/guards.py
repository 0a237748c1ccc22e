"""Guards of payments: records are immutable, states change by events, and receipts need an agreeing inquiry."""

from municipality.kernel.guards import frozen, guard, insert_only, moved_by_event, never_deleted

moved_by_event("payments_bill", "payments_billevent", "'payments.bill'")
never_deleted("payments_bill")
frozen(
    "payments_bill",
    ["public_id", "reference", "kind", "subject", "payer_id", "title_ar", "title_en", "total_fils", "issued_at", "due_until"],
)
insert_only("payments_billline")
guard(
    "payments_bill_paid_has_receipt",
    "payments_bill",
    "UPDATE",
    "NEW.state = 'paid' AND OLD.state <> 'paid' AND NOT EXISTS (SELECT 1 FROM payments_receipt r"
    " JOIN payments_allocation a ON a.id = r.allocation_id WHERE r.bill_id = NEW.id AND r.fils = NEW.total_fils AND a.is_settled)",
    "paid_without_receipt",
)

moved_by_event("payments_attempt", "payments_attemptevent", "'payments.attempt'")
never_deleted("payments_attempt")
frozen("payments_attempt", ["token", "trackid", "provider", "fils", "language", "started_by_id", "session_digest", "created_at"])
for _column, _empty in (
    ("payment_id", "IS NOT NULL"),
    ("tran_id", "IS NOT NULL"),
    ("redirected_at", "IS NOT NULL"),
    ("settled_at", "IS NOT NULL"),
    ("ref", "<> ''"),
    ("auth", "<> ''"),
    ("postdate", "<> ''"),
    ("auth_resp_code", "<> ''"),
):
    frozen("payments_attempt", [_column], once=f"OLD.{_column} {_empty}", name=f"{_column}_once")
_TOLD = (
    "SELECT 1 FROM payments_inquiry i WHERE i.attempt_id = {attempt} AND i.agrees AND i.outcome = 'captured'"
    " AND i.fils = {fils} AND i.trackid = {trackid} AND i.payment_id = {payment_id}"
)
guard(
    "payments_attempt_told_by_bank",
    "payments_attempt",
    "UPDATE",
    "NEW.state IN ('paid', 'captured_late') AND OLD.state <> NEW.state AND NOT EXISTS ("
    + _TOLD.format(attempt="NEW.id", fils="NEW.fils", trackid="NEW.trackid", payment_id="NEW.payment_id")
    + ")",
    "paid_without_inquiry",
)

# A payment under review ends by an answer of the bank, or by what two people found in its records.
never_deleted("payments_paymentfinding")
frozen("payments_paymentfinding", ["public_id", "attempt_id", "is_taken", "fils", "bank_reference", "proof", "found_by_id", "found_at"])
frozen(
    "payments_paymentfinding", ["decided_by_id", "decided_at", "is_confirmed"], once="OLD.decided_by_id IS NOT NULL", name="decided_once"
)
frozen("payments_paymentfinding", ["closed_at"], once="OLD.closed_at IS NOT NULL", name="closed_once")
guard(
    "payments_paymentfinding_found_first",
    "payments_paymentfinding",
    "INSERT",
    "NEW.decided_by_id IS NOT NULL OR NEW.closed_at IS NOT NULL",
    "found_first",
)
guard(
    "payments_attemptevent_found_by_two",
    "payments_attemptevent",
    "INSERT",
    "NEW.move IN ('find_taken', 'find_not_taken') AND EXISTS (SELECT 1 FROM audit_edge e WHERE e.workflow = NEW.workflow"
    " AND e.move = NEW.move AND e.from_state = NEW.from_state AND e.to_state = NEW.to_state)"  # no edge at all is another guard's
    " AND NOT EXISTS (SELECT 1 FROM payments_paymentfinding f WHERE f.attempt_id = NEW.subject_id AND f.is_confirmed"
    " AND f.decided_by_id <> f.found_by_id AND f.is_taken = (NEW.move = 'find_taken')"
    # One of an earlier review of the same payment does not count.
    " AND NOT EXISTS (SELECT 1 FROM payments_attemptevent d WHERE d.subject_id = f.attempt_id AND d.move = 'doubt' AND d.at > f.found_at))",
    "found_without_second_person",
)

never_deleted("payments_allocation")
frozen("payments_allocation", ["attempt_id", "bill_id", "fils"])
frozen("payments_allocation", ["handed_over_at"], once="OLD.handed_over_at IS NOT NULL", name="handed_over_once")
guard("payments_allocation_stays_closed", "payments_allocation", "UPDATE", "NOT OLD.is_open AND NEW.is_open", "closed_stays_closed")

guard(
    "payments_allocation_stays_settled",
    "payments_allocation",
    "UPDATE",
    "OLD.is_settled AND NOT NEW.is_settled AND NOT EXISTS ("
    "SELECT 1 FROM payments_attempt t WHERE t.id = NEW.attempt_id AND t.state = 'voided')",
    "settled_stays_settled",
)

insert_only("payments_gatewaymessage")
never_deleted("payments_callbackbytes")
guard(
    "payments_callbackbytes_only_grow",
    "payments_callbackbytes",
    "UPDATE",
    "NEW.key <> OLD.key OR NEW.kept_bytes < OLD.kept_bytes OR NEW.dropped < OLD.dropped OR OLD.full_at IS DISTINCT FROM NEW.full_at"
    " AND OLD.full_at IS NOT NULL",
    "counter_only_grows",
)
insert_only("payments_inquiry")

never_deleted("payments_receipt")
frozen("payments_receipt", ["number", "allocation_id", "inquiry_id", "bill_id", "fils", "issued_at"])
frozen("payments_receipt", ["document_id"], once="OLD.document_id IS NOT NULL", name="document_once")
guard(
    "payments_receipt_told_by_bank",
    "payments_receipt",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM payments_allocation a JOIN payments_attempt t ON t.id = a.attempt_id"
    " JOIN payments_inquiry i ON i.id = NEW.inquiry_id"
    " WHERE a.id = NEW.allocation_id AND a.bill_id = NEW.bill_id AND a.fils = NEW.fils AND i.attempt_id = t.id AND i.agrees"
    " AND i.outcome = 'captured' AND i.fils = t.fils AND i.trackid = t.trackid)",
    "receipt_without_inquiry",
)

moved_by_event("payments_refunddue", "payments_refundevent", "'payments.refund'")
never_deleted("payments_refunddue")
frozen("payments_refunddue", ["public_id", "attempt_id", "allocation_id", "line_id", "payer_id", "subject", "fils", "reason", "due_since"])
# Owed back is only what the bank said it took: a settled part of a paid attempt, a line of a paid bill, or a whole capture for
# nothing that was due, or of what two people found in its records.
guard(
    "payments_refund_was_taken",
    "payments_refunddue",
    "INSERT",
    "NOT EXISTS (SELECT 1 FROM payments_attempt t LEFT JOIN payments_allocation a ON a.attempt_id = t.id"
    " WHERE t.id = NEW.attempt_id AND ("
    "(NEW.allocation_id = a.id AND a.is_settled AND a.fils = NEW.fils AND t.state = 'paid')"
    " OR (NEW.allocation_id IS NULL AND NEW.line_id IS NULL AND t.state = 'refund_due' AND NEW.fils = COALESCE((SELECT f.fils"
    " FROM payments_paymentfinding f WHERE f.attempt_id = t.id AND f.is_taken AND f.is_confirmed), t.fils))"
    " OR (a.is_settled AND t.state = 'paid' AND EXISTS (SELECT 1 FROM payments_billline l JOIN payments_bill b ON b.id = l.bill_id"
    " WHERE l.id = NEW.line_id AND b.id = a.bill_id AND b.state = 'paid'))))",
    "refund_without_payment",
)
# The parts of a line that go back are no more than it.
guard(
    "payments_refund_line_left",
    "payments_refunddue",
    "INSERT",
    "NEW.line_id IS NOT NULL AND NEW.fils + (SELECT COALESCE(SUM(d.fils), 0) FROM payments_refunddue d"
    " WHERE d.line_id = NEW.line_id AND d.state <> 'released') > (SELECT l.fils FROM payments_billline l WHERE l.id = NEW.line_id)",
    "returned_already",
    one_by_one="NEW.line_id IS NOT NULL",
)
# No deposit or part goes back a second time with the whole bill.
guard(
    "payments_refund_deposit_once",
    "payments_refunddue",
    "INSERT",
    "NEW.allocation_id IS NOT NULL AND EXISTS (SELECT 1 FROM payments_refunddue d JOIN payments_billline l ON l.id = d.line_id"
    " JOIN payments_allocation a ON a.bill_id = l.bill_id WHERE a.id = NEW.allocation_id AND d.state <> 'released')",
    "deposit_returned",
)

# Money goes out by two people: whoever proposed does not approve, and what they agreed on stays as it was.
guard(
    "payments_refund_by_two_people",
    "payments_refunddue",
    "UPDATE",
    "NEW.state IN ('approved', 'sending', 'unknown', 'looked_up', 'paid_out') AND ("
    "NEW.proposed_by_id IS NULL OR NEW.approved_by_id IS NULL OR NEW.proposed_by_id = NEW.approved_by_id)",
    "refund_without_second_person",
)
frozen(
    "payments_refunddue",
    ["code", "way", "remaining_fils", "proposed_by_id", "proposed_at", "approved_by_id", "approved_at"],
    once="OLD.state IN ('approved', 'sending', 'unknown', 'looked_up', 'paid_out')",
    name="agreed",
)

# The ledger. No update at all: what is wrong is reversed by a posting of its own.
insert_only("payments_ledgerposting")
insert_only("payments_ledgerentry")
guard(
    "payments_ledgerentry_within_posting",
    "payments_ledgerentry",
    "INSERT",
    "EXISTS (SELECT 1 FROM payments_ledgerposting p WHERE p.id = NEW.posting_id AND ("
    "(SELECT COALESCE(SUM(e.debit_fils), 0) FROM payments_ledgerentry e WHERE e.posting_id = p.id) + NEW.debit_fils > p.fils"
    " OR (SELECT COALESCE(SUM(e.credit_fils), 0) FROM payments_ledgerentry e WHERE e.posting_id = p.id) + NEW.credit_fils > p.fils))",
    "posting_unbalanced",
)
guard(
    "payments_ledgerposting_corrected_by_two",
    "payments_ledgerposting",
    "INSERT",
    "NEW.kind = 'correction' AND NOT EXISTS (SELECT 1 FROM payments_ledgercorrection c WHERE c.id = NEW.correction_id"
    " AND c.is_approved AND c.decided_by_id <> c.proposed_by_id AND (NEW.reversal_of_id IS NULL OR NEW.reversal_of_id = c.posting_id))",
    "correction_without_second_person",
)
# Money that came in is booked on a receipt, money that went out on an amount owed back.
guard(
    "payments_ledgerposting_has_ground",
    "payments_ledgerposting",
    "INSERT",
    "(NEW.kind = 'settle' AND NOT EXISTS (SELECT 1 FROM payments_receipt r WHERE r.id = NEW.receipt_id AND r.fils = NEW.fils))"
    " OR (NEW.kind IN ('owe', 'refund') AND NOT EXISTS ("
    "SELECT 1 FROM payments_refunddue d WHERE d.id = NEW.refund_id AND d.fils = NEW.fils))",
    "posting_without_ground",
)
never_deleted("payments_ledgercorrection")
frozen("payments_ledgercorrection", ["public_id", "posting_id", "from_account", "to_account", "code", "proposed_by_id", "proposed_at"])
frozen(
    "payments_ledgercorrection", ["decided_by_id", "decided_at", "is_approved"], once="OLD.decided_by_id IS NOT NULL", name="decided_once"
)

# What the bank wrote, and where it differs: kept as it came, closed once.
insert_only("payments_statementline")
insert_only("payments_differencenote")
never_deleted("payments_bankstatement")
frozen(
    "payments_bankstatement",
    ["public_id", "provider", "sha256", "file_name", "first_day", "last_day", "count", "fils", "loaded_by_id", "loaded_at"],
)
frozen("payments_bankstatement", ["taken_by_id", "taken_at"], once="OLD.taken_at IS NOT NULL", name="taken_once")
frozen("payments_bankstatement", ["dropped_at"], once="OLD.dropped_at IS NOT NULL", name="dropped_once")
never_deleted("payments_difference")
frozen(
    "payments_difference",
    [
        *("public_id", "key_text", "kind", "statement_id", "line_id", "attempt_id", "posting_id"),
        *("trackid", "day", "bank_fils", "ledger_fils", "found_at"),
    ],
)
frozen(
    "payments_difference",
    ["code", "correction_id", "proposed_by_id", "closed_by_id", "closed_at"],
    once="OLD.closed_at IS NOT NULL",
    name="closed_once",
)
# What the second person approves is what the first proposed: another proposal comes after this one was sent back.
guard(
    "payments_difference_sent_back_first",
    "payments_difference",
    "UPDATE",
    "OLD.proposed_by_id IS NOT NULL AND OLD.closed_at IS NULL AND (NEW.proposed_by_id <> OLD.proposed_by_id"
    " OR NEW.proposed_by_id IS NOT NULL AND NEW.code <> OLD.code AND (NEW.closed_at IS NULL OR NEW.closed_by_id IS NOT NULL))",
    "proposal_replaced",
)
# A person closes what the ledger has by nothing but an approved correction of that posting.
guard(
    "payments_difference_closed_by_reversal",
    "payments_difference",
    "UPDATE",
    "OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL AND NEW.closed_by_id IS NOT NULL AND NEW.posting_id IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM payments_ledgercorrection c WHERE c.id = NEW.correction_id AND c.is_approved"
    " AND c.posting_id = NEW.posting_id)",
    "closed_without_reversal",
)
