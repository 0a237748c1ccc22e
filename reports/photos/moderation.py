"""An employee decides who sees the copy of a photo."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from reports.models import BlurState, Moderation, Report, ReportPhoto

JUDGED = (BlurState.AGREED, BlurState.STAFF, BlurState.PRIVATE)


@transaction.atomic
def judge(photo: ReportPhoto, *, user: User, blur: str, is_change: bool = False) -> None:
    """Show the copy of a photo to everybody, to inspectors alone or to nobody (`JUDGED`); with `is_change` otherwise than decided before.

    Raises Refused: unknown_choice; judged if somebody has judged it, or changed that, meanwhile; hidden while it is hidden for a reason,
    since a decision made now would be lost when it is shown again.
    """
    if blur not in JUDGED:
        raise Refused("unknown_choice", _("Choose who sees the photo."))
    row = ReportPhoto.objects.select_for_update(of=("self",)).select_related("report").get(pk=photo.pk)
    if Moderation.objects.filter(photo=row, lifted_at__isnull=True).exists():
        raise Refused("hidden", _("This photo is hidden for a reason. Show it again on the page of its report first, then decide."))
    is_decided = row.blur in JUDGED and row.blur != blur and row.agreed_by_id is not None and row.copy_id is not None
    if not (is_decided if is_change else row.blur == BlurState.UNSURE):
        raise Refused("judged", _("Another employee has looked at this photo meanwhile."))
    row.blur = blur
    row.agreed_by, row.agreed_at = user, clock.now()
    row.save(update_fields=["blur", "agreed_by", "agreed_at"])
    Report.objects.filter(pk=row.report_id).update(updated_at=clock.now())  # copies and feeds learn that something changed
    record("report.photo_judged", subject=row.report.subject_key, actor=actor_of(user), data={"photo": row.public_id, "blur": row.blur})
