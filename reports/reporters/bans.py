"""Stopping the reports of a sender for a time, and their appeal against it. No function returns who they are."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import VISITOR
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from reports import queries
from reports.models import Ban, Report
from reports.models.reporter import Reporter
from reports.reporters import notifications
from reports.reporters.services import INTAKE, Sender, device_in_system, device_of, known_by

MAX_APPEAL = 2000  # characters


def reasons(kind: str) -> dict[str, Reason]:
    """The coded reasons of a kind (`report_ban`, `report_hidden`) that are in force, by code."""
    return {reason.code: reason for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of(kind)}


@transaction.atomic
def make(*, report: Report, code: str, by: User) -> Ban:
    """Stop the reports of who sent this one, for the days of the rulebook, and tell them where they are known.

    Raises NotPermitted, Refused: unknown_reason, reporter_deleted, unknown_sender, banned.
    """
    require_group(by, INTAKE)
    if code not in reasons("report_ban"):
        raise Refused("unknown_reason", _("Choose a reason from the list."))
    Report.objects.select_for_update(of=("self",)).get(pk=report.pk)  # the row of who reported never changes, so it cannot be locked
    row = Reporter.objects.filter(report=report).select_related("person").first()
    if row is None:
        raise Refused("reporter_deleted", _("Nothing is stored about who reported. It was deleted after its period."))
    known, now = known_by(row), clock.now()
    if report.api_key is not None:  # a device that was made of this report alone sends no other one
        made = device_of(Sender(device=device_in_system(report.api_key.public_id, report.key)))
        known = [digest for digest in known if digest != made]
    if not known:
        raise Refused("unknown_sender", _("Nobody is known behind this report, so nobody can be stopped. Its limits still hold."))
    if Ban.objects.filter(who__in=known, until__gt=now, lifted_at__isnull=True).exists():
        raise Refused("banned", _("Reporting is already stopped for this sender."))
    until = now + dt.timedelta(days=queries.limits()["ban_days"])
    ban = Ban.objects.create(who=known[0], code=code, report=report, by=by, at=now, until=until)
    record("report.banned", subject=report.subject_key, actor=actor_of(by, INTAKE), data={"ban": ban.public_id, "code": code})
    notifications.tell_of_ban(ban)
    return ban


@transaction.atomic
def appeal(*, ban: Ban, words: str) -> None:
    """Ask once that another person looks at a ban. Raises Refused: appeal_empty, appealed, ban_over."""
    words = words.strip()[:MAX_APPEAL]
    if not words:
        raise Refused("appeal_empty", _("Please write why reporting should be open again."))
    row = Ban.objects.select_for_update().get(pk=ban.pk)
    if row.appealed_at is not None:
        raise Refused("appealed", _("An appeal was sent already. It is answered on this page."))
    if row.until <= clock.now():
        raise Refused("ban_over", _("The stop is over. Reports can be sent again."))
    row.appeal, row.appealed_at = words, clock.now()
    row.save(update_fields=["appeal", "appealed_at"])
    # The words may say who they are, so that the log does not hold them.
    record("report.ban_appealed", subject=row.report.subject_key, actor=VISITOR, data={"ban": row.public_id})


@transaction.atomic
def decide(*, ban: Ban, lift: bool, by: User) -> None:
    """Answer an appeal, by another person than who made the ban. Raises NotPermitted, Refused: own_ban, no_appeal, decided."""
    require_group(by, INTAKE)
    row = Ban.objects.select_for_update(of=("self",)).select_related("report").get(pk=ban.pk)
    if row.by_id == by.pk:
        raise Refused("own_ban", _("Another employee answers this appeal, because you made the stop."))
    if row.appealed_at is None:
        raise Refused("no_appeal", _("There is no appeal to answer."))
    if row.decided_at is not None:
        raise Refused("decided", _("This appeal is answered already."))
    row.decided_by, row.decided_at = by, clock.now()
    row.lifted_at = row.decided_at if lift else None
    row.save(update_fields=["decided_by", "decided_at", "lifted_at"])
    data = {"ban": row.public_id, "lifted": lift}
    record("report.ban_decided", subject=row.report.subject_key, actor=actor_of(by, INTAKE), data=data)
    notifications.tell_of_ban(row)
