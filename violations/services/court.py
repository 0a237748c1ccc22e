"""Referral to the court in batches with the exact file that was handed over, and what the court ruled, by two people."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.documents import store
from municipality.documents.numbers import next_number
from municipality.kernel import clock, money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from violations import queries
from violations.models import Judgment, Referral, ReferralBatch, Violation
from violations.notifications import CourtRuled, SentToCourt, notify
from violations.services import blocks
from violations.states import ViolationState

V = ViolationState
GROUP = "court_clerk"
COLUMNS = ("number", "written_on", "offence", "article", "branch", "area", "settlement_fils", "served_on", "repeats")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> str:
    """A value as a cell of a sheet: text that a spreadsheet would take for a formula is led by an apostrophe (CSV injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _demand(user: User) -> Actor:
    if not (user.is_active and user.is_staff and user.groups.filter(name=GROUP).exists()):
        raise NotPermitted("not_your_role", _("Your role does not do this."))
    return Actor("referrer", user.key)


def referable() -> Any:
    """What goes to the court now: no settlement is open, the time to object is over, service is proved; oldest first."""
    rows = Violation.objects.filter(state__in=[V.OVERDUE, V.UNSETTLEABLE], service__isnull=False, object_until__lt=clock.today())
    return rows.filter(referral__isnull=True).select_related("branch", "area", "service").order_by("pk")


@transaction.atomic
def refer(*, clerk: Any, limit: int = 1000) -> ReferralBatch:
    """Refer everything that is due, in the order of the minutes; nobody picks. Raises NotPermitted, Refused("nothing_due")."""
    actor = _demand(clerk)
    rows = list(referable().select_for_update(of=("self",))[:limit])
    rows = [row for row in rows if not queries.is_at_bank(row)]
    if not rows:
        raise Refused("nothing_due", _("Nothing is due for referral."))
    batch = ReferralBatch.objects.create(
        number=next_number(f"REF-{clock.today().year}"), made_by=clerk, made_at=clock.now(), file=store.put(_sheet(rows), "text/csv")
    )
    for row in rows:
        Referral.objects.create(batch=batch, violation=row)
        transition(row, "refer", actor=actor, data={"batch": batch.number})
        record("violation.referred", subject=row.key, actor=actor, data={"batch": batch.number})
        notify(SentToCourt, row, key="referred")
    record("referral.made", subject=f"referral:{batch.public_id}", actor=actor, data={"number": batch.number, "count": len(rows)})
    return batch


def _sheet(rows: list[Violation]) -> bytes:
    """The batch as CSV in UTF-8 with a byte order mark, one minute a line."""
    lines = io.StringIO()
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    for row in rows:
        order = queries.order_of(row)
        values = (
            row.number,
            clock.day_of(row.seen_at).isoformat(),
            f"{row.offence} {row.offence_facts['name_ar']}",
            row.offence_facts["article_ar"],
            row.branch.name_ar,
            row.area.name_ar,
            order.fils if order is not None else "",
            clock.day_of(row.service.at).isoformat(),
            row.repeat_count,
        )
        writer.writerow([cell(value) for value in values])
    return b"\xef\xbb\xbf" + lines.getvalue().encode()


@transaction.atomic
def enter_judgment(*, violation: Violation, ruling_no: str, ruled_on: dt.date, fils: int | None, clerk: Any) -> Judgment:
    """Enter a ruling as it reads: a fine in fils, or none where the court found no violation. It waits for a second clerk.

    Raises NotPermitted, Refused: not_referred, entered, bad_ruling, bad_amount.
    """
    actor = _demand(clerk)
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    if row.state != V.REFERRED:
        raise Refused("not_referred", _("Only a violation report that is with the court has a ruling."))
    if Judgment.objects.filter(violation=row).exists():
        raise Refused("entered", _("A ruling is entered already and waits for the second person."))
    if not ruling_no.strip() or ruled_on > clock.today() or ruled_on < clock.day_of(row.seen_at):
        raise Refused(
            "bad_ruling", _("Please give the number of the ruling and its day, which lies after the violation report and not ahead.")
        )
    if fils is not None and not 0 < fils <= money.MAX_FILS:
        raise Refused("bad_amount", _("Please give the amount of the ruling in dinars with three decimals."))
    found = Judgment.objects.create(
        violation=row, ruling_no=ruling_no.strip(), ruled_on=ruled_on, fils=fils, entered_by=clerk, entered_at=clock.now()
    )
    record("judgment.entered", subject=row.key, actor=actor, data={"ruling": found.ruling_no, "fils": fils})
    return found


@transaction.atomic
def confirm_judgment(*, judgment: Judgment, clerk: Any, ruling_no: str, fils: int | None) -> None:
    """The second clerk reads number and amount from the ruling anew; only if both agree does it hold.

    Raises NotPermitted (same person), Refused: done, differs.
    """
    actor = _demand(clerk)
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=judgment.violation_id)
    ruling = Judgment.objects.select_for_update().get(pk=judgment.pk)
    if ruling.confirmed_at is not None:
        raise Refused("done", _("This was decided already."))
    if ruling.entered_by_id == clerk.pk:
        raise NotPermitted("same_person", _("Whoever entered it cannot confirm it. A second person does."))
    if (ruling.ruling_no, ruling.fils) != (ruling_no.strip(), fils):
        raise Refused("differs", _("Number or amount differ from what was entered. Please read the ruling together."))
    Judgment.objects.filter(pk=ruling.pk).update(confirmed_by=clerk, confirmed_at=clock.now())
    data = {"ruling": ruling.ruling_no, "fils": ruling.fils}
    transition(row, "judge" if ruling.fils is not None else "acquit", actor=actor, data=data)
    record("judgment.confirmed", subject=row.key, actor=actor, data=data)
    if ruling.fils is None:
        blocks.lift(row, why="acquitted")
    notify(CourtRuled, row, key="ruled", judgment=ruling)


@transaction.atomic
def drop_judgment(*, judgment: Judgment, clerk: Any) -> None:
    """Take an entered ruling back that does not read so, before it is confirmed. Raises NotPermitted, Refused("done")."""
    actor = _demand(clerk)
    ruling = Judgment.objects.select_for_update().select_related("violation").get(pk=judgment.pk)
    if ruling.confirmed_at is not None:
        raise Refused("done", _("This was decided already."))
    record("judgment.dropped", subject=ruling.violation.key, actor=actor, data={"ruling": ruling.ruling_no, "fils": ruling.fils})
    ruling.delete()
