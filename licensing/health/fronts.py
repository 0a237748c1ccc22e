"""Photos of shop fronts: what applicants sent with a renewal, public once its licence is issued."""

from __future__ import annotations

from collections.abc import Sequence

from licensing.health.states import RenewalState
from licensing.models import Lane, Renewal
from municipality.uploads.models import Upload
from municipality.uploads.states import UploadState
from shops.models import Shop

SLOT = "photo_front"


def fronts_of(shops: Sequence[Shop]) -> dict[str, Upload]:
    """The newest photo of each front by the key of its shop, of renewals whose licence was issued; two queries at most.

    Only the copy without metadata is public (`Upload.preview`). A photo that an answer to corrections replaced is not among them.
    """
    issued = Renewal.objects.filter(lane=Lane.OFFICER, case__state=RenewalState.ISSUED, case__subject__in=[shop.key for shop in shops])
    cases = {f"case:{public_id}": subject for public_id, subject in issued.values_list("case__public_id", "case__subject")}
    if not cases:
        return {}
    rows = Upload.objects.filter(subject__in=cases, slot=SLOT, state=UploadState.READY).select_related("preview").order_by("pk")
    return {cases[row.subject]: row for row in rows}
