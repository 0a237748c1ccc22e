"""Messages about inspections; their texts are in templates/licensing/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from municipality.notifications.registry import MessageKind
from municipality.notifications.services import send
from shops.register.queries import owners

if TYPE_CHECKING:
    from licensing.models import Inspection


class _AboutInspection(MessageKind):
    page = "/inspections/{inspection.public_id}/"


class InspectionOrdered(_AboutInspection):
    """A place will be inspected, or again after nobody was there: until when its owner chooses the day."""

    kind = "licensing.inspection_ordered"


class InspectionAppointed(_AboutInspection):
    """The day is set: by the owner, by the portal, or moved by the inspector for a reason."""

    kind = "licensing.inspection_appointed"


class InspectionPassed(_AboutInspection):
    kind = "licensing.inspection_passed"


class InspectionFailed(_AboutInspection):
    """What has to be put right, and until when."""

    kind = "licensing.inspection_failed"
    legal = _("inspections that were not passed")


def tell(kind: type[MessageKind], inspection: Inspection, *, key: str, context: Mapping[str, Any]) -> None:
    """Tell whoever holds the shop of an inspection, or its contact while there is no shop; in the caller's transaction.

    Nobody is told where nobody of the shop has an account now, whoever had one when it was ordered.
    """
    contacts = [inspection.contact] if inspection.contact is not None else []
    for person in owners(inspection.shop) if inspection.shop is not None else contacts:
        send(kind, person=person, key=key, subject_key=inspection.key, context=context)
