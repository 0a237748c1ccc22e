"""Messages about transfers; their texts are in templates/licensing/messages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from municipality.notifications.registry import SAMPLE_DAY, MessageKind

TRANSFERS = _("the transfer of a licence")


class TransferAsked(MessageKind):
    """To the named person, if they have an account."""

    kind = "licensing.transfer_asked"
    samples = {"until": SAMPLE_DAY}
    page = "/health-licence/transfers/{transfer.public_id}/"


class TransferAskedFor(MessageKind):
    """To all who hold the shop: a delegate has named a person with the masked civil `number`."""

    kind = "licensing.transfer_asked_for"
    legal = TRANSFERS
    page = "/health-licence/{shop.public_id}/transfer/"


class TransferAskedBySignatory(MessageKind):
    """To the others who sign for the organisation: one of them has named a person with the masked civil `number`, perhaps their own."""

    kind = "licensing.transfer_asked_by_signatory"
    legal = TRANSFERS
    page = "/health-licence/{shop.public_id}/transfer/"


class TransferAgreed(MessageKind):
    """To the present holder: the request waits for an officer."""

    kind = "licensing.transfer_agreed"
    page = "/health-licence/{shop.public_id}/transfer/"


class TransferEnded(MessageKind):
    """To the present holder, or to the new one whose request was called off; `how` says in words how it ended without a licence."""

    kind = "licensing.transfer_ended"
    legal = TRANSFERS
    page = "/my-shops/"


class TransferGoesOn(MessageKind):
    """To the present holder: an appeal against the refusal of the request was allowed."""

    kind = "licensing.transfer_goes_on"
    legal = TRANSFERS
    page = "/health-licence/{shop.public_id}/transfer/"


class LicenceTransferred(MessageKind):
    """To those who held the shop before."""

    kind = "licensing.licence_transferred"
    legal = TRANSFERS
    page = "/my-requests/"
