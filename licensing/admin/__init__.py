"""Licences have no table in the admin; their acts, jobs and messages are read in the record."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say

say(
    {
        "case.approve": _("Request approved"),
        "case.expire": _("Request closed without payment"),
        "case.issue": _("Request fulfilled"),
        "case.pay": _("Request paid"),
        "case.refuse": _("Request refused"),
        "case.submit": _("Request submitted"),
        "case.withdraw": _("Request withdrawn"),
        "clean_lane": _("By the published rule"),
        "licensing.close_unpaid": _("Close an unpaid renewal"),
        "licensing.issue_renewal": _("Issue a renewed licence"),
        "licensing.licence_held": _("The licence is suspended"),
        "licensing.payment_taken_back": _("The bank took the payment back"),
        "licensing.renewal_issued": _("The licence is issued"),
        "licensing.renewal_lapsed": _("The renewal ended unpaid"),
        "licensing.renewal_paid": _("The renewal is paid"),
        "licensing.renewal_submitted": _("The renewal is submitted"),
        "licensing.supersede": _("Replace the old licence"),
        "paid_again": _("Paid again"),
        "unpaid": _("Not paid in time"),
    }
)
