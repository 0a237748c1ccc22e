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
    from municipality.accounts.models import User


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


def recipients(inspection: Inspection) -> list[User]:
    """Whoever a message about an inspection reaches: the holders of its shop who have an account now; none where nobody has.

    While there is no shop its contact is told, or who signs for the organisation of its request by now.
    """
    if inspection.shop is not None:
        return owners(inspection.shop)
    if inspection.contact is None:
        return []
    case = inspection.case
    return cases.recipients(case.key, inspection.contact) if case is not None else [inspection.contact]


def tell(kind: type[MessageKind], inspection: Inspection, *, key: str, context: Mapping[str, Any]) -> None:
    """Tell the `recipients` of an inspection; in the caller's transaction."""
    for person in recipients(inspection):
        send(kind, person=person, key=key, subject_key=inspection.key, context=context)
