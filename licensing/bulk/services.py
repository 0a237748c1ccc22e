"""Many renewals in one act: asked for at once, sent by jobs in parts, each line with its own result."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from licensing.bulk import offers
from licensing.bulk.notifications import BatchSent
from licensing.health.services import submit
from licensing.health.states import RENEWAL
from licensing.models import BatchKind, BatchLine, BatchLineState, RenewalBatch
from licensing.signage.renewals.services import renew
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.delegation.authorization import authorize
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue_all
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.services import send

PART = 25  # renewals of one job


@transaction.atomic
def start(*, user: User, chosen: Collection[str], expected_fils: int) -> RenewalBatch:
    """Ask for the renewals with these codes (`BulkOffer.code`), whose fees add up to `expected_fils`. Jobs send them.

    Raises Refused: "nothing_chosen", "batch_running" while an earlier act of this person is not finished, "not_renewable" for a code
    that can no longer be renewed, "price_changed"; then nothing is asked for.
    """
    if not chosen:
        raise Refused("nothing_chosen", _("Tick at least one renewal."))
    User.objects.select_for_update().get(pk=user.pk)
    if RenewalBatch.objects.filter(person=user, finished_at=None).exists():
        raise Refused("batch_running", _("Your earlier renewals are still being sent. Wait until they are done."))
    offered = {one.code: one for one in offers.of_user(user).ready}
    if not set(chosen) <= offered.keys():
        raise Refused("not_renewable", _("A renewal that you ticked is no longer possible. The list below is up to date."))
    lines = [one for one in offered.values() if one.code in set(chosen)]
    if sum(one.fils for one in lines) != expected_fils:
        raise Refused("price_changed", _("The fee changed while the page was open. Check the new amounts and submit again."))
    batch = RenewalBatch.objects.create(person=user, created_at=clock.now())
    BatchLine.objects.bulk_create(
        BatchLine(batch=batch, number=number, kind=one.kind, shop=one.shop, fils=one.fils, boards=list(one.boards))
        for number, one in enumerate(lines, 1)
    )
    record("renewals.asked", subject=user.key, actor=actor_of(user), data={"batch": batch.public_id, "lines": len(lines)})
    parts = range(1, len(lines) + 1, PART)
    enqueue_all("licensing.send_batch", {f"{batch.public_id}:{first}": {"batch_id": batch.pk, "first": first} for first in parts})
    return batch


def send_part(*, batch_id: int, first: int) -> None:
    """Send the waiting renewals of one part, each in its own transaction, and finish the batch after its last. Repeatable."""
    waiting = BatchLine.objects.filter(batch=batch_id, number__range=(first, first + PART - 1), state=BatchLineState.WAITING)
    sweeps.for_each("licensing.send_batch", list(waiting.order_by("number").values_list("pk", flat=True)), _send)
    _finish(batch_id)


def _send(pk: int) -> bool:
    line = BatchLine.objects.select_for_update(of=("self",)).select_related("batch__person", "shop").get(pk=pk)
    if line.state != BatchLineState.WAITING:
        return False
    try:
        with transaction.atomic():
            line.case, line.state = _RENEW[line.kind](line), BatchLineState.SENT
    except (Refused, NotPermitted) as refusal:
        line.state = BatchLineState.REFUSED
        for language in ("ar", "en"):
            with override(language):
                setattr(line, f"reason_{language}", str(refusal.sentence))
    line.save(update_fields=["state", "case", "reason_ar", "reason_en"])
    return True


def _renew_licence(line: BatchLine) -> Case:
    access = authorize(line.batch.person, line.shop, RENEWAL)
    case, _bill = submit(
        shop=line.shop, applicant=access.person, expected_fils=line.fils, actor=access.actor, with_message=not access.is_self
    )
    return case


def _renew_boards(line: BatchLine) -> Case:
    requests = renew(user=line.batch.person, chosen=line.boards, expected_fils=line.fils, with_message=False)
    return requests[0].case


_RENEW: Mapping[str, Callable[[BatchLine], Case]] = {BatchKind.HEALTH: _renew_licence, BatchKind.BOARDS: _renew_boards}


@transaction.atomic
def _finish(batch_id: int) -> None:
    """Mark a batch without waiting lines as finished, and tell its person once."""
    batch = RenewalBatch.objects.select_for_update(of=("self",)).select_related("person").get(pk=batch_id)
    states = list(batch.lines.values_list("state", flat=True))
    if batch.finished_at is not None or BatchLineState.WAITING in states:
        return
    batch.finished_at = clock.now()
    batch.save(update_fields=["finished_at"])
    context = {"batch": batch, "count": states.count(BatchLineState.SENT), "refused": states.count(BatchLineState.REFUSED)}
    send(BatchSent, person=batch.person, key=batch.public_id, subject_key=batch.person.key, context=context)
