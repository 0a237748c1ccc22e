"""Labels of the audit events, jobs and messages of licensing in the admin; licences have no table there."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.code_labels import label_codes

label_codes(
    {
        "case.accept": _("Request approved by an officer, to be paid"),
        "case.answer": _("Corrections sent"),
        "case.approve": _("Request approved"),
        "case.ask_corrections": _("Corrections asked for"),
        "case.countersign": _("Refusal signed by the second person"),
        "case.expire": _("Request closed without payment"),
        "case.issue": _("Request fulfilled"),
        "case.lapse": _("Request closed without an answer"),
        "case.move_promise": _("Promised day of the request moved"),
        "case.move_promise_signing": _("Decision date moved while a signature was awaited"),
        "case.pay": _("Request paid"),
        "case.propose_refusal": _("Refusal proposed"),
        "case.refuse": _("Request refused"),
        "case.reopen": _("Request back in the queue"),
        "case.return": _("Request sent back to its officer"),
        "case.send_to_officer": _("Request sent to an officer"),
        "case.submit": _("Request submitted"),
        "case.take_back": _("Proposed refusal taken back"),
        "case.withdraw": _("Request withdrawn"),
        "clean_lane": _("Under the published rules"),
        "licensing.close_unpaid": _("Close an unpaid renewal"),
        "licensing.corrections_lapsed": _("The request ended without an answer"),
        "licensing.issue_renewal": _("Issue a renewed licence"),
        "licensing.lapse_unanswered": _("Close a request without an answer"),
        "licensing.licence_ends": _("The licence ends soon"),
        "licensing.licence_held": _("The licence is suspended"),
        "licensing.payment_taken_back": _("The bank took the payment back"),
        "licensing.refusal_document": _("Render the letter of refusal"),
        "licensing.refusal_ready": _("The letter of refusal is ready"),
        "licensing.refused_after_payment": _("The request is refused after payment"),
        "licensing.remind": _("Remind of licences that end"),
        "licensing.renewal_issued": _("The licence is issued"),
        "licensing.renewal_lapsed": _("The renewal ended unpaid"),
        "licensing.renewal_paid": _("The renewal is paid"),
        "licensing.renewal_sent": _("The request is with an officer"),
        "licensing.renewal_submitted": _("The renewal is submitted"),
        "licensing.supersede": _("Replace the old licence"),
        "paid_again": _("Paid again"),
        "renewal.corrected": _("Facts of a renewal corrected"),
        "unpaid": _("Not paid in time"),
    }
)
