"""Messages about inspections; their texts are in templates/licensing/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from municipality.cases import queries as cases
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
    """Tell whoever holds the shop of an inspection; in the caller's transaction.

    While there is no shop its contact is told, or who signs for the organisation of its request by now. Nobody is told where nobody of
    the shop has an account now, whoever had one when it was ordered.
    """
    people = owners(inspection.shop) if inspection.shop is not None else []
    if inspection.shop is None and inspection.contact is not None:
        case = inspection.case
        people = cases.recipients(case.key, inspection.contact) if case is not None else [inspection.contact]
    for person in people:
        send(kind, person=person, key=key, subject_key=inspection.key, context=context)
