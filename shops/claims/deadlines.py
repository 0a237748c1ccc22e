"""The days in which the holder of a shop answers a claim, which move after an incident."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.incidents.models import MovedDeadline
from municipality.incidents.registry import Deadline, Deadlines
from shops.claims.parties import holders
from shops.claims.states import ClaimState
from shops.models import Claim, ClaimGround

# Matched and not settled yet; or by documents and undecided: a new holder has days also once it is in the queue or proposed to be refused.
_UNDECIDED = (ClaimState.IN_REVIEW, ClaimState.CORRECTIONS, ClaimState.COUNTERSIGN)
_RUNNING = Q(case__state=ClaimState.MATCHED) | Q(ground=ClaimGround.DOCUMENTS, case__state__in=_UNDECIDED)


def _due(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    rows = Claim.objects.filter(_RUNNING, disputed_at__isnull=True, dispute_until__range=(first, last)).select_related("case")
    for row in rows.order_by("pk").iterator():
        if row.dispute_until is not None:
            yield Deadline(row.pk, row.dispute_until, row.case.key, row.case.reference)


def _move(pk: int, day: dt.date) -> bool:
    locked = Claim.objects.select_for_update(of=("self",)).get(pk=pk)
    running = Claim.objects.filter(_RUNNING, disputed_at__isnull=True, pk=locked.pk)
    return running.exists() and bool(Claim.objects.filter(pk=pk).update(dispute_until=day))


def _people(moved: MovedDeadline) -> Sequence[User]:
    return holders(Claim.objects.select_related("holder", "holder_organisation").get(pk=moved.thing))


DISPUTE = Deadlines(_("To answer a claim to a shop"), _due, _move, _people)
