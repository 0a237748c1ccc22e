"""Messages about requests for new health licences; their texts are in templates/licensing/messages."""

from __future__ import annotations

import datetime as dt

from municipality.notifications.registry import MessageKind

_DAY = dt.date(2027, 11, 24)


class _AboutCase(MessageKind):
    page = "/cases/{case.public_id}/"


class NewLicenceSent(_AboutCase):
    """With an officer: what happens next and by when."""

    kind = "licensing.new_licence_sent"
    samples = {"due_on": _DAY}


class LocationApproved(_AboutCase):
    """The location is approved: the commercial licence comes next."""

    kind = "licensing.location_approved"


class NewLicencePayment(_AboutCase):
    """The inspection is passed: the fee waits to be paid until a day."""

    kind = "licensing.new_licence_payment"
    samples = {"until": _DAY}


class NewLicenceIssued(_AboutCase):
    kind = "licensing.new_licence_issued"


class NewLicenceLapsed(_AboutCase):
    """Closed without an answer to corrections, a commercial licence, a passed inspection or a payment."""

    kind = "licensing.new_licence_lapsed"
    is_legal = True


class NewLicenceNotIssued(_AboutCase):
    """A condition is no longer met when the inspection is passed, or when the fee arrives (`is_paid`): the amount is owed back."""

    kind = "licensing.new_licence_not_issued"
    is_legal = True


class NewLicenceUnpaid(_AboutCase):
    """The bank took the payment back before the licence was issued."""

    kind = "licensing.new_licence_unpaid"
    is_legal = True
