"""What a measure does to the licence of its shop while it is in force."""

from __future__ import annotations

from licensing.measures import queries
from licensing.models import HealthLicence
from municipality.documents import services as documents
from municipality.documents.states import LIVE
from municipality.kernel.actors import Actor, system

MEASURE, OVER = "measure", "measure_over"  # reasons of the suspension of a document and of its end
SYSTEM = system("licensing")


def runs(shop_id: int) -> bool:
    """Whether a measure against a shop is in force."""
    return queries.in_force([shop_id]).exists()


def suspend_licences(shop_id: int, actor: Actor = SYSTEM) -> None:
    """Suspend the licences of a shop that are in force, the renewed one that has not begun among them, if a measure is in force."""
    if not runs(shop_id):
        return
    for licence in HealthLicence.objects.filter(shop=shop_id, document__state__in=LIVE).select_related("document"):
        documents.suspend(licence.document, reason=MEASURE, actor=actor)
