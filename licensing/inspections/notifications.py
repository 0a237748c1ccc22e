"""Messages about inspections; their texts are in templates/licensing/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from municipality.notifications.registry import SAMPLE_DAY, MessageKind
from municipality.notifications.services import send

if TYPE_CHECKING:
    from licensing.models import Inspection


class _AboutInspection(MessageKind):
    page = "/inspections/{inspection.public_id}/"


class InspectionOrdered(_AboutInspection):
    """A place will be inspected, or again after nobody was there: until when its owner chooses the day."""

    kind = "licensing.inspection_ordered"
    samples = {"until": SAMPLE_DAY}


class InspectionAppointed(_AboutInspection):
    """The day is set: by the owner, by the portal, or moved by the inspector for a reason."""

    kind = "licensing.inspection_appointed"
    samples = {"day": SAMPLE_DAY}


class InspectionPassed(_AboutInspection):
    kind = "licensing.inspection_passed"


class InspectionFailed(_AboutInspection):
    """What has to be put right, and until when."""

    kind = "licensing.inspection_failed"
    is_legal = True
    samples = {"until": SAMPLE_DAY}


def tell(kind: type[MessageKind], inspection: Inspection, *, key: str, context: Mapping[str, Any]) -> None:
    """Tell who is told of an inspection, in the caller's transaction; nobody where nobody of the place has an account."""
    if inspection.contact is not None:
        send(kind, person=inspection.contact, key=key, subject_key=inspection.key, context=context)
