"""The appointment of an inspection: chosen by its owner, else set by the portal; moved once by the owner, or by its inspector."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from licensing.inspections import queries
from licensing.inspections.draws import Lot, able, draw
from licensing.inspections.notifications import InspectionAppointed, tell
from licensing.inspections.services.orders import cancel, order_anew, parties_of
from licensing.inspections.states import OPEN, InspectionState
from licensing.models import DayPart, Inspection
from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.delegation.authorization import authorize
from municipality.jobs import sweeps
from municipality.kernel import clock, worktime
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.review.models import Absence
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from shops.models import EventKind, ShopEvent
from shops.register.events import leaves_its_point

SYSTEM = system("licensing")
MOVED = "visit_moved"  # the kind of reasons for which an inspector moves a visit
_PARTIES = ("contact", "shop__owner", "shop__organisation", "case", "activity")
_ELSEWHERE = (EventKind.MOVED, EventKind.ACTIVITY_CHANGED)
FURTHEST = 60  # working days that are looked at where the nearer ones are full


@dataclass(frozen=True)
class Time:
    """A part of a day that is offered."""

    day: dt.date
    part: DayPart

    @property
    def value(self) -> str:
        return f"{self.day.isoformat()} {self.part}"


def offered(inspection: Inspection) -> list[Time]:
    """The working days on which the drawn inspector still has time, in two parts each; later ones where the nearest are full.

    None after the day on which the request of the inspection closes, unless all are.
    """
    limits, calendar, today = queries.limits(), rulebook.calendar(), clock.today()
    days: list[dt.date] = []
    day = worktime.add_working_days(calendar, today, limits["earliest_days"] - 1)
    rows = Inspection.objects.filter(inspector=inspection.inspector_id, state=InspectionState.APPOINTED, day__gt=today)
    taken: dict[dt.date, int] = {}
    for taken_day in rows.exclude(pk=inspection.pk).values_list("day", flat=True):
        if taken_day is not None:
            taken[taken_day] = taken.get(taken_day, 0) + 1
    away = Absence.objects.filter(officer=inspection.inspector_id, cancelled_at__isnull=True, last_day__gte=today)
    absences = list(away.values_list("first_day", "last_day"))
    for number in range(limits["earliest_days"], FURTHEST):
        day = worktime.add_working_days(calendar, day, 1)
        if number > limits["latest_days"] and days:
            break
        is_away = any(first <= day <= last for first, last in absences)
        if not is_away and taken.get(day, 0) < limits["visits_a_day"]:
            days.append(day)
    until = queries.closes_after(inspection)
    in_time = [day for day in days if until is None or day <= until]
    return [Time(day, DayPart(part)) for day in in_time or days for part in DayPart.values]


def is_working(day: dt.date) -> bool:
    """Whether the calendar that is published today has working hours on a day."""
    return bool(rulebook.calendar().spans(day))


def hours(time: Time) -> tuple[dt.datetime, dt.datetime]:
    """From when to when a part of a day lasts: half of its working hours. Raises ValueError for a day without work."""
    spans = rulebook.calendar().spans(time.day)
    if not spans:
        raise ValueError(f"{time.day} has no working hours")
    opens, closes = spans[0][0], spans[-1][1]
    middle = opens + (closes - opens) // 2
    first, last = (opens, middle) if time.part == DayPart.FIRST else (middle, closes)
    midnight = clock.start_of(time.day)
    return midnight + dt.timedelta(minutes=first), midnight + dt.timedelta(minutes=last)


def is_other_time(inspection: Inspection, seen_at: dt.datetime) -> bool:
    """Whether a visit was outside the half of the day of its appointment."""
    if inspection.day is None or not is_working(inspection.day):
        return False
    starts, ends = hours(Time(inspection.day, DayPart(inspection.part)))
    return not starts <= seen_at <= ends


def may_move(inspection: Inspection) -> bool:
    """Whether the owner can still move the appointment: once, until the day before."""
    is_before = inspection.day is not None and clock.today() < inspection.day
    return inspection.state == InspectionState.APPOINTED and not inspection.was_moved and is_before


@transaction.atomic
def choose(*, inspection: Inspection, person: User, time: str) -> Inspection:
    """The owner chooses a time that is offered (`Time.value`), or moves the appointment once until the day before.

    Raises NotPermitted for others, Refused: not_open, moved_already, not_offered.
    """
    actor = authorize(person, inspection).actor
    row = _locked(inspection)
    if row.state not in OPEN:
        raise Refused("not_open", _("This inspection is over. Nothing was changed."))
    is_move = row.state == InspectionState.APPOINTED
    if is_move and not may_move(row):
        raise Refused("moved_already", _("The appointment can be moved once, until the day before. Nothing was changed."))
    _appoint(row, "move" if is_move else "choose", _time(row, time), actor=actor, was_moved=row.was_moved or is_move)
    return row


@transaction.atomic
def put_off(*, inspection: Inspection, inspector: User, time: str, code: str) -> Inspection:
    """The drawn inspector moves the appointment for a coded reason, which the owner reads.

    Raises NotPermitted for others, Refused: unknown_code, not_open, not_offered.
    """
    row = _locked(inspection)
    if row.inspector_id != inspector.pk:
        raise NotPermitted("not_drawn", _("Another inspector was drawn for this place."))
    reasons = {reason.code: reason for reason in reasons_to_move()}
    if code not in reasons:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    if row.state != InspectionState.APPOINTED:
        raise Refused("not_open", _("This inspection has no appointment that could be moved."))
    _appoint(row, "put_off", _time(row, time), actor=actor_of(inspector, "inspector"), reason=reasons[code])
    return row


def reasons_to_move() -> list[Reason]:
    """The reasons for which an inspector may move an appointment today."""
    return rulebook.edition(queries.REPLIES, clock.today()).reasons_of(MOVED)


def _locked(inspection: Inspection) -> Inspection:
    """The inspection, locked after its inspector, so that nobody's day takes more visits than it has."""
    User.objects.select_for_update(no_key=True).get(pk=inspection.inspector_id)
    return Inspection.objects.select_for_update(of=("self",)).select_related(*queries.RELATED).get(pk=inspection.pk)


def _time(row: Inspection, value: str) -> Time:
    for time in offered(row):
        if time.value == value:
            return time
    raise Refused("not_offered", _("This time is not free any more. Choose one of the times below."))


def _appoint(row: Inspection, move: str, time: Time, *, actor: Actor, reason: Reason | None = None, **changes: Any) -> None:
    data = {"day": time.day.isoformat(), "part": str(time.part)}
    code = reason.code if reason is not None else ""
    event = transition(row, move, actor=actor, reason=code, data=data, day=time.day, part=time.part, **changes)
    record("inspection.appointed", subject=row.key, actor=actor, data={"move": move, "code": code, **data})
    starts, ends = hours(time)
    context = {"inspection": row, "day": time.day, "starts_at": starts, "ends_at": ends, "reason": reason, "move": move}
    tell(InspectionAppointed, row, key=f"{row.public_id}:{event.pk}", context=context)


def set_overdue() -> int:
    """Set the day of inspections whose owners have not chosen in time, and draw anew where the inspector may not go. Returns how many.

    Another day is set where nobody came on the appointed one, or where it has become a holiday. What was ordered of a shop that is
    closed by now is cancelled, and of one that has moved or has another activity ordered once more; after its day only once no visit of
    that day may be sent any more.
    """
    of_shops = Inspection.objects.filter(state__in=OPEN, case=None).order_by("pk")
    closed = of_shops.filter(shop__closed_on__lte=clock.today()).values_list("pk", flat=True)
    ended = sweeps.for_each("licensing.cancel_inspections", list(closed), _cancel_of_closed)
    since = ShopEvent.objects.filter(shop=OuterRef("shop"), kind__in=_ELSEWHERE, at__gt=OuterRef("ordered_at"))
    changed = of_shops.filter(Exists(since)).values_list("pk", flat=True)
    ended += sweeps.for_each("licensing.follow_inspections", list(changed), _follow_shop)
    rows = Inspection.objects.filter(Q(state=InspectionState.REQUESTED, choose_by__lt=clock.today()) | Q(state=InspectionState.APPOINTED))
    waiting = [row.pk for row in rows.order_by("pk") if _move_of(row)]
    drawn = sweeps.for_each("licensing.redraw_inspections", _unable(), _draw_again)
    return ended + drawn + sweeps.for_each("licensing.appoint_inspections", waiting, _set)


def _cancel_of_closed(pk: int) -> bool:
    row = Inspection.objects.get(pk=pk)
    if _may_be_visited(row):
        return False
    cancel(inspection=row, actor=SYSTEM, reason="shop_closed")
    return True


def _may_be_visited(row: Inspection) -> bool:
    """Whether the visit of an appointment may have been made already and be sent yet."""
    return row.state == InspectionState.APPOINTED and row.day is not None and row.day <= clock.today() and not _move_of(row)


def _follow_shop(pk: int) -> bool:
    """Order an inspection once more where its shop is now, for what it does now; a corrected street or floor is no move."""
    row = Inspection.objects.select_related("shop").get(pk=pk)
    events = ShopEvent.objects.filter(shop=row.shop_id, kind__in=_ELSEWHERE, at__gt=row.ordered_at)
    places = [(one.data.get("before", {}), one.data.get("after", {})) for one in events if one.kind == EventKind.MOVED]
    is_moved = any(leaves_its_point([name for name in after if before.get(name) != after[name]]) for before, after in places)
    is_other = row.shop is not None and row.previous_id is None and row.activity_id != row.shop.activity_id
    if not (is_moved or is_other) or _may_be_visited(row):
        return False
    order_anew(inspection=row, actor=SYSTEM, reason="register_changed")
    return True


def _move_of(row: Inspection) -> str:
    """The move by which the portal sets the day, or "". A visit that was made without a line is waited for as long as it may be sent."""
    if row.state == InspectionState.REQUESTED:
        return "appoint"
    if row.state != InspectionState.APPOINTED or row.day is None:
        return ""
    sent_by_now = clock.day_of(clock.now() - dt.timedelta(hours=queries.limits()["late_report_hours"]))
    is_holiday = row.day >= clock.today() and not is_working(row.day)
    return "appoint_again" if is_holiday or row.day < sent_by_now else ""


def _set(pk: int) -> bool:
    row = _locked(Inspection.objects.get(pk=pk))
    move = _move_of(row)
    times = offered(row) if move else []
    if times:
        _appoint(row, move, times[0], actor=SYSTEM)
    return bool(times)


def _unable() -> list[int]:
    """Open inspections whose inspector has left office, is away on the day of the visit, or has a conflict of interest now."""
    rows = Inspection.objects.filter(state__in=OPEN).select_related(*_PARTIES).order_by("pk")
    return [row.pk for row in rows if not _is_able(row)]


def _is_able(row: Inspection) -> bool:
    parties = parties_of(row.contact, row.shop, row.case)
    return able(is_womens=row.activity.is_womens, parties=parties, on=row.day).filter(pk=row.inspector_id).exists()


def _draw_again(pk: int) -> bool:
    """Draw, lock whom the lot chose and then the inspection, as `_locked` does, and draw among those who are able now.

    Whoever is not among them any more goes nowhere: the next run draws again.
    """
    row = Inspection.objects.select_related(*queries.RELATED).get(pk=pk)
    if row.state not in OPEN or _is_able(row):
        return False
    chosen, *_rest = _drawn_again(row, secrets.choice)
    # The whole row, so that an absence or a conflict of interest of theirs, which refers to it, is saved before this or after.
    User.objects.select_for_update().get(pk=chosen.pk)
    row = Inspection.objects.select_for_update(of=("self",)).select_related(*queries.RELATED).get(pk=pk)
    if row.state not in OPEN or _is_able(row):
        return False
    inspector, drawn, keeps_day = _drawn_again(row, lambda users: chosen if chosen in users else users[0])
    if inspector != chosen:
        return False
    data = {"before": row.inspector.key, "inspector": inspector.key, **drawn}
    transition(row, f"draw_{row.state}", actor=SYSTEM, reason="not_able", data=data, inspector=inspector, draw=drawn)
    record("inspection.drawn_again", subject=row.key, actor=SYSTEM, data=data)
    times = [] if keeps_day else offered(row)
    if times:
        _appoint(row, "appoint_again", times[0], actor=SYSTEM)
    return True


def _drawn_again(row: Inspection, lot: Lot) -> tuple[User, dict[str, Any], bool]:
    """Another inspector, with the record of the draw; whether they have time on the appointed day, else the portal sets another one."""
    without = {row.inspector_id, *([row.previous.inspector_id] if row.previous is not None else [])}
    facts: dict[str, Any] = {"branch_id": row.branch_id, "is_womens": row.activity.is_womens, "lot": lot}
    facts["parties"] = parties_of(row.contact, row.shop, row.case)
    if row.day is None:
        return *draw(**facts, without=without), True
    visits = Inspection.objects.filter(state=InspectionState.APPOINTED, day=row.day).order_by().values("inspector")
    full = visits.annotate(booked=Count("pk")).filter(booked__gte=queries.limits()["visits_a_day"])
    try:
        return *draw(**facts, on=row.day, without=without | set(full.values_list("inspector", flat=True))), True
    except Refused:
        return *draw(**facts, without=without), False
