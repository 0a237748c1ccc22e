"""Deadlines that move because of an incident, in batches, each once; then one message to each person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.formats import date_format

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.incidents import queries
from municipality.incidents.models import Incident, MovedDeadline
from municipality.incidents.notifications import DeadlinesMoved
from municipality.incidents.registry import DEADLINES, Deadline
from municipality.incidents.services import ME
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue, enqueue_all
from municipality.kernel import clock, worktime
from municipality.notifications.models import Message
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.rulebook import queries as rulebook

BATCH = 200  # deadlines, or people to tell, of one job
LISTED = 10  # deadlines named in one message


def relieve(incident_id: int, *, batch: int = 0) -> None:
    """Move the deadlines of people that lay between the start of an incident and some days after its end.

    Does nothing for one that is open, short, found to be none, or settled. Run again, or twice at once, nothing moves twice.
    """
    incident, limits = Incident.objects.get(pk=incident_id), queries.limits()
    if incident.ended_at is None or incident.relieved_at is not None or not queries.is_relieving(incident, limits["outage_minutes"]):
        return
    first = clock.day_of(incident.started_at)
    last = clock.day_of(incident.ended_at) + dt.timedelta(days=limits["days_before"])
    tried = ended = moved = 0

    def move(found: tuple[str, Deadline]) -> bool:
        nonlocal tried, ended, moved
        tried += 1
        done = _move(incident, *found, working_days=limits["working_days"])
        ended, moved = ended + 1, moved + done
        return done

    for kind, deadlines in DEADLINES.items():
        settled = set(incident.moved_deadlines.filter(kind=kind).values_list("thing", flat=True))
        left = [(kind, found) for found in deadlines.due(first, last) if found.thing not in settled]
        for start in range(0, len(left), BATCH):
            sweeps.for_each("incidents.relieve", left[start : start + BATCH], move)
            if moved >= BATCH:
                enqueue("incidents.relieve", key=f"{incident.key}:{batch + 1}", incident_id=incident.pk, batch=batch + 1)
                return
    if tried == ended:  # else this job fails and is tried again
        _finish(incident)


def _move(incident: Incident, kind: str, found: Deadline, *, working_days: int) -> bool:
    """Whether a deadline moved. One that moved for another part of the same outage is counted from its first day, so not twice.

    The incident is locked: who finds it to be none, which moves nothing, waits for this transaction, or is seen by it.
    """
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if incident.withheld_at is not None or incident.relieved_at is not None:
        return False
    ended_on = clock.day_of(incident.ended_at or clock.now())
    same = Q(incident__started_at__lte=incident.ended_at, incident__ended_at__gte=incident.started_at)
    earlier = MovedDeadline.objects.filter(same, kind=kind, thing=found.thing).order_by("before").first()
    counted_from = max(ended_on, earlier.before if earlier is not None else found.day)
    after = worktime.add_working_days(rulebook.calendar(), counted_from, working_days)
    if (latest := DEADLINES[kind].latest(found.thing)) is not None:
        after = min(after, latest)
    if after <= found.day:
        return False
    MovedDeadline.objects.create(
        incident=incident,
        kind=kind,
        thing=found.thing,
        subject=found.subject,
        reference=found.reference,
        before=found.day,
        after=after,
        at=clock.now(),
    )
    if not DEADLINES[kind].move(found.thing, after):
        transaction.set_rollback(True)
        return False
    days = {"before": found.day.isoformat(), "after": after.isoformat()}
    record("deadline.moved", subject=found.subject, actor=ME, data={"incident": incident.pk, "kind": kind, **days})
    return True


def _finish(incident: Incident) -> None:
    """Tell the people in batches: the first one here, each other in a job of its own."""
    rows: dict[int, list[int]] = {}  # moved deadlines by person
    for row in incident.moved_deadlines.order_by("after", "pk"):
        for person in DEADLINES[row.kind].people(row):
            rows.setdefault(person.pk, []).append(row.pk)
    people = sorted(rows.items())
    batches = [people[start : start + BATCH] for start in range(0, len(people), BATCH)] or [[]]
    jobs = {
        f"{incident.key}:{len(people)}:{number}": {"incident_id": incident.pk, "people": batch, "total": len(people)}
        for number, batch in enumerate(batches[1:], start=1)
    }
    with transaction.atomic():
        enqueue_all("incidents.tell", jobs)
    tell(incident.pk, batches[0], total=len(people))


def tell(incident_id: int, people: Sequence[tuple[int, list[int]]], *, total: int) -> None:
    """Tell people, given with their moved deadlines by primary key, once each; the batch that ends last says that nothing is left to do."""
    incident, users = Incident.objects.get(pk=incident_id), User.objects.in_bulk([person for person, _ in people])
    moved = incident.moved_deadlines.in_bulk([pk for _, rows in people for pk in rows])
    sweeps.for_each("incidents.tell", people, lambda one: _tell(incident, users[one[0]], [moved[pk] for pk in one[1]]))
    if Message.objects.filter(kind=DeadlinesMoved.kind, key=incident.key).count() < total:
        return
    with transaction.atomic():
        if Incident.objects.filter(pk=incident.pk, relieved_at__isnull=True, withheld_at__isnull=True).update(relieved_at=clock.now()):
            data = {"deadlines": incident.moved_deadlines.count(), "people": total}
            record("incident.relieved", subject=incident.key, actor=ME, data=data)


def _tell(incident: Incident, person: User, rows: list[MovedDeadline]) -> int:
    texts = {}
    for language in ("ar", "en"):
        with translation.override(language):
            lines = [f"{DEADLINES[row.kind].label} ({row.reference}): {date_format(row.after, 'DATE_FORMAT')}" for row in rows[:LISTED]]
            texts[language] = "\n".join(lines)
    context = {
        "part": Bilingual(*(_part(incident, language) for language in ("ar", "en"))),
        "started_at": incident.started_at,
        "ended_at": incident.ended_at,
        "items": Bilingual(texts["ar"], texts["en"]),
        "more": max(0, len(rows) - LISTED),
    }
    send(DeadlinesMoved, person=person, key=incident.key, subject_key=rows[0].subject, context=context)
    return 1


def _part(incident: Incident, language: str) -> str:
    with translation.override(language):
        return str(incident.get_part_display())
