"""Referral to the court in batches with the file that was handed over, and judgments, entered and confirmed by two clerks."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.documents import store
from municipality.documents.numbers import next_number
from municipality.incidents import queries as incidents
from municipality.kernel import clock, digits, money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from violations import queries
from violations.models import Annulment, Judgment, Referral, ReferralBatch, Relief, Violation
from violations.notifications import CourtRuled, SentToCourt, notify
from violations.services import blocks, documents, repetition, settlements
from violations.services.conflicts import unless_tied
from violations.states import ViolationState

V = ViolationState
GROUP = "court_clerk"
SHOP = ("shop__owner", "shop__organisation")
MOST = 1000  # violations of one batch
HELD = _("A part of the portal is out, or last days are being moved because it was. Nothing is referred until that is done.")
COLUMNS = (
    *("رقم المحضر", "تاريخ المحضر", "المخالفة", "المادة", "الفرع", "المنطقة", "مبلغ الصلح (د.ك)", "المسدد من الصلح (د.ك)"),
    *("تاريخ تسلم الإخطار", "مرات التكرار"),
    *("المخالف", "الرقم المدني (مستتر)", "الاسم التجاري", "رقم الترخيص التجاري"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> str:
    """A value as a CSV cell; text that a spreadsheet would take for a formula gets a leading apostrophe (CSV injection)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def require_clerk(user: User) -> Actor:
    """The clerk of the court as an actor. Raises NotPermitted for anybody else."""
    require_group(user, GROUP)
    return Actor("referrer", user.key)


def referable() -> QuerySet[Violation]:
    """Violations due for the court, oldest first: no open settlement or payment, the objection period over, notice served.

    None while deadlines may still move because of an incident; without those that `held_back` names.
    """
    rows = _due()
    for proposals in _waiting():
        rows = rows.filter(~Exists(proposals.filter(violation=OuterRef("pk"))))
    return rows


def held_back() -> list[Annulment | Relief]:
    """Annulments, waivers and reductions that hold a violation back that is else due, oldest first.

    They wait for their second person, and after the referral none of them could be allowed.
    """
    found = [row for proposals in _waiting() for row in proposals.filter(violation__in=_due()).select_related("violation")]
    return sorted(found, key=lambda row: row.asked_at)


def _waiting() -> tuple[QuerySet[Annulment], QuerySet[Relief]]:
    is_open = Q(allowed_at__isnull=True, refused_at__isnull=True)
    return Annulment.objects.filter(is_open), Relief.objects.filter(is_open)


def _due() -> QuerySet[Violation]:
    if incidents.are_held():
        return Violation.objects.none()
    rows = Violation.objects.filter(state__in=[V.OVERDUE, V.UNSETTLEABLE], service__isnull=False, object_until__lt=clock.today())
    rows = rows.exclude(charges__bill__in=queries.unheard_payments().values("bill"))
    return rows.filter(referral__isnull=True).select_related("branch", "area", "service", "party", *SHOP).order_by("pk")


def digest_of(rows: Sequence[Violation]) -> str:
    """SHA-256 of the primary keys of violations, in their order."""
    return hashlib.sha256(",".join(str(row.pk) for row in rows).encode()).hexdigest()


@transaction.atomic
def refer(*, clerk: User, shown: str | None = None) -> ReferralBatch:
    """Refer everything that is due, oldest first. `shown` is the `digest_of` what the clerk saw.

    Raises NotPermitted, Refused: held, nothing_due, list_changed.
    """
    actor = require_clerk(clerk)
    if incidents.are_held():
        raise Refused("held", HELD)
    rows = list(referable().select_for_update(of=("self",))[:MOST])
    still_due = set(referable().filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))  # what came before the lock counts
    rows = [row for row in rows if row.pk in still_due]
    if not rows:
        raise Refused("nothing_due", _("Nothing is due for referral."))
    if shown is not None and shown != digest_of(rows):
        raise Refused("list_changed", _("The list has changed since it was shown. Please look through it again."))
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
    """A batch as CSV in UTF-8 with a byte order mark, one violation a line, in Arabic as the court reads it; sums in dinars."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        order, paid = queries.order_of(row), queries.paid_fils(row)
        values = (
            row.number,
            clock.day_of(row.seen_at).isoformat(),
            f"{row.offence} {row.offence_facts['name_ar']}",
            row.offence_facts["article_ar"],
            row.branch.name_ar,
            row.area.name_ar,
            money.to_display(order.fils + paid) if order is not None else "",
            money.to_display(paid) if paid else "",
            clock.day_of(row.service.at).isoformat(),
            repetition.count_now(row),
            *_party(row),
            *((row.shop.name_ar, row.shop.commercial_license_no) if row.shop is not None else ("", "")),
        )
        writer.writerow([cell(value) for value in values])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _party(row: Violation) -> tuple[str, str]:
    """Name and masked civil number of the party; an organisation has none, the number of its licence identifies it."""
    if row.party is not None:
        return row.party.name_ar, row.party.civil_id_masked
    if row.party_digest or row.shop is None:
        return row.party_name_ar, row.party_masked
    holder = row.shop.owner or row.shop.organisation
    return (holder.name_ar, getattr(holder, "civil_id_masked", "")) if holder is not None else ("", "")


@unless_tied("clerk", "violation")
@transaction.atomic
def enter_judgment(*, violation: Violation, ruling_no: str, ruled_on: dt.date, fils: int | None, clerk: User) -> Judgment:
    """Enter a judgment: a fine in fils, or None where the court found no violation. A second clerk confirms it.

    Raises NotPermitted, Refused: not_referred, entered, bad_ruling, bad_amount.
    """
    actor = require_clerk(clerk)
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    if row.state != V.REFERRED:
        raise Refused("not_referred", _("Only a violation report that is with the court has a judgment."))
    if Judgment.objects.filter(violation=row).exists():
        raise Refused("entered", _("A judgment has already been entered and is waiting for the second person."))
    ruling_no = digits.clean(ruling_no)
    if not ruling_no or ruled_on > clock.today() or ruled_on < clock.day_of(row.seen_at):
        raise Refused(
            "bad_ruling", _("Please give the number of the judgment and its day, which lies after the violation report and not ahead.")
        )
    if fils is not None and not 0 < fils <= money.MAX_FILS:
        raise Refused("bad_amount", _("Please give the amount of the judgment in dinars with three decimals."))
    judgment = Judgment.objects.create(
        violation=row, ruling_no=ruling_no, ruled_on=ruled_on, fils=fils, entered_by=clerk, entered_at=clock.now()
    )
    record("judgment.entered", subject=row.key, actor=actor, data={"ruling": judgment.ruling_no, "fils": fils})
    return judgment


@unless_tied("clerk", "judgment")
@transaction.atomic
def confirm_judgment(*, judgment: Judgment, clerk: User, ruling_no: str, ruled_on: dt.date, fils: int | None) -> None:
    """Confirm a judgment as the second clerk, by entering number, day and amount again. Paid parts of the settlement are owed back.

    Raises NotPermitted (same person), Refused: done, differs.
    """
    actor = require_clerk(clerk)
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=judgment.violation_id)
    ruling = _unconfirmed(judgment)
    if ruling.entered_by_id == clerk.pk:
        raise NotPermitted("same_person", _("The person who entered it cannot confirm it. A second person must."))
    if (ruling.ruling_no, ruling.ruled_on, ruling.fils) != (digits.clean(ruling_no), ruled_on, fils):
        raise Refused("differs", _("Number, day or amount differ from what was entered. Please read the judgment together."))
    Judgment.objects.filter(pk=ruling.pk).update(confirmed_by=clerk, confirmed_at=clock.now())
    data = {"ruling": ruling.ruling_no, "fils": ruling.fils}
    transition(row, "judge" if ruling.fils is not None else "acquit", actor=actor, data=data)
    record("judgment.confirmed", subject=row.key, actor=actor, data=data)
    # What was paid of the settlement stands for nothing once the court has ruled; its sum is owed whole.
    returned = settlements.give_back(row, actor=actor, reason="court_judgment")
    if ruling.fils is None:
        documents.revoke_notice(row, reason="court_judgment", actor=actor)
        blocks.lift(row, reason="acquitted")
        repetition.recompute_after(row)
    notify(CourtRuled, row, key="ruled", judgment=ruling, returned=returned)


def unconfirmed() -> QuerySet[Judgment]:
    """Judgments that wait for the second clerk, the oldest first."""
    return Judgment.objects.filter(confirmed_at__isnull=True).select_related("violation", "entered_by").order_by("pk")


@unless_tied("clerk", "judgment")
@transaction.atomic
def delete_judgment(*, judgment: Judgment, clerk: User) -> None:
    """Delete an unconfirmed judgment that was entered wrongly. Raises NotPermitted, Refused("done")."""
    actor = require_clerk(clerk)
    ruling = _unconfirmed(judgment)
    record("judgment.dropped", subject=ruling.violation.key, actor=actor, data={"ruling": ruling.ruling_no, "fils": ruling.fils})
    ruling.delete()


def _unconfirmed(judgment: Judgment) -> Judgment:
    """The judgment, locked. Raises Refused("done") where it was confirmed or deleted meanwhile."""
    found = Judgment.objects.select_for_update(of=("self",)).select_related("violation").filter(pk=judgment.pk).first()
    if found is None or found.confirmed_at is not None:
        raise Refused("done", _("This has already been decided."))
    return found
