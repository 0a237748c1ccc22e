"""Book what was settled, owed back and reversed before there was a ledger, at its own time. What is booked already is left alone."""

from django.db import migrations

CHUNK = 500


def _write(apps, posting, legs):
    made = apps.get_model("payments", "LedgerPosting").objects.create(**posting)
    entry = apps.get_model("payments", "LedgerEntry")
    entry.objects.bulk_create(
        entry(posting=made, account=account, debit_fils=debit, credit_fils=credit, line_id=line) for account, debit, credit, line in legs
    )
    return made


def _reverse(apps, posting, at, reason):
    legs = [(e.account, e.credit_fils, e.debit_fils, e.line_id) for e in posting.entries.order_by("pk")]
    fields = {name: getattr(posting, name) for name in ("fils", "attempt_id", "bill_id", "receipt_id", "refund_id")}
    _write(apps, fields | {"key": f"reversal:{posting.key}"[:80], "kind": "reversal", "at": at, "reversal_of": posting, "reason": reason}, legs)


def _last(row, state):
    event = row.events.filter(to_state=state).order_by("-pk").first()
    return event.at, event.reason or "reversed_by_bank"


def book(apps, schema_editor):
    receipts = apps.get_model("payments", "Receipt").objects.exclude(postings__kind="settle").select_related("allocation__attempt")
    owed = apps.get_model("payments", "RefundDue").objects.exclude(postings__kind="owe").select_related("attempt", "allocation")
    settled = {}
    for receipt in receipts.order_by("pk").iterator(chunk_size=CHUNK):
        lines = receipt.bill.lines.order_by("order")
        legs = [("clearing-knet", receipt.fils, 0, None), *((line.revenue_account, 0, line.fils, line.pk) for line in lines)]
        posting = _write(
            apps,
            {
                "key": f"settle:{receipt.number}",
                "kind": "settle",
                "at": receipt.issued_at,
                "fils": receipt.fils,
                "attempt_id": receipt.allocation.attempt_id,
                "bill_id": receipt.bill_id,
                "receipt": receipt,
            },
            legs,
        )
        settled[receipt.pk] = (posting, receipt)
    for refund in owed.order_by("pk").iterator(chunk_size=CHUNK):
        if refund.allocation is None:
            bill_id, debits = None, [("clearing-knet", refund.fils, 0, None)]
        else:
            bill_id = refund.allocation.bill_id
            debits = [(line.revenue_account, line.fils, 0, line.pk) for line in refund.allocation.bill.lines.order_by("order")]
        posting = _write(
            apps,
            {
                "key": f"owe:{refund.public_id}",
                "kind": "owe",
                "at": refund.due_since,
                "fils": refund.fils,
                "attempt_id": refund.attempt_id,
                "bill_id": bill_id,
                "refund": refund,
                "reason": refund.reason,
            },
            [*debits, ("owed-back", 0, refund.fils, None)],
        )
        if refund.state == "released":
            _reverse(apps, posting, *_last(refund, "released"))
    for posting, receipt in settled.values():
        if not receipt.allocation.is_settled:
            _reverse(apps, posting, *_last(receipt.allocation.attempt, "voided"))


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_ledger_and_refunds")]
    operations = [migrations.RunPython(book, migrations.RunPython.noop)]
