"""Messages about requests for new health licences; their texts are in templates/licensing/messages."""

from __future__ import annotations

from municipality.notifications.legal import LAPSED, REFUSALS, TAKEN_BACK
from municipality.notifications.registry import SAMPLE_DAY, CaseMessage


class NewLicenceSent(CaseMessage):
    """With an officer: what happens next and by when."""

    kind = "licensing.new_licence_sent"


class LocationApproved(CaseMessage):
    """The location is approved: the commercial licence is entered until the day `enter_by`."""

    kind = "licensing.location_approved"
    samples = {"enter_by": SAMPLE_DAY}


class NewLicencePayment(CaseMessage):
    """The inspection is passed: the fee waits to be paid until a day."""

    kind = "licensing.new_licence_payment"


class NewLicenceIssued(CaseMessage):
    kind = "licensing.new_licence_issued"


class NewLicenceLapsed(CaseMessage):
    """Closed without an answer to corrections, a commercial licence, a passed inspection or a payment."""

    kind = "licensing.new_licence_lapsed"
    legal = LAPSED


class NewLicenceNotIssued(CaseMessage):
    """A condition is no longer met when the inspection is passed, or when the fee arrives (`is_paid`): the amount is owed back."""

    kind = "licensing.new_licence_not_issued"
    legal = REFUSALS


class NewLicenceUnpaid(CaseMessage):
    """The bank took the payment back before the licence was issued."""

    kind = "licensing.new_licence_unpaid"
    legal = TAKEN_BACK
