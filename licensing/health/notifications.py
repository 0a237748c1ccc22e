"""Messages about health licences; their texts are in templates/licensing/messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.notifications.legal import LAPSED, REFUSALS, TAKEN_BACK
from municipality.notifications.models import Channel
from municipality.notifications.registry import CaseMessage, MessageKind


class RenewalSubmitted(CaseMessage):
    """Only in the inbox of a person who submitted it and pays next."""

    kind = "licensing.renewal_submitted"


class RenewalSent(CaseMessage):
    """Sent to an officer: what happens next and by when."""

    kind = "licensing.renewal_sent"


class CorrectionsLapsed(CaseMessage):
    kind = "licensing.corrections_lapsed"
    legal = LAPSED


class RefusedAfterPayment(CaseMessage):
    """A condition is no longer met; the amount is owed back, or nothing was paid yet (`is_free`)."""

    kind = "licensing.refused_after_payment"
    legal = REFUSALS


class RefusalReady(CaseMessage):
    """The signed refusal is on the case page."""

    kind = "licensing.refusal_ready"
    legal = REFUSALS


class RenewalIssued(CaseMessage):
    """A text message: the e-mail of the payment leads to the page with the licence. `is_held`: a measure has suspended it at once."""

    channels = (Channel.SMS,)
    kind = "licensing.renewal_issued"


class RenewalLapsed(CaseMessage):
    kind = "licensing.renewal_lapsed"


class LicenceEnds(MessageKind):
    """A reminder that a licence ends; `surcharge` is what late renewal costs in dinars (empty: nothing), `is_stopped`: not possible yet.

    `fee` is what the renewal costs where a confirmation is enough; it is in the text message, whose link opens the page that confirms.
    """

    kind = "licensing.licence_ends"
    samples = {"days": 30, "fee": "10.000"}
    page = "/health-licence/{shop.public_id}/renew/"


class LicencesEnd(MessageKind):
    """Instead of several `LicenceEnds` by e-mail and text message; these are in the inbox only."""

    kind = "licensing.licences_end"
    page = "/renewals/"


class LicenceHeld(CaseMessage):
    """The bank took the payment back. `is_held`: the licence is suspended for it; else it has ended, was replaced or is suspended already.

    `until` is the last day of the licence that is in force before a renewed one that has not begun, else None.
    """

    kind = "licensing.licence_held"
    legal = TAKEN_BACK


class LicenceCancelled(MessageKind):
    """To all who hold the shop; `closes_on` is the day on which it closes, or None, `today` that of the message."""

    kind = "licensing.licence_cancelled"
    legal = _("cancelled licences")
    page = "/health-licence/{shop.public_id}/"


class PaymentTakenBack(CaseMessage):
    kind = "licensing.payment_taken_back"
    legal = TAKEN_BACK
