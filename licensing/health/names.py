"""The acts on a health licence, and what they are called on bills, receipts, refusals and saved requests."""

RENEWAL, CHANGE, DUPLICATE = "licensing.renewal", "licensing.change", "licensing.duplicate"
TRANSFER = "licensing.transfer"
ACTS = (RENEWAL, CHANGE, DUPLICATE, TRANSFER)
FROM_ISSUE = ("change", "transfer")  # acts whose licence is in force from its issue, with the last day of the one before it
CANCEL = "licensing.cancel"  # no case: the holder ends the licence in one step
CANCELLED = "cancelled_by_holder"  # reason of the end of a document
LEFT_UNPAID = "left_unpaid"  # the same, of a licence that a former holder has not paid again
VOIDED = "payment_voided"  # reason of a suspension, and of a refusal

NAMES = {
    RENEWAL: ("تجديد الترخيص الصحي", "Health licence renewal"),
    CHANGE: ("تعديل الترخيص الصحي", "Change of a health licence"),
    DUPLICATE: ("بدل فاقد أو تالف للترخيص الصحي", "Duplicate of a health licence"),
    TRANSFER: ("التنازل عن ترخيص صحي", "Transfer of a health licence"),
}
# Code of the fee.
FEES = {RENEWAL: "renewal", CHANGE: "amendment", DUPLICATE: "replacement", TRANSFER: "transfer"}
